// What was seen of a step: attributes before, armed and after; counts; console; kernel log.
const block = (title, ...children) => el("section", {}, el("h4", {}, title), ...children);
const term = (label, ...value) => [el("dt", {}, label), el("dd", {}, ...value)];
const missing = () => el("span.soft", {}, "\u2014");

function plainTable(heads, rows, label) {
  return el("div.scroll", {tabindex: "0", role: "region", "aria-label": label},
    el("table.small", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", {scope: "col"}, head)))),
      el("tbody", {}, ...rows)));
}

const code = (text) => (text === null || text === undefined ? missing() : el("code", {}, text === "" ? "(empty)" : text));

function writesBlock(writes) {
  if (!writes.length) return null;
  const directory = (path) => path.slice(0, path.lastIndexOf("/"));
  const places = [...new Set(writes.map(([path]) => directory(path)))];
  const rows = places.flatMap((place) => [
    el("tr.place", {}, el("th", {scope: "rowgroup", colspan: 5}, el("code", {}, place))),
    ...writes.filter(([path]) => directory(path) === place).map(
      ([path, value, before, back, after, origin, armed, restored, why, trigger]) => el("tr", {},
        el("th", {scope: "row"}, el("code", {}, path.slice(place.length + 1)), trigger ? el("span.tag", {}, "trigger") : null,
          origin ? el("div.soft", {}, origin) : null),
        el("td", {}, code(before)),
        el("td", {}, code(value)),
        el("td", {class: armed === false ? "bad" : ""}, code(back), armed === false ? el("div", {}, "not as written") : null),
        el("td", {class: restored === false ? "bad" : ""}, code(after), restored === false ? el("div", {}, "not restored") : null,
          why ? el("div.soft", {}, why) : null))),
  ]);
  return block("Attributes, in the order of writing",
    plainTable(["file", "before", "written", "read back", "after restore"], rows, "Attributes before, armed and after restore"));
}

function injectionsBlock(evidence) {
  const {counts, hits} = evidence;
  if (!counts.length && !hits.length) return null;
  const rows = counts.map(([capability, path, injected, budget, left, atLeast]) => el("tr", {},
    el("th", {scope: "row"}, capability, el("div.soft", {}, path)),
    el("td.number", {}, injected === null ? "unknown" : el(injected ? "span.fired" : "span", {}, `${atLeast ? "at least " : ""}${grouped(injected)}`)),
    // A capability without a counter of its own has no budget: its injections are lines of the log.
    el("td.number", {}, budget ? grouped(budget) : "by the log"),
    el("td.number", {}, left === null ? missing() : grouped(left))));
  const fell = hits.map(([t, name, task, chain, onPath, why]) => el("li.hit", {},
    el("p", {}, el("code.when", {}, seconds(t)), " ", el("b", {}, name), " in ", el("code", {}, task), " ",
      el(`span.tag${onPath === true ? ".on" : onPath === false ? ".off" : ""}`, {},
        onPath === true ? "on the workload's path" : onPath === false ? "beside the workload" : "path not told")),
    why ? el("p.soft", {}, why) : null,
    chain.length ? el("ol.chain", {"aria-label": "Call chain, innermost first"}, ...chain.map((name_) => el("li", {}, name_))) : null));
  return block("Injected faults",
    rows.length ? plainTable(["capability", "injected", "budget", "left"], rows, "Injections by capability") : null,
    fell.length ? el("p.soft", {}, "Where they fell, by the kernel log:") : null,
    fell.length ? el("ol.hits", {}, ...fell) : null);
}

function consoleBlock(title, command) {
  if (!command) return null;
  const stream = (name, text) => [el("h5", {}, name), text
    ? el("pre", {tabindex: "0", role: "region", "aria-label": name}, text)
    : el("p.soft", {}, "nothing")];
  return block(title,
    el("p", {}, el(command.ok ? "b" : "b.bad", {}, command.ended), ` after ${duration(command.elapsed)}`),
    command.stdout || command.stderr ? [...stream("standard output", command.stdout), ...stream("standard error", command.stderr)]
      : el("p.soft", {}, "It printed nothing."));
}

function logBlock(log) {
  if (!log.length) return null;
  const marked = log.filter(([, , , injected]) => injected).length;
  const lines = log.map(([t, level, text, injected]) => el(
    `span.line${injected ? ".injected" : level <= 3 ? ".grave" : ""}`, {},
    el("span.when", {}, `[${seconds(t)}] `),
    injected ? el("span.unseen", {}, "injected fault: ") : null, text.replaceAll("\n", "\n    "), "\n"));
  return block(`Kernel log, ${many(log.length, "record")}${marked ? `, ${marked} of injected faults` : ""}`,
    el("p.soft", {}, "Times are the kernel's own, in seconds since its start."),
    el("pre.klog", {tabindex: "0", role: "region", "aria-label": "Kernel log"}, ...lines));
}

function phasesBlock(phases) {
  if (phases.length < 2) return null;
  const zero = phases[0][1];
  return block("Course", el("ol.course", {}, ...phases.map(([word, t], at) =>
    el("li", {}, el("b", {}, word), " ", el("span.soft", {}, at ? `+${duration(t - zero)}` : `at ${seconds(t)} s`)))));
}

function filesBlock(files) {
  if (!files.length) return null;
  return block("Seen afterwards", el("dl.pairs", {}, ...files.flatMap(([path, said]) => term(el("code", {}, path), said))));
}
