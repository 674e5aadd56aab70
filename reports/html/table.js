// The table: only the rows in sight exist, however many steps there are.
const COLUMNS = [
  {key: "verdict", label: "Verdict", order: (a, b) => SEVERITY.indexOf(a.verdict) - SEVERITY.indexOf(b.verdict)},
  {key: "id", label: "Step", order: (a, b) => NATURAL.compare(a.id, b.id)},
  {key: "outcome", label: "Outcome", order: (a, b) => a.outcome.localeCompare(b.outcome)},
  {key: "injected", label: "Faults", number: true, order: (a, b) => b.injected - a.injected},
  {key: "elapsed", label: "Time", number: true, order: (a, b) => b.elapsed - a.elapsed},
  {key: "why", label: "Why", order: (a, b) => a.why.localeCompare(b.why)},
];
const SPARE = 12;
const NATURAL = new Intl.Collator("en", {numeric: true});

function makeTable(onOpen, onSort) {
  const scroller = byId("scroller");
  const body = byId("rows");
  const narrow = matchMedia("(max-width: 699px)");
  const state = {shown: [], current: -1, open: "", first: -1, last: -1};
  const height = () => (narrow.matches ? 76 : 33);
  const headHeight = () => byId("head").offsetHeight;

  function row(step, index) {
    const focus = index === Math.max(state.current, 0) ? "0" : "-1";
    return el(`tr.${kind(step.verdict)}`, {
      role: "row", "aria-rowindex": index + 2, tabindex: focus, "data-row": index,
      "aria-selected": step.id === state.open ? "true" : "false",
    },
    el("td.c-verdict", {role: "gridcell"}, badge(step.verdict)),
    el("td.c-id", {role: "gridcell", title: step.summary || step.id}, el("a", {href: address(step.id), tabindex: "-1"}, step.id)),
    el("td.c-outcome", {role: "gridcell"}, step.outcome),
    el("td.c-injected.number", {role: "gridcell"}, step.injected ? el("span.fired", {}, grouped(step.injected)) : "0"),
    el("td.c-elapsed.number", {role: "gridcell"}, duration(step.elapsed)),
    el("td.c-why", {role: "gridcell", title: step.why}, step.why));
  }

  function spacer(pixels) {
    const cell = el("td");
    cell.style.height = `${pixels}px`;
    return el("tr.spacer", {"aria-hidden": "true"}, cell);
  }

  function paint(force = false) {
    const size = height();
    const first = Math.max(0, Math.floor(scroller.scrollTop / size) - SPARE);
    const last = Math.min(state.shown.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / size) + SPARE);
    if (!force && first === state.first && last === state.last) return;
    const held = body.contains(document.activeElement);
    Object.assign(state, {first, last});
    const rows = state.shown.slice(first, last).map((step, index) => row(step, first + index));
    body.replaceChildren(
      ...(first ? [spacer(first * size)] : []), ...rows,
      ...(last < state.shown.length ? [spacer((state.shown.length - last) * size)] : []));
    if (held) focusRow();
  }

  function focusRow() {
    body.querySelector(`[data-row="${state.current}"]`)?.focus({preventScroll: true});
  }

  function reveal(index) {
    const size = height();
    const top = index * size;
    const room = scroller.clientHeight - headHeight();
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + size > scroller.scrollTop + room) scroller.scrollTop = top + size - room;
  }

  function move(index) {
    if (!state.shown.length) return;
    state.current = Math.max(0, Math.min(state.shown.length - 1, index));
    reveal(state.current);
    paint(true);
    focusRow();
  }

  function keys(event) {
    const page = Math.max(1, Math.floor(scroller.clientHeight / height()) - 2);
    const steps = {ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9};
    const at = state.current < 0 ? -1 : state.current;
    if (event.key in steps && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      move(at + steps[event.key]);
    } else if (event.key === "Enter" && state.shown[state.current]) {
      event.preventDefault();
      onOpen(state.shown[state.current], true);
    }
  }

  function head(sorted, backwards) {
    byId("head").replaceChildren(...COLUMNS.map((column) => {
      const on = column.key === sorted;
      const way = on ? (backwards ? "descending" : "ascending") : "none";
      return el(`th.c-${column.key}${column.number ? ".number" : ""}`, {scope: "col", role: "columnheader", "aria-sort": way},
        el("button", {type: "button", onclick: () => onSort(column.key)}, column.label,
          el("span.way", {"aria-hidden": "true"}, on ? (backwards ? "\u25be" : "\u25b4") : "")));
    }));
  }

  scroller.addEventListener("scroll", () => requestAnimationFrame(() => paint()), {passive: true});
  addEventListener("resize", () => paint(true));
  body.addEventListener("keydown", keys);
  body.addEventListener("focusin", (event) => {
    const index = event.target.closest("[data-row]")?.dataset.row;
    if (index !== undefined) state.current = Number(index);
  });
  body.addEventListener("click", (event) => {
    const found = event.target.closest("[data-row]");
    if (!found || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    state.current = Number(found.dataset.row);
    onOpen(state.shown[state.current], false);
  });

  return {
    head,
    focus: () => move(state.current),
    show(steps) {
      const before = state.shown[state.current]?.id;
      state.shown = steps;
      state.current = steps.findIndex((step) => step.id === (before ?? state.open));
      byId("grid").setAttribute("aria-rowcount", steps.length + 1);
      byId("empty").hidden = steps.length > 0;
      scroller.scrollTop = 0;
      if (state.current > 0) reveal(state.current);
      paint(true);
    },
    mark(id) {
      state.open = id;
      const index = state.shown.findIndex((step) => step.id === id);
      if (index >= 0) {
        state.current = index;
        reveal(index);
      }
      paint(true);
    },
  };
}
