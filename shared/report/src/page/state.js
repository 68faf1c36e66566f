/* ---- What is asked for, kept in the address's hash -------------------------------------------- */

const DEFAULTS = { tab: "findings", status: "open", severity: "", service: "", check: "", standard: "", type: "", change: "", compliance: "", rule: "", q: "", group: "", sort: "" };
const FILTERS = {
  findings: ["status", "severity", "service", "check", "standard", "type", ...(comparison ? ["change"] : []), "q"],
  standards: [], unread: [], accepted: [], changes: [],
  config: ["compliance", "rule", "q"],
};
const VIEWS = { findings: ["group", "sort"], standards: [], unread: [], accepted: [], changes: [], config: ["sort"] };
const state = { ...DEFAULTS };
const filtered = () => FILTERS[state.tab].some((name) => state[name] !== DEFAULTS[name]);

function readHash() {
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(DEFAULTS)) state[name] = asked.has(name) ? asked.get(name) : DEFAULTS[name];
  if (!TABS.some(({ name }) => name === state.tab)) state.tab = "findings";
}

function writeHash() {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) if (value !== DEFAULTS[name]) asked.set(name, value);
  if (location.hash.slice(1) !== asked.toString()) history.replaceState(null, "", `#${asked}`);
}

const unfiltered = (tab) => Object.fromEntries(FILTERS[tab].map((name) => [name, DEFAULTS[name]]));

function ask(changes) {
  if ("q" in changes) stopTyping();
  if (FILTERS.findings.some((name) => name in changes)) folded.clear();
  Object.assign(state, changes);
  writeHash();
  draw();
}
