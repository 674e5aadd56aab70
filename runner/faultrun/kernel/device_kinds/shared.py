"""Options that several kinds of disk have, and how Linux names what a disk holds."""

from faultrun.model.campaign import DeviceSpec
from faultrun.model.device_kind import DeviceOption

SIZE = DeviceOption(
    name="size_mib",
    summary="Size of the disk (NVMe: of each namespace).",
    default=64,
    unit="MiB",
    minimum=1,
    maximum=1048576,
)

PARTITIONS = DeviceOption(
    name="partitions",
    summary="Number of partitions of equal size on each disk.",
    default=0,
    unit="partitions",
    minimum=0,
    maximum=15,
)


def part_name(disk: str, number: int) -> str:
    """``nvme0n1`` -> ``nvme0n1p1``, ``sda`` -> ``sda1`` (block/partitions/core.c)."""
    return f"{disk}p{number}" if disk[-1].isdigit() else f"{disk}{number}"


def disk_and_parts(disk: str, device: DeviceSpec) -> tuple[str, ...]:
    """A disk's name, and its partitions as `disk/partition` and by their own names."""
    names = [disk]
    for number in range(1, int(device.option("partitions", PARTITIONS.default)) + 1):
        part = part_name(disk, number)
        names += [f"{disk}/{part}", part]
    return tuple(names)


def own_disk(device: DeviceSpec) -> tuple[str, ...]:
    """The names of a device that is one disk of its own name."""
    return disk_and_parts(device.name, device)
