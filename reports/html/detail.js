// One step, told from its end: verdict, why, how to run it again; then what was asked and seen.
function findingsTable(findings) {
  if (!findings.length) return null;
  const rows = findings.map(([oracle, verdict, expected, found, place]) => el("tr", {class: kind(verdict)},
    el("td", {}, badge(verdict)), el("th", {scope: "row"}, oracle),
    el("td", {}, expected), el("td", {}, found), el("td", {}, el("code", {}, place))));
  return block("Expected and found", plainTable(["verdict", "what", "expected", "found", "place"], rows, "Findings"));
}

function askedBlock(step, detail) {
  const stepLinks = (names) => names.slice(0, 40).flatMap((name) => [el("a", {href: address(name)}, name), " "])
    .concat(names.length > 40 ? `and ${names.length - 40} more` : "");
  const settings = detail.injections.map(([capability, where, pairs]) => el("p", {},
    el("b", {}, capability), where ? ` on ${where}: ` : ": ",
    ...pairs.flatMap(([name, value], at) => [at ? ", " : "", el("code", {}, `${name} = ${value}`)])));
  return block("Asked",
    step.summary ? el("p", {}, step.summary) : null,
    ...settings,
    detail.run ? el("pre", {tabindex: "0", role: "region", "aria-label": "Command"}, detail.run) : null,
    detail.expectations.length ? el("ul.claims", {}, ...detail.expectations.map(([claim, place]) =>
      el("li", {}, claim, place ? [" ", el("span.soft", {}, place)] : null))) : null,
    el("dl.pairs", {},
      ...(detail.cell.length ? term("cell", detail.cell.map(([name, value]) => `${name} = ${value}`).join(", ")) : []),
      ...(detail.needs.length ? term("needs", ...stepLinks(detail.needs)) : []),
      ...(detail.group ? term("group", detail.group) : []),
      ...(step.tags.length ? term("tags", step.tags.join(", ")) : []),
      ...term("timeout", duration(detail.timeout)),
      ...(detail.prediction ? term("forecast", detail.prediction) : []),
      ...(detail.locks.length ? term("locks", detail.locks.join(", ")) : []),
      ...(detail.cleanup ? term("cleanup", el("code", {}, detail.cleanup)) : []),
      ...(detail.machine ? term("machine", `${detail.machine}, slot ${detail.slot}`) : []),
      ...(detail.place ? term("written at", el("code", {}, detail.place)) : [])));
}

function fillDetail(step, detail, actions) {
  const seen = detail.evidence;
  const box = byId("detail");
  box.setAttribute("aria-label", `Step ${step.id}`);
  box.className = `detail ${kind(step.verdict)}`;
  box.replaceChildren(
    el("header", {},
      el("p.bar", {}, badge(step.verdict), step.outcome ? el("span.tag", {}, step.outcome) : null,
        el("span.grow", {}),
        el("button.quiet", {type: "button", onclick: actions.previous, "aria-label": "Previous step"}, "\u2191"),
        el("button.quiet", {type: "button", onclick: actions.next, "aria-label": "Next step"}, "\u2193"),
        el("button.quiet", {type: "button", onclick: actions.close}, "Close")),
      el("h3", {id: "detail-title"}, el("a", {href: address(step.id), title: "Link to this step"}, step.id))),
    el("div.why", {}, el("h4.unseen", {}, "Why"), ...detail.reasons.map((reason) => el("p", {}, reason))),
    ...seen.notices.map((notice) => el("p.notice", {}, notice)),
    findingsTable(detail.findings) ?? "",
    block("Run just this step again", command(detail.rerun, "the command that runs this step again")),
    askedBlock(step, detail),
    ...[
      injectionsBlock(seen),
      writesBlock(seen.writes),
      consoleBlock("Console", seen.command),
      logBlock(seen.log),
      consoleBlock("Cleanup", seen.cleanup),
      filesBlock(seen.files),
      phasesBlock(seen.phases),
    ].filter(Boolean));
  box.hidden = false;
  box.scrollTop = 0;
}
