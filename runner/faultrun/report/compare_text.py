"""A comparison as plain text: the counts first, then each disagreement, then what cannot be told."""

from collections import Counter
from collections.abc import Iterator

from faultrun.gate.compare import Agreement, Comparison, Point
from faultrun.gate.seen import RunSeen
from faultrun.report.hostile import clean
from faultrun.report.words import listed, many

MOST = 160
"""Characters of one side's answer that are shown."""


def render(found: Comparison) -> str:
    """The whole comparison."""
    return "\n".join(_lines(found)) + "\n"


def headline(found: Comparison) -> str:
    """The figures in one line."""
    counts = found.counts()
    return (
        f"{many(len(found.steps), 'step')} in both: {counts[Agreement.AGREE]} agree,"
        f" {counts[Agreement.DIFFER]} differ, {counts[Agreement.CANNOT_TELL]} cannot be told"
    )


def _lines(found: Comparison) -> Iterator[str]:
    yield f"A: {_run(found.a)}"
    yield f"B: {_run(found.b)}"
    yield headline(found)
    points = Counter(_kind(p) for step in found.steps for p in step.of(Agreement.AGREE))
    if points:
        yield f"equal: {', '.join(f'{number:,} x {kind}' for kind, number in points.items())}"
    for side, names in (("A", found.only_a), ("B", found.only_b)):
        if names:
            yield f"only in {side}: {clean(listed(names, 12))}"
    for side, run in (("A", found.a), ("B", found.b)):
        if run.torn:
            yield f"the last line of {side}'s record is cut short and was left out"
        if not run.complete:
            yield f"{side}'s run did not come to its end"
    asked = Counter(key for step in found.steps for key in step.asked)
    if asked:
        told = ", ".join(f"{key} of {many(number, 'step')}" for key, number in asked.items())
        yield f"asked differently: {told}"
    yield from _differences(found)
    yield from _untold(found)


def _run(run: RunSeen) -> str:
    return clean(
        f"{run.folder}: {run.campaign} on {run.target} ({run.release}), seed {run.seed},"
        f" plan sha256:{run.plan}"
    )


def _kind(point: Point) -> str:
    """A point without its file or its name."""
    return point.what.split(" ", 1)[0]


def _differences(found: Comparison) -> Iterator[str]:
    for step in found.steps:
        differing = step.of(Agreement.DIFFER)
        if differing:
            yield ""
            yield f"{clean(step.id)} differs:"
        for point in differing:
            how = f" ({point.why})" if point.why else ""
            yield f"  {clean(point.what)}{how}"
            yield f"    A: {_short(point.a)}"
            yield f"    B: {_short(point.b)}"


def _untold(found: Comparison) -> Iterator[str]:
    rows = [(step.id, point) for step in found.steps for point in step.of(Agreement.CANNOT_TELL)]
    if rows:
        yield ""
        yield "cannot be told:"
    for name, point in rows:
        sides = f": A {_short(point.a)}, B {_short(point.b)}" if point.a or point.b else ""
        yield f"  {clean(name)}, {clean(point.what)}{sides}; {clean(point.why)}"


def _short(text: str) -> str:
    shown = clean(text)
    return shown if len(shown) <= MOST else f"{shown[:MOST]}... ({len(text):,} characters)"
