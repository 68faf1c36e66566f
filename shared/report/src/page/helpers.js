/* ---- Small helpers -------------------------------------------------------------------------- */

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; a string child is text, never HTML. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const words = (name) => name.toLowerCase().replaceAll("_", " ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const label = (name) => capital(words(name));
const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
const tally = (items, key) => items.reduce((sums, item) => sums.set(item[key], (sums.get(item[key]) || 0) + 1), new Map());
const distinct = (items, key) => [...new Set(items.map((item) => item[key]))].filter(Boolean).sort();
/** The numbers of findings by status, without zeros, as pairs of a status and a number. */
const counts = (items, statuses) => {
  const sums = tally(items, "status");
  return statuses.filter((name) => sums.has(name)).map((name) => [name, sums.get(name)]);
};
const inWords = (numbers, separator) => numbers.map(([name, number]) => `${number.toLocaleString("en")} ${words(name)}`).join(separator);
const badge = (name, plain) => el("span", { class: `badge tone-${name}${plain ? " plain" : ""}` }, label(name));

/** "2026-11-23T09:12:44.120Z" as "2026-11-23 09:12:44 UTC"; anything else as it is. */
function moment(text) {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?Z$/.exec(text || "");
  return parts ? `${parts[1]} ${parts[2]} UTC` : text;
}

/** A link if the address is one of the web, otherwise its text alone. */
function link(address, text) {
  return /^https?:\/\//i.test(address)
    ? el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text || address)
    : el("span", {}, text || address);
}
