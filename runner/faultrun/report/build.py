"""A record becomes the view of a run. Everything that is said stands in the record, nothing else."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faultrun.record.encode import encode
from faultrun.record.fields import Fields, maybe, part, parts, text, texts, whole
from faultrun.report.evidence import Acts, limits_for
from faultrun.report.graph import graph_view
from faultrun.report.hostile import clean, excerpt
from faultrun.report.step import Asked, step_view
from faultrun.report.story import failures_of, gaps_of, gate_view
from faultrun.report.timeline import timeline_view
from faultrun.report.view import ORDER, RunView, StepView
from faultrun.report.words import duration

_SOURCE_LIMIT = 200_000
_NOTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A record as the report needs it. ``events`` are (kind, time in ns, step, data)."""

    header: Fields
    tasks: Sequence[Fields]
    events: Iterable[tuple[str, int, str, Fields]]
    torn: bool
    sha256: str
    folder: str


@dataclass(slots=True)
class _Sorted:
    """The events by step, and the few that belong to the whole run.

    Data are kept as text until their step is built: as objects they need ten times the room.
    """

    by_step: dict[str, dict[str, tuple[int, str]]]
    start_ns: int
    end_ns: int
    end: Fields | None
    notes: list[str]
    uncounted: set[str]
    exact: bool = True

    def count(self, kind: str, step: str, data: Fields) -> None:
        """Keep track of whether the injections of every armed step are known exactly."""
        if kind == "attr.armed":
            self.uncounted.add(step)
        elif kind == "evidence":
            self.uncounted.discard(step)
            known = all(
                maybe(count, "injected") is not None and count.get("at_least") is not True
                for count in parts(data, "counts")
            )
            self.exact = self.exact and known


def _sort(events: Iterable[tuple[str, int, str, Fields]]) -> _Sorted:
    found = _Sorted(by_step={}, start_ns=-1, end_ns=0, end=None, notes=[], uncounted=set())
    for kind, time, step, data in events:
        if found.start_ns < 0:
            found.start_ns = time
        found.end_ns = max(found.end_ns, time)
        if kind == "run.end":
            found.end = data
        elif kind == "note" and len(found.notes) < _NOTES:
            at = f"{clean(step)}: " if step else ""
            found.notes.append(f"{at}{clean(text(data, 'text'))}")
        elif step:
            found.count(kind, step, data)
            found.by_step.setdefault(step, {})[kind] = (time, encode(data))
    return found


def _command(argv: Sequence[str], rerun: str) -> str:
    said = clean(" ".join(argv))
    return "" if said == rerun else said


def _moment(iso: str) -> str:
    """An ISO 8601 time as people write it: without the T, and Z or +00:00 as UTC."""
    return iso.replace("T", " ", 1).replace("+00:00", " UTC").replace("Z", " UTC")


def _facts(source: Source, span_ns: int) -> tuple[tuple[str, str, bool], ...]:
    header = source.header
    target, campaign = part(header, "target"), part(header, "campaign")
    virtual = text(target, "kind") == "simulated"
    name, kind = text(target, "name"), text(target, "kind")
    facts = (
        ("Kernel", text(target, "release"), True),
        ("Kernel image", text(target, "image"), True),
        ("Target", name if name == kind else f"{name} ({kind})", False),
        ("Seed", text(header, "seed"), True),
        ("Started", _moment(text(header, "started")), False),
        ("Virtual time" if virtual else "Duration", duration(span_ns), False),
        ("Owner", text(campaign, "owner"), False),
        ("Host", text(header, "host"), True),
        ("Slots", text(header, "slots"), False),
        ("faultrun", text(header, "faultrun"), False),
        ("Plan digest", text(header, "plan_digest"), True),
        ("Record SHA-256", source.sha256, True),
        ("Run folder", source.folder, True),
    )
    return tuple((label, clean(value), code) for label, value, code in facts if value.strip(" ()"))


def _unplanned(source: Source, found: _Sorted) -> list[str]:
    return sorted(set(found.by_step) - {text(task, "id") for task in source.tasks})


def _notes(
    source: Source, found: _Sorted, steps: Sequence[StepView], unplanned: Sequence[str]
) -> tuple[str, ...]:
    notes = list(found.notes)
    if source.torn:
        notes.insert(0, "The last line of the record was cut short and is not part of this report.")
    if unplanned:
        names = clean(", ".join(unplanned[:20]))
        notes.append(f"The record has events of steps that are not in the plan: {names}.")
    if found.end is not None:
        stored = part(found.end, "counts")
        seen = Counter(step.verdict for step in steps)
        differ = [word for word in stored if whole(stored, word) != seen[word]]
        if differ:
            notes.append(
                f"The totals at the end of the record differ from its steps: {clean(', '.join(differ))}."
            )
    return tuple(notes)


def run_view(source: Source) -> RunView:
    """The view of a run. Never raises for what a record says or lacks."""
    header, campaign = source.header, part(source.header, "campaign")
    found = _sort(source.events)
    run = Asked(
        text(campaign, "file"),
        whole(header, "seed"),
        text(part(header, "target"), "name", "simulated"),
    )
    limits = limits_for(len(source.tasks))
    exact, unplanned = found.exact and not found.uncounted, _unplanned(source, found)
    # Each step's raw events go as soon as its view stands: large runs need the room.
    steps = tuple(
        step_view(index, task, Acts(found.by_step.pop(text(task, "id"), {})), run, limits)
        for index, task in enumerate(source.tasks)
    )
    counts = Counter(step.verdict for step in steps)
    injected = sum(step.injected for step in steps)
    rerun = run.again()
    span_ns = found.end_ns - max(found.start_ns, 0)
    critical = frozenset(clean(name) for name in texts(header, "critical_path"))
    return RunView(
        name=clean(text(campaign, "name", "unnamed run")),
        summary=clean(text(campaign, "summary")),
        owner=clean(text(campaign, "owner")),
        tags=tuple(clean(tag) for tag in texts(campaign, "tags")),
        gate=gate_view(header, found.end or {}, found.end is not None, steps, (injected, exact)),
        counts=tuple((word, counts[word]) for word in (*ORDER, *sorted(set(counts) - set(ORDER)))),
        injected=injected,
        injected_exact=exact,
        rerun=rerun,
        command=_command(texts(header, "command"), rerun),
        duration_ns=span_ns,
        virtual=text(part(header, "target"), "kind") == "simulated",
        facts=_facts(source, span_ns),
        failures=failures_of(steps),
        gaps=gaps_of(header, steps),
        notes=_notes(source, found, steps, unplanned),
        steps=steps,
        graph=graph_view(steps, critical),
        timeline=timeline_view(steps),
        sources=tuple(
            (
                clean(text(item, "name")),
                excerpt(text(item, "text"), _SOURCE_LIMIT, "all of it is in run.json"),
                clean(text(item, "sha256")),
            )
            for item in parts(header, "sources")
        ),
        record_sha256=source.sha256,
        folder=clean(source.folder),
    )
