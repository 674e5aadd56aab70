"""How many injections a step should see, from the checks that its workload makes.

Pure arithmetic along lib/fault-inject.c:should_fail_ex(): probability 0, the task filter, `times`,
`space`, the interval counter, the draw. The checks are those of a run in which nothing failed. A
fault changes what a workload does next, so the mean is that of a workload which goes on regardless;
the chance of a vacuous run is exact, because nothing was disturbed before the first fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from faultrun.model.capability import AttrKind
from faultrun.model.diagnostic import Diagnostic
from faultrun.model.plan import Counter, Prediction, Task
from faultrun.model.target import Checks
from faultrun.plan import chance
from faultrun.plan.attribute import Armed, armed_by
from faultrun.plan.chance import CERTAIN_NONE, Chance
from faultrun.plan.reach import reach, total
from faultrun.plan.warn import resonance_warnings, vacuous_warnings, why_never


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """The prediction of one task, and the warnings that it gives rise to."""

    prediction: Prediction
    diagnostics: tuple[Diagnostic, ...] = ()


def predict(
    task: Task, tally: Mapping[str, tuple[Checks, ...]], *, fresh: bool, unknown: str = ""
) -> Predicted:
    """What to expect of a task.

    ``tally`` holds, for each attribute directory, the checks of an undisturbed run in their order.
    ``fresh`` says that the interval counters of the machine start at 0. ``unknown``, if not empty,
    is the reason why the checks are not known.
    """
    armed = armed_by(task)
    if unknown:
        return Predicted(prediction=Prediction(known=False, note=unknown))
    reaches = tuple(reach(item, tally) for item in armed)
    parts = [injections(item.armed, item.candidates, fresh=fresh) for item in reaches]
    checks = sum(item.checks for item in reaches)
    for counter in task.counters:
        if counter.traces:
            # No attribute decides here: whoever passes the place meets the fault.
            met = 0 if _is_off(task, counter) else total(tally.get(counter.path, ()))
            checks += met
            parts.append(chance.surely(met))
    if task.command.fail_nth:
        points = _fault_points(tally)
        checks += points
        parts.append(chance.surely(1 if points >= task.command.fail_nth else 0))
    whole = chance.summed(parts)
    return Predicted(
        prediction=Prediction(
            known=True,
            note="; ".join(dict.fromkeys(_notes(task, armed, fresh=fresh))),
            checks=checks,
            mean=whole.mean,
            spread=whole.spread,
            vacuous_chance=whole.none,
            why=why_never(task, reaches, whole.none),
        ),
        diagnostics=(
            *resonance_warnings(task, reaches, fresh=fresh),
            *vacuous_warnings(task, reaches, whole.none),
        ),
    )


def _is_off(task: Task, counter: Counter) -> bool:
    """Whether what is written to the notifier is 0, which disarms it."""
    return any(
        write.kind is AttrKind.ERRNO and write.reads_back == "0"
        for write in task.writes
        if write.path.startswith(f"{counter.path}/")
    )


def injections(armed: Armed, checks: int, *, fresh: bool) -> Chance:
    """The injections of one attribute set in so many checks that got as far as the interval."""
    if armed.probability <= 0 or armed.times == 0 or checks <= 0:
        return CERTAIN_NONE
    likely = min(armed.probability, 100) / 100
    if armed.interval <= 1:
        if armed.attempts > 1:
            return chance.capped_retries(checks, likely, armed.attempts, armed.times)
        return chance.capped_binomial(checks, likely, armed.times)
    retried = armed.attempts > 1 and likely >= 1.0
    shares = _retried_candidates if retried else _candidates
    return chance.mixed(
        (weight, chance.capped_binomial(count, likely, armed.times))
        for weight, count in shares(checks, armed.interval, fresh=fresh)
    )


def _candidates(checks: int, interval: int, *, fresh: bool) -> tuple[tuple[float, int], ...]:
    """How many checks are a multiple of the interval, with the likelihood of that number.

    The counter starts at 0 on a fresh machine, and nobody knows where on a used one.
    """
    count, rest = divmod(checks, interval)
    if fresh:
        return ((1.0, count),)
    share = rest / interval
    return ((1.0 - share, count), (share, count + 1))


def _retried_candidates(
    commands: int, interval: int, *, fresh: bool
) -> tuple[tuple[float, int], ...]:
    """The same if each failure adds a check, because the command is sent again and then succeeds.

    A failure comes after interval - 1 successes; the first after as many as the phase leaves.
    """
    between = interval - 1
    if fresh:
        return ((1.0, (commands - 1) // between),)
    count, rest = divmod(commands, between)
    return (
        (1.0 / interval, (commands - 1) // between),
        ((between - rest) / interval, count),
        (rest / interval, count + 1),
    )


def _fault_points(tally: Mapping[str, tuple[Checks, ...]]) -> int:
    """Checks of every capability that the workload's first task makes: those fail-nth counts.

    fork zeroes it (kernel/fork.c:dup_task_struct()), interrupts do not see it.
    """
    return sum(
        item.count
        for items in tally.values()
        for item in items
        if item.in_task and item.first and item.wanted
    )


def _notes(task: Task, armed: tuple[Armed, ...], *, fresh: bool) -> list[str]:
    notes: list[str] = []
    for item in armed:
        if item.interval > 1 and not fresh:
            notes.append("the phase of the interval is unknown on a machine that others used")
        if item.attempts > 1:
            notes.append(
                f"a failed command is sent again by the kernel, {item.attempts} times in all"
                if item.interval <= 1 or item.probability >= 100
                else "commands sent again after a failure are not counted"
            )
    if armed and task.command.fail_nth:
        notes.append("a pending fail-nth shields its task from the other fault, which is left out")
    return notes
