"""Which runs of a campaign are asked for, with everything that they need.

A selected step brings along what it needs and, if it is in a group, the steps of the group before
it: they left the machine in the state that its author meant.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from faultrun.plan.errors import PlanError
from faultrun.plan.expand import Run
from faultrun.plan.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was asked for on the command line; nothing at all means everything.

    ``only`` and ``from_`` hold names: a step as written (all its cells and repeats), a cell
    ``step[axis=value]``, a repeat ``step#2``, or a pattern with ``*`` and ``?``. ``from_`` adds
    all that waits for the named steps. ``tags`` narrows what the names gave, or everything.
    """

    only: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class SelectionError(PlanError):
    """A name or a tag that the campaign does not have. ``unknown`` lists all of them."""

    def __init__(self, message: str, unknown: tuple[str, ...]) -> None:
        super().__init__(message)
        self.unknown = unknown


def select(
    selection: Selection,
    runs: Sequence[Run],
    named: Mapping[str, tuple[int, ...]],
    graph: Graph,
    extra_tags: Sequence[str] = (),
) -> frozenset[int]:
    """The places in ``runs`` that are selected, closed under needs.

    ``extra_tags`` are the campaign's own: every step has them. Raises SelectionError, with every
    name that is wrong and the nearest right one.
    """
    everything = frozenset(range(len(runs)))
    if selection == Selection():
        return everything
    tags = {tag for run in runs for tag in run.step.tags}.union(extra_tags)
    problems = [
        *_unknown("step", selection.only, named),
        *_unknown("step", selection.from_, named),
        *_unknown("tag", selection.tags, tags),
    ]
    if problems:
        raise SelectionError(
            "; ".join(text for _, text in problems), tuple(name for name, _ in problems)
        )
    chosen = everything
    if selection.only or selection.from_:
        chosen = frozenset(_places(selection.only, named))
        if selection.from_:
            chosen |= graph.after(_places(selection.from_, named))
    if selection.tags:
        chosen = frozenset(
            place
            for place in chosen
            if any(_matches(tag, (*runs[place].step.tags, *extra_tags)) for tag in selection.tags)
        )
    return graph.before(chosen)


def _places(asked: Iterable[str], named: Mapping[str, tuple[int, ...]]) -> set[int]:
    return {place for name in asked for found in _matches(name, named) for place in named[found]}


def _matches(asked: str, names: Collection[str]) -> list[str]:
    """The names that are meant. Brackets are part of a cell's name and mean only themselves."""
    if asked in names:
        return [asked]
    if "*" not in asked and "?" not in asked:
        return []
    pattern = re.compile(
        "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in asked), re.DOTALL
    )
    return [name for name in names if pattern.fullmatch(name)]


def _unknown(what: str, asked: Sequence[str], names: Collection[str]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    for name in asked:
        if _matches(name, names):
            continue
        near = difflib.get_close_matches(name, sorted(names), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        fault = f"no {what} matches" if "*" in name or "?" in name else f"there is no {what}"
        problems.append((name, f"{fault} '{name}'{hint}"))
    return problems
