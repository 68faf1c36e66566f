/* ---- Filters ----------------------------------------------------------------------------------- */

/** The controls, made once: the names of the state they set, their labels and their options. */
const choices = [];
function makeFilters() {
  const named = (names) => names.map((name) => [name, label(name)]);
  const plain = (names) => names.map((name) => [name, name]);
  const serviceOf = new Map(findings.map((finding) => [finding.check, finding.service]));
  const checks = distinct(findings, "check").map((name) => [name, name, serviceOf.get(name)]);
  checks.sort(compare(([, , service]) => service));
  choice("status", "Status", [["open", "Needs attention"], ["", "Any status"], ...named(STATUSES)]);
  choice("severity", "Severity", [["", "Any severity"], ...named(SEVERITIES)]);
  choice("service", "Service", [["", "Any service"], ...plain(valuesOf("service"))]);
  choice("check", "Check", [["", "Any check"], ...checks]);
  choice("standard", "Standard", [["", "Any standard"], ...plain(valuesOf("standard"))]);
  choice("type", "Resource type", [["", "Any type"], ...plain(distinct(findings, "type"))]);
  if (comparison) choice("change", "Change", [["", "Any change"], ...named(CHANGES.filter((name) => name !== "GONE" && name !== "NOT_EVALUATED"))]);
  choice("compliance", "Compliance", [["", "Any compliance"], ...named(COMPLIANCES)]);
  choice("rule", "Rule", [["", "Any rule"], ...plain(distinct(evaluations, "rule"))]);
  choice("group", "Group by", [["", "Check or namespace"], ["check", "Check"], ["none", "Nothing"]]);
  choice("sort", "Order", [["", "Most severe first"], ["newest", "Newest first"], ["oldest", "Oldest first"], ["resource", "Resource"], ["check", "Check or rule"]]);
  byId("filters").append(
    el("label", { class: "search" }, "Search", el("input", { type: "search", id: "filter-q", autocomplete: "off", spellcheck: "false", oninput: typed })),
    ...choices.filter(({ name }) => !VIEWS.findings.includes(name)).map(({ node }) => node));
  byId("left").append(el("button", { type: "button", class: "quiet", id: "clear", onclick: clear }, "Clear"));
  byId("view").append(
    ...choices.filter(({ name }) => VIEWS.findings.includes(name)).map(({ node }) => node),
    el("div", { class: "buttons", id: "folding" },
      el("button", { type: "button", class: "quiet", onclick: () => foldAll(true) }, "Expand all"),
      el("button", { type: "button", class: "quiet", onclick: () => foldAll(false) }, "Collapse all")));
}

/** Each option has a value, a text and, if it belongs to a group of options, the name of the group. */
function choice(name, title, options) {
  const select = el("select", { id: `filter-${name}`, onchange: (event) => ask({ [name]: event.target.value }) });
  choices.push({ name, options, select, node: el("label", { for: select.id }, title, select) });
}

/** Each option says how many results it leaves, as the other filters are. */
function drawFilters() {
  for (const { name, options, select, node } of choices) {
    const isFilter = FILTERS[state.tab].includes(name);
    node.hidden = !isFilter && !VIEWS[state.tab].includes(name);
    if (node.hidden) continue;
    const known = options.some(([value]) => value === state[name]) ? options : [...options, [state[name], state[name]]];
    const rest = isFilter && matching(name);
    const groups = new Map();
    select.replaceChildren();
    for (const [value, text, group] of known) {
      const option = el("option", { value }, rest ? `${text} (${rest.filter((item) => fits(item, name, value)).length.toLocaleString("en")})` : text);
      if (group && !groups.has(group)) groups.set(group, select.appendChild(el("optgroup", { label: group })));
      (groups.get(group) || select).append(option);
    }
    select.value = state[name];
  }
  const search = byId("filter-q");
  search.placeholder = state.tab === "config" ? "Name, annotation …" : "Name, ARN, CVE, tag …";
  if (search.value !== state.q && !typing) search.value = state.q;
  byId("clear").hidden = !filtered();
}

let typing = 0;
function typed(event) {
  clearTimeout(typing);
  typing = setTimeout(() => ask({ q: event.target.value }), 120);
}

/** Whatever else sets the search wins over what is being typed. */
function stopTyping() {
  clearTimeout(typing);
  typing = 0;
}

function clear() {
  ask(unfiltered(state.tab));
  byId("filter-q").focus();
}

/** The texts that the search looks through, made once an item: its values, and its tags as key=value. */
const haystacks = new WeakMap();
function haystack(item) {
  if (!haystacks.has(item)) {
    const tags = Object.entries(item.tags || {});
    const texts = [...leaves(item, "").map(([, value]) => value), ...tags.map((tag) => tag.join("="))];
    haystacks.set(item, texts.join("\n").toLowerCase());
  }
  return haystacks.get(item);
}

function fits(item, name, value) {
  if (!value) return true;
  if (name === "status" && value === "open") return OPEN.includes(item.status);
  return name === "standard" ? item.standards.includes(value) : item[name] === value;
}

/** The values of a filter that findings have, sorted. */
const valuesOf = (filter) => filter === "standard" ? [...new Set(findings.flatMap((finding) => finding.standards))].sort() : distinct(findings, filter);

/** The items that meet all filters, but for one that is left out. */
function matching(except) {
  const needles = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const names = FILTERS[state.tab].filter((name) => name !== "q" && name !== except);
  return (state.tab === "config" ? evaluations : findings).filter((item) =>
    names.every((name) => fits(item, name, state[name])) && needles.every((needle) => haystack(item).includes(needle)));
}

const since = (item) => Date.parse(item.firstSeen || item.orderingTimestamp) || 0;
const compare = (key) => (one, other) => (key(one) < key(other) ? -1 : Number(key(one) > key(other)));
/** The data comes with the worst first, which also decides between equals. */
const ORDERS = {
  newest: (one, other) => since(other) - since(one),
  oldest: (one, other) => since(one) - since(other),
  resource: compare((item) => item.resource || item.resourceId),
  check: compare((item) => item.check || item.rule),
};

/** The items that meet all filters, but for one that is left out, in the order that is asked for. */
function wanted(except) {
  const items = matching(except);
  return Object.hasOwn(ORDERS, state.sort) ? items.sort(ORDERS[state.sort]) : items;
}
