"""Rules that look at one step: what it arms, what it runs, what it expects."""

from collections.abc import Iterable, Mapping

from faultrun.model.capability import Arming, Context
from faultrun.model.diagnostic import Severity
from faultrun.spec.lint_block import no_timeout_handler
from faultrun.spec.lint_function import wrong_retval
from faultrun.spec.lint_lkdtm import count_too_late, never_met, refused_place, unknown_type
from faultrun.spec.lint_rule import Facts, Remark, StepRule
from faultrun.spec.programs import Traffic, traffic
from faultrun.spec.ranges import FILES

_UNLIMITED = 1_000_000
"""As many failures and more end no sooner than any workload."""


def times_left_at_one(facts: Facts) -> Iterable[Remark]:
    """FR101."""
    for armed in facts.armed:
        has_times = armed.capability.attr("times") is not None
        if has_times and "times" not in armed.given and armed.number("probability", 0) > 0:
            mark, length = armed.place("probability")
            yield Remark(
                code="FR101",
                mark=mark,
                message=f"probability of '{armed.name}' is set, times is left at 1:"
                " it fails once at most",
                hint="add `times: 1` if that is meant, `times: -1` for no limit",
                length=length,
            )


def interval_and_probability(facts: Facts) -> Iterable[Remark]:
    """FR102."""
    for armed in facts.armed:
        interval = armed.number("interval", 1)
        probability = armed.number("probability", 0)
        if interval > 1 and 0 < probability < 100:
            mark, length = armed.place("interval")
            checks = interval * 100 // probability
            yield Remark(
                code="FR102",
                mark=mark,
                message=f"interval {interval} and probability {probability} multiply:"
                f" about 1 check in {checks} fails",
                hint="write `probability: 100` with interval",
                length=length,
            )


def wrong_queue(facts: Facts) -> Iterable[Remark]:
    """FR103."""
    for armed in facts.armed:
        if armed.name != "nvme" or facts.expects_none:
            continue
        device = armed.injection.place().get("device", "")
        controller = f"nvme{device[4:].partition('c')[0].partition('n')[0]}"
        seen = traffic(facts.step.workload)
        if seen is Traffic.IO and device == controller:
            what, runs = "controller", "does I/O only"
            hint = f"the namespace ({device}n1) sees I/O"
        elif seen is Traffic.ADMIN and device != controller:
            what, runs = "namespace", "sends admin commands only"
            hint = f"the controller ({controller}) sees them"
        else:
            continue
        setting = next((item for item in armed.injection.where if item.name == "device"), None)
        yield Remark(
            code="FR103",
            mark=armed.injection.mark if setting is None else setting.mark,
            message=f"the fault is armed on the {what} '{device}', but the workload {runs}:"
            " nothing will be injected",
            hint=hint,
            length=len(device),
        )


def lock_out(facts: Facts) -> Iterable[Remark]:
    """FR104."""
    for armed in facts.armed:
        if not armed.capability.lock_out or armed.given.get("task-filter") is not False:
            continue
        certain = armed.number("probability", 0) >= 100 and armed.number("interval", 1) < 2
        times = armed.number("times", 1)
        if not certain or 0 <= times < _UNLIMITED:
            continue
        spares_waiting = armed.capability.attr("ignore-gfp-wait") is not None
        if spares_waiting and armed.given.get("ignore-gfp-wait") is not False:
            # Control files are opened with GFP_KERNEL, which the kernel's default spares.
            continue
        mark, length = armed.place("task-filter")
        yield Remark(
            code="FR104",
            mark=mark,
            message=f"'{armed.name}' at 100 percent, unfiltered and without limit could not"
            f" be disarmed: {armed.capability.lock_out}",
            hint="leave out task-filter, or set `times`",
            length=length,
            # A slab fault spares the held descriptors through which we disarm; a usercopy
            # fault spares nothing.
            severity=Severity.WARNING if spares_waiting else Severity.ERROR,
        )


def eaten_in_step(facts: Facts) -> Iterable[Remark]:
    """FR105 within one step."""
    if all(armed.capability.arming is not Arming.TASK for armed in facts.armed):
        return
    for armed in facts.armed:
        if armed.capability.arming is Arming.TASK or armed.capability.context is Context.INTERRUPT:
            continue
        times = armed.number("times", 1)
        if 0 < times < _UNLIMITED:
            mark, length = armed.place("times")
            yield Remark(
                code="FR105",
                mark=mark,
                message=f"the fail-nth of the same step may use up one of the {times} of"
                f" '{armed.name}' (failures)",
                hint="put fail-nth into a step of its own, or raise `times`",
                length=length,
            )


def no_expectation(facts: Facts) -> Iterable[Remark]:
    """FR106."""
    step = facts.step
    if facts.armed and all(claim.oracle == "kernel_log" for claim in step.expectations):
        yield Remark(
            code="FR106",
            mark=step.mark,
            message=f"'{step.origin}' injects, but expects nothing of the workload",
            hint="add `expect: {exit: ...}`",
            length=len(step.origin),
        )


