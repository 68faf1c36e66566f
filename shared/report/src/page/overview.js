/* ---- Overview ---------------------------------------------------------------------------------- */

/** Buttons that narrow the list, each with the test that tells whether it does. Kept, so that they keep the focus. */
const toggles = [];
function toggle(attributes, isPressed, change, ...children) {
  const node = el("button", { type: "button", ...attributes, onclick: () => ask(change(isPressed())) }, ...children);
  toggles.push([node, isPressed]);
  return node;
}

const onFindings = (name, value) => () => state.tab === "findings" && state[name] === value;

function tile(name, number, isPressed, change) {
  return toggle({ class: `tile tone-${name}${number ? "" : " none"}` }, isPressed, change,
    el("strong", {}, number.toLocaleString("en")), el("span", {}, label(name)));
}

function makeOverview() {
  const open = findings.filter((finding) => OPEN.includes(finding.status));
  const bySeverity = tally(open, "severity");
  const byStatus = tally(findings, "status");
  byId("severities").append(...SEVERITIES.map((name) => tile(name, bySeverity.get(name) || 0, onFindings("severity", name),
    (pressed) => ({ tab: "findings", severity: pressed ? "" : name, status: "open" }))));
  byId("statuses").append(...STATUSES.map((name) => tile(name, byStatus.get(name) || 0, onFindings("status", name),
    (pressed) => ({ tab: "findings", status: pressed ? DEFAULTS.status : name, severity: "" }))));
  if (comparison) makeChanges();
  // In the order of the groups below: the service with the worst finding first.
  makeShares("services", "service", [...tally(findings, "service").keys()]);
  makeShares("standards", "standard", valuesOf("standard"));
  byId("legend").append(...EVALUATED.map((name) => el("span", { class: `tone-${name}` }, el("i"), label(name))));
  makeWorst(open);
  makeNotices();
  for (const group of document.querySelectorAll(".overview .group")) group.hidden = !group.querySelector("button");
  byId("more-counts").hidden = !byId("more-counts").querySelector("button");
}

/** The resources with the most open findings, if any stands out. */
function makeWorst(open) {
  const sums = [...tally(open, "resourceId")].filter(([, number]) => number > 1).sort((one, other) => other[1] - one[1]).slice(0, WORST_SHOWN);
  byId("worst").append(...sums.map(([id, number]) => el("li", {}, toggle({ title: id },
    onFindings("q", id), (pressed) => ({ ...unfiltered("findings"), tab: "findings", q: pressed ? "" : id }),
    open.find((finding) => finding.resourceId === id).resource, el("span", { class: "numbers" }, `${number} open`)))));
}

/** The values of a filter, each with its numbers by status. */
function makeShares(id, filter, values) {
  byId(id).append(...values.map((value) => {
    const numbers = counts(findings.filter((finding) => fits(finding, filter, value)), EVALUATED);
    const bar = el("span", { class: "bar", "aria-hidden": "true" }, numbers.map(([name, number]) => {
      const part = el("i", { class: `tone-${name}` });
      part.style.flexGrow = number;
      return part;
    }));
    return el("li", {}, toggle({}, onFindings(filter, value), (pressed) => ({ tab: "findings", [filter]: pressed ? "" : value }),
      el("span", {}, value), el("span", { class: "numbers" }, inWords(numbers, " · ") || "no open or passed findings"), bar));
  }));
}

/** The numbers of findings by their change since the earlier report. */
function makeChanges() {
  byId("since").textContent = `Since ${moment(comparison.madeAt)}`;
  const numbers = tally([...findings, ...former], "change");
  const open = findings.filter(({ change, status }) => change === "UNCHANGED" && OPEN.includes(status)).length;
  const isFilter = (name) => name !== "GONE" && name !== "NOT_EVALUATED";
  byId("changes").append(...CHANGES.map((name) => tile(name, name === "UNCHANGED" ? open : numbers.get(name) || 0,
    isFilter(name) ? onFindings("change", name) : () => state.tab === "changes",
    (pressed) => isFilter(name)
      ? { ...unfiltered("findings"), tab: "findings", change: pressed ? "" : name, status: pressed || name !== "FIXED" ? DEFAULTS.status : "" }
      : { tab: pressed ? "findings" : "changes" })));
}

/** The limits of the results, each with a button that shows it. */
function makeNotices() {
  const unread = notRead().length;
  const soon = accepted().filter(endsSoon).length;
  const notice = (tone, text, tab) => el("li", { class: `notice tone-${tone}` }, text, " ",
    el("button", { type: "button", class: "quiet", onclick: () => { ask({ tab }); byId(`tab-${tab}`).focus(); } }, "Show"));
  byId("notices").append(...[
    ...data.limits.map((limit) => el("li", { class: "notice tone-WARNING" }, limit)),
    data.errors.length && notice("NOT_AVAILABLE", "Errors occurred, so findings may be missing.", "unread"),
    data.pending.length && el("li", { class: "notice tone-NOT_AVAILABLE" },
      `${count(data.pending.length, "result is", "results are")} not known yet, since scans of images are under way.`),
    unread && notice("NOT_AVAILABLE", `${count(unread, "result is", "results are")} not available, since something could not be read.`, "unread"),
    soon && notice("WARNING", `${count(soon, "accepted failure counts", "accepted failures count")} again within ${data.soonDays} days.`, "accepted"),
  ].filter(Boolean));
}
