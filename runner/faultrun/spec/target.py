"""``target:``: the machines on which the campaign runs, and the device names that they have."""

import re
from collections.abc import Mapping

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.kernel.version import KNOWN
from faultrun.model.campaign import TARGET_KINDS, DeviceSpec, TargetSpec
from faultrun.model.data import Scalar
from faultrun.model.device_kind import DeviceKind, DeviceOption
from faultrun.spec.findings import Findings
from faultrun.spec.host import wrong_host
from faultrun.spec.nodes import Entry, Leaf, Node, Table
from faultrun.spec.values import Problem
from faultrun.spec.words import bounds, leaf_kind, nearest, shown

NEWEST = KNOWN[-1]
"""What a plan is made for as long as nobody knows the kernel."""

GUESTS = frozenset({"uml", "qemu"})
"""Targets that boot a kernel which faultrun built: the newest one unless the campaign asks."""

_KIND = "nvme"


def targets_of(node: Node | None, findings: Findings) -> tuple[TargetSpec, ...]:
    """The targets of a validated document, in its order.

    One that lists no devices has those of the first that lists some.
    """
    entries = node.entries if isinstance(node, Table) else {}
    tables = {
        kind: entry.node if isinstance(entry.node, Table) else Table({}, entry.mark)
        for kind, entry in entries.items()
        if kind in TARGET_KINDS
    }
    own = {kind: _devices(table.table("devices"), findings) for kind, table in tables.items()}
    shared = next((found for found in own.values() if found), ())
    versions = [_version(kind, table) for kind, table in tables.items()]
    told = next((version for version in versions if version), NEWEST)
    return tuple(
        _target(kind, table, own[kind] if "devices" in table.entries else shared, told, findings)
        for kind, table in tables.items()
    )


def _target(
    kind: str, table: Table, devices: tuple[DeviceSpec, ...], told: str, findings: Findings
) -> TargetSpec:
    """``told`` is the version that another target names: the best guess at a machine's own."""
    usual = TargetSpec(kind=kind)
    version = _version(kind, table)
    host = table.leaf("host")
    problem = None if host is None else wrong_host(str(host.value))
    if host is not None and problem is not None:
        findings.add(problem.code, host.mark, problem.message, length=host.length)
    return TargetSpec(
        kind=kind,
        kernel=version or (NEWEST if kind in GUESTS else told),
        any_kernel=not version,
        cmdline=table.text("cmdline", usual.cmdline),
        devices=devices,
        memory_mib=_number(table, "memory_mib", usual.memory_mib),
        cpus=_number(table, "cpus", usual.cpus),
        files=table.text("files", usual.files),
        host=table.text("host", usual.host),
        disposable=_truth(table, "disposable"),
    )


def _version(kind: str, table: Table) -> str:
    return table.text("kernel", TargetSpec().kernel if kind == "simulated" else "")


def _number(table: Table, name: str, default: int) -> int:
    leaf = table.leaf(name)
    return leaf.value if leaf is not None and isinstance(leaf.value, int) else default


def _truth(table: Table, name: str) -> bool:
    leaf = table.leaf(name)
    return leaf is not None and leaf.value is True


def _devices(named: Table | None, findings: Findings) -> tuple[DeviceSpec, ...]:
    found = [
        _device(name, entry, findings)
        for name, entry in (named.entries if named is not None else {}).items()
    ]
    return tuple(device for device in found if device is not None)


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
