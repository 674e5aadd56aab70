// Joins the parts: the address says what is open and filtered; everything else follows from it.
function copyButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.copy");
    if (button) copy(button, button.dataset.copy);
  });
}

async function start() {
  themeButton();
  copyButtons();
  const data = await readSteps();
  let filter = readAddress().filter;
  let open = "";
  let shown = [];
  const wide = matchMedia("(min-width: 1200px)");

  const closeStep = (push = true) => {
    open = "";
    byId("detail").hidden = true;
    byId("workbench").classList.remove("reading");
    table.mark("");
    if (push) writeAddress("", filter, true);
    table.focus();
  };
  const beside = (way) => () => {
    const at = shown.findIndex((step) => step.id === open);
    const next = shown[at + way];
    if (next) openStep(next, {focus: true});
  };
  const actions = {close: () => closeStep(), previous: beside(-1), next: beside(1)};

  async function openStep(step, {focus = false, push = true, scroll = false}) {
    open = step.id;
    const detail = await data.detail(step);
    if (open !== step.id) return;
    fillDetail(step, detail, actions);
    byId("workbench").classList.add("reading");
    table.mark(step.id);
    if (push) writeAddress(step.id, filter, true);
    if (focus) byId("detail").focus({preventScroll: true});
    if (scroll || !wide.matches) byId(wide.matches ? "workbench" : "detail").scrollIntoView({block: "start"});
  }

  function refresh() {
    shown = chosen(data.steps, filter);
    table.head(filter.by, filter.back);
    table.show(shown);
    update(filter, shown.length);
  }
  function change(part) {
    filter = {...filter, ...part};
    writeAddress(open, filter, false);
    refresh();
  }
  const table = makeTable((step, focus) => openStep(step, {focus}), (key) => {
    if (filter.by !== key) change({by: key, back: false});
    else if (!filter.back) change({back: true});
    else change({by: "", back: false});
  });
  const update = makeFilters(data.steps, () => filter, change);

  function follow(focus) {
    const {step, filter: asked, filtered} = readAddress();
    const found = data.byName.get(step);
    if (filtered) filter = asked;
    else if (location.hash && !found) return;
    if (found && !chosen([found], filter).length) filter = NO_FILTER();
    refresh();
    if (found) openStep(found, {focus, push: false, scroll: true});
    else if (filtered) byId("steps").scrollIntoView({block: "start"});
  }
  addEventListener("hashchange", () => follow(true));
  addEventListener("popstate", () => { if (!readAddress().step && open) closeStep(false); });
  addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input, select, textarea");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      byId("query").focus();
    } else if (event.key === "Escape" && open) closeStep();
    else if (event.key === "ArrowDown" && event.target === byId("query")) {
      event.preventDefault();
      table.focus();
    }
  });
  refresh();
  follow(false);
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  // Without its data the page falls back to what the server wrote into it.
  document.documentElement.classList.replace("scripted", "plain");
  console.error(error);
});
