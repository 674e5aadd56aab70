"""What a kind of device needs: words on the kernel's command line, and a script in the guest."""

from collections.abc import Callable
from dataclasses import dataclass

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.kernel.device_kinds.shared import part_name
from faultrun.model.campaign import DeviceSpec
from faultrun.targets.recipes import gpt

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One device's share. ``lacking``: why this kind of guest cannot have it; then no more."""

    cmdline: tuple[str, ...] = ()
    script: str = ""
    lacking: str = ""


Recipe = Callable[[DeviceSpec], Made]


def size_mib(device: DeviceSpec) -> int:
    """What the campaign says, or the kind's default, in MiB."""
    default = next(one.default for one in KINDS[device.kind].options if one.name == "size_mib")
    return int(device.option("size_mib", default))


def parted(device: DeviceSpec, disk: str) -> str:
    """Lines that give a disk its partitions, of equal size; empty if it has none."""
    count = int(device.option("partitions", 0))
    if not count:
        return ""
    made = gpt.lines(disk, size_mib(device), count)
    wait = "".join(waited(f"/dev/{part_name(disk, number)}") for number in range(1, count + 1))
    return f"{made}blockdev --rereadpt /dev/{disk} || exit 1\n{wait}"


def waited(path: str) -> str:
    """Lines that wait a little for a device to appear, and fail if it does not."""
    return (
        f"n=0; while [ ! -e {path} ]; do n=$((n+1)); [ $n -lt 200 ] ||"
        f" {{ echo '{path} did not appear' >&2; exit 1; }}; sleep 0.02; done\n"
    )


"""Names are checked against their kind's pattern before they get here (``spec/target.py``)."""
