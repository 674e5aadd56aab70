"""``target:``: the machine that the campaign wants, and the device names that it then has."""

import re
from collections.abc import Mapping

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.data import Scalar
from faultrun.model.device_kind import DeviceKind, DeviceOption
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Entry, Leaf, Node, Table
from faultrun.spec.values import Problem
from faultrun.spec.words import bounds, leaf_kind, nearest, shown

_KIND = "nvme"


def target_of(node: Node | None, findings: Findings) -> TargetSpec:
    """The target of a validated document."""
    table = node.table("simulated") if isinstance(node, Table) else None
    if table is None:
        return TargetSpec()
    named = table.table("devices")
    found = [
        _device(name, entry, findings)
        for name, entry in (named.entries if named is not None else {}).items()
    ]
    devices = tuple(device for device in found if device is not None)
    return TargetSpec(
        kind="simulated",
        kernel=table.text("kernel", "6.12"),
        cmdline=table.text("cmdline", ""),
        devices=devices,
    )


def device_names(target: TargetSpec) -> frozenset[str]:
    """Every name by which something of the target can be meant: controllers, disks, partitions."""
    return frozenset(name for device in target.devices for name in KINDS[device.kind].names(device))


def _device(name: str, entry: Entry, findings: Findings) -> DeviceSpec | None:
    if not isinstance(entry.node, Table):
        return None
    kind = KINDS.get(entry.node.text("kind", _KIND))
    if kind is None:
        return None
    if not re.fullmatch(kind.called, name):
        message = f"{kind.summary} cannot be called '{name}'"
        findings.add("FR015", entry.mark, message, hint=f"write {kind.example}", length=len(name))
        return None
    options = _options(kind, entry.node.entries, findings)
    return DeviceSpec(name=name, kind=kind.name, options=options, mark=entry.mark)


def _options(
    kind: DeviceKind, entries: Mapping[str, Entry], findings: Findings
) -> tuple[tuple[str, Scalar], ...]:
    """The options of a device that are right; the others become findings."""
    known = {option.name: option for option in kind.options}
    made: list[tuple[str, Scalar]] = []
    for name, entry in entries.items():
        leaf = entry.node
        if name == "kind" or not isinstance(leaf, Leaf):
            continue
        option = known.get(name)
        if option is None:
            message = f"a device of kind {kind.name} has no option '{name}'"
            hint = nearest(name, known)
            findings.add("FR011", entry.mark, message, hint=hint, length=len(name))
            continue
        problem = _problem(option, leaf)
        if problem is not None:
            findings.add(
                problem.code, leaf.mark, problem.message, hint=problem.hint, length=leaf.length
            )
        elif isinstance(leaf.value, (bool, int, str)):
            made.append((name, leaf.value))
    return tuple(made)


def _problem(option: DeviceOption, leaf: Leaf) -> Problem | None:
    value = leaf.value
    if type(value) is not type(option.default):
        return Problem("FR014", f"{option.name} is {leaf_kind(leaf)}, must be {_form(option)}")
    if isinstance(value, str):
        if option.choices and value not in option.choices:
            told = f"there is no {option.name} {shown(value)}"
            return Problem("FR015", told, nearest(value, option.choices))
        if option.pattern and not re.fullmatch(option.pattern, value):
            told = f"{option.name} is {shown(value)}, must be like {option.default}"
            return Problem("FR015", told)
    elif isinstance(value, int) and not isinstance(value, bool):
        low, high = option.minimum, option.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            told = f"{option.name} is {value}, must be {bounds(low, high)}"
            return Problem("FR021", f"{told} ({option.unit})")
    return None


def _form(option: DeviceOption) -> str:
    if isinstance(option.default, bool):
        return "true or false"
    return "a whole number" if isinstance(option.default, int) else "a text"
