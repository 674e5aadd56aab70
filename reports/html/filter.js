// What is shown and in which order; it stands in the address, so that a view can be passed on.
const NO_FILTER = () => ({q: "", v: [], o: "", c: "", t: "", by: "", back: false});

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  return {
    step: words.get("s") ?? "",
    filter: {
      q: words.get("q") ?? "", v: words.getAll("v"), o: words.get("o") ?? "", c: words.get("c") ?? "",
      t: words.get("t") ?? "", by: words.get("by") ?? "", back: words.has("back"),
    },
    filtered: ["q", "v", "o", "c", "t", "by"].some((key) => words.has(key)),
  };
}

function writeAddress(step, filter, push) {
  const words = [];
  const add = (key, value) => { if (value) words.push(`${key}=${encodeURIComponent(value)}`); };
  add("s", step);
  add("q", filter.q);
  for (const verdict of filter.v) add("v", verdict);
  for (const key of ["o", "c", "t", "by"]) add(key, filter[key]);
  if (filter.back) words.push("back=1");
  const hash = words.length ? `#${words.join("&")}` : "#steps";
  if (hash !== location.hash) history[push ? "pushState" : "replaceState"](null, "", hash);
}

function chosen(steps, filter) {
  const terms = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = steps.filter((step) => {
    if (filter.v.length && !filter.v.includes(step.verdict)) return false;
    if (filter.o && step.outcome !== filter.o) return false;
    if (filter.c && !step.capabilities.includes(filter.c)) return false;
    if (filter.t && !step.tags.includes(filter.t)) return false;
    if (!terms.length) return true;
    step.words ||= [step.id, step.summary, step.why, step.outcome, ...step.tags, ...step.capabilities].join(" ").toLowerCase();
    return terms.every((term) => step.words.includes(term));
  });
  const column = COLUMNS.find(({key}) => key === filter.by);
  if (column) found.sort((a, b) => column.order(a, b) * (filter.back ? -1 : 1) || a.at - b.at);
  return found;
}

function makeFilters(steps, filter, changed) {
  const tally = new Map();
  for (const step of steps) tally.set(step.verdict, (tally.get(step.verdict) ?? 0) + 1);
  const chips = SEVERITY.filter((word) => tally.has(word)).map((word) =>
    el(`button.chip.${kind(word)}`, {type: "button", "data-verdict": word, onclick: () => {
      const on = filter().v.includes(word);
      changed({v: on ? filter().v.filter((other) => other !== word) : [...filter().v, word]});
    }}, glyph(word), word, el("span.soft", {}, grouped(tally.get(word)))));
  byId("chips").replaceChildren(...chips);

  const fill = (id, key, values, all) => {
    const names = [...new Set(values)].filter(Boolean).sort();
    byId(id).replaceChildren(el("option", {value: ""}, all), ...names.map((name) => el("option", {value: name}, name)));
    byId(id).addEventListener("change", (event) => changed({[key]: event.target.value}));
    byId(id).closest("label").hidden = names.length < 2;
  };
  fill("by-outcome", "o", steps.map((step) => step.outcome), "any");
  fill("by-capability", "c", steps.flatMap((step) => step.capabilities), "any");
  fill("by-tag", "t", steps.flatMap((step) => step.tags), "any");

  let waiting = 0;
  byId("query").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => changed({q: event.target.value}), 90);
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["clear", "clear-too"]) byId(id).addEventListener("click", () => changed(NO_FILTER()));

  return (now, shown) => {
    if (byId("query") !== document.activeElement) byId("query").value = now.q;
    byId("by-outcome").value = now.o;
    byId("by-capability").value = now.c;
    byId("by-tag").value = now.t;
    for (const chip of chips) chip.setAttribute("aria-pressed", now.v.includes(chip.dataset.verdict));
    byId("result").textContent = shown === steps.length ? many(shown, "step") : `${grouped(shown)} of ${many(steps.length, "step")}`;
    byId("clear").hidden = !(now.q || now.v.length || now.o || now.c || now.t || now.by);
  };
}
