"""The picture of the plan: one box for a step as written, one mark in it for each of its runs.

``needs`` names steps as written, so that drawing cells and repeats as marks in one box loses no
edge. Larger plans are folded further: boxes with the same neighbours, then whole ranks.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, takewhile

from faultrun.report import layers
from faultrun.report.view import ORDER, GraphView, NodeView, Pip, StepView
from faultrun.report.words import many

LIMIT = 150
"""Boxes that a person can still look at."""
_WIDTH, _GUTTER, _GAP, _MARGIN = 212, 56, 12, 8
_LINE, _TALL = 32, 52
_PIPS = 11
_LABEL = 25
_BAND, _ROUNDS = 60, 4


def worst(verdicts: Sequence[str]) -> str:
    """The verdict that a reader has to see first."""
    return min(verdicts, key=lambda word: ORDER.index(word) if word in ORDER else 0)


def _numbered(keys: Sequence[object]) -> list[int]:
    numbers: dict[object, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _classes(count: int, edges: set[tuple[int, int]]) -> list[int]:
    """A class for each box, at most ``LIMIT`` of them: depth first, then the classes around it.

    Depth keeps the folded graph free of cycles; each round of refinement tells boxes apart whose
    neighbours differ, as long as the picture stays small.
    """
    rank = layers.ranks(count, edges)
    width = max(rank) // _BAND + 1
    classes = _numbered([place // width for place in rank])
    for _ in range(_ROUNDS):
        into: list[set[int]] = [set() for _ in range(count)]
        out: list[set[int]] = [set() for _ in range(count)]
        for tail, head in edges:
            into[head].add(classes[tail])
            out[tail].add(classes[head])
        finer = _numbered(
            [(classes[at], frozenset(into[at]), frozenset(out[at])) for at in range(count)]
        )
        if max(finer) >= LIMIT:
            break
        classes = finer
    return classes


def _folded(
    names: list[list[str]], edges: set[tuple[int, int]]
) -> tuple[list[list[str]], set[tuple[int, int]], str]:
    """Join boxes until a person can look at them; says so in words."""
    if len(names) <= LIMIT:
        return names, edges, ""
    classes = _classes(len(names), edges)
    boxes: list[list[str]] = [[] for _ in range(max(classes) + 1)]
    for number, members in zip(classes, names, strict=True):
        boxes[number] += members
    counted = f"{many(len(names), 'step')} as written", many(len(boxes), "box", "boxes")
    note = f"{counted[0]} are drawn as {counted[1]}; those at one depth with alike neighbours share one."
    joined = {(classes[tail], classes[head]) for tail, head in edges}
    return (
        boxes,
        {(tail, head) for tail, head in joined if tail != head},
        note,
    )


def _label(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    low, high = min(names), max(names)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    stem = "".join(letter for letter, _ in alike).rstrip("-_.")
    return f"{stem}*" if len(stem) >= 3 else many(len(names), "origin")


def _pips(steps: Sequence[StepView]) -> tuple[Pip, ...]:
    if len(steps) == 1:
        return ()
    if len(steps) <= _PIPS:
        return tuple(
            Pip(verdict=s.verdict, count=1, step=s.id, label=f"{s.id}: {s.verdict}") for s in steps
        )
    found: list[Pip] = []
    for verdict in (*ORDER, *sorted({s.verdict for s in steps} - set(ORDER))):
        first = next((s for s in steps if s.verdict == verdict), None)
        if first is not None:
            count = sum(1 for s in steps if s.verdict == verdict)
            found.append(
                Pip(verdict=verdict, count=count, step=first.id, label=f"{count:,} {verdict}")
            )
    return tuple(found)


def _node(
    names: Sequence[str], steps: Sequence[StepView], critical: bool, place: tuple[int, float]
) -> NodeView:
    verdict = worst([step.verdict for step in steps])
    label = _label(names)
    room = _LABEL - (len(f"{len(steps):,}") + 2 if len(steps) > 1 else 0)
    counts = Counter(step.verdict for step in steps)
    told = ", ".join(f"{counts[word]:,} {word}" for word in ORDER if counts[word])
    height = _LINE if len(steps) == 1 else _TALL
    title = f"{', '.join(names[:8])}{' ...' if len(names) > 8 else ''}: {told}"
    return NodeView(
        label=label if len(label) <= room else f"{label[: room - 1]}\u2026",
        title=f"{title}{' (critical path)' if critical else ''}",
        verdict=verdict,
        step=next(step.id for step in steps if step.verdict == verdict),
        count=len(steps),
        pips=_pips(steps),
        x=_MARGIN + place[0] * (_WIDTH + _GUTTER),
        y=_MARGIN + round(place[1] - height / 2),
        width=_WIDTH,
        height=height,
        critical=critical,
    )


def _path(points: Sequence[tuple[int, float]]) -> str:
    step = _WIDTH + _GUTTER
    first = points[0]
    path = [f"M{_MARGIN + first[0] * step + _WIDTH} {_MARGIN + first[1]:.0f}"]
    for (rank, tail), (_, head) in pairwise(points):
        left = _MARGIN + rank * step + _WIDTH
        right, begin, end = left + _GUTTER, _MARGIN + tail, _MARGIN + head
        bend = _GUTTER // 2
        path.append(f"C{left + bend} {begin:.0f} {right - bend} {end:.0f} {right} {end:.0f}")
        path.append(f"h{_WIDTH}")
    return "".join(path[:-1])


def graph_view(steps: Sequence[StepView], critical: frozenset[str]) -> GraphView:
    """Lay the steps out. ``critical`` are the ids of the steps on the critical path."""
    by_origin: dict[str, list[StepView]] = {}
    origin_of = {step.id: step.origin for step in steps}
    for step in steps:
        by_origin.setdefault(step.origin, []).append(step)
    number = {origin: at for at, origin in enumerate(by_origin)}
    edges = {
        (number[origin_of[need]], number[step.origin])
        for step in steps
        for need in step.asked.needs
        if need in origin_of and origin_of[need] != step.origin
    }
    names, edges, note = _folded([[origin] for origin in by_origin], edges)
    members = [[step for origin in box for step in by_origin[origin]] for box in names]
    kept = layers.reduced(len(names), edges)
    heights = [_GAP + (_LINE if len(box) == 1 else _TALL) for box in members]
    drawing = layers.draw(heights, kept, passing=_GAP)
    marked = [any(step.id in critical for step in box) for box in members]
    nodes = tuple(
        _node(box, members[at], marked[at], (drawing.rank[at], drawing.centre[at]))
        for at, box in enumerate(names)
    )
    hidden = " Edges that other edges imply are left out." if len(kept) < len(edges) else ""
    return GraphView(
        nodes=nodes,
        edges=tuple(
            (_path(points), marked[tail] and marked[head]) for (tail, head), points in drawing.edges
        ),
        width=max((node.x + node.width for node in nodes), default=0) + _MARGIN,
        height=max((node.y + node.height for node in nodes), default=0) + _MARGIN,
        note=f"{note}{hidden}".strip(),
    )
