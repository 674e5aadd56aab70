"""The rules about LKDTM: crash points and types that a kernel lacks, and counts that come too late."""

import re
from collections.abc import Iterable

from faultrun.kernel.crash_points import DIRECT, TYPES
from faultrun.kernel.version import KernelVersion
from faultrun.spec.lint_rule import Armed, Facts, Remark

_AT_LOAD = "recur_count"
_LATER = "cpoint_count"
_TASKLETS = "INT_TASKLET_ENTRY"


def refused_place(facts: Facts) -> Iterable[Remark]:
    """FR160."""
    for armed in facts.armed:
        for parameter in armed.capability.parameters:
            chosen = armed.injection.place().get(parameter.name, "")
            why = dict(parameter.refused).get(chosen)
            if why:
                yield _at(
                    armed, parameter.name, "FR160", f"x86_64 kernels refuse '{chosen}': {why}"
                )


def never_met(facts: Facts) -> Iterable[Remark]:
    """FR161."""
    for armed in facts.armed:
        if armed.name != "lkdtm" or facts.expects_none:
            continue
        point = armed.injection.place().get("cpoint_name", "")
        kind = str(armed.given.get("cpoint_type", ""))
        if point == _TASKLETS:
            message = f"nothing on the simulated machine runs tasklets: '{point}' is never hit"
            yield _at(armed, "cpoint_name", "FR161", message)
        elif point == DIRECT and not re.search(rf"\b{kind}\b", facts.step.workload.text()):
            mark, length = armed.place("cpoint_type")
            yield Remark(
                code="FR161",
                mark=mark,
                message=f"the workload never writes '{kind}' to {DIRECT}",
                hint=f"run: cat <(echo {kind}) > /sys/kernel/debug/provoke-crash/{DIRECT}",
                length=length,
            )


def count_too_late(facts: Facts) -> Iterable[Remark]:
    """FR162."""
    for armed in facts.armed:
        if armed.name != "lkdtm":
            continue
        direct = armed.injection.place().get("cpoint_name") == DIRECT
        told: tuple[tuple[str, str], ...] = (
            (_AT_LOAD, "is read when the module is loaded: written now it changes nothing"),
        )
        if direct:
            told += ((_LATER, f"means nothing to {DIRECT}, which fires at once"),)
        for name, why in told:
            if name in armed.given:
                mark, length = armed.place(name)
                yield Remark(code="FR162", mark=mark, message=f"{name} {why}", length=length)


def unknown_type(facts: Facts) -> Iterable[Remark]:
    """FR163."""
    for armed in facts.armed:
        crash = TYPES.get(str(armed.given.get("cpoint_type", "")))
        if armed.name != "lkdtm" or crash is None:
            continue
        if not KernelVersion.parse(facts.kernel).has(crash.since, crash.until):
            mark, length = armed.place("cpoint_type")
            bounds = f"since {crash.since}" if crash.since else f"before {crash.until}"
            yield Remark(
                code="FR163",
                mark=mark,
                message=f"'{crash.name}' exists {bounds}, the target's kernel is {facts.kernel}",
                length=length,
            )


def _at(armed: Armed, name: str, code: str, message: str) -> Remark:
    setting = next(item for item in armed.injection.where if item.name == name)
    return Remark(code=code, mark=setting.mark, message=message, length=len(str(setting.value)))
