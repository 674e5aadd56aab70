"""``/sys/block/<disk>``: what the block layer shows of a disk, and its two fault switches."""

from collections.abc import Mapping

from faultrun.kernel.control_file import parse
from faultrun.kernel.numbers import signed, simple_strtoul
from faultrun.model.capability import AttrKind
from faultrun.simkernel.devices.block import Device, Disk
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.digits import whole
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tree import ControlFile, TextFile


def disk_files(disk: Disk) -> Mapping[str, ControlFile]:
    """The files of a whole disk's directory."""

    def timeout_fail(text: str) -> None:
        # block/blk-timeout.c:part_timeout_store(): an int takes it, so that garbage clears.
        disk.io_timeout_fail = signed(simple_strtoul(text, disk.kernel.version), 32) != 0

    return {
        **_shared(disk),
        "io-timeout-fail": TextFile(lambda: f"{int(disk.io_timeout_fail)}\n", timeout_fail),
        "removable": _says("0"),
        "ro": TextFile(lambda: f"{int(disk.read_only)}\n"),
        "capability": _says("0"),
        "ext_range": _says("256"),
        "hidden": _says("0"),
    }


def part_files(device: Device) -> Mapping[str, ControlFile]:
    """The files of a partition's directory."""
    return {**_shared(device), "start": _says(str(device.start))}


def queue_files(disk: Disk) -> Mapping[str, ControlFile]:
    """The files of ``queue/``; ``io_timeout`` only if the driver has a timeout handler.

    Kernel: block/blk-sysfs.c:queue_attr_visible()
    """

    def set_timeout(text: str) -> None:
        if not whole(text.strip()):
            raise SimErrno("EINVAL")
        disk.io_timeout_ms = int(text)

    timeout = {"io_timeout": TextFile(lambda: f"{disk.io_timeout_ms}\n", set_timeout)}
    return {
        **(timeout if disk.has_timeout else {}),
        "logical_block_size": _says(str(SECTOR)),
        "physical_block_size": _says(str(SECTOR)),
        "minimum_io_size": _says(str(SECTOR)),
        "max_sectors_kb": _says(str(disk.max_request // 1024)),
        "max_hw_sectors_kb": _says(str(disk.max_request // 1024)),
        "nr_requests": _says("1023"),
        "rotational": _says("0"),
        "scheduler": _says("[none] mq-deadline"),
        "read_ahead_kb": _says("128"),
        "write_cache": _says("write back"),
    }


def _shared(device: Device) -> dict[str, ControlFile]:
    def fail(text: str) -> None:
        # block/genhd.c:part_fail_store(): garbage changes nothing.
        version = device.kernel.version
        device.make_it_fail = bool(parse(AttrKind.FLAG, text, version, int(device.make_it_fail)))

    return {
        "size": TextFile(lambda: f"{device.sectors}\n"),
        "make-it-fail": TextFile(lambda: f"{int(device.make_it_fail)}\n", fail),
        "dev": _says(f"{device.number[0]}:{device.number[1]}"),
    }


def _says(text: str) -> TextFile:
    return TextFile(lambda: text + "\n")
