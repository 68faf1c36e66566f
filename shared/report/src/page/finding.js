/* ---- One finding ------------------------------------------------------------------------------- */

function section(title, ...content) {
  const filled = content.flat().filter(Boolean);
  return filled.length ? el("section", {}, el("h4", {}, title), filled) : null;
}

function pairs(entries) {
  return entries.length ? el("dl", { class: "pairs" }, entries.map(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])) : null;
}

/** Every leaf of a nested value with the path to it. */
function leaves(value, path) {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) {
    return value.every((item) => typeof item !== "object")
      ? (value.length ? [[path, value.join(", ")]] : [])
      : value.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  }
  if (typeof value === "object") {
    return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path ? `${path}.${name}` : name));
  }
  return [[path, value]];
}

function command(text) {
  const copy = navigator.clipboard && el("button", {
    type: "button", class: "quiet",
    onclick: async (event) => {
      try {
        await navigator.clipboard.writeText(text);
        event.target.textContent = "Copied";
      } catch {
        event.target.textContent = "Copying failed";
      }
    },
  }, "Copy");
  return el("div", { class: "command" }, el("code", {}, text), copy || null);
}

function vulnerabilities(finding) {
  const all = finding.vulnerabilities || [];
  if (!all.length) return null;
  const cell = (title, content, nowrap) => el("td", { "data-label": title, class: nowrap && "nowrap" }, content);
  const lines = (packages, field) => el("span", {}, packages.flatMap((item, index) => [index ? el("br") : null, item[field] || "–"]));
  const row = (item) => {
    const { packages, score, url } = item;
    return el("tr", {},
      cell("Vulnerability", url ? link(url, item.id) : item.id, true),
      cell("Package", lines(packages, "name")),
      cell("Installed", lines(packages, "version")),
      cell("Fixed in", lines(packages, "fixedIn")),
      cell("CVSS", score > 0 ? score.toFixed(1) : "–"),
      cell("Vendor severity", item.severity ? badge(item.severity.toUpperCase().replace(/[^A-Z_]/g, "")) : "–"));
  };
  const body = el("tbody", {}, all.slice(0, VULNERABILITIES_SHOWN).map(row));
  const rest = all.length - VULNERABILITIES_SHOWN;
  const more = rest > 0 && el("button", {
    type: "button", class: "quiet more",
    onclick: (event) => { body.append(...all.slice(VULNERABILITIES_SHOWN).map(row)); event.target.remove(); },
  }, `Show ${count(rest, "more vulnerability", "more vulnerabilities")}`);
  return section(`Vulnerabilities (${all.length})`,
    el("table", { class: "stacks" },
      el("thead", {}, el("tr", {}, ["Vulnerability", "Package", "Installed", "Fixed in", "CVSS", "Vendor severity"].map((title) => el("th", { scope: "col" }, title)))),
      body),
    more);
}

/** The end of an exception in words. */
function ending({ until }) {
  if (!until) return "no end";
  const days = daysUntil(until);
  if (days < 0) return `ended on ${until}`;
  return `ends on ${until}, ${days ? `in ${count(days, "day", "days")}` : "today"}`;
}

const daysUntil = (day) => Math.round((Date.parse(day) - Date.parse(data.madeAt.slice(0, 10))) / 86400000);
const endsSoon = ({ exception }) => Boolean(exception && exception.until) && daysUntil(exception.until) <= data.soonDays;

function details(finding) {
  const check = checks.get(finding.check) || {};
  const { note, exception, explanation = "" } = finding;
  const reasons = (finding.reasons || []).map(({ text, code }) => el("li", {}, text, " ", el("code", {}, code)));
  const requirement = check.requirement && !explanation.includes(check.requirement) ? check.requirement : "";
  const parameters = Object.entries(finding.parameters || {}).map(([name, values]) => [name, values.join(", ")]);
  return el("div", { class: "body" },
    el("div", { class: "main" },
      section("Reasons", reasons.length ? el("ul", { class: "plain" }, reasons) : null),
      section("Explanation", [explanation, requirement].filter(Boolean).map((text) => el("p", {}, text))),
      section("How to fix it", check.remediation ? el("p", {}, check.remediation) : null,
        finding.command ? command(finding.command) : null, check.url ? el("p", {}, link(check.url)) : null),
      vulnerabilities(finding),
      section("Resource", pairs([["Type", finding.type], ["Account", finding.account], ["Region", finding.region],
        ...Object.entries(finding.details || {})].filter(([, value]) => value))),
      section("Tags", pairs(Object.entries(finding.tags || {})))),
    el("div", { class: "side" },
      section("Accepted", exception ? [el("p", { class: "note" }, exception.reason), el("p", { class: "found" }, capital(ending(exception)))] : null),
      section("Note", note && note.text ? [
        el("p", { class: "note" }, note.text),
        el("p", { class: "found" }, [note.by, moment(note.at)].filter(Boolean).join(", "))] : null),
      section("Finding", pairs([
        ["Check", finding.check], ["First seen", moment(finding.firstSeen)], ["Last observed", moment(finding.observedAt)],
        ["Change", finding.change && label(finding.change)],
      ].filter(([, value]) => value))),
      section("Parameters", pairs(parameters)),
      section("Requirements", (check.controls || []).length
        ? el("ul", { class: "chips" }, check.controls.map((name) => el("li", {}, name))) : null)),
    el("details", { class: "raw" }, el("summary", {}, "The finding as JSON"),
      el("pre", { tabindex: "0" }, JSON.stringify(finding, null, 2))));
}

/** The name of the resource. That of an object in a cluster begins with its cluster and its namespace. */
function resource({ resource, place }) {
  const where = place ? resource.slice(0, resource.length - place.object.length) : "";
  return el("span", { class: "resource" }, where ? el("span", { class: "where" }, where) : null, place ? place.object : resource);
}

/** Kept, so that a finding stays open when the filters change. */
const kept = new Map();
function card(finding) {
  if (kept.has(finding)) return kept.get(finding);
  const node = el("details", { class: "finding" },
    el("summary", {},
      badge(finding.severity),
      el("div", { class: "what" },
        el("div", {}, resource(finding),
          el("span", { class: "rule" }, el("span", { class: "title" }, finding.title), el("span", { class: "id mono" }, finding.check))),
        finding.reason ? el("div", { class: "reason" }, finding.reason) : null,
        el("div", { class: "arn mono" }, finding.resourceId)),
      el("div", { class: "state" }, badge(finding.status, true), el("span", { class: "chevron", "aria-hidden": "true" }))));
  node.addEventListener("toggle", () => node.append(details(finding)), { once: true });
  kept.set(finding, node);
  return node;
}
