"""What a step would do to a machine that nobody can throw away: said before anything is armed.

Everything here is a function of the plan and of what was seen on the machine; all findings are
told at once, each with the place that asks for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from faultrun.kernel.crash_types import CRASH_TYPES, Fate
from faultrun.model.campaign import Injection, Step
from faultrun.model.capability import Capability
from faultrun.model.diagnostic import Diagnostic, Severity
from faultrun.model.mark import Mark
from faultrun.model.plan import Plan
from faultrun.model.stack_range import Side
from faultrun.plan.locks import device_name
from faultrun.plan.precious import Precious

_DIRECT = "DIRECT"
_SURVIVED = frozenset(crash.name for crash in CRASH_TYPES if crash.fate is Fate.SURVIVES)
_LIVES = frozenset({"survives"})

_CERTAIN = 90
"""From so many percent on, opening and writing a control file never succeeds any more."""
_FEW = 100
"""So many failures of whoever comes along can be borne by a machine."""

_EVERYBODY: Mapping[str, str] = {
    "failslab": "every process of the machine is refused memory",
    "fail_page_alloc": "every process of the machine is refused memory",
    "fail_usercopy": "every process of the machine fails in its system calls",
    "fail_futex": "every thread of the machine fails at its locks",
    "fail_sunrpc": "every network file system of the machine is hit",
}
_OWN_DEVICES = ("null_blk_", "scsi_debug")
"""Made up by the kernel: nobody's data is on them unless something vital was put there."""

_CUT_OFF: Mapping[str, str] = {
    "netdev_notifier": "network devices cannot be changed any more, and the way in may be cut",
    "pm_notifier": "the machine is told to sleep, and cannot or will not wake up",
}
_DEADLY_WORDS = (
    (re.compile(r"provoke-crash"), "it provokes a crash of the kernel"),
    (re.compile(r"/proc/sysrq-trigger"), "it asks the kernel to do what a crash does"),
    (re.compile(r"/sys/power/(state|disk|pm_test)\b|\brtcwake\b"), "it puts the machine to sleep"),
    (
        re.compile(
            r"\b(systemctl|loginctl)\s+(suspend|hibernate|hybrid-sleep|reboot|poweroff|halt)"
        ),
        "it puts the machine to sleep or ends it",
    ),
    (re.compile(r"(^|[;&|({]\s*|\n\s*)(reboot|poweroff|halt|shutdown)\b"), "it ends the machine"),
)


def hazards(
    plan: Plan, capabilities: Mapping[str, Capability], precious: Precious, *, hint: str
) -> tuple[Diagnostic, ...]:
    """Every reason not to run the plan on this machine. ``hint`` tells how to run it all the same."""
    found: dict[tuple[str, Mark, str], Diagnostic] = {}
    for task in plan.tasks:
        for code, mark, message in _of_step(task.step, capabilities, precious):
            whole = f"step '{task.step.origin}': {message}"
            found.setdefault(
                (code, mark, whole),
                Diagnostic(code=code, severity=Severity.ERROR, mark=mark, message=whole, hint=hint),
            )
    return tuple(found.values())


def looks_at_devices(plan: Plan, capabilities: Mapping[str, Capability]) -> bool:
    """Whether the answer depends on where the machine's own data lies."""
    return any(
        True
        for task in plan.tasks
        for injection in task.step.injections
        for _name in _devices(injection, capabilities[injection.capability])
    )


_Found = tuple[str, Mark, str]


def _of_step(
    step: Step, capabilities: Mapping[str, Capability], precious: Precious
) -> Iterator[_Found]:
    for injection in step.injections:
        capability = capabilities[injection.capability]
        yield from _crash(injection)
        yield from _disk(injection, capability, precious)
        yield from _all_hit(injection)
        yield from _function(injection)
        if injection.capability in _CUT_OFF:
            yield (
                "FR184",
                injection.mark,
                f"{injection.capability}: {_CUT_OFF[injection.capability]}",
            )
    yield from _deadly(step)


