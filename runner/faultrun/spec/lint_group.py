"""Rules that look at steps of one machine together: what an earlier one leaves behind."""

from collections.abc import Iterable, Mapping, Sequence

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
    seen: dict[tuple[str, str], Step] = {}
    for step in steps:
        if step.group is None:
            continue
        for armed in armed_by(step, capabilities):
            directory = armed.capability.directory.format_map(armed.injection.place())
            before = seen.setdefault((step.group, directory), step)
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


GROUP_RULES: tuple[GroupRule, ...] = (eaten_before, interval_phase)
