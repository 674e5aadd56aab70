"""``inject:`` of a step: fragments entered, overrides laid on top, values checked in each cell."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from faultrun.capabilities.place import path_of
from faultrun.model.campaign import Injection, Setting
from faultrun.model.capability import Arming, AttrKind, AttrSpec, Capability, Parameter
from faultrun.model.data import Scalar
from faultrun.model.diagnostic import Related
from faultrun.model.mark import Mark
from faultrun.spec.context import Chain, Context
from faultrun.spec.nodes import Entry, Leaf, Node, Row, Table
from faultrun.spec.ranges import FILES, SIDES, RangeDraft, allowed, range_of
from faultrun.spec.scope import Cell, Scope, Slot
from faultrun.spec.values import Problem, attribute, exists_in
from faultrun.spec.words import nearest, shown


@dataclass(slots=True)
class _Key:
    """One key of an injection. ``ready`` is its setting if it is the same in all cells."""

    name: str
    mark: Mark
    slot: Slot
    spec: AttrSpec | None
    parameter: Parameter | None
    ready: Setting | None = None


@dataclass(slots=True)
class Draft:
    """An injection that still has templates in it."""

    capability: Capability
    mark: Mark
    keys: dict[str, _Key] = field(default_factory=dict[str, _Key])
    ranges: dict[str, RangeDraft] = field(default_factory=dict[str, RangeDraft])
    written: set[str] = field(default_factory=set[str])
    """Names that the author wrote, those with a wrong value too."""
    is_whole: bool = True
    """False if a key is missing without which it cannot be built."""

    def axes(self) -> frozenset[str]:
        """The axes that it depends on."""
        slots = [key.slot.axes for key in self.keys.values()]
        return frozenset[str]().union(*slots, *(one.axes() for one in self.ranges.values()))

    def build(self, cell: Cell, context: Context) -> Injection | None:
        """The injection in a cell; None after a finding."""
        where: list[Setting] = []
        settings: list[Setting] = []
        sound = True
        for key in self.keys.values():
            setting = key.ready or _setting(key, cell, context)
            if setting is None:
                sound = False
            elif key.parameter is not None:
                where.append(setting)
            else:
                settings.append(setting)
        ranges = [draft.build(cell, context) for draft in self.ranges.values()]
        found = tuple(one for one in ranges if one is not None)
        if not sound or not self.is_whole or len(found) < len(ranges):
            return None
        return Injection(
            capability=self.capability.name,
            where=tuple(where),
            settings=tuple(settings),
            mark=self.mark,
            ranges=found,
        )


def drafts(node: Node | None, scope: Scope, context: Context, chain: Chain = ()) -> list[Draft]:
    """The injections of an ``inject:``, with findings for what is wrong in every cell."""
    made = list(_drafts(node, scope, context, chain))
    if not chain:
        for draft in made:
            _complete(draft, context)
            for key in draft.keys.values():
                if not key.slot.axes:
                    key.ready = _setting(key, Cell(), context) if key.slot.text is None else None
    return made


def _drafts(node: Node | None, scope: Scope, context: Context, chain: Chain) -> Iterator[Draft]:
    if isinstance(node, Row):
        for item in node.items:
            yield from _drafts(item, scope, context, chain)
        return
    if not isinstance(node, Table):
        return
    base: list[Draft] = []
    use = node.leaf("use")
    if use is not None:
        entered = context.enter("faults", use, node.table("with"), scope, chain)
        if entered is not None:
            fragment, inner = entered
            base = list(_drafts(fragment.body, inner, context, (*chain, fragment.name)))
            for draft in base:
                draft.mark = use.mark
    elif "with" in node.entries:
        mark = node.entries["with"].mark
        context.findings.add("FR044", mark, "`with:` without `use:`", length=4)
    for entry in node.entries.values():
        if entry.name not in ("use", "with"):
            _lay(base, entry, scope, context)
    yield from base


def _lay(base: list[Draft], entry: Entry, scope: Scope, context: Context) -> None:
    """Put the author's own keys on the fragment's injection of that capability, or add one."""
    capability = context.capabilities.get(entry.name)
    if capability is None or not isinstance(entry.node, Table):
        return
    if not exists_in(capability, context.target.kernel):
        _absent(entry, capability, context)
    keys = _keys(capability, entry.node, scope, context)
    ranges = _ranges(capability, entry.node, scope, context)
    under = [draft for draft in base if draft.capability.name == capability.name]
    if len(under) > 1:
        context.findings.add(
            "FR047",
            entry.mark,
            f"the fragment arms '{entry.name}' {len(under)} times: which one is overridden?",
            related=[
                Related(mark=key.mark, message="one is here")
                for draft in under
                for key in list(draft.keys.values())[:1]
            ],
            length=len(entry.name),
        )
    elif under:
        under[0].keys.update(keys)
        under[0].ranges.update(ranges)
        under[0].written.update(entry.node.entries)
    else:
        base.append(Draft(capability, entry.mark, keys, ranges, set(entry.node.entries)))


def _keys(capability: Capability, table: Table, scope: Scope, context: Context) -> dict[str, _Key]:
    made: dict[str, _Key] = {}
    places = {item.name: item for item in capability.parameters}
    for entry in table.entries.values():
        spec = capability.attr(entry.name)
        parameter = places.get(entry.name)
        if not isinstance(entry.node, Leaf) or (spec is None and parameter is None):
            continue
        for known in (spec, parameter):
            if known is not None and not exists_in(known, context.target.kernel):
                _absent(entry, known, context)
        if entry.name in FILES and not allowed(entry.name, entry.mark, context):
            continue
        slot = context.reader.slot(entry.node, scope)
        if slot is not None:
            made[entry.name] = _Key(entry.name, entry.node.mark, slot, spec, parameter)
    return made


def _ranges(
    capability: Capability, table: Table, scope: Scope, context: Context
) -> dict[str, RangeDraft]:
    made: dict[str, RangeDraft] = {}
    for entry in table.entries.values():
        if entry.name not in SIDES or not isinstance(entry.node, Table):
            continue
        raw = next(
            (name for name in FILES if name.startswith(entry.name) and name in table.entries), ""
        )
        if raw:
            message = f"'{entry.name}' writes '{raw}', which is given beside it"
            context.findings.add("FR028", entry.mark, message, length=len(entry.name))
        draft = range_of(entry, entry.node, capability, scope, context)
        if draft is not None:
            made[entry.name] = draft
    return made


def _absent(entry: Entry, spec: AttrSpec | Capability | Parameter, context: Context) -> None:
    bounds = (
        f"since {spec.since}" if spec.since else "",
        f"before {spec.until}" if spec.until else "",
    )
    since = " and ".join(bound for bound in bounds if bound)
    message = f"'{spec.name}' exists {since}, the target's kernel is {context.target.kernel}"
    hint = spec.instead if isinstance(spec, Parameter) else ""
    context.findings.add("FR024", entry.mark, message, hint=hint, length=len(entry.name))


def _complete(draft: Draft, context: Context) -> None:
    wanted = [item.name for item in draft.capability.parameters if item.required]
    trigger = draft.capability.attr(draft.capability.trigger)
    if draft.capability.arming is Arming.TASK or (
        trigger is not None and trigger.kind is AttrKind.ERRNO
    ):
        wanted.append(draft.capability.trigger)
    wanted.extend(spec.name for spec in draft.capability.attrs if spec.required)
    draft.is_whole = all(name in draft.keys for name in wanted)
    examples: dict[str, Scalar] = {item.name: item.example for item in draft.capability.parameters}
    for name in wanted:
        if name not in draft.written:
            first = trigger.examples[:1] if trigger is not None else ()
            example = examples.get(name, *(first or (1,)))
            message = f"capability '{draft.capability.name}' has no '{name}'"
            hint = f"add `{name}: {example}`"
            length = len(draft.capability.name)
            context.findings.add("FR013", draft.mark, message, hint=hint, length=length)


def _setting(key: _Key, cell: Cell, context: Context) -> Setting | None:
    value = key.slot.value(cell, context.reader)
    if value is None:
        return None
    result = (
        attribute(key.spec, value)
        if key.spec is not None
        else _place(key.parameter, value, context)
    )
    blame = key.slot.scope.blame(key.slot.leaf)
    if not isinstance(result, Problem):
        if key.parameter is not None and key.parameter.device and context.devices is None:
            message = f"the campaign has no `target:`, the simulated kernel no {shown(result)}"
            hint = "`faultrun explain FR116` has the line to add"
            context.findings.add("FR116", blame.mark, message, hint=hint, length=blame.length)
        return Setting(name=key.name, value=result, mark=key.mark)
    context.findings.add(
        result.code,
        blame.mark,
        result.message,
        hint=result.hint,
        related=blame.related,
        length=blame.length,
    )
    return None


def _place(parameter: Parameter | None, value: object, context: Context) -> Scalar | Problem:
    """A parameter that says where: a device that the target has, or one of a known few."""
    if parameter is None or not isinstance(value, str):
        return Problem("FR014", f"{_name(parameter)} is {shown(value)}, must be a text")
    if parameter.choices and value not in parameter.choices:
        told = f"there is no {parameter.name} {shown(value)}"
        hint = dict(parameter.former).get(value) or nearest(value, parameter.choices)
        return Problem("FR015", told, hint)
    if not re.search(parameter.pattern, value):
        wanted = f"must be like {parameter.example}"
        return Problem("FR015", f"{parameter.name} is {shown(value)}, {wanted}")
    if not parameter.device:
        return value
    device = value.partition("/")[0]
    if context.devices is None or device in context.devices:
        return value
    known = nearest(device, context.devices)
    hint = known or "the target has no devices: add `target: {simulated: {devices: {...}}}`"
    return Problem("FR025", f"the target has no device {shown(device)}", hint)


def _name(parameter: Parameter | None) -> str:
    return "it" if parameter is None else parameter.name


def clashes(
    injections: Iterable[Injection], capabilities: Context
) -> Iterator[tuple[str, Mark, int]]:
    """Injections that write a file which an earlier one writes otherwise: (message, place, length)."""
    seen: dict[str, Setting] = {}
    places: dict[tuple[str, tuple[tuple[str, str], ...]], Injection] = {}
    for injection in injections:
        if capabilities.capabilities[injection.capability].adds_lines:
            continue
        where = tuple(sorted(injection.place().items()))
        if (injection.capability, where) in places:
            told = f"'{injection.capability}' is armed twice in one place"
            yield told, injection.mark, len(injection.capability)
            continue
        places[injection.capability, where] = injection
        capability = capabilities.capabilities[injection.capability]
        for setting in injection.settings:
            spec = capability.attr(setting.name)
            path = (
                path_of(capability, spec, injection.place()) if spec is not None else setting.name
            )
            first = seen.setdefault(path, setting)
            if first.value != setting.value:
                told = f"{setting.name} of '{injection.capability}' is {shown(first.value)}"
                told = f"{told} for one injection and {shown(setting.value)} here"
                yield told, setting.mark, len(str(setting.value))
