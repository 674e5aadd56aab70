"""``vars:`` of a campaign, and what ``--set`` makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faultrun.model.data import Scalar
from faultrun.model.mark import Mark
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Leaf, Table
from faultrun.spec.text import OPENING
from faultrun.spec.words import nearest


@dataclass(slots=True)
class Variables:
    """The campaign's variables, and where each is declared."""

    values: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    marks: dict[str, Mark] = field(default_factory=dict[str, Mark])


def variables_of(
    table: Table | None, overrides: Mapping[str, Scalar], start: Mark, findings: Findings
) -> Variables:
    """The variables, with overrides in place. ``start`` is where the campaign begins."""
    made = Variables()
    for name, entry in (table.entries if table is not None else {}).items():
        made.marks[name] = entry.mark
        # A broken value keeps its name known: its uses are not mistakes.
        made.values[name] = ""
        leaf = entry.node
        if isinstance(leaf, Leaf) and isinstance(leaf.value, (bool, int, str)):
            made.values[name] = leaf.value
            if isinstance(leaf.value, str) and OPENING in leaf.value:
                message = f"variable '{name}' holds a template; variables are plain values"
                hint = "compute where it is used"
                findings.add("FR031", leaf.mark, message, hint=hint, length=leaf.length)
    for name, value in overrides.items():
        if name in made.values:
            made.values[name] = value
        else:
            message = f"--set {name}: the campaign has no variable '{name}'"
            hint = nearest(name, made.values) or "it has no `vars:`"
            findings.add("FR060", start, message, hint=hint)
    return made
