"""``require:`` and ``reject:`` of an injection: callers by symbol or by a module's section."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import Capability
from faultrun.model.mark import Mark
from faultrun.model.stack_range import Side, StackRange
from faultrun.spec.nodes import Entry, Leaf, Table
from faultrun.spec.scope import Cell, Scope, Slot
from faultrun.spec.words import shown

if TYPE_CHECKING:
    from faultrun.spec.context import Context

SIDES = tuple(side.value for side in Side)
FILES = tuple(f"{side}-{edge}" for side in SIDES for edge in ("start", "end"))
"""The control files that a range is written to."""

SINCE = "6.8"
"""The first of the kernels read whose stack filter can be built on x86_64 (lib/Kconfig.debug)."""

_NAME = re.compile(r"[A-Za-z_.$][\w.$]*")
_MODULE = re.compile(r"[A-Za-z0-9][\w-]*")
_SECTION = re.compile(r"\.?[A-Za-z_][\w.]*")
_FORMS = (
    frozenset({"symbol"}), frozenset({"symbol", "module"}),
    frozenset({"function"}), frozenset({"function", "module"}),
    frozenset({"module"}), frozenset({"module", "section"}), frozenset({"module", "from", "to"}),
)  # fmt: skip
SAID = (
    "write `symbol: NAME`, `function: NAME`, `module: NAME` with or without `section: .text`,"
    " or `module: NAME` with `from: .text` and `to: .data`"
)


@dataclass(slots=True)
class RangeDraft:
    """A range that may still have templates in it."""

    side: Side
    mark: Mark
    slots: dict[str, Slot]

    def axes(self) -> frozenset[str]:
        """The axes that it depends on."""
        return frozenset[str]().union(*(slot.axes for slot in self.slots.values()))

    def build(self, cell: Cell, context: "Context") -> StackRange | None:
        """The range in a cell; None after a finding."""
        texts: dict[str, str] = {}
        for key, slot in self.slots.items():
            value = slot.value(cell, context.reader)
            if value is None:
                return None
            if not sound(key, str(value)):
                blame = slot.scope.blame(slot.leaf)
                message = f"{key} is {shown(value)}, which cannot be the name of one"
                context.findings.add(
                    "FR029", blame.mark, message, length=blame.length, related=blame.related
                )
                return None
            texts[key] = str(value)
        return made(self.side, self.mark, texts)


def range_of(
    entry: Entry, table: Table, capability: Capability, scope: Scope, context: "Context"
) -> RangeDraft | None:
    """The draft of one range; None after a finding."""
    length = len(entry.name)
    if not allowed(entry.name, entry.mark, context):
        return None
    if not fits(table.entries):
        message = f"'{entry.name}' of '{capability.name}' does not say one range of callers"
        context.findings.add("FR029", entry.mark, message, hint=SAID, length=length)
        return None
    slots: dict[str, Slot] = {}
    for item in table.entries.values():
        slot = context.reader.slot(item.node, scope) if isinstance(item.node, Leaf) else None
        if slot is None:
            return None
        slots[item.name] = slot
    return RangeDraft(Side(entry.name), entry.mark, slots)


def allowed(name: str, mark: Mark, context: "Context") -> bool:
    """Whether the target's kernel can have a stack filter; a finding if not."""
    target = context.target
    if target.kind != "simulated" or KernelVersion.parse(target.kernel).has(SINCE, None):
        return True
    message = (
        f"'{name}' needs the kernel's stack filter, which x86_64 has since {SINCE};"
        f" the target's kernel is {target.kernel}"
    )
    hint = f'target: {{simulated: {{kernel: "{SINCE}"}}}}'
    context.findings.add("FR024", mark, message, hint=hint, length=len(name))
    return False


def has_ranges(capability: Capability) -> bool:
    """Whether a capability has the files of a stack filter."""
    return all(capability.attr(name) is not None for name in FILES)


def fits(keys: Iterable[str]) -> bool:
    """Whether these keys together say one range."""
    return frozenset(keys) in _FORMS


def sound(key: str, text: str) -> bool:
    """Whether a text can be the name of a symbol, a module or a section."""
    return _form(key).fullmatch(text) is not None


def made(side: Side, mark: Mark, texts: Mapping[str, str]) -> StackRange:
    """The range that keys which fit say."""
    symbol = texts.get("function", texts.get("symbol", ""))
    return StackRange(
        side=side,
        mark=mark,
        symbol=symbol,
        function="function" in texts,
        module=texts.get("module", "").replace("-", "_"),
        begin="" if symbol else texts.get("section", texts.get("from", ".text")),
        until=texts.get("to", ""),
    )


def _form(key: str) -> re.Pattern[str]:
    if key == "module":
        return _MODULE
    return _NAME if key in ("symbol", "function") else _SECTION