def _crash(injection: Injection) -> Iterator[_Found]:
    if injection.capability != "lkdtm":
        return
    point = injection.place().get("cpoint_name", "")
    kind = injection.setting("cpoint_type")
    name = str(kind.value) if kind is not None else ""
    if point != _DIRECT:
        message = (
            f"a crash point ({point}) is met by whatever comes along, not by the workload only"
        )
        yield "FR180", injection.mark, message
    if name not in _SURVIVED:
        mark = kind.mark if kind is not None else injection.mark
        yield (
            "FR180",
            mark,
            f"the machine does not survive the crash type {name or 'of LKDTM'} unharmed",
        )


def _disk(injection: Injection, capability: Capability, precious: Precious) -> Iterator[_Found]:
    for setting_mark, name in _devices(injection, capability):
        why = _loss(name, precious)
        if why:
            yield "FR181", setting_mark, f"'{name}' is a device that the machine lives on: {why}"
        elif precious.unknown and not injection.capability.startswith(_OWN_DEVICES):
            lies = ", ".join(precious.unknown)
            message = f"whether the machine lives on '{name}' cannot be told: it is not known where {lies} lies"
            yield "FR181", setting_mark, message


def _devices(injection: Injection, capability: Capability) -> Iterator[tuple[Mark, str]]:
    """The devices that an injection names; others' parameters are events, functions, commands."""
    blocks = {"disk", "device", "host", "mapping", "array", "unit"}
    for item in injection.where:
        parameter = next((one for one in capability.parameters if one.name == item.name), None)
        if parameter is not None and (parameter.device or item.name in blocks):
            yield item.mark, str(item.value)


def _loss(name: str, precious: Precious) -> str:
    """What would be lost. A part of a disk is taken for the whole: a reset is felt by all of it."""
    mine = {name, *name.split("/"), device_name(name)}
    for disk, why in precious.disks.items():
        if disk in mine or device_name(disk) in mine:
            return why
    return ""


def _unfiltered(injection: Injection) -> bool:
    """Whether whoever comes along is hit: no task filter, and no callers that are required."""
    task_filter = injection.setting("task-filter")
    required = any(item.side is Side.REQUIRE for item in injection.ranges)
    return task_filter is not None and task_filter.value is False and not required


def _number(injection: Injection, name: str, default: int) -> int:
    setting = injection.setting(name)
    return setting.value if setting is not None and isinstance(setting.value, int) else default


def _all_hit(injection: Injection) -> Iterator[_Found]:
    reason = _EVERYBODY.get(injection.capability)
    if reason is None or not _unfiltered(injection):
        return
    certain = _number(injection, "probability", 0) >= _CERTAIN
    rarely = _number(injection, "interval", 1) > 1
    times = _number(injection, "times", 1)
    if certain and not rarely and not 0 <= times <= _FEW:
        how = "without limit" if times < 0 else f"{times} times"
        mark = _mark(injection, "task-filter")
        yield "FR182", mark, f"{injection.capability} without a filter, {how}: {reason}"


def _function(injection: Injection) -> Iterator[_Found]:
    if injection.capability == "fail_function" and _unfiltered(injection):
        name = injection.place().get("function", "")
        mark = _mark(injection, "task-filter")
        yield (
            "FR183",
            mark,
            f"'{name}' fails for every process of the machine, not the workload's only",
        )


def _mark(injection: Injection, name: str) -> Mark:
    setting = injection.setting(name)
    return setting.mark if setting is not None else injection.mark


def _deadly(step: Step) -> Iterator[_Found]:
    """What a workload says it will do to the machine, and what the step expects of it."""
    loads = [step.workload] if step.cleanup is None else [step.workload, step.cleanup]
    provoked = any(injection.capability == "lkdtm" for injection in step.injections)
    for load in loads:
        text = load.script or " ".join(load.argv)
        for pattern, why in _DEADLY_WORDS:
            told = provoked and pattern is _DEADLY_WORDS[0][0]
            if not told and pattern.search(text):
                yield "FR185", load.mark, f"the workload is not for this machine: {why}"
    for claim in step.expectations:
        if claim.oracle == "fate":
            fates = set(_texts(claim.params)) - _LIVES
            for fate in sorted(fates):
                yield "FR180", claim.mark, f"the step expects the fate '{fate}'"


def _texts(params: object) -> Iterable[str]:
    """The words of a claim, however it is written."""
    if isinstance(params, str):
        yield params
    elif isinstance(params, Mapping):
        for value in params.values():
            yield from _texts(value)
    elif isinstance(params, (list, tuple)):
        for value in params:
            yield from _texts(value)
