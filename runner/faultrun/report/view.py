"""The view model: everything a report says, as frozen values. Templates see nothing else.

All text in it is already safe to look at (``hostile.clean``) but not yet escaped for HTML.
"""

from dataclasses import dataclass

NOT_RUN = "NOT RUN"
"""The word for a planned step without a verdict: the run ended before it."""

ORDER: tuple[str, ...] = ("ERROR", "FAIL", "VACUOUS", NOT_RUN, "SKIP", "PASS")
"""Verdicts as a reader wants them: the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteView:
    """One control file through the step: before, armed with, read back, after restore.

    ``armed_ok`` and ``restored_ok`` are None if the record does not tell.
    """

    path: str
    value: str
    before: str | None
    back: str | None
    after: str | None
    origin: str
    armed_ok: bool | None
    restored_ok: bool | None
    why: str
    trigger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionView:
    """One capability that the campaign armed: where, and with which settings."""

    capability: str
    where: str
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountView:
    """Injections of one capability; ``injected`` is None if its counter was lost.

    ``at_least``: lines of the log that count are missing.
    """

    capability: str
    path: str
    injected: int | None
    budget: int
    left: int | None
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HitView:
    """One injection that the kernel log tells of, and where it fell."""

    t_ns: int
    name: str
    task: str
    chain: tuple[str, ...]
    on_path: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """One kernel log record; ``injected`` marks the kernel's own announcement of a fault."""

    t_ns: int
    level: int
    text: str
    injected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """What one oracle found about one expectation."""

    oracle: str
    verdict: str
    expected: str
    found: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandView:
    """How a command ended, in words, and what it printed; ``ok``: it ended by itself."""

    text: str
    ended: str
    ok: bool
    elapsed_ns: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedView:
    """What the campaign asked of a step."""

    needs: tuple[str, ...]
    locks: tuple[str, ...]
    cell: tuple[tuple[str, str], ...]
    timeout_ns: int
    command: str
    cleanup: str
    injections: tuple[InjectionView, ...]
    expectations: tuple[tuple[str, str], ...]
    prediction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """What was seen of a step."""

    writes: tuple[WriteView, ...]
    counts: tuple[CountView, ...]
    hits: tuple[HitView, ...]
    log: tuple[LogView, ...]
    command: CommandView | None
    cleanup: CommandView | None
    files: tuple[tuple[str, str], ...]
    phases: tuple[tuple[str, int], ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step: the line in the table, what was asked, what was seen, and why the verdict."""

    index: int
    id: str
    origin: str
    summary: str
    verdict: str
    outcome: str
    reasons: tuple[str, ...]
    findings: tuple[FindingView, ...]
    injected: int
    elapsed_ns: int
    start_ns: int | None
    slot: int
    machine: str
    group: str
    tags: tuple[str, ...]
    capabilities: tuple[str, ...]
    place: str
    rerun: str
    asked: AskedView
    evidence: EvidenceView


@dataclass(frozen=True, slots=True, kw_only=True)
class Pip:
    """A part of a node: some steps of one verdict; ``step`` is where a click goes."""

    verdict: str
    count: int
    step: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """A box of the graph, in pixels from the top left. ``step`` is where a click goes."""

    label: str
    title: str
    verdict: str
    step: str
    count: int
    pips: tuple[Pip, ...]
    x: int
    y: int
    width: int
    height: int
    critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphView:
    """The graph of steps, laid out. ``edges`` are (SVG path, on the critical path)."""

    nodes: tuple[NodeView, ...]
    edges: tuple[tuple[str, bool], ...]
    width: int
    height: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Part of a lane: ``x`` and ``width`` in ten-thousandths of the whole time.

    ``share`` is its height in percent; below 100 it stands in front of another bar.
    """

    x: int
    width: int
    verdict: str
    step: str
    title: str
    share: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """One slot over time; ``faults`` are places of injections in ten-thousandths."""

    name: str
    bars: tuple[Bar, ...]
    faults: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    """All slots over time; ``ticks`` are (ten-thousandths, label).

    ``dense``: a bar is a column of steps that began together, not one step.
    """

    lanes: tuple[LaneView, ...]
    ticks: tuple[tuple[int, str], ...]
    dense: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """The decision. ``passed`` is None if the run ended before it was taken."""

    passed: bool | None
    headline: str
    sentences: tuple[str, ...]
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Steps with one story: they failed for one reason, or this run does not show something."""

    title: str
    sentence: str
    steps: tuple[str, ...]
    verdict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """The whole report. ``facts`` are (label, value, value is code)."""

    name: str
    summary: str
    owner: str
    tags: tuple[str, ...]
    gate: GateView
    counts: tuple[tuple[str, int], ...]
    injected: int
    injected_exact: bool
    rerun: str
    command: str
    duration_ns: int
    virtual: bool
    facts: tuple[tuple[str, str, bool], ...]
    failures: tuple[Gap, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
    steps: tuple[StepView, ...]
    graph: GraphView
    timeline: TimelineView
    sources: tuple[tuple[str, str, str], ...]
    record_sha256: str
    folder: str
