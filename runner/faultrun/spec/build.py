"""A validated document to a Campaign: every name resolved, every cell a step.

Total: what is wrong becomes a finding, and the rest is still looked at, so that an author sees
everything at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from faultrun.model.campaign import Campaign, GatePolicy, Step
from faultrun.model.mark import Mark
from faultrun.spec import lint
from faultrun.spec.context import Context
from faultrun.spec.draft import StepDraft
from faultrun.spec.expect import ExpectationDraft, expectations
from faultrun.spec.inject import drafts
from faultrun.spec.matrix import MAX_STEPS, axes
from faultrun.spec.needs import needs_of, tell_circles
from faultrun.spec.nodes import Broken, Leaf, Node, Table, is_broken
from faultrun.spec.scope import Slot, StepScope
from faultrun.spec.step_targets import targets_of_step, tell_apart
from faultrun.spec.variables import Variables
from faultrun.spec.words import nearest, quoted
from faultrun.spec.workload import WorkloadDraft, workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A validated campaign file and its variables."""

    root: Table
    variables: Variables
    sources: tuple[tuple[str, str], ...]
    is_broken: bool
    """Whether something in it was found to be wrong by the schema."""


def build(document: Document, context: Context) -> Campaign | None:
    """The campaign; None if an error was found here or before."""
    root = document.root
    steps = root.table("steps") or Table({}, root.mark)
    tags = _tags(root.leaves("tags"), context)
    drafted = [
        _step(name, entry.mark, entry.node, document, context)
        for name, entry in steps.entries.items()
        if isinstance(entry.node, Table)
    ]
    _tell_needs(steps, drafted, context)
    built = _built(drafted, document, context)
    gate = _gate(root.table("gate"))
    lint.campaign(
        lint.Whole(
            root=root, drafted=drafted, steps=built, variables=document.variables, gate=gate
        ),
        context,
    )
    if context.findings.has_errors():
        return None
    return Campaign(
        name=root.text("campaign"),
        mark=root.mark,
        steps=tuple(built),
        summary=root.text("summary"),
        owner=root.text("owner"),
        tags=tags,
        seed=_seed(root.leaf("seed")),
        target=context.target,
        targets=context.targets,
        gate=gate,
        sources=document.sources,
    )


def _step(origin: str, mark: Mark, node: Node, document: Document, context: Context) -> StepDraft:
    table = node if isinstance(node, Table) else Table({}, mark)
    defaults = document.root.table("defaults") or Table({}, mark)
    start = context.findings.errors
    context.reader.entered = 0
    kinds = targets_of_step(defaults, table, context)
    context = context.facing(kinds)
    found = axes(table.get("matrix"), document.variables.values, context)
    names = [axis.name for axis in found]
    scope = StepScope(f"step '{origin}'", document.variables.values, names)
    shared = StepScope("the defaults", document.variables.values, ())
    claims = expectations([(defaults.get("expect"), shared), (table.get("expect"), scope)], context)
    before = context.findings.errors
    inject = drafts(table.get("inject"), scope, context)
    is_known = context.findings.errors == before and not isinstance(table.get("inject"), Broken)
    run = workload(table.get("run"), scope, context)
    cleanup = workload(table.get("cleanup"), scope, context)
    repeat, marks = table.leaf("repeat"), table.leaf("marks_itself")
    made = StepDraft(
        origin=origin,
        mark=mark,
        axes=found,
        repeat=repeat.value if repeat is not None and isinstance(repeat.value, int) else 1,
        needs=(),
        tags=_tags((*defaults.leaves("tags"), *table.leaves("tags")), context),
        requires=_requires(defaults, table, context),
        targets=kinds,
        marks_itself=marks is not None and marks.value is True,
        injections=inject,
        expectations=claims,
        workload=run,
        cleanup=cleanup,
        summary=_slot(table.leaf("summary"), scope, context),
        group=_either("group", (table, scope), (defaults, shared), context),
        timeout=_either("timeout", (table, scope), (defaults, shared), context),
    )
    made.used_axes = _used(made)
    made.sound = context.findings.errors == start and not (
        document.is_broken and (is_broken(table) or is_broken(defaults))
    )
    for claim in claims:
        if claim.oracle == "device":
            _tell_devices(claim.node, context)
        elif claim.oracle == "attributes" and is_known:
            _tell_attributes(claim.node, made, context)
    return made


def _slot(leaf: Leaf | None, scope: StepScope, context: Context) -> Slot | None:
    return None if leaf is None else context.reader.slot(leaf, scope)


def _either(
    name: str, own: tuple[Table, StepScope], default: tuple[Table, StepScope], context: Context
) -> Slot | None:
    table, scope = own if name in own[0].entries else default
    return _slot(table.leaf(name), scope, context)


