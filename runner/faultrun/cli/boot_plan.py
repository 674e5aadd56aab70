"""``faultrun plan --boot-options``: the command line that arms the same thing at boot."""

from collections.abc import Iterator, Mapping

from faultrun.capabilities.registry import known
from faultrun.cli.diagnostics import render_json
from faultrun.kernel.setup_string import GRAMMAR
from faultrun.model.data import Json
from faultrun.model.plan import Plan
from faultrun.plan.boot import BootPlan, BootStep, boot_plan

_NAMED = 6


def boot_options(plan: Plan) -> BootPlan:
    """The command lines of a plan."""
    return boot_plan(plan, known())


def as_text(plan: Plan, boot: BootPlan) -> str:
    """One line to paste; everything else is behind a ``#``."""
    return "".join(f"{line}\n" for line in _lines(plan, boot))


def as_json(plan: Plan, boot: BootPlan) -> Mapping[str, Json]:
    """The same as data."""
    return {
        "campaign": plan.campaign.name,
        "kernel": plan.campaign.target.kernel,
        "grammar": GRAMMAR,
        "steps": [
            {
                "step": step.step,
                "place": str(step.mark),
                "line": step.line(),
                "notes": list(step.notes),
            }
            for step in boot.steps
        ],
        "line": boot.line,
        "diagnostics": render_json(boot.conflicts),
    }


def _lines(plan: Plan, boot: BootPlan) -> Iterator[str]:
    yield f"# {plan.campaign.name}, kernel {plan.campaign.target.kernel}: option={GRAMMAR}"
    alike: dict[tuple[str, tuple[str, ...]], list[BootStep]] = {}
    for step in boot.steps:
        if step.words or step.notes:
            alike.setdefault((step.line(), step.notes), []).append(step)
    seen: set[str] = set()
    for (line, notes), steps in alike.items():
        named = ", ".join(step.step for step in steps[:_NAMED])
        more = f" and {len(steps) - _NAMED} more" if len(steps) > _NAMED else ""
        yield f"# {named}{more} ({steps[0].mark})"
        yield f"#     {line or 'nothing that a command line could arm'}"
        yield from (f"#   - {note}" for note in notes if note not in seen)
        if seen.intersection(notes):
            yield "#   - and what is said above of that option"
        seen.update(notes)
    if not alike:
        yield "# no step injects anything"
    for conflict in boot.conflicts:
        yield f"# left out: {conflict.message}"
    if boot.line:
        yield "# all steps:"
        yield boot.line
    else:
        yield f"# all steps: no option {'on which they agree' if boot.conflicts else 'arms them'}"
