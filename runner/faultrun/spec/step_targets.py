"""``targets:`` of a step: on which kinds of machine it runs, held against the campaign's own."""

from collections.abc import Mapping

from faultrun.model.diagnostic import Related
from faultrun.spec.context import Context
from faultrun.spec.draft import StepDraft
from faultrun.spec.nodes import Table
from faultrun.spec.words import listed


def targets_of_step(defaults: Table, table: Table, context: Context) -> tuple[str, ...]:
    """The kinds that a step names, else those of the defaults; findings for what cannot be."""
    owner = table if "targets" in table.entries else defaults
    leaves = owner.leaves("targets")
    made: dict[str, None] = {}
    for leaf in leaves:
        name = str(leaf.value)
        if name in made:
            message = f"'{name}' stands twice in the targets"
            context.findings.add("FR113", leaf.mark, message, length=leaf.length)
        made[name] = None
    if made and not made.keys() & set(context.kinds):
        entry = owner.entries["targets"]
        message = (
            f"the step runs on {listed(made)} only, the campaign on {listed(context.kinds)}:"
            " it would never run"
        )
        hint = f"write `{next(iter(made))}:` under `target:`, or another target here"
        context.findings.add("FR170", entry.mark, message, hint=hint, length=len(entry.name))
    return tuple(made)


def tell_apart(steps: Mapping[str, StepDraft], context: Context) -> None:
    """FR171: a step that needs one which is skipped wherever it runs itself."""
    for draft in steps.values():
        own = _where(draft, context)
        for need in draft.needs:
            other = steps.get(need.id)
            if other is None:
                continue
            there = _where(other, context)
            if not own or not there or set(own) & set(there):
                continue
            message = (
                f"'{draft.origin}' runs on {listed(own)} and needs '{need.id}', which runs on"
                f" {listed(there)}: it is skipped everywhere"
            )
            related = (Related(mark=other.mark, message=f"'{need.id}' is here"),)
            hint = "let their `targets` overlap"
            context.findings.add(
                "FR171", need.mark, message, hint=hint, related=related, length=len(need.id)
            )


def _where(draft: StepDraft, context: Context) -> tuple[str, ...]:
    """The campaign's targets on which the step runs."""
    return tuple(kind for kind in context.kinds if not draft.targets or kind in draft.targets)
