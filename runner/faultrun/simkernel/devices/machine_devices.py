"""Every device of one machine, made when something of it is first touched."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar, cast

from faultrun.kernel.device_kinds.shared import part_name
from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.block import Device, Disk, Part, PartSpec
from faultrun.simkernel.devices.block_cache import BlockCache, OpenBlock
from faultrun.simkernel.devices.block_error import SINCE
from faultrun.simkernel.devices.block_files import disk_files, part_files, queue_files
from faultrun.simkernel.devices.bus import Bus, Site
from faultrun.simkernel.devices.kinds import MAKERS
from faultrun.simkernel.devices.loops import Loops
from faultrun.simkernel.devices.nvme_bus import NvmeBus
from faultrun.simkernel.file_values import Flags, OpenFile, Stat
from faultrun.simkernel.kernel import DEBUGFS, SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile

_ALIGN = 2048
B = TypeVar("B", bound=Bus)


class MachineDevices:
    """The devices that the campaign asked for, by the names that Linux gives them."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self._disks: dict[str, Device] = {}
        self._caches: dict[str, BlockCache] = {}
        self._site = Site(
            kernel=kernel, publish=self.publish, withdraw=self.withdraw, announce=self._announce
        )
        self._buses: dict[object, Bus] = {}
        self.aliases: dict[str, str] = {}
        """Other paths below /dev of a disk: ``mapper/<name>``."""
        kernel.tree.provide("/sys/block", dict)
        self.loops = Loops(kernel, self.publish, self.withdraw)
        for kind in dict.fromkeys(spec.kind for spec in kernel.devices):
            self.bus(MAKERS[kind])
        if kernel.boot.copied():
            for bus in tuple(self._buses.values()):
                bus.wake()

    @property
    def nvme(self) -> NvmeBus:
        """The NVMe controllers."""
        return self.bus(NvmeBus)

    def bus(self, make: Callable[[Site, tuple[DeviceSpec, ...]], B]) -> B:
        """The machine's one bus of a kind: the driver, even if it has no device."""
        found = self._buses.get(make)
        if found is None:
            specs = tuple(spec for spec in self._kernel.devices if MAKERS[spec.kind] is make)
            found = self._buses[make] = make(self._site, specs)
        return cast("B", found)

    def nodes(self) -> tuple[str, ...]:
        """The names in ``/dev`` that are devices, sorted."""
        buses = tuple(self._buses.values())
        for bus in buses:
            bus.wake()
        return tuple(sorted((*self._disks, *(name for bus in buses for name in bus.chars()))))

    def node(self, name: str) -> Stat | None:
        """stat(2) of a device node."""
        disk = self.disk(name)
        if disk is not None:
            return Stat(kind="block", mode=0o660, device=disk.number)
        found = (bus.char_stat(name) for bus in self._owners(name))
        return next((stat for stat in found if stat is not None), None)

    def open(self, name: str, flags: Flags, task: SimTask) -> OpenFile | None:
        """open(2) of a device node; None if there is none."""
        disk = self.disk(name)
        if disk is not None:
            return OpenBlock(self.cache(disk), flags, task)
        found = (bus.char_open(name, flags, task) for bus in self._owners(name))
        return next((opened for opened in found if opened is not None), None)

    def disk(self, name: str) -> Device | None:
        """The disk or partition of that name."""
        name = self.aliases.get(name, name)
        found = self._disks.get(name)
        if found is None:
            for bus in self._owners(name):
                bus.wake()
            found = self._disks.get(name)
        return found

    def mapped(self) -> tuple[str, ...]:
        """The names in ``/dev/mapper``, sorted."""
        return tuple(sorted(name.removeprefix("mapper/") for name in self.aliases))

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
        self._announce(disk.name, partitions)

    def withdraw(self, name: str) -> None:
        """A disk disappears, or one that was announced turns out not to be there."""
        for place in (f"/sys/block/{name}", f"/sys/class/block/{name}", f"{DEBUGFS}/block/{name}"):
            self._kernel.tree.remove(place)
        disk = self._disks.pop(name, None)
        if disk is None:
            return
        disk.whole.gone = True
        disk.whole.errors.end()
        for part in disk.whole.parts:
            self._disks.pop(part.name, None)
            self._caches.pop(part.name, None)
        self._caches.pop(name, None)

    def _owners(self, name: str) -> tuple[Bus, ...]:
        return tuple(bus for bus in self._buses.values() if bus.owns(name))

    def _announce(self, name: str, partitions: int) -> None:
        tree, path = self._kernel.tree, f"/sys/block/{name}"
        tree.provide(path, partial(self._disk_files, name))
        tree.provide(f"{path}/queue", partial(self._queue_files, name))
        tree.provide(f"/sys/class/block/{name}", partial(self._disk_files, name))
        if self._kernel.version.has(SINCE, None):
            tree.provide(f"{DEBUGFS}/block/{name}", partial(self._error_files, name))
        for number in range(partitions):
            part = part_name(name, number + 1)
            tree.provide(f"{path}/{part}", partial(self._part_files, part))

    def _disk_files(self, name: str) -> Mapping[str, ControlFile]:
        return disk_files(self._there(name).whole)

    def _queue_files(self, name: str) -> Mapping[str, ControlFile]:
        return queue_files(self._there(name).whole)

    def _error_files(self, name: str) -> Mapping[str, ControlFile]:
        return {"error_injection": self._there(name).whole.errors}

    def _part_files(self, name: str) -> Mapping[str, ControlFile]:
        return part_files(self._there(name))

    def _there(self, name: str) -> Device:
        """What was announced. Raises SimErrno ENOENT if waking its bus did not find it."""
        device = self.disk(name)
        if device is None:
            raise SimErrno("ENOENT")
        return device


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
