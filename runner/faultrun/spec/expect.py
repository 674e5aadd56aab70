"""``expect:`` of a step: defaults, fragments and own keys merged by oracle, then in normal form."""

from collections.abc import Iterable
from dataclasses import dataclass

from faultrun.model.campaign import Expectation
from faultrun.model.mark import Mark
from faultrun.spec.context import Chain, Context
from faultrun.spec.forms import ORACLES, normal
from faultrun.spec.nodes import Broken, Entry, Leaf, Node, Row, Table, scalars
from faultrun.spec.scope import Blame, Cell, Scope, Slot
from faultrun.spec.values import Problem
from faultrun.spec.words import nearest


@dataclass(frozen=True, slots=True)
class ExpectationDraft:
    """One claim that may still have templates in it. ``slots`` are those of its scalars."""

    oracle: str
    mark: Mark
    node: Node
    scope: Scope
    slots: dict[Leaf, Slot]

    def axes(self) -> frozenset[str]:
        """The axes that it depends on."""
        return frozenset[str]().union(*(slot.axes for slot in self.slots.values()))

    def build(self, cell: Cell, context: Context) -> Expectation | None:
        """The expectation in a cell; None after a finding."""
        node = self._rendered(self.node, cell, context) if self.slots else self.node
        if node is None:
            return None

        def tell(wrong: Node, problem: Problem) -> None:
            self._tell(wrong, problem, context)

        params = normal(self.oracle, node, tell)
        if params is None:
            return None
        return Expectation(oracle=self.oracle, params=params, mark=self.mark)

    def _tell(self, node: Node, problem: Problem, context: Context) -> None:
        blame = Blame(node.mark, 1)
        if isinstance(node, Leaf):
            # Constants are wrong where they stand, in a library too; values where they are given.
            blame = Blame(node.mark, node.length)
            if self.slots:
                blame = self.scope.blame(node)
        context.findings.add(
            problem.code,
            blame.mark,
            problem.message,
            hint=problem.hint,
            related=blame.related,
            length=blame.length,
        )

    def _rendered(self, node: Node, cell: Cell, context: Context) -> Node | None:
        if isinstance(node, Leaf):
            slot = self.slots.get(node)
            if slot is None:
                return node
            value = slot.value(cell, context.reader)
            if value is None:
                return None
            return Leaf(value, str(value), node.mark, node.length, node.plain)
        if isinstance(node, Row):
            items = [self._rendered(item, cell, context) for item in node.items]
            kept = tuple(item for item in items if item is not None)
            return Row(kept, node.mark) if len(kept) == len(items) else None
        if isinstance(node, Table):
            entries: dict[str, Entry] = {}
            for name, entry in node.entries.items():
                below = self._rendered(entry.node, cell, context)
                if below is None:
                    return None
                entries[name] = Entry(name, entry.mark, below)
            return Table(entries, node.mark)
        return None


def expectations(
    layers: Iterable[tuple[Node | None, Scope]], context: Context
) -> list[ExpectationDraft]:
    """The claims of several ``expect:`` mappings; a later one replaces an earlier, by oracle."""
    merged: dict[str, ExpectationDraft] = {}
    for node, scope in layers:
        for draft in _layer(node, scope, context, ()):
            merged.pop(draft.oracle, None)
            merged[draft.oracle] = draft
    return sorted(merged.values(), key=lambda draft: ORACLES.index(draft.oracle))


def _layer(
    node: Node | None, scope: Scope, context: Context, chain: Chain
) -> list[ExpectationDraft]:
    if not isinstance(node, Table):
        return []
    made: dict[str, ExpectationDraft] = {}
    uses = node.leaves("use")
    for use in uses:
        given = _given(node, use, len(uses), context)
        entered = context.enter("expectations", use, given, scope, chain)
        if entered is not None:
            fragment, inner = entered
            for draft in _layer(fragment.body, inner, context, (*chain, fragment.name)):
                made[draft.oracle] = draft
    _strangers(node, uses, context)
    for entry in node.entries.values():
        if entry.name in ORACLES and not isinstance(entry.node, Broken):
            found = _draft(entry, scope, context)
            if found is not None:
                made[entry.name] = found
    return list(made.values())


def _given(node: Table, use: Leaf, uses: int, context: Context) -> Table | None:
    """The part of ``with:`` that is for this fragment: of several, each takes what it knows."""
    table = node.table("with")
    fragment = context.libraries.fragments.get(str(use.value))
    if table is None or uses == 1 or fragment is None:
        return table
    kept = {name: e for name, e in table.entries.items() if name in fragment.parameters}
    return Table(kept, table.mark)


def _strangers(node: Table, uses: tuple[Leaf, ...], context: Context) -> None:
    table = node.table("with")
    if table is None or len(uses) == 1:
        return
    if not uses:
        mark = node.entries["with"].mark
        context.findings.add("FR044", mark, "`with:` without `use:`", length=4)
        return
    fragments = [context.libraries.fragments.get(str(use.value)) for use in uses]
    known = {name for found in fragments if found is not None for name in found.parameters}
    for entry in table.entries.values():
        if entry.name not in known and None not in fragments:
            message = f"none of these fragments has a parameter '{entry.name}'"
            hint = nearest(entry.name, known)
            length = len(entry.name)
            context.findings.add("FR044", entry.mark, message, hint=hint, length=length)


def _draft(entry: Entry, scope: Scope, context: Context) -> ExpectationDraft | None:
    slots: dict[Leaf, Slot] = {}
    for leaf in scalars(entry.node):
        slot = context.reader.slot(leaf, scope)
        if slot is None:
            return None
        if slot.text is not None:
            slots[leaf] = slot
    return ExpectationDraft(entry.name, entry.mark, entry.node, scope, slots)
