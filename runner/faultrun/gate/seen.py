"""What two records can be compared by: one record, step by step, as values.

Only what the kernel decided and answered is kept. Times, process numbers, log lines and the free text
of programs differ between two runs of one kernel already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from faultrun.kernel.errno import reported
from faultrun.model.data import Json
from faultrun.record.fields import Fields, flag, maybe, part, parts, real, text, texts, whole
from faultrun.record.reader import Object, RunLines

SEEN = "seen "
"""A line of standard output that begins so is compared: ``seen NAME TEXT``."""

DECISIONS = "decisions"
"""The name under which a workload prints its decisions, one character each: ``x`` failed."""

DRAWN = "drawn"
"""The same of decisions that a probability between 1 and 99 makes, where the workload arms itself."""

_ASKED = ("script", "argv", "cleanup", "injections", "writes", "expectations", "machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """Injections of one capability. ``number`` is None if its counter was lost."""

    capability: str
    path: str
    number: int | None
    at_least: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the workload ended, what it reported, and the lines that it wants compared."""

    exit: int | None
    signal: int | None
    timed_out: bool
    nth_injected: bool | None
    errnos: tuple[str, ...]
    said: tuple[tuple[str, str], ...]
    unmodelled: str
    cut: str
    """Why a part of what it printed is not there; empty if all of it is."""

    @property
    def words(self) -> str:
        """How it ended, in words."""
        if self.timed_out:
            return "killed at its timeout"
        if self.signal is not None:
            return f"signal {self.signal}"
        return "no exit status" if self.exit is None else f"exit status {self.exit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the plan expects of the number of injections; None for one that it does not know."""

    mean: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """One step of a record. ``verdict`` is empty if the record has none."""

    id: str
    machine: str
    asked: Mapping[str, Json]
    chance: tuple[tuple[str, int], ...]
    """Injections whose probability lies strictly between 1 and 99 percent, with it."""
    forecast: Forecast | None
    verdict: str = ""
    outcome: str = ""
    reasons: tuple[str, ...] = ()
    injected: tuple[Injected, ...] = ()
    backs: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    ended: Ended | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """A record: what was run where, and its steps in the order of the plan."""

    folder: str
    campaign: str
    seed: int
    plan: str
    target: str
    release: str
    sources: tuple[str, ...]
    torn: bool
    complete: bool
    """The run came to its end, whatever its verdicts."""
    steps: Mapping[str, StepSeen]


def seen(run: RunLines) -> RunSeen:
    """A record as values. Raises RecordDamaged at a line that is no event."""
    steps = {text(task, "id"): _asked(task) for task in run.tasks}
    looked_up = {text(task, "id"): _looked_up(task) for task in run.tasks}
    complete = False
    for event in run.events():
        complete = complete or event.kind == "run.end"
        step = steps.get(event.step)
        if step is not None:
            steps[event.step] = _with(step, event.kind, event.data, run, looked_up[event.step])
    target = part(run.header, "target")
    return RunSeen(
        folder=str(run.folder),
        campaign=text(part(run.header, "campaign"), "name"),
        seed=whole(run.header, "seed"),
        plan=text(run.header, "plan_digest"),
        target=text(target, "name") or text(target, "kind"),
        release=text(target, "release"),
        sources=tuple(text(source, "sha256") for source in parts(run.header, "sources")),
        torn=run.torn,
        complete=complete,
        steps=steps,
    )


def _asked(task: Object) -> StepSeen:
    prediction = part(task, "prediction")
    return StepSeen(
        id=text(task, "id"),
        machine=text(task, "machine"),
        asked={key: _without_place(task.get(key)) for key in _ASKED},
        chance=tuple(_chances(parts(task, "injections"))),
        forecast=Forecast(mean=real(prediction, "mean"), spread=real(prediction, "spread"))
        if flag(prediction, "known")
        else None,
    )


def _without_place(asked: Json) -> Json:
    """Where something stands in a file is no part of what is asked."""
    if isinstance(asked, Mapping):
        return {key: _without_place(item) for key, item in asked.items() if key != "place"}
    if isinstance(asked, list):
        return [_without_place(item) for item in asked]
    return asked


def _chances(injections: Sequence[Fields]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for injection in injections:
        settings = part(injection, "settings")
        percent = maybe(settings, "probability")
        one_in = maybe(settings, "chance")
        if percent is not None and 0 < percent < 100:
            found.append((text(injection, "capability"), percent))
        elif one_in is not None and one_in > 1:
            # Kernel: block/error-injection.c, one in so many.
            found.append((text(injection, "capability"), 100 // one_in))
    return found


def _looked_up(task: Object) -> frozenset[str]:
    """Files whose value is an address: another one at each boot."""
    return frozenset(text(row, "path") for row in parts(task, "writes") if flag(row, "lookup"))


def _with(
    step: StepSeen, kind: str, data: Fields, run: RunLines, looked_up: frozenset[str]
) -> StepSeen:
    if kind == "attr.armed":
        backs = {text(row, "path"): text(row, "back") for row in parts(data, "writes")}
        return replace(step, backs={p: back for p, back in backs.items() if p not in looked_up})
    if kind == "command":
        return replace(step, ended=_ended(data, run))
    if kind == "evidence":
        after, counts = part(data, "after"), parts(data, "counts")
        # What a counter reads is told by the injections that it counts.
        skipped = looked_up | {text(row, "path") for row in counts}
        return replace(
            step,
            injected=tuple(_injected(row) for row in counts),
            after={path: text(after, path) for path in after if path not in skipped},
        )
    if kind == "step.verdict":
        return replace(
            step,
            verdict=text(data, "verdict"),
            outcome=text(data, "outcome"),
            reasons=texts(data, "reasons"),
        )
    if kind == "step.skip":
        return replace(step, verdict="SKIP", reasons=texts(data, "reasons"))
    return step


def _injected(row: Fields) -> Injected:
    return Injected(
        capability=text(row, "capability"),
        path=text(row, "path"),
        number=maybe(row, "injected"),
        at_least=flag(row, "at_least"),
    )


def _ended(data: Fields, run: RunLines) -> Ended:
    output, cut = text(data, "stdout"), ""
    stored = text(data, "stdout_file")
    if stored:
        try:
            output = (run.folder / stored).read_text(encoding="utf-8", errors="surrogatepass")
        except (OSError, UnicodeDecodeError) as no:
            cut = f"{stored} cannot be read: {no}"
    left = maybe(data, "fail_nth_left")
    return Ended(
        exit=maybe(data, "exit"),
        signal=maybe(data, "signal"),
        timed_out=flag(data, "timed_out"),
        nth_injected=None if left is None else left == 0,
        errnos=reported(text(data, "stderr")) or reported(output),
        said=_said(output),
        unmodelled=text(data, "unmodelled"),
        cut=cut,
    )


def _said(output: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for line in output.splitlines():
        if line.startswith(SEEN):
            name, _, rest = line.removeprefix(SEEN).partition(" ")
            found.append((name, rest))
    return tuple(found)
