/* ---- Changes since an earlier report ------------------------------------------------------------- */

const MEANINGS = {
  NEW: "Needs attention now, and did not in the earlier report. It may have been there already if the earlier report did not cover it.",
  WORSE: "Needed attention in the earlier report, and fails now, or fails with a higher severity.",
  FIXED: "Needed attention in the earlier report, and passes now without an exception.",
  GONE: "Needed attention in the earlier report. The resource no longer exists, or the check no longer reports the object.",
  NOT_EVALUATED: "Needed attention in the earlier report, and was not evaluated now. Nothing shows that it was fixed.",
};

const changed = () => [...findings, ...former].filter(({ change }) => Object.hasOwn(MEANINGS, change));

function drawChanges() {
  const items = CHANGES.flatMap((name) => changed().filter(({ change }) => change === name));
  const text = `Compared with the report of ${moment(comparison.madeAt)}, which eksentry ${comparison.version} created.`;
  drawList("Changes", text, groupsOf(items, ({ change }) => change, ({ change }) => label(change), ({ change }) => MEANINGS[change]));
}

/* ---- Tabs ---------------------------------------------------------------------------------------- */

const NAMES_SHOWN = 3;

/** The tabs. Those without any content are left out. */
const TABS = [
  { name: "findings", title: "Findings", number: findings.length },
  { name: "standards", title: "Standards", number: data.frameworks.length },
  { name: "unread", title: "Not read", number: notRead().length + data.errors.length },
  { name: "accepted", title: "Accepted failures", number: accepted().length },
  { name: "changes", title: "Changes", number: comparison ? changed().length : 0 },
  { name: "config", title: "AWS Config", number: evaluations.length },
].filter(({ name, number }) => name === "findings" || number > 0);
