"""The NVMe controllers of a machine: probing, their files, removal and rescan."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from faultrun.kernel.setup_string import Reading
from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.bus import Site
from faultrun.simkernel.devices.medium import Medium
from faultrun.simkernel.devices.nvme import Controller, Identity, Namespace, NvmeCore
from faultrun.simkernel.devices.nvme_files import (
    bus_files,
    controller_files,
    parameter_files,
    pci_files,
)
from faultrun.simkernel.devices.nvme_node import OpenController
from faultrun.simkernel.devices.nvme_reset import Surroundings, probe, reset
from faultrun.simkernel.devices.nvme_table import not_probed
from faultrun.simkernel.file_values import Flags, OpenFile, Stat
from faultrun.simkernel.kernel import DEBUGFS
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile

_MIB = 1 << 20
_FIRST_SLOT = 4
_MAJOR = 242
_PROBE_NS = 30_000_000


class NvmeBus:
    """Controllers by name. The first touch of any of them probes them all, as booting did."""

    def __init__(self, site: Site, specs: tuple[DeviceSpec, ...]) -> None:
        self._kernel = site.kernel
        self._specs = specs
        self._site = site
        self._controllers: dict[str, Controller] = {}
        self._media: dict[str, tuple[Medium, ...]] = {}
        self.core = NvmeCore()
        self.woken = not specs
        if specs:
            self._announce_all()

    def owns(self, name: str) -> bool:
        """Whether a device of that name could be one of ours."""
        return name.startswith("nvme")

    def controllers(self) -> tuple[str, ...]:
        """The names of the controllers that are there now."""
        self.wake()
        return tuple(sorted(self._controllers))

    def controller(self, name: str) -> Controller | None:
        """The controller of that name."""
        if not self.woken and self.owns(name):
            self.wake()
        return self._controllers.get(name)

    def chars(self) -> tuple[str, ...]:
        """The controllers' own nodes."""
        return self.controllers()

    def char_stat(self, name: str) -> Stat | None:
        """stat(2) of a controller's node."""
        found = self.controller(name)
        if found is None:
            return None
        return Stat(kind="char", mode=0o600, device=(_MAJOR, found.identity.number))

    def char_open(self, name: str, flags: Flags, task: SimTask) -> OpenFile | None:
        """open(2) of a controller's node. Kernel: drivers/nvme/host/core.c:nvme_dev_open()."""
        del flags, task
        found = self.controller(name)
        if found is None:
            return None
        if found.state != "live":
            raise SimErrno("EAGAIN")
        return OpenController(found)

    def wake(self) -> None:
        """Make the controllers that the machine booted with."""
        if not self.woken:
            self.woken = True
            for at in range(len(self._specs)):
                self._probe(at)

    def rescan(self) -> None:
        """``/sys/bus/pci/rescan``: find again what was removed."""
        self.wake()
        for at, spec in enumerate(self._specs):
            if spec.name not in self._controllers and self._transport(spec) == "pcie":
                self._kernel.clock.advance(_PROBE_NS)
                self._announce(at)
                address = _address(at)
                self._kernel.log.emit(6, f"pci {address}: [1b36:0010] type 00 class 0x010802")
                controller = self._probe(at)
                controller.log(6, f"pci function {address}")
                if not controller.gone:
                    controller.log(6, f"{controller.identity.queues}/0/0 default/read/poll queues")

    def _reset_after_timeout(self, controller: Controller) -> None:
        """The error handler's own reset; how it went shows in the controller's state."""
        around = Surroundings(remove_disk=self._remove_disk, remove_controller=self._remove)
        with suppress(SimErrno):
            reset(controller, around, said=False)

    def reset(self, name: str) -> None:
        """Reset a controller and wait. Raises SimErrno."""
        around = Surroundings(remove_disk=self._remove_disk, remove_controller=self._remove)
        reset(self._controllers[name], around)

    def _announce_all(self) -> None:
        tree = self._kernel.tree
        for at in range(len(self._specs)):
            self._announce(at)
        tree.provide("/sys/bus/pci", lambda: bus_files(self.rescan))
        tree.provide("/sys/module/nvme_core/parameters", lambda: parameter_files(self.core))

    def _announce(self, at: int) -> None:
        """The directories that a controller will have, before anything of it is made."""
        spec, tree = self._specs[at], self._kernel.tree
        name = spec.name
        path = f"/sys/class/nvme/{name}"
        tree.provide(path, partial(self._class_files, name))
        if self._transport(spec) == "pcie":
            tree.provide(f"{path}/device", partial(self._pci_files, name))
            tree.provide(f"/sys/bus/pci/devices/{_address(at)}", partial(self._pci_files, name))
        self._provide_faults(f"{name}/fault_inject")
        for number in range(1, int(spec.option("namespaces", 1)) + 1):
            disk = f"{name}n{number}"
            self._provide_faults(f"{disk}/fault_inject")
            self._site.announce(disk, int(spec.option("partitions", 0)))

    def _provide_faults(self, directory: str) -> None:
        self._kernel.tree.provide(f"{DEBUGFS}/{directory}", partial(self._fault_files, directory))

    def _fault_files(self, directory: str) -> Mapping[str, ControlFile]:
        attr = self._kernel.fault(directory)
        return attr.table()

    def _class_files(self, name: str) -> Mapping[str, ControlFile]:
        self.wake()
        controller = self._controllers[name]
        return controller_files(
            controller, partial(self.reset, name), partial(self.scan, controller)
        )

    def _pci_files(self, name: str) -> Mapping[str, ControlFile]:
        self.wake()
        controller = self._controllers[name]
        return pci_files(lambda: self._remove(controller))

    def _probe(self, at: int) -> Controller:
        spec = self._specs[at]
        size = int(spec.option("size_mib", 64)) * _MIB
        count = int(spec.option("namespaces", 1))
        media = self._media.setdefault(spec.name, tuple(Medium(size) for _ in range(count)))
        identity = Identity(
            name=spec.name,
            number=int("".join(char for char in spec.name if char.isdigit()) or "0"),
            transport=self._transport(spec),
            address=_address(at),
            queues=int(spec.option("queues", 2)),
            serial=str(spec.option("serial", "faultrun")),
        )
        controller = Controller(self._kernel, self.core, identity, media)
        controller.reset_after_timeout = partial(self._reset_after_timeout, controller)
        self._controllers[spec.name] = controller
        self._copy_template(controller.directory)
        if not self._template_armed():
            self.scan(controller)
            return controller
        found = probe(controller)
        if found is None:
            if identity.transport == "pcie":
                said = not_probed(self._kernel.version, identity.name, identity.address)
                self._kernel.log.emit(*said)
            self._remove(controller)
        else:
            self.scan(controller, found)
        return controller

    def _copy_template(self, directory: str) -> None:
        """A boot option is read as soon as there is a device that copies it."""
        if self._kernel.boot.reading("nvme") is not None:
            self._kernel.fault(directory)

    def _template_armed(self) -> bool:
        """Whether new controllers start with a probability, so that probing can meet a fault."""
        reading = self._kernel.boot.reading("nvme")
        return isinstance(reading, Reading) and reading.setup.probability > 0

    def scan(self, controller: Controller, only: frozenset[int] | None = None) -> None:
        """Make the disks of namespaces that have none; ``only`` those, if it is given."""
        partitions = 0
        for spec in self._specs:
            if spec.name == controller.identity.name:
                partitions = int(spec.option("partitions", 0))
        for number, medium in enumerate(controller.media, 1):
            name = f"{controller.identity.name}n{number}"
            if only is not None and number not in only:
                self._kernel.drop_fault(f"{name}/fault_inject")
                self._site.withdraw(name)
            elif name not in controller.namespaces:
                namespace = Namespace(controller, number, medium)
                controller.namespaces[name] = namespace
                self._provide_faults(namespace.directory)
                self._copy_template(namespace.directory)
                self._site.publish(namespace.disk, partitions)

    def _remove_disk(self, name: str) -> None:
        for controller in self._controllers.values():
            namespace = controller.namespaces.pop(name, None)
            if namespace is not None:
                self._kernel.drop_fault(namespace.directory)
                self._site.withdraw(name)

    def _remove(self, controller: Controller) -> None:
        name = controller.identity.name
        for disk in list(controller.namespaces):
            self._remove_disk(disk)
        controller.state = "deleting"
        controller.gone = True
        self._controllers.pop(name, None)
        for number in range(1, len(controller.media) + 1):
            self._kernel.drop_fault(f"{name}n{number}/fault_inject")
            self._site.withdraw(f"{name}n{number}")
        self._kernel.drop_fault(controller.directory)
        self._kernel.tree.remove(f"/sys/class/nvme/{name}")
        self._kernel.tree.remove(f"/sys/bus/pci/devices/{controller.identity.address}")

    @staticmethod
    def _transport(spec: DeviceSpec) -> str:
        return str(spec.option("transport", "pcie"))


def _address(at: int) -> str:
    return f"0000:00:{_FIRST_SLOT + at:02x}.0"
