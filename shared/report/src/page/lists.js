/* ---- Results that are not available, and accepted failures ---------------------------------------------------- */

const notRead = () => findings.filter(({ status }) => status === "NOT_AVAILABLE");
const accepted = () => findings.filter(({ status, exception }) => status === "SUPPRESSED" || (exception && status !== "ARCHIVED"));

/** Findings in groups by a key, each with a heading and a text below it. */
function groupsOf(items, key, heading, about) {
  return split({ listed: items, hidden: [] }, key).map((group) => fold("cause", group.name, true,
    el("h3", {}, heading(group.listed[0]), el("span", { class: "about-group" }, about(group.listed[0]))),
    group.listed, () => part(group, "")));
}

function drawList(title, text, nodes) {
  byId("results").replaceChildren(
    el("h2", { class: "offscreen" }, title),
    el("p", { class: "found about-list" }, text),
    el("div", { class: "list" }, nodes));
}

function drawNotRead() {
  const first = ({ reasons = [] }) => reasons[0] || { code: "", text: "" };
  const errors = data.errors.map((error) => el("div", { class: "panel" }, el("h3", {}, "Error"), el("p", {}, error)));
  drawList("Not read", "A result that is not available never counts as passed. The reasons state what to do.", [
    ...errors,
    ...groupsOf(notRead(), (finding) => first(finding).code, (finding) => label(first(finding).code || "NO_REASON"), (finding) => first(finding).text)]);
}

function drawAccepted() {
  const until = ({ exception }) => exception && exception.until || "9999";
  const items = accepted().sort(compare(until));
  const reason = ({ exception }) => exception ? exception.reason : "Suppressed in Security Hub";
  const end = (finding) => finding.exception ? capital(ending(finding.exception)) : "No end";
  drawList("Accepted failures", `These failures do not count. The ones that end first come first; those that end within ${data.soonDays} days are marked.`,
    groupsOf(items, (finding) => `${until(finding)} ${reason(finding)}`, reason,
      (finding) => endsSoon(finding) ? el("span", { class: "soon" }, end(finding)) : end(finding)));
}
