"""Repeats become runs with stable ids, and names become the runs that they mean.

The matrix is expanded by ``spec``, because the values of a cell decide what is valid in it. A
repeat changes no value, so it is expanded here. See ``runner/decisions/0004-matrix-in-spec.md``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faultrun.model.campaign import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One repeat of one step. ``id`` is the step's id, with ``#1`` and so on if it repeats."""

    id: str
    step: Step


def expand(steps: Sequence[Step]) -> tuple[Run, ...]:
    """Every run in the order of the document: a step, its cells, the repeats of each cell.

    An id depends on nothing but the step itself, so that other steps may come, go or move.
    """
    runs: list[Run] = []
    for step in steps:
        if step.repeat == 1:
            runs.append(Run(id=step.id, step=step))
        else:
            runs.extend(
                Run(id=f"{step.id}#{number}", step=step) for number in range(1, step.repeat + 1)
            )
    return tuple(runs)


def names(runs: Sequence[Run]) -> Mapping[str, tuple[int, ...]]:
    """What each name means, as places in ``runs``.

    A step as written means all its cells and repeats, a cell all its repeats, a run itself. If
    names collide the wider meaning wins: a need is written in the words of the document.
    """
    found: dict[str, list[int]] = {}
    for wanted in ("origin", "cell", "run"):
        level: dict[str, list[int]] = {}
        for place, run in enumerate(runs):
            name = {"origin": run.step.origin, "cell": run.step.id, "run": run.id}[wanted]
            level.setdefault(name, []).append(place)
        found = {**level, **found}
    return {name: tuple(places) for name, places in found.items()}
