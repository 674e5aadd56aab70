"""Rules that look at steps of one machine together: what an earlier one leaves behind."""

from collections.abc import Iterable, Mapping, Sequence

from faultrun.kernel.crash_points import DIRECT
from faultrun.model.campaign import Step
from faultrun.model.capability import Arming, Capability, Context
from faultrun.model.diagnostic import Related
from faultrun.spec.lint_rule import GroupRule, Remark, armed_by


def eaten_before(steps: Sequence[Step], capabilities: Mapping[str, Capability]) -> Iterable[Remark]:
    """FR105: a fail-nth step of the group may have taken the one failure of the default."""
    eater: dict[str, Step] = {}
    for step in steps:
        if step.group is None:
            continue
        before = eater.get(step.group)
        for armed in armed_by(step, capabilities):
            capability = armed.capability
            if capability.arming is Arming.TASK:
                eater.setdefault(step.group, step)
            elif (
                before is not None
                and capability.context is Context.TASK
                and "times" not in armed.given
            ):
                yield Remark(
                    code="FR105",
                    mark=armed.injection.mark,
                    message=f"times of '{armed.name}' is left at the default of 1, and"
                    f" fail-nth of '{before.id}' on the same machine may have used it up",
                    hint="write `times`",
                    related=(Related(mark=before.mark, message="fail-nth is armed here"),),
                    length=len(armed.name),
                )


def interval_phase(
    steps: Sequence[Step], capabilities: Mapping[str, Capability]
) -> Iterable[Remark]:
    """FR112: interval counts on from what ran on the machine before."""
    seen: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        if step.group is None:
            continue
        for armed in armed_by(step, capabilities):
            directory = armed.capability.directory.format_map(armed.injection.place())
            others = seen.setdefault((step.group, directory), [])
            others.append(step)
            before = next(one for one in others if _meet(one, step))
            if armed.number("interval", 1) < 2:
                continue
            mark, length = armed.place("interval")
            if step.repeat > 1:
                why = f"repeats {step.repeat} times"
                related: tuple[Related, ...] = ()
            elif before is not step:
                why = f"follows '{before.id}'"
                related = (Related(mark=before.mark, message="it arms the same fault"),)
            else:
                continue
            yield Remark(
                code="FR112",
                mark=mark,
                message=f"'{step.origin}' has an interval and {why} on one machine: the interval"
                " counts on, so that each run fails at another check",
                hint="leave out `group`, or use `space`",
                related=related,
                length=length,
            )


def spent_point(steps: Sequence[Step], capabilities: Mapping[str, Capability]) -> Iterable[Remark]:
    """FR164: a crash point that was armed and disarmed once is refused until LKDTM is loaded anew."""
    seen: dict[tuple[str, str], Step] = {}
    for step in steps:
        if step.group is None:
            continue
        for armed in armed_by(step, capabilities):
            point = armed.injection.place().get("cpoint_name", DIRECT)
            if armed.name != "lkdtm" or point == DIRECT:
                continue
            before = seen.setdefault((step.group, point), step)
            if before is step and step.repeat < 2:
                continue
            mark, length = armed.place("cpoint_type")
            yield Remark(
                code="FR164",
                mark=mark,
                message=f"'{point}' is armed again on a machine where it was armed before: the"
                " kernel refuses that with EINVAL",
                hint="leave out `group`, or load the module anew in between",
                related=(Related(mark=before.mark, message="it is armed here first"),),
                length=length,
            )
        if any(word in step.workload.text() for word in ("modprobe", "insmod")):
            # It may have loaded the module anew.
            seen = {place: first for place, first in seen.items() if place[0] != step.group}


GROUP_RULES: tuple[GroupRule, ...] = (eaten_before, interval_phase, spent_point)


def _meet(one: Step, other: Step) -> bool:
    """Whether some kind of machine runs both steps."""
    return not (one.targets and other.targets) or bool({*one.targets} & {*other.targets})
