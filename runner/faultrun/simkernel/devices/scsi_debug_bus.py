"""The disks of scsi_debug: each a host, a target and a logical unit of its own, with its own store.

As ``modprobe scsi_debug add_host=N per_host_store=1`` makes them.
"""

from collections.abc import Mapping
from functools import partial

from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE
from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.bus import DiskBus, Site
from faultrun.simkernel.devices.medium import Medium
from faultrun.simkernel.devices.scsi_debug import PLACE, ScsiDebug, target_of
from faultrun.simkernel.devices.scsi_debug_files import (
    driver_files,
    info_file,
    parameter_files,
    reset_file,
    unit_files,
)
from faultrun.simkernel.devices.scsi_disk import ScsiDisk
from faultrun.simkernel.kernel import DEBUGFS
from faultrun.simkernel.tree import ControlFile

_MIB = 1 << 20
_MAJOR = 8
_MINORS = 16


class ScsiDebugBus(DiskBus):
    """All scsi_debug disks of a machine, in the order of the campaign: hosts 0, 1, ..."""

    def __init__(self, site: Site, specs: tuple[DeviceSpec, ...]) -> None:
        self._site = site
        self._specs = specs
        self.names = tuple(spec.name for spec in specs)
        self.woken = not specs
        self.module = ScsiDebug(site.kernel)
        self._disks: dict[str, ScsiDisk] = {}
        for spec in specs:
            site.announce(spec.name, _partitions(spec))
        if specs:
            self._provide()

    def _make_devices(self) -> None:
        """Make the disks."""
        kernel = self._site.kernel
        for host, spec in enumerate(self._specs):
            medium = Medium(int(spec.option("size_mib", SIZE.default)) * _MIB)
            made = (spec.name, _address(host), medium, (_MAJOR, host * _MINORS))
            disk = self._disks[spec.name] = ScsiDisk(kernel, self.module, made)
            self._site.publish(disk.disk, _partitions(spec))

    def _provide(self) -> None:
        kernel, module = self._site.kernel, self.module
        tree = kernel.tree
        tree.provide(PLACE, partial(driver_files, module))
        tree.provide("/sys/module/scsi_debug/parameters", partial(parameter_files, module))
        tree.provide("/proc/scsi/scsi_debug", self._info)
        for spec in self._specs:
            tree.provide(f"/sys/block/{spec.name}/device", partial(self._unit, spec.name))
        if not kernel.version.has("6.8", None):
            return
        for host in range(len(self._specs)):
            address = _address(host)
            target = target_of(address)
            tree.provide(f"{DEBUGFS}/scsi_debug/{address}", partial(self._rules, address))
            tree.provide(
                f"{DEBUGFS}/scsi_debug/target{target}", partial(reset_file, module, target)
            )

    def _info(self) -> Mapping[str, ControlFile]:
        return {f"{host}": info_file(self.module, host) for host in range(len(self._specs))}

    def _unit(self, name: str) -> Mapping[str, ControlFile]:
        self.wake()
        return unit_files(self._disks[name].disk)

    def _rules(self, address: str) -> Mapping[str, ControlFile]:
        return {"error": self.module.rules_of(address)}


def _address(host: int) -> str:
    return f"{host}:0:0:0"


def _partitions(spec: DeviceSpec) -> int:
    return int(spec.option("partitions", PARTITIONS.default))
