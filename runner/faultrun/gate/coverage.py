"""What a set of runs has exercised: with a fault that fired, only in vain, or never.

Read from records alone. Fired means: the step armed it, the counter or the log says that it was
injected, and the step's verdict is not VACUOUS, which would say that it hit somebody else.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from faultrun.gate.facets import Facet, every, touched
from faultrun.model.capability import Capability
from faultrun.model.data import Json
from faultrun.record.reader import Object, RunLines

_NTH = "fail-nth"


class Reach(Enum):
    """How far a facet got in all runs together; the best counts."""

    FIRED = "fired"
    VACUOUS = "vacuous"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """One facet: how far it got, in how many steps, and the first that shows it."""

    facet: Facet
    reach: Reach
    steps: int
    shown_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """All facets of all capabilities; ``absent`` maps a capability to why it cannot be simulated."""

    covers: tuple[Cover, ...]
    campaigns: tuple[str, ...]
    absent: Mapping[str, str]

    def counts(self, capability: str = "") -> Mapping[Reach, int]:
        """Facets by reach, of one capability or of all."""
        return Counter(
            cover.reach for cover in self.covers if capability in ("", cover.facet.capability)
        )

    def of(self, capability: str) -> tuple[Cover, ...]:
        """The facets of a capability, in the order of its table."""
        return tuple(cover for cover in self.covers if cover.facet.capability == capability)

    def capabilities(self) -> tuple[str, ...]:
        """Their names, in alphabetical order."""
        return tuple(dict.fromkeys(cover.facet.capability for cover in self.covers))


@dataclass(slots=True)
class _Seen:
    """What one step did: injections by capability, and its verdict."""

    injected: dict[str, int] = field(default_factory=dict[str, int])
    verdict: str = ""


def coverage(runs: Iterable[RunLines], tables: Mapping[str, Capability]) -> Coverage:
    """Coverage over these runs. Raises RecordDamaged."""
    shown: dict[Reach, dict[Facet, list[str]]] = {Reach.FIRED: {}, Reach.VACUOUS: {}}
    campaigns: list[str] = []
    for run in runs:
        name = _campaign(run)
        campaigns.append(name)
        seen = _steps(run)
        for task in run.tasks:
            identity = str(task.get("id"))
            step = seen.get(identity)
            if step is None or step.verdict in ("", "SKIP"):
                continue
            for facet, reach in _taken(task, step, tables):
                shown[reach].setdefault(facet, []).append(f"{name}: {identity}")
    return Coverage(
        covers=tuple(_cover(facet, shown) for facet in every(tables.values())),
        campaigns=tuple(campaigns),
        absent={name: table.not_simulated for name, table in tables.items() if table.not_simulated},
    )


def _taken(
    task: Object, step: _Seen, tables: Mapping[str, Capability]
) -> Iterator[tuple[Facet, Reach]]:
    for injection in _objects(task.get("injections")):
        table = tables.get(str(injection.get("capability")))
        if table is None:
            continue
        hit = step.injected.get(table.name, 0) > 0 and step.verdict != "VACUOUS"
        where = _object(injection.get("where"))
        settings = {**_object(injection.get("settings")), **_ranges(injection)}
        for facet in touched(table, where, settings):
            yield facet, Reach.FIRED if hit else Reach.VACUOUS


def _ranges(injection: Object) -> Mapping[str, Json]:
    """``require: {function: ...}`` and the like set four attributes, by places in the kernel's text."""
    return {
        f"{side}-{end}": text
        for side in ("require", "reject")
        for end, text in _object(injection.get(side)).items()
    }


def _steps(run: RunLines) -> dict[str, _Seen]:
    seen: dict[str, _Seen] = {}
    for event in run.events():
        step = seen.setdefault(event.step, _Seen())
        if event.kind == "evidence":
            for count in _objects(event.data.get("counts")):
                name, number = str(count.get("capability")), count.get("injected")
                if isinstance(number, int):
                    step.injected[name] = step.injected.get(name, 0) + number
        elif event.kind == "command" and event.data.get("fail_nth_left") == 0:
            step.injected[_NTH] = 1
        elif event.kind == "step.verdict":
            step.verdict = str(event.data.get("verdict"))
    return seen


def _cover(facet: Facet, shown: Mapping[Reach, Mapping[Facet, list[str]]]) -> Cover:
    for reach, places in shown.items():
        steps = places.get(facet)
        if steps:
            return Cover(facet=facet, reach=reach, steps=len(steps), shown_by=steps[0])
    return Cover(facet=facet, reach=Reach.NEVER, steps=0, shown_by="")


def _campaign(run: RunLines) -> str:
    return str(_object(run.header.get("campaign")).get("name", run.folder.name))


def _object(data: Json) -> Mapping[str, Json]:
    return data if isinstance(data, Mapping) else {}


def _objects(data: Json) -> Sequence[Mapping[str, Json]]:
    rows = data if isinstance(data, list) else []
    return [row for row in rows if isinstance(row, Mapping)]
