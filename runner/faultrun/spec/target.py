"""``target:``: the machine that the campaign wants, and the device names that it then has."""

from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Leaf, Node, Table

_KIND = "nvme"


def target_of(node: Node | None, findings: Findings) -> TargetSpec:
    """The target of a validated document."""
    table = node.table("simulated") if isinstance(node, Table) else None
    if table is None:
        return TargetSpec()
    devices: list[DeviceSpec] = []
    named = table.table("devices")
    for name, entry in (named.entries if named is not None else {}).items():
        if not isinstance(entry.node, Table):
            continue
        kind = entry.node.text("kind", _KIND)
        if kind == _KIND and not (name.startswith("nvme") and name[4:].isdigit()):
            message = f"an NVMe controller cannot be called '{name}'"
            findings.add("FR015", entry.mark, message, hint="write nvme0", length=len(name))
            continue
        options = tuple(
            (key, option.node.value)
            for key, option in entry.node.entries.items()
            if key != "kind"
            and isinstance(option.node, Leaf)
            and isinstance(option.node.value, (bool, int, str))
        )
        devices.append(DeviceSpec(name=name, kind=kind, options=options, mark=entry.mark))
    return TargetSpec(
        kind="simulated",
        kernel=table.text("kernel", "6.12"),
        cmdline=table.text("cmdline", ""),
        devices=tuple(devices),
    )


def device_names(target: TargetSpec) -> frozenset[str]:
    """Every name by which a device of the target can be meant: controllers and namespaces."""
    names: set[str] = set()
    for device in target.devices:
        names.add(device.name)
        if device.kind != _KIND:
            continue
        for number in range(1, int(device.option("namespaces", 1)) + 1):
            names.add(f"{device.name}n{number}")
            names.add(f"{device.name}c{device.name[4:]}n{number}")
    return frozenset(names)
