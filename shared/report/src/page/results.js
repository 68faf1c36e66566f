/* ---- Results ----------------------------------------------------------------------------------- */

function empty(title, text, withClear) {
  return el("div", { class: "empty" }, el("strong", {}, title), el("p", {}, text),
    withClear ? el("button", { type: "button", class: "quiet", onclick: clear }, "Clear the filters") : null);
}

function emptyFindings(others) {
  if (!findings.length) return empty("No findings", "The report contains no findings.");
  if (!filtered()) {
    const isPartial = data.limits.length || data.errors.length || data.pending.length;
    if (isPartial) return empty("Nothing needs attention", "The notices above state what this report leaves out.");
    const passes = ({ status, exception }) => status === "PASSED" && !exception;
    return empty("Nothing needs attention", findings.every(passes)
      ? "Every evaluated resource passed every check."
      : "All findings passed, are accepted or suppressed, or are archived.");
  }
  if (others) return empty("Nothing needs attention", "All matching findings passed, are accepted or suppressed, or are archived.", true);
  return empty("No matching findings", "No finding matches all filters.", true);
}

/** The functions that show the rest of each list, for printing. */
let showRest = [];

/** A list of findings, at first only so many of them, and a button that shows more. */
function cards(items, first) {
  const list = el("div", { class: "list" });
  const button = el("button", { type: "button", class: "quiet more", onclick: () => focusOn(show(PAGE)) });
  /** Shows so many more findings, and returns the first of them. */
  function show(number) {
    const shown = list.childElementCount;
    list.append(...items.slice(shown, shown + number).map(card));
    const rest = items.length - list.childElementCount;
    button.hidden = rest <= 0;
    button.textContent = `Show more (${rest.toLocaleString("en")} left)`;
    return list.children[shown];
  }
  show(first);
  showRest.push(() => show(Infinity));
  return [list, button];
}

/** Keeps the focus where the button was that has shown the finding. */
const focusOn = (finding) => finding.querySelector("summary").focus();

/** The groups that a user has opened or closed. A change of the filters resets it. */
const folded = new Map();
/** The number of parts that are drawn. Those after so many are closed, and have no content until they are opened. */
let parts = 0;
const MOST_PARTS = 100;
/** The classes of each kind of group. A part has the findings themselves. */
const KINDS = { service: "service", cluster: "cluster", namespace: "part namespace", check: "part check", cause: "part cause" };
function fold(kind, name, isOpen, heading, items, content) {
  const key = `${kind} ${name}`;
  if (KINDS[kind].startsWith("part")) parts += 1;
  const isLate = parts > MOST_PARTS;
  const summary = el("summary", { onclick: () => folded.set(key, !node.open) },
    el("span", { class: "fold", "aria-hidden": "true" }), heading,
    el("span", { class: "counts" }, counts(items, STATUSES).map(([status, number]) =>
      el("span", { class: `tone-${status}` }, el("b", {}, number.toLocaleString("en")), ` ${words(status)}`))));
  const node = el("details", { class: KINDS[kind], "data-key": key, open: folded.has(key) ? folded.get(key) : isOpen && !isLate }, summary);
  const fill = () => {
    if (node.childElementCount === 1) node.append(...[content()].flat(Infinity).filter(Boolean));
  };
  if (node.open || !isLate) {
    fill();
  } else {
    node.addEventListener("toggle", fill, { once: true });
    showRest.push(() => { fill(); node.open = isOpen; });
  }
  return node;
}

function foldAll(isOpen) {
  for (const node of document.querySelectorAll(".service, .cluster, .part")) {
    node.open = isOpen;
    folded.set(node.dataset.key, isOpen);
  }
}

/** Splits the findings that are listed, and those that only the filter by status hides, by the values of a key. */
function split({ listed, hidden }, key) {
  const groups = new Map();
  const add = (items, part) => items.forEach((item) => {
    const name = key(item);
    if (!groups.has(name)) groups.set(name, { name, listed: [], hidden: [] });
    groups.get(name)[part].push(item);
  });
  add(listed, "listed");
  add(hidden, "hidden");
  return [...groups.values()];
}

/** Groups with the most of the worst findings first, unless another order is asked for. */
function worstFirst(groups) {
  if (state.sort) return groups;
  const ranks = STATUSES.flatMap((status) => SEVERITIES.map((severity) => `${status} ${severity}`));
  const sums = new Map(groups.map((group) => [group, group.listed.reduce((sum, { status, severity }) =>
    sum.set(`${status} ${severity}`, (sum.get(`${status} ${severity}`) || 0) + 1), new Map())]));
  return groups.sort((one, other) => {
    const differences = ranks.map((rank) => (sums.get(other).get(rank) || 0) - (sums.get(one).get(rank) || 0));
    return differences.find(Boolean) || 0;
  });
}

/** A group is open by default if it lists anything that is asked for or, for any status, open findings. */
const opens = ({ listed }) => state.status ? listed.length > 0 : listed.some((finding) => OPEN.includes(finding.status));

const all = ({ listed, hidden }) => [...listed, ...hidden];