def nothing_injected(facts: Facts) -> Iterable[Remark]:
    """FR107."""
    if not facts.armed and facts.least and facts.injected is not None:
        yield Remark(
            code="FR107",
            mark=facts.injected.mark,
            message=f"'{facts.step.origin}' expects an injection, but has no `inject:`",
            hint="add `inject:`, or write `injected: none`",
            length=len("injected"),
        )


def filter_in_interrupt(facts: Facts) -> Iterable[Remark]:
    """FR108."""
    for armed in facts.armed:
        interrupt = armed.capability.context is Context.INTERRUPT
        if interrupt and armed.given.get("task-filter") is True and not facts.expects_none:
            mark, length = armed.place("task-filter")
            yield Remark(
                code="FR108",
                mark=mark,
                message=f"'{armed.name}' decides in interrupt context, where task-filter"
                " never matches: nothing will be injected",
                hint="leave out task-filter",
                length=length,
            )


def never_by_probability(facts: Facts) -> Iterable[Remark]:
    """FR109."""
    for armed in facts.armed:
        if facts.expects_none or armed.number("probability", 0) != 0:
            continue
        if armed.capability.attr("probability") is None:
            continue
        mark, length = armed.place("probability")
        unset = "probability" not in armed.given
        yield Remark(
            code="FR109",
            mark=mark,
            message=f"'{armed.name}' is armed with probability 0"
            f"{', the default' if unset else ''}: nothing will be injected",
            hint="add `probability: 100`" if unset else "",
            length=length,
        )


def never_by_times(facts: Facts) -> Iterable[Remark]:
    """FR110."""
    for armed in facts.armed:
        if armed.number("times", 1) == 0 and not facts.expects_none:
            mark, length = armed.place("times")
            yield Remark(
                code="FR110",
                mark=mark,
                message=f"'{armed.name}' is armed with times 0: nothing will be injected",
                length=length,
            )


def more_than_possible(facts: Facts) -> Iterable[Remark]:
    """FR115."""
    if facts.injected is None or not facts.least or not facts.armed:
        return
    if any(armed.capability.traces for armed in facts.armed):
        # Counted by lines of the log: there is no budget that could be too small.
        return
    most = 0
    for armed in facts.armed:
        if not armed.capability.counted and armed.capability.arming is not Arming.TASK:
            # Without `times` there is no limit.
            return
        times = 1 if armed.capability.arming is Arming.TASK else armed.number("times", 1)
        if times < 0:
            return
        most += times
    if facts.least > most:
        yield Remark(
            code="FR115",
            mark=facts.injected.mark,
            message=f"at least {facts.least} injections are expected, `times` allows {most}",
            hint=f"set `times: {facts.least}`",
            length=len("injected"),
        )


def never_walked(facts: Facts) -> Iterable[Remark]:
    """FR117."""
    for armed in facts.armed:
        named = [item.side.value for item in armed.injection.ranges]
        raw = [name for name in FILES if name in armed.given]
        if not (named or raw) or armed.number("stacktrace-depth", 32) != 0:
            continue
        mark, length = armed.place("stacktrace-depth")
        required = any(name.startswith("require") for name in (*named, *raw))
        what = "nothing will be injected" if required else "nothing is rejected"
        yield Remark(
            code="FR117",
            mark=mark,
            message=f"stacktrace-depth 0 of '{armed.name}' looks at no caller: {what}",
            hint="leave it out (32), or set it to 1 to 32 (frames)",
            length=length,
        )


def mark_without_filter(facts: Facts) -> Iterable[Remark]:
    """FR118."""
    for armed in facts.armed:
        where = next((item for item in armed.injection.where if item.name == "cache"), None)
        if armed.name != "failslab" or where is None or armed.given.get("cache-filter") is True:
            continue
        yield Remark(
            code="FR118",
            mark=where.mark,
            message=f"cache '{where.value}' is marked, but cache-filter is off: every cache fails",
            hint="add `cache-filter: true`",
            length=len(str(where.value)),
        )


def no_failure(facts: Facts) -> Iterable[Remark]:
    """FR119. Silent if the author says that it is tolerated."""
    if any(
        claim.oracle == "outcome"
        and isinstance(claim.params, Mapping)
        and "tolerated" in str(claim.params.get("classes"))
        for claim in facts.step.expectations
    ):
        return
    for armed in facts.armed:
        why = armed.capability.harmless(armed.injection.place(), armed.given)
        if why:
            mark, length = armed.place("status")
            yield Remark(
                code="FR119",
                mark=mark,
                message=f"{why}: an injection of '{armed.name}' changes nothing",
                length=length,
            )


STEP_RULES: tuple[StepRule, ...] = (
    wrong_retval,
    no_timeout_handler,
    times_left_at_one,
    interval_and_probability,
    wrong_queue,
    lock_out,
    eaten_in_step,
    no_expectation,
    nothing_injected,
    filter_in_interrupt,
    never_by_probability,
    never_by_times,
    more_than_possible,
    never_walked,
    mark_without_filter,
    no_failure,
    refused_place,
    never_met,
    count_too_late,
    unknown_type,
)
