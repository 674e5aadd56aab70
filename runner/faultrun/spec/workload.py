"""``run:`` and ``cleanup:``: a script, an argument vector, or a workload of a library."""

from dataclasses import dataclass, replace

from faultrun.model.campaign import Workload
from faultrun.model.mark import Mark
from faultrun.spec.context import Chain, Context
from faultrun.spec.nodes import Leaf, Node, Row, Table
from faultrun.spec.scope import Cell, Scope, Slot
from faultrun.spec.text import spelled


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadDraft:
    """A workload that still has templates in it."""

    mark: Mark
    script: Slot | None = None
    argv: tuple[Slot, ...] = ()
    stdin: Slot | None = None
    env: tuple[tuple[str, Slot], ...] = ()

    def axes(self) -> frozenset[str]:
        """The axes that it depends on."""
        slots = [*self.argv, *(slot for _, slot in self.env)]
        slots += [slot for slot in (self.script, self.stdin) if slot is not None]
        return frozenset[str]().union(*(slot.axes for slot in slots))

    def build(self, cell: Cell, context: Context) -> Workload | None:
        """The workload in a cell; None after a finding."""
        argv = [_text(slot, cell, context) for slot in self.argv]
        env = [(name, _text(slot, cell, context)) for name, slot in self.env]
        script = "" if self.script is None else _text(self.script, cell, context)
        stdin = "" if self.stdin is None else _text(self.stdin, cell, context)
        words = tuple(word for word in argv if word is not None)
        pairs = tuple((name, value) for name, value in env if value is not None)
        if script is None or stdin is None or len(words) < len(argv) or len(pairs) < len(env):
            return None
        return Workload(mark=self.mark, script=script, argv=words, stdin=stdin, env=pairs)


def workload(
    node: Node | None, scope: Scope, context: Context, chain: Chain = ()
) -> WorkloadDraft | None:
    """The workload of a ``run:``; None after a finding, or if there is none."""
    if isinstance(node, Leaf):
        slot = context.reader.slot(node, scope)
        return None if slot is None else WorkloadDraft(mark=node.mark, script=slot)
    if isinstance(node, Row):
        words = _words(node, scope, context)
        return None if words is None else WorkloadDraft(mark=node.mark, argv=words)
    if not isinstance(node, Table):
        return None
    named = [name for name in ("script", "argv", "use") if name in node.entries]
    if len(named) != 1:
        told = " and ".join(f"`{name}`" for name in named) if named else "none"
        message = f"a workload has exactly one of `script`, `argv` and `use`; here: {told}"
        context.findings.add("FR027", node.mark, message)
        return None
    if "with" in node.entries and named != ["use"]:
        mark = node.entries["with"].mark
        context.findings.add("FR044", mark, "`with:` without `use:`", length=4)
    made = _named(named[0], node, scope, context, chain)
    return None if made is None else _surrounded(made, node, scope, context)


def _named(
    name: str, node: Table, scope: Scope, context: Context, chain: Chain
) -> WorkloadDraft | None:
    leaf = node.leaf(name)
    if name == "use" and leaf is not None:
        entered = context.enter("workloads", leaf, node.table("with"), scope, chain)
        if entered is None:
            return None
        fragment, inner = entered
        return workload(fragment.body, inner, context, (*chain, fragment.name))
    row = node.get(name)
    if isinstance(row, Row):
        words = _words(row, scope, context)
        return None if words is None else WorkloadDraft(mark=node.mark, argv=words)
    if leaf is None:
        return None
    slot = context.reader.slot(leaf, scope)
    return None if slot is None else WorkloadDraft(mark=leaf.mark, script=slot)


def _surrounded(
    made: WorkloadDraft, node: Table, scope: Scope, context: Context
) -> WorkloadDraft | None:
    """With the standard input and the environment of this mapping on top."""
    stdin = node.leaf("stdin")
    if stdin is not None:
        slot = context.reader.slot(stdin, scope)
        if slot is None:
            return None
        made = replace(made, stdin=slot)
    table = node.table("env")
    if table is not None:
        pairs = dict(made.env)
        for entry in table.entries.values():
            value = entry.node
            slot = context.reader.slot(value, scope) if isinstance(value, Leaf) else None
            if slot is None:
                return None
            pairs[entry.name] = slot
        made = replace(made, env=tuple(pairs.items()))
    return made


def _words(row: Row, scope: Scope, context: Context) -> tuple[Slot, ...] | None:
    slots = [context.reader.slot(item, scope) for item in row.items if isinstance(item, Leaf)]
    made = tuple(slot for slot in slots if slot is not None)
    return made if len(made) == len(row.items) else None


def _text(slot: Slot, cell: Cell, context: Context) -> str | None:
    """A word as the program gets it: numbers and booleans as they were written."""
    if slot.text is None:
        text = slot.leaf.raw
    else:
        value = slot.value(cell, context.reader)
        if value is None or isinstance(value, float):
            return None
        text = spelled(value)
    if "\0" in text:
        blame = slot.scope.blame(slot.leaf)
        message = "a NUL byte, which no program can be given"
        context.findings.add("FR015", blame.mark, message, length=blame.length)
        return None
    return text