function serviceGroup(group) {
  const isInClusters = state.group !== "check" && all(group).every(({ place }) => place);
  const groups = isInClusters ? worstFirst(split(group, ({ place }) => place.clusterId)) : split(group, ({ check }) => check);
  const number = isInClusters ? count(groups.length, "cluster", "clusters") : count(groups.length, "check", "checks");
  return fold("service", group.name, opens(group),
    el("h2", {}, group.name, el("span", { class: "about-group" }, number)),
    groups.flatMap(all),
    () => el("div", { class: "list" }, groups.map(isInClusters ? clusterGroup : checkGroup)));
}

function clusterGroup(group) {
  const namespaces = worstFirst(split(group, ({ place }) => place.namespace));
  const number = namespaces.filter(({ name }) => name).length;
  return fold("cluster", group.name, opens(group),
    el("h3", {}, all(group)[0].place.cluster, el("span", { class: "about-group" }, `cluster, ${count(number, "namespace", "namespaces")}`)),
    namespaces.flatMap(all),
    () => el("div", { class: "list" }, namespaces.map((namespace) => namespaceGroup(group.name, namespace))));
}

function namespaceGroup(cluster, group) {
  return fold("namespace", `${cluster}/${group.name}`, opens(group),
    group.name
      ? el("h4", {}, group.name, el("span", { class: "about-group" }, "namespace"))
      : el("h4", {}, "Cluster-wide", el("span", { class: "about-group" }, "the cluster, and its objects in no namespace")),
    all(group), () => part(group, "No finding in this group needs attention."));
}

function checkGroup(group) {
  return fold("check", group.name, opens(group),
    el("h3", {}, all(group)[0].title, el("span", { class: "id mono" }, group.name)),
    all(group), () => part(group, "No finding of this check needs attention."));
}

/** The findings of a group, and a button that shows those that only the filter by status hides. */
function part({ listed, hidden }, nothing) {
  const others = hidden.length > 0 && el("button", {
    type: "button", class: "quiet more",
    onclick: (event) => {
      const nodes = cards(hidden, PAGE_OF_PART);
      event.target.replaceWith(...nodes);
      focusOn(nodes[0].firstElementChild);
    },
  }, `Show ${inWords(counts(hidden, STATUSES), ", ")}`);
  return [listed.length ? cards(listed, PAGE_OF_PART) : el("p", { class: "found" }, nothing), others || null];
}

function drawFindings(listed) {
  const shown = new Set(listed);
  const partOf = ({ place, check }) => place && state.group !== "check" ? `${place.clusterId}/${place.namespace}` : check;
  const parts = new Set(listed.map(partOf));
  // Findings that need no attention are results too, but not if another status is asked for.
  const hidden = wanted("status").filter((finding) => !shown.has(finding) && (state.status === "open" || parts.has(partOf(finding))));
  const groups = state.group === "none" ? [] : split({ listed, hidden }, ({ service }) => service);
  byId("folding").hidden = !groups.length;
  byId("results").replaceChildren(...(listed.length ? [] : [emptyFindings(groups.length)]), ...groups.map(serviceGroup));
  if (listed.length && !groups.length) {
    byId("results").append(el("h3", { class: "offscreen" }, "Findings"), ...cards(listed, PAGE));
  }
}

function drawEvaluations(items) {
  const cell = (title, content, type) => el("td", { "data-label": title, class: type }, el("span", {}, content));
  const table = el("table", { class: "stacks" },
    el("thead", {}, el("tr", {}, ["Compliance", "Resource", "Rule", "Annotation", "As of"].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, items.map((item) => el("tr", {},
      cell("Compliance", badge(item.compliance.replace(/[^A-Z_]/g, ""))),
      cell("Resource", [el("b", {}, item.resourceId), el("br"), el("span", { class: "found" }, item.resourceType)]),
      cell("Rule", item.rule, "mono"),
      cell("Annotation", item.annotation || "–"),
      cell("As of", moment(item.orderingTimestamp), "nowrap")))));
  const none = evaluations.length
    ? empty("No matching evaluations", "No evaluation matches all filters.", true)
    : empty("No evaluations", "AWS Config contains no evaluations for this account.");
  byId("results").replaceChildren(items.length ? el("div", { class: "evaluations" }, table) : none);
}

/** Draws each tab, given the items that meet the filters, if it has any. */
const DRAW = {
  findings: drawFindings, standards: drawStandards, unread: drawNotRead, accepted: drawAccepted, changes: drawChanges,
  config: drawEvaluations,
};

function draw() {
  const hasFilters = FILTERS[state.tab].length > 0;
  const items = hasFilters ? wanted() : [];
  for (const [node, isPressed] of toggles) node.setAttribute("aria-pressed", String(isPressed()));
  byId("filters").hidden = byId("left").hidden = !hasFilters;
  drawFilters();
  for (const { name } of TABS) {
    const tab = byId(`tab-${name}`);
    const selected = state.tab === name;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
    if (selected) byId("results").setAttribute("aria-labelledby", tab.id);
  }
  byId("found").textContent = state.tab === "config"
    ? `${count(items.length, "evaluation", "evaluations")} of ${evaluations.length.toLocaleString("en")}`
    : `${count(items.length, "finding", "findings")} of ${findings.length.toLocaleString("en")}`;
  showRest = [];
  parts = 0;
  byId("folding").hidden = state.tab === "config";
  DRAW[state.tab](items);
}
