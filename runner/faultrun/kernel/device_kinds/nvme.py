"""NVMe controllers with their namespaces."""

from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE, disk_and_parts
from faultrun.model.campaign import DeviceSpec
from faultrun.model.device_kind import DeviceKind, DeviceOption

_NAMESPACES = DeviceOption(
    name="namespaces",
    summary="Number of namespaces: nvme0n1, nvme0n2, ...",
    default=1,
    unit="namespaces",
    minimum=0,
    maximum=32,
)


def _names(device: DeviceSpec) -> tuple[str, ...]:
    names = [device.name]
    for number in range(1, int(device.option("namespaces", _NAMESPACES.default)) + 1):
        names += disk_and_parts(f"{device.name}n{number}", device)
        names.append(f"{device.name}c{device.name[4:]}n{number}")
    return tuple(names)


NVME = DeviceKind(
    name="nvme",
    summary="an NVMe controller",
    called="nvme[0-9]+",
    example="nvme0",
    options=(
        _NAMESPACES,
        SIZE,
        PARTITIONS,
        DeviceOption(
            name="transport",
            summary="How the controller is attached.",
            default="pcie",
            choices=("pcie", "tcp", "rdma", "fc", "loop"),
        ),
    ),
    names=_names,
)
