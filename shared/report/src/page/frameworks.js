/* ---- Standards --------------------------------------------------------------------------------- */

/** A text of this page in which links are written as [text](address). */
function withLinks(text) {
  return text.split(/(\[[^\]]+\]\([^)]+\))/).map((part) => {
    const found = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
    return found ? link(found[2], found[1]) : part;
  });
}

/** The score in percent, rounded down, so that only a score without failures is 100. */
const percent = ({ passed, judged }) => judged ? `${Math.floor((passed * 100) / judged)} %` : "no score";
const ofResources = ({ passed, judged }) => judged ? `${passed.toLocaleString("en")} of ${count(judged, "resource", "resources")} passed` : "no resources judged";

/** A button that shows all findings of a check, if there are any. */
function checkLink(id) {
  if (!findingsOf.has(id)) return el("code", {}, id);
  return el("button", {
    type: "button", class: "link mono",
    onclick: () => { ask({ ...unfiltered("findings"), tab: "findings", status: "", check: id }); byId("results").focus(); },
  }, id);
}
const findingsOf = tally(findings, "check");

function controlRow(control) {
  const cell = (title, content) => el("td", { "data-label": title }, el("div", {}, content));
  const acceptedNote = control.accepted ? el("div", { class: "found" }, `${control.accepted} accepted`) : null;
  return el("tr", {},
    cell("Control", [el("b", {}, control.number), control.title ? [" ", el("span", {}, control.title)] : null]),
    cell("Result", badge(control.outcome)),
    cell("Resources", [control.checks.length ? ofResources(control.score) : "–", acceptedNote]),
    cell("Checks", control.manual || control.checks.map((id) => el("div", {}, checkLink(id)))));
}

function frameworkGroup(framework) {
  const key = `standard ${framework.short}`;
  const numbers = tally(framework.controls, "outcome");
  const node = el("details", { class: "part framework", "data-key": key, open: folded.get(key) },
    el("summary", { onclick: () => folded.set(key, !node.open) },
      el("span", { class: "fold", "aria-hidden": "true" }),
      el("h3", {}, framework.name, el("span", { class: "about-group" },
        el("b", { class: "score" }, percent(framework.score)), ` · ${ofResources(framework.score)}`)),
      el("span", { class: "counts" }, OUTCOMES.filter((name) => numbers.has(name)).map((name) =>
        el("span", { class: `tone-${name}` }, el("b", {}, numbers.get(name)), ` ${words(name)}`)))));
  const fill = () => {
    if (node.childElementCount > 1) return;
    node.append(el("div", { class: "controls" },
      el("p", { class: "found" }, framework.extent, " Mapped by ", withLinks(framework.mappedBy), ". ", link(framework.url)),
      el("table", { class: "stacks" },
        el("thead", {}, el("tr", {}, ["Control", "Result", "Resources", "Checks"].map((title) => el("th", { scope: "col" }, title)))),
        el("tbody", {}, framework.controls.map(controlRow)))));
  };
  if (node.open) fill();
  node.addEventListener("toggle", fill);
  showRest.push(() => { fill(); node.open = true; });
  return node;
}

function drawStandards() {
  byId("results").replaceChildren(
    el("h2", { class: "offscreen" }, "Standards"),
    el("p", { class: "found about-list" }, data.formula),
    el("div", { class: "list" }, data.frameworks.map(frameworkGroup)));
}
