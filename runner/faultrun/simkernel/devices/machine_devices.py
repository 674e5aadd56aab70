"""Every device of one machine, made when something of it is first touched."""

from collections.abc import Callable, Mapping
from functools import partial

from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.block import MAX_REQUEST, Device, Disk, Part, PartSpec
from faultrun.simkernel.devices.block_cache import BlockCache, OpenBlock
from faultrun.simkernel.devices.block_files import disk_files, part_files, queue_files
from faultrun.simkernel.devices.loops import Loops
from faultrun.simkernel.devices.nvme_bus import NvmeBus
from faultrun.simkernel.devices.nvme_node import OpenController
from faultrun.simkernel.devices.plain import plain_disk
from faultrun.simkernel.file_values import Flags, OpenFile, Stat
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile

MIB = 1 << 20
_ALIGN = 2048
_MAJOR = {"null_blk": 253, "scsi_debug": 8, "loop": 7}
KINDS = ("nvme", *sorted(_MAJOR))
"""What ``kind:`` of a device may be."""


class MachineDevices:
    """The devices that the campaign asked for, by the names that Linux gives them."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self._disks: dict[str, Device] = {}
        self._waiting: dict[str, DeviceSpec] = {}
        self._caches: dict[str, BlockCache] = {}
        self.loops = Loops(kernel, self.publish, self.withdraw)
        specs = tuple(spec for spec in kernel.devices if spec.kind == "nvme")
        self.nvme = NvmeBus(kernel, specs, self.publish, self.withdraw)
        for spec in kernel.devices:
            if spec.kind in _MAJOR:
                self._waiting[spec.name] = spec
                self._provide(
                    spec.name, partial(self._plain, spec.name), int(spec.option("partitions", 0))
                )
        if kernel.boot.reading("nvme") is not None:
            self.nvme.wake()

    def nodes(self) -> tuple[str, ...]:
        """The names in ``/dev`` that are devices, sorted."""
        self._make_all()
        return tuple(sorted((*self._disks, *self.nvme.controllers())))

    def node(self, name: str) -> Stat | None:
        """stat(2) of a device node."""
        disk = self.disk(name)
        if disk is not None:
            return Stat(kind="block", mode=0o660, device=disk.number)
        controller = self.nvme.controller(name)
        if controller is not None:
            return Stat(kind="char", mode=0o600, device=(242, controller.identity.number))
        return None

    def open(self, name: str, flags: Flags, task: SimTask) -> OpenFile | None:
        """open(2) of a device node; None if there is none."""
        disk = self.disk(name)
        if disk is not None:
            return OpenBlock(self.cache(disk), flags, task)
        controller = self.nvme.controller(name)
        if controller is None:
            return None
        if controller.state != "live":
            # drivers/nvme/host/core.c:nvme_dev_open()
            raise SimErrno("EAGAIN")
        return OpenController(controller)

    def disk(self, name: str) -> Device | None:
        """The disk or partition of that name."""
        found = self._disks.get(name)
        if found is None and not self.nvme.woken and self.nvme.owns(name):
            self.nvme.wake()
            found = self._disks.get(name)
        if found is None:
            whole = next((base for base in self._waiting if name.startswith(base)), None)
            if whole is not None:
                self._plain(whole)
                found = self._disks.get(name)
        return found

    def cache(self, device: Device) -> BlockCache:
        """The page cache of a disk or partition."""
        cache = self._caches.get(device.name)
        if cache is None or cache.device is not device:
            cache = self._caches[device.name] = BlockCache(device)
        return cache

    def sync(self, task: SimTask) -> None:
        """Write back what programs wrote to the devices themselves."""
        for name in sorted(self._caches):
            self._caches[name].flush(task)

    def drop_caches(self) -> None:
        """Forget clean pages."""
        for cache in self._caches.values():
            cache.drop()

    def publish(self, disk: Disk, partitions: int = 0) -> None:
        """A disk appears: in ``/dev``, and in ``/sys/block``."""
        self._disks[disk.name] = disk
        disk.parts = tuple(_partitions(disk, partitions))
        for part in disk.parts:
            self._disks[part.name] = part
        self._provide(disk.name, lambda: disk, partitions)

    def withdraw(self, name: str) -> None:
        """A disk disappears."""
        disk = self._disks.pop(name, None)
        if disk is None:
            return
        disk.whole.gone = True
        for part in disk.whole.parts:
            self._disks.pop(part.name, None)
            self._caches.pop(part.name, None)
        self._caches.pop(name, None)
        self._kernel.tree.remove(f"/sys/block/{name}")
        self._kernel.tree.remove(f"/sys/class/block/{name}")

    def _provide(self, name: str, disk: Callable[[], Disk], partitions: int) -> None:
        tree, path = self._kernel.tree, f"/sys/block/{name}"
        tree.provide(path, lambda: disk_files(disk()))
        tree.provide(f"{path}/queue", lambda: queue_files(disk(), MAX_REQUEST // 1024))
        tree.provide(f"/sys/class/block/{name}", lambda: disk_files(disk()))
        for number in range(partitions):
            part = part_name(name, number + 1)
            tree.provide(f"{path}/{part}", partial(self._part_files, part))

    def _part_files(self, name: str) -> Mapping[str, ControlFile]:
        device = self.disk(name)
        return {} if device is None else part_files(device)

    def _plain(self, name: str) -> Disk:
        spec = self._waiting.pop(name, None)
        if spec is None:
            return self._disks[name].whole
        size = int(spec.option("size_mib", 64)) * MIB
        number = (_MAJOR[spec.kind], sorted(s.name for s in self._kernel.devices).index(name))
        disk = plain_disk(self._kernel, name, size, number)
        self._disks[name] = disk
        disk.parts = tuple(_partitions(disk, int(spec.option("partitions", 0))))
        for part in disk.parts:
            self._disks[part.name] = part
        return disk

    def _make_all(self) -> None:
        self.nvme.wake()
        for name in sorted(self._waiting):
            self._plain(name)


def part_name(disk: str, number: int) -> str:
    """``nvme0n1`` -> ``nvme0n1p1``, ``sda`` -> ``sda1``."""
    return f"{disk}p{number}" if disk[-1].isdigit() else f"{disk}{number}"


def _partitions(disk: Disk, count: int) -> list[Part]:
    if not count:
        return []
    size = (disk.sectors - _ALIGN) // count // _ALIGN * _ALIGN
    return [
        Part(
            disk,
            PartSpec(
                name=part_name(disk.name, number + 1), start=_ALIGN + number * size, sectors=size
            ),
            (disk.number[0], disk.number[1] + number + 1),
        )
        for number in range(count)
    ]
