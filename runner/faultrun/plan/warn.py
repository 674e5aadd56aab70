"""Warnings that only a dry run can give: an interval that resonates, a step that cannot fire."""

from collections.abc import Iterator, Mapping, Sequence

from faultrun.model.campaign import Injection, Step
from faultrun.model.data import Json
from faultrun.model.diagnostic import Diagnostic, Severity
from faultrun.model.plan import Counter, Task
from faultrun.plan.reach import Reach, total
from faultrun.plan.resonance import resonance
from faultrun.plan.words import many, percent

RESONANCE = "FR120"
VACUOUS = "FR121"
LIKELY = 0.99
"""From this chance of a vacuous run on, a step is worth a warning."""

_NAMED = 6


def resonance_warnings(
    task: Task, reaches: Sequence[Reach], *, fresh: bool
) -> Iterator[Diagnostic]:
    """FR120 for each interval that can never reach some of the sites it meets."""
    for item in reaches:
        armed = item.armed
        if armed.interval <= 1 or armed.probability <= 0:
            continue
        found = resonance(
            ((run.site, run.count) for run in item.passed),
            armed.interval,
            fresh=fresh,
            cap=armed.times,
        )
        if found is None:
            continue
        injection = _injection(task.step, item)
        setting = injection.setting("interval")
        yield Diagnostic(
            code=RESONANCE,
            severity=Severity.WARNING,
            mark=injection.mark if setting is None else setting.mark,
            message=(
                f"'{task.step.origin}': interval {armed.interval} resonates with the workload, whose"
                f" checks of '{armed.capability}' repeat every {found.period}: it can reach"
                f" {_listed(found.reached)}, but never {_listed(found.missed)}"
            ),
            hint=f"interval {found.coprime} shares no factor with {found.period} and reaches all",
        )


def why_never(task: Task, reaches: Sequence[Reach], chance: float) -> str:
    """What keeps the faults of a step from firing, in words; empty if one is likely to."""
    if chance < LIKELY:
        return ""
    told = [_reason(item)[0] for item in reaches]
    told += [_never_there(counter) for counter in task.counters if counter.traces]
    return "; ".join(dict.fromkeys(told))


def _never_there(counter: Counter) -> str:
    where = counter.path.removeprefix("/sys/kernel/debug/")
    return f"it is off, or the workload never gets to '{where}'"


def vacuous_warnings(task: Task, reaches: Sequence[Reach], chance: float) -> Iterator[Diagnostic]:
    """FR121 for a step that will hardly ever inject, unless that is what it expects."""
    if chance < LIKELY or may_be_vacuous(task.step):
        return
    for item in reaches:
        why, hint = _reason(item)
        yield Diagnostic(
            code=VACUOUS,
            severity=Severity.WARNING,
            mark=_injection(task.step, item).mark,
            message=(
                f"'{task.step.origin}': the chance that this fault never fires is {percent(chance)}: {why}"
            ),
            hint=hint,
        )
    for counter in task.counters:
        if counter.traces:
            yield Diagnostic(
                code=VACUOUS,
                severity=Severity.WARNING,
                mark=_armed_at(task.step, counter).mark,
                message=f"'{task.step.origin}': this fault never fires: {_never_there(counter)}",
                hint="arm what the workload really passes, with a value that is not 0",
            )
    nth = task.command.fail_nth
    if nth and not reaches:
        yield Diagnostic(
            code=VACUOUS,
            severity=Severity.WARNING,
            mark=task.step.injections[0].mark,
            message=(
                f"'{task.step.origin}': fail-nth {nth} never fires: the workload's first task passes"
                f" fewer fault points"
            ),
            hint="fork does not hand fail-nth down: run the program itself, without a shell",
        )


def may_be_vacuous(step: Step) -> bool:
    """Whether the step says itself that there may be no injection."""
    return any(
        claim.oracle == "injected" and _allows_none(claim.params) for claim in step.expectations
    )


def _allows_none(params: Json) -> bool:
    """``injected:`` in its normal form has ``min`` and ``max`` (spec/forms.py)."""
    return isinstance(params, Mapping) and params.get("min", 0) == 0


def _injection(step: Step, item: Reach) -> Injection:
    """The injection that armed it; its place is part of the directory."""
    return _in_place(step, item.armed.capability, item.armed.directory)


def _armed_at(step: Step, counter: Counter) -> Injection:
    return _in_place(step, counter.capability, counter.path)


def _in_place(step: Step, capability: str, directory: str) -> Injection:
    same = [found for found in step.injections if found.capability == capability]
    for found in same:
        if all(f"/{value}/" in f"{directory}/" for value in found.place().values()):
            return found
    return same[0]


def _reason(item: Reach) -> tuple[str, str]:
    armed = item.armed
    where = armed.directory.removeprefix("/sys/kernel/debug/")
    if armed.probability <= 0:
        return "its probability is 0", "set probability, in percent of checks"
    if armed.times == 0:
        return "times is 0", "set times to the number of failures, or -1 for no limit"
    if not item.made and armed.spares:
        return (
            f"the workload never gets to '{where}' past its filters: {'; '.join(armed.spares)}",
            "turn the filter off, or let the workload make what it does not spare",
        )
    if not item.made:
        hint = "arm what the workload really uses; `faultrun plan` shows how many checks it makes"
        if armed.capability == "nvme":
            hint = "admin commands ask the controller (nvme0), I/O asks the namespace (nvme0n1)"
        return f"the workload never asks '{where}'", hint
    if armed.stack_filter and not any(run.wanted for run in item.made):
        return (
            f"of {many(total(item.made), 'check')} none has a caller that the ranges let through",
            "require callers of what the workload does, or look deeper: `stacktrace-depth: 32`",
        )
    if not item.filtered:
        return (
            f"of {many(total(item.made), 'check')} none is made by a task of the workload",
            "the checks come from interrupts or from kernel threads: set task-filter: N",
        )
    if not item.passed:
        return (
            f"space {armed.space} is not used up by {many(item.checks, 'check')} of this workload",
            "lower space, or make the workload do more",
        )
    verb = "is" if item.candidates == 1 else "are"
    few = f"{many(item.candidates, 'check')} {verb} too few at probability {armed.probability}"
    return (
        f"{few} and interval {armed.interval}",
        "raise probability, lower interval, or repeat the operation in the workload",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_NAMED]) + more
