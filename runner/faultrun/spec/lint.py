"""Runs the rules FR1xx over a campaign. Each rule is a function of one step, or of all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.model.campaign import GatePolicy, Step
from faultrun.spec.context import Context
from faultrun.spec.draft import StepDraft
from faultrun.spec.lint_group import GROUP_RULES
from faultrun.spec.lint_rule import Remark, armed_by, facts_of
from faultrun.spec.lint_step import STEP_RULES
from faultrun.spec.nodes import Leaf, Row, Table
from faultrun.spec.scalars import surprise
from faultrun.spec.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A campaign as written and as built."""

    root: Table
    drafted: Sequence[StepDraft]
    steps: Sequence[Step]
    variables: Variables
    gate: GatePolicy


def campaign(whole: Whole, context: Context) -> None:
    """Make the findings of all rules."""
    _steps(whole.steps, context)
    for rule in GROUP_RULES:
        _tell(rule(whole.steps, context.capabilities), context)
    if not context.findings.has_errors():
        # Otherwise what a broken part would have used cannot be known.
        _unused(whole, context)
        _gate(whole, context)
    _kernel(whole.root, context)
    _surprises(whole.root, context)


def _steps(steps: Iterable[Step], context: Context) -> None:
    last: Step | None = None
    for step in steps:
        same = (
            last is not None
            and step.injections is last.injections
            and step.workload is last.workload
            and step.expectations is last.expectations
        )
        last = step
        if same:
            continue
        context.findings.cell = f"'{step.id}'" if step.cell else ""
        kernel = context.facing(step.targets).target.kernel
        facts = facts_of(step, armed_by(step, context.capabilities), kernel)
        for rule in STEP_RULES:
            _tell(rule(facts), context)
    context.findings.cell = ""


def _tell(remarks: Iterable[Remark], context: Context) -> None:
    for remark in remarks:
        context.findings.add(
            remark.code,
            remark.mark,
            remark.message,
            hint=remark.hint,
            related=remark.related,
            length=context.reader.lengths.get(remark.mark, remark.length),
            severity=remark.severity,
        )


def _unused(whole: Whole, context: Context) -> None:
    """FR111: variables, axes and libraries without which nothing would be different."""
    root = whole.root
    for name, mark in whole.variables.marks.items():
        if name not in context.reader.used:
            message = f"variable '{name}' is never used"
            context.findings.add("FR111", mark, message, length=len(name))
    steps = root.table("steps") or Table({}, root.mark)
    for draft in whole.drafted:
        node = steps.get(draft.origin)
        matrix = node.table("matrix") if isinstance(node, Table) else None
        for name, entry in (matrix.entries if matrix is not None else {}).items():
            if name not in draft.used_axes:
                message = f"axis '{name}' changes nothing: no template of the step uses it"
                hint = f"use {{{{ {name} }}}}, or `repeat:`"
                context.findings.add("FR111", entry.mark, message, hint=hint, length=len(name))
    listed = root.leaves("use")
    for name, mark in context.libraries.names.items():
        if name not in context.libraries.used:
            message = f"no fragment of library '{name}' is used"
            own = [leaf for leaf in listed if mark.file.endswith(str(leaf.value))]
            place, length = (own[0].mark, own[0].length) if own else (mark, len(name))
            context.findings.add("FR111", place, message, length=length)


def _gate(whole: Whole, context: Context) -> None:
    """FR114: more passes are asked for than there are steps."""
    count = sum(step.repeat for step in whole.steps)
    gate = whole.gate
    table = whole.root.table("gate")
    leaf = None if table is None else table.leaf("min_passed")
    if leaf is not None and gate.min_passed > count:
        message = f"min_passed is {gate.min_passed}, the campaign has {count} (steps)"
        context.findings.add("FR114", leaf.mark, message, length=leaf.length)


def _kernel(root: Table, context: Context) -> None:
    """FR122: a version outside those whose behaviour is known."""
    target = root.table("target")
    for spec in context.targets:
        machine = None if target is None else target.table(spec.kind)
        leaf = None if machine is None else machine.leaf("kernel")
        if leaf is None or KernelVersion.known(spec.kernel):
            continue
        message = f"kernel {spec.kernel} is not between {KNOWN[0]} and {KNOWN[-1]}, of which faultrun knows what changed"
        hint = f"the kernels that were read are {', '.join(KNOWN)}; take the nearest if it will do"
        context.findings.add("FR122", leaf.mark, message, hint=hint, length=leaf.length)


def _surprises(root: Table, context: Context) -> None:
    """FR009: texts among free values that other YAML readers take for something else."""
    told = context.findings.places()
    for leaf in _free(root):
        meant = surprise(leaf.raw) if leaf.plain and isinstance(leaf.value, str) else ""
        # Hardly any parser took single letters for booleans, although YAML 1.1 has them.
        if len(leaf.raw) > 1 and meant and leaf.mark not in told:
            message = f"{leaf.raw} is read as the text '{leaf.raw}'"
            context.findings.add("FR009", leaf.mark, message, hint=meant, length=leaf.length)


def _free(root: Table) -> Iterable[Leaf]:
    """Scalars of which no schema knows the type: variables, axes, arguments."""
    variables = root.table("vars")
    if variables is not None:
        yield from _leaves(variables)
    steps = root.table("steps") or Table({}, root.mark)
    for entry in steps.entries.values():
        if not isinstance(entry.node, Table):
            continue
        matrix = entry.node.table("matrix")
        if matrix is not None:
            for axis in matrix.entries.values():
                if isinstance(axis.node, Row):
                    yield from (item for item in axis.node.items if isinstance(item, Leaf))
        for name in ("inject", "run", "expect", "cleanup"):
            yield from _arguments(entry.node.get(name))


def _arguments(node: object) -> Iterable[Leaf]:
    if isinstance(node, Row):
        for item in node.items:
            yield from _arguments(item)
    elif isinstance(node, Table):
        given = node.table("with")
        if given is not None:
            yield from _leaves(given)


def _leaves(table: Table) -> Iterable[Leaf]:
    return [entry.node for entry in table.entries.values() if isinstance(entry.node, Leaf)]
