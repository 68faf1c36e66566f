/* ---- Theme and start --------------------------------------------------------------------------- */

const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
function nameTheme() {
  const other = theme() === "dark" ? "light" : "dark";
  byId("theme").textContent = capital(other);
  byId("theme").setAttribute("aria-label", `Switch to the ${other} theme`);
}
byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
  nameTheme();
});
dark.addEventListener("change", nameTheme);
nameTheme();

/** The names of the accounts or Regions: the first ones, and the number of the others. */
function namesOf(member) {
  const names = distinct(data.scopes, member);
  const rest = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function makeHeader() {
  const [accounts, regions] = ["account", "region"].map((member) => distinct(data.scopes, member).length);
  byId("about").append(
    el("span", {}, accounts > 1 ? "Accounts " : "Account ", el("b", {}, namesOf("account"))),
    el("span", {}, regions > 1 ? "Regions " : "Region ", el("b", {}, namesOf("region"))),
    el("span", {}, "As of ", el("b", {}, moment(data.madeAt))));
  document.title = `eksentry report, ${namesOf("account")} ${namesOf("region")}`;
  byId("version").textContent = data.version;
  byId("results").classList.toggle("large", findings.length > LARGE);
}

function makeTabs() {
  byId("tabs").append(...TABS.map(({ name, title, number }, index) => el("button", {
    role: "tab", type: "button", id: `tab-${name}`, "aria-controls": "results",
    onclick: () => ask({ tab: name }),
    onkeydown: (event) => {
      const last = TABS.length - 1;
      const moves = { ArrowLeft: index ? index - 1 : last, ArrowRight: index < last ? index + 1 : 0, Home: 0, End: last };
      if (!Object.hasOwn(moves, event.key)) return;
      event.preventDefault();
      const other = TABS[moves[event.key]].name;
      ask({ tab: other });
      byId(`tab-${other}`).focus();
    },
  }, title, el("span", { class: "count" }, number.toLocaleString("en")))));
}
byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("results").focus(); });
addEventListener("hashchange", () => { stopTyping(); folded.clear(); readHash(); draw(); });
// Paper has no button for more.
addEventListener("beforeprint", () => { for (const show of showRest) show(); });
makeHeader();
makeTabs();
makeOverview();
makeFilters();
byId("main").hidden = false;
readHash();
draw();
