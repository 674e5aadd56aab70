"""Who worked when: one lane for each slot, bars for steps, marks where faults fell."""

from collections.abc import Sequence
from typing import TypeAlias

from faultrun.report.graph import worst
from faultrun.report.view import Bar, LaneView, StepView, TimelineView
from faultrun.report.words import duration, many

WHOLE = 10_000
"""The length of a lane."""
_FEW = 600
Span: TypeAlias = tuple[int, int, StepView]
"""Begin and end in parts of a lane, and the step."""


def _ticks(span: int) -> tuple[tuple[int, str], ...]:
    sizes = (step * 10**power for power in range(20) for step in (1, 2, 5))
    every = next(size for size in sizes if span // size <= 8)
    return tuple(
        (at * WHOLE // span, duration(at) if at else "0") for at in range(0, span + 1, every)
    )


def _bar(begin: int, end: int, step: StepView, title: str, share: int = 100) -> Bar:
    return Bar(
        x=begin,
        width=max(end - begin, 1),
        verdict=step.verdict,
        step=step.id,
        title=title,
        share=share,
    )


def _each(bars: Sequence[Span]) -> tuple[Bar, ...]:
    return tuple(
        _bar(begin, end, step, f"{step.id}: {step.verdict}, {duration(step.elapsed_ns)}")
        for begin, end, step in bars
    )


def _merged(bars: Sequence[Span], grain: int) -> tuple[Bar, ...]:
    """Steps that begin in the same grain share a column; what did not pass stands at its foot."""
    found: dict[int, list[StepView]] = {}
    last: dict[int, int] = {}
    for begin, end, step in bars:
        found.setdefault(begin // grain, []).append(step)
        last[begin // grain] = end
    merged: list[Bar] = []
    for column, steps in found.items():
        begin, end = column * grain, max((column + 1) * grain, last[column])
        good = [step for step in steps if step.verdict == "PASS"]
        bad = [step for step in steps if step.verdict != "PASS"]
        if good:
            merged.append(_bar(begin, end, good[0], f"{many(len(good), 'step')} passed"))
        if bad:
            verdict = worst([step.verdict for step in bad])
            shown = next(step for step in bad if step.verdict == verdict)
            share = max(40, 100 * len(bad) // len(steps))
            title = f"{len(bad)} of {many(len(steps), 'step')} did not pass, {shown.id}: {verdict}"
            merged.append(_bar(begin, begin + grain, shown, title, share))
    return tuple(merged)


def _fault_times(step: StepView) -> list[int]:
    """Injections in the run's time, always within the command that met them.

    The kernel log has the machine's own clock, which need not be the run's: a time outside the
    command is taken as an offset from the log's first record.
    """
    if not step.injected or step.start_ns is None:
        return []
    seen = step.evidence
    phase_ends = [at for word, at in seen.phases if word == "command ended"]
    end = phase_ends[0] if phase_ends else step.start_ns + step.elapsed_ns
    begin = max(step.start_ns, end - seen.command.elapsed_ns) if seen.command else step.start_ns
    first = min((line.t_ns for line in seen.log), default=0)
    times = [
        hit.t_ns if begin <= hit.t_ns <= end else min(end, begin + max(0, hit.t_ns - first))
        for hit in seen.hits
    ]
    return times or [begin]


def timeline_view(steps: Sequence[StepView]) -> TimelineView:
    """All slots over the run's own time."""
    started = [step for step in steps if step.start_ns is not None]
    starts = {step.index: step.start_ns or 0 for step in started}
    zero = min(starts.values(), default=0)
    last = max((starts[step.index] + step.elapsed_ns for step in started), default=0)
    span = max(last - zero, 1)
    grain = 1 if len(started) <= _FEW else 20
    lanes: dict[int, list[Span]] = {}
    faults: dict[int, set[int]] = {}
    for step in sorted(started, key=lambda item: (starts[item.index], item.index)):
        begin = starts[step.index] - zero
        bar = (begin * WHOLE // span, (begin + step.elapsed_ns) * WHOLE // span, step)
        lanes.setdefault(step.slot, []).append(bar)
        marks = faults.setdefault(step.slot, set())
        marks.update((at - zero) * WHOLE // span // grain * grain for at in _fault_times(step))
    return TimelineView(
        lanes=tuple(
            LaneView(
                name=f"slot {slot}",
                bars=_merged(lanes[slot], grain) if grain > 1 else _each(lanes[slot]),
                faults=tuple(sorted(faults[slot])),
            )
            for slot in sorted(lanes)
        ),
        ticks=_ticks(span) if started else (),
        dense=grain > 1,
    )