def _used(draft: StepDraft) -> set[str]:
    parts: list[ExpectationDraft | WorkloadDraft | Slot | None] = [
        *draft.expectations,
        draft.workload,
        draft.cleanup,
    ]
    used: set[str] = set()
    for part in parts:
        if isinstance(part, (ExpectationDraft, WorkloadDraft)):
            used |= part.axes()
    for injection in draft.injections:
        used |= injection.axes()
    for slot in (draft.summary, draft.group, draft.timeout):
        used |= frozenset() if slot is None else slot.axes
    return used


def _tell_devices(node: Node, context: Context) -> None:
    """States can be expected of devices that there are."""
    known = context.devices
    for entry in node.entries.values() if isinstance(node, Table) else ():
        if known is not None and entry.name not in known:
            message = f"the target has no device {quoted(entry.name)}"
            hint = nearest(entry.name, known)
            length = len(entry.name)
            context.findings.add("FR025", entry.mark, message, hint=hint, length=length)


def _tell_attributes(node: Node, draft: StepDraft, context: Context) -> None:
    """Attributes can be read back of what is armed."""
    armed = {injection.capability.name: injection.capability for injection in draft.injections}
    for entry in node.entries.values() if isinstance(node, Table) else ():
        capability, _, attribute = entry.name.partition(".")
        if capability not in armed:
            message = f"the step does not arm '{capability}'"
            hint = nearest(capability, armed) if armed else "it has no `inject:`"
        elif armed[capability].attr(attribute) is None:
            message = f"unknown attribute '{attribute}' for capability '{capability}'"
            hint = nearest(attribute, [spec.name for spec in armed[capability].attrs])
        else:
            continue
        length = len(entry.name)
        context.findings.add("FR026", entry.mark, message, hint=hint, length=length)


def _tell_needs(steps: Table, drafted: Iterable[StepDraft], context: Context) -> None:
    by_name = {draft.origin: draft for draft in drafted}
    for name, draft in by_name.items():
        node = steps.entries[name].node
        leaves = node.leaves("needs") if isinstance(node, Table) else ()
        draft.needs = needs_of(name, leaves, steps.entries, context.findings)
    tell_circles({name: draft.needs for name, draft in by_name.items()}, context.findings)
    tell_apart(by_name, context)


def _built(drafted: Iterable[StepDraft], document: Document, context: Context) -> list[Step]:
    built: list[Step] = []
    total = 0
    for draft in drafted:
        total += draft.cells * draft.repeat
        if total > MAX_STEPS:
            _too_many(draft, total, context)
            break
        built.extend(draft.build(document.variables, context.facing(draft.targets)))
    return built


def _too_many(draft: StepDraft, total: int, context: Context) -> None:
    sizes = [f"{len(axis.values):,}" for axis in draft.axes]
    sizes += [f"{draft.repeat:,} repeats"] if draft.repeat > 1 else []
    own = draft.cells * draft.repeat
    product = f"{' x '.join(sizes)} = {own:,} steps" if len(sizes) > 1 else f"{own:,} steps"
    so_far = f", {total:,} with those before it" if total > own else ""
    context.findings.add(
        "FR053",
        draft.mark,
        f"'{draft.origin}' makes {product}{so_far}; a campaign may have {MAX_STEPS:,}",
        hint="leave out values of an axis, or split the campaign",
        length=len(draft.origin),
    )


def _tags(leaves: Iterable[Leaf], context: Context) -> tuple[str, ...]:
    made: dict[str, Leaf] = {}
    for leaf in leaves:
        name = str(leaf.value)
        if name in made:
            message = f"tag '{name}' stands twice"
            context.findings.add("FR113", leaf.mark, message, length=leaf.length)
        made.setdefault(name, leaf)
    return tuple(made)


def _requires(defaults: Table, table: Table, context: Context) -> tuple[str, ...]:
    made: dict[str, None] = {}
    for leaf in (*defaults.leaves("requires"), *table.leaves("requires")):
        name = str(leaf.value)
        kind, colon, _ = name.partition(":")
        if not colon and name not in context.capabilities:
            message = f"unknown capability {quoted(name)}"
            hint = nearest(name, context.capabilities) + f" (a program is `program:{name}`)"
            context.findings.add("FR017", leaf.mark, message, hint=hint, length=leaf.length)
        elif colon and kind not in ("program", "device"):
            message = f"{quoted(name)} is neither a capability, nor program:NAME, nor device:NAME"
            context.findings.add("FR015", leaf.mark, message, length=leaf.length)
        else:
            made[name] = None
    return tuple(made)


def _seed(leaf: Leaf | None) -> int:
    if leaf is None or isinstance(leaf.value, (float, bool)) or leaf.value is None:
        return 0
    return int(leaf.value, 16) if isinstance(leaf.value, str) else leaf.value


def _gate(table: Table | None) -> GatePolicy:
    if table is None or any(isinstance(entry.node, Broken) for entry in table.entries.values()):
        return GatePolicy()
    least = table.leaf("min_passed")
    return GatePolicy(
        vacuous=table.text("vacuous", "fail"),
        skip=table.text("skip", "allow"),
        min_passed=least.value
        if least is not None and isinstance(least.value, int)
        else GatePolicy().min_passed,
    )
