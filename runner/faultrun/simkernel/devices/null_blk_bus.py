"""The null_blk driver: its module parameters, and the devices that users make in configfs.

Kernel: drivers/block/null_blk/main.c:null_init(), nullb_group_make_group(), nullb_group_drop_item()
"""

from collections.abc import Callable, Mapping
from functools import partial

from faultrun.capabilities import null_blk as tables
from faultrun.kernel.boot_line import option_key, words
from faultrun.kernel.control_file import parse_config
from faultrun.kernel.device_kinds.null_blk import COMPLETION_NSEC, IRQMODE, MEMORY_BACKED, POWER
from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE
from faultrun.kernel.numbers import Refused
from faultrun.kernel.setup_string import Reading, Setup, read
from faultrun.model.campaign import DeviceSpec
from faultrun.model.capability import AttrKind
from faultrun.simkernel.attr import SimAttr
from faultrun.simkernel.devices.bus import DiskBus, Site
from faultrun.simkernel.devices.null_blk import NullDevice
from faultrun.simkernel.devices.null_blk_table import ATTRIBUTES, FAULTS, PARAMETERS
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TextFile
from faultrun.simkernel.unmodelled import Unmodelled

ROOT = "/sys/kernel/config/nullb"
_MODULE = "/sys/module/null_blk/parameters"
_TABLES = dict(zip(FAULTS, tables.CAPABILITIES, strict=True))
_SHORT = 79
"""Characters that a fault's parameter keeps (main.c:g_timeout_str[])."""


class NullBlkBus(DiskBus):
    """The driver. It is loaded if the machine was asked for one of its devices, or by modprobe."""

    def __init__(self, site: Site, specs: tuple[DeviceSpec, ...]) -> None:
        self._site = site
        self._specs = specs
        self._defaults = {name: default for name, (_, default) in ATTRIBUTES.items()}
        self._setups: dict[str, Setup] = {}
        self._given = dict.fromkeys(FAULTS, "")
        self._global: dict[str, SimAttr] = {}
        self._devices: dict[str, NullDevice] = {}
        self._made: set[str] = set()
        """Devices that have a directory in configfs, which holds the module."""
        self._indexes: set[int] = set()
        self.loaded = False
        self.names = tuple(spec.name for spec in specs)
        self.woken = not specs
        if specs:
            line = {option_key(w.name): w.value or "" for w in words(site.kernel.boot.line)}
            given = {
                name: line[f"null_blk.{name}"] for name in FAULTS if f"null_blk.{name}" in line
            }
            if self._load(given):
                for spec in specs:
                    self._provide(spec.name)
                    if spec.option("power", POWER.default):
                        site.announce(spec.name, int(spec.option("partitions", PARTITIONS.default)))

    def _make_devices(self) -> None:
        """Make the devices of the campaign, as a boot script did."""
        if not self.loaded:
            return
        maker = self._site.kernel.tasks.spawn("init")
        for spec in self._specs:
            device = self._new(spec.name)
            device.values["size"] = int(spec.option("size_mib", SIZE.default))
            for option in (MEMORY_BACKED, IRQMODE, COMPLETION_NSEC):
                device.values[option.name] = int(spec.option(option.name, option.default))
            if spec.option("power", POWER.default):
                self._power_on(device, maker, int(spec.option("partitions", PARTITIONS.default)))

    def load(self, given: Mapping[str, str], task: SimTask) -> None:
        """``modprobe null_blk``. Raises SimErrno EINVAL for a parameter that the module refuses."""
        if self.loaded:
            return
        if not self._load({name: text for name, text in given.items() if name in FAULTS}):
            raise SimErrno("EINVAL")
        for name, text in given.items():
            if name in PARAMETERS:
                kind = ATTRIBUTES[PARAMETERS[name]][0]
                self._defaults[PARAMETERS[name]] = _value(kind, text, self._site)
        gigabytes = _value(AttrKind.U32, given.get("gb", "250"), self._site)
        self._defaults["size"] = gigabytes * 1024
        for _ in range(_value(AttrKind.U32, given.get("nr_devices", "1"), self._site)):
            index = self._free()
            device = NullDevice(
                self._site, f"nullb{index}", dict(self._defaults), self._own_or_global
            )
            self._devices[device.name] = device
            self._power_on(device, task, 0)
        self._site.kernel.log.emit(6, "null_blk: module loaded")

    def unload(self) -> str:
        """``rmmod null_blk``: the errno's name that stands in the way, or empty."""
        if self._made:
            return "EAGAIN"
        for device in self._devices.values():
            self._power_off(device)
            device.gone = True
        self._devices.clear()
        self._setups.clear()
        self._global.clear()
        self._given = dict.fromkeys(FAULTS, "")
        self._site.kernel.tree.remove(ROOT)
        self.loaded = False
        return ""

    def _load(self, given: Mapping[str, str]) -> bool:
        for name, text in given.items():
            if not text:
                continue
            found = read(text[:_SHORT], self._site.kernel.version)
            if not isinstance(found, Reading):
                return False
            self._given[name] = text[:_SHORT]
            self._setups[name] = found.setup
        self.loaded = True
        tree = self._site.kernel.tree
        tree.provide(ROOT, lambda: {"features": TextFile(self._features)})
        tree.open_to_users(ROOT, self._make, self._drop)
        tree.provide(_MODULE, self._parameters)
        return True

    def _parameters(self) -> Mapping[str, ControlFile]:
        return {name: TextFile(partial(_line, text)) for name, text in self._given.items()}

    def _features(self) -> str:
        return ",".join((*sorted((*ATTRIBUTES, "power")),)) + "\n"

    def _make(self, name: str, _task: SimTask) -> None:
        self.wake()
        if name in self._devices:
            raise SimErrno("EEXIST")
        self._new(name)
        self._provide(name)

    def _drop(self, name: str, _task: SimTask) -> None:
        self.wake()
        device = self._devices.pop(name, None)
        if device is None:
            raise SimErrno("ENOENT")
        self._made.discard(name)
        self._power_off(device)
        device.gone = True
        kernel = self._site.kernel
        for group in FAULTS.values():
            kernel.drop_fault(f"{ROOT}/{name}/{group}")
        kernel.tree.remove(f"{ROOT}/{name}")

    def _new(self, name: str) -> NullDevice:
        attrs = self._of_device(name) if self._per_device() else self._own_or_global
        device = NullDevice(self._site, name, dict(self._defaults), attrs)
        self._devices[name] = device
        self._made.add(name)
        return device

    def _provide(self, name: str) -> None:
        """The directory of a device and, since 6.8, its groups of fault attributes."""
        tree = self._site.kernel.tree
        tree.provide(f"{ROOT}/{name}", partial(self._files, name))
        if self._per_device():
            for fault, group in FAULTS.items():
                tree.provide(f"{ROOT}/{name}/{group}", partial(self._group, name, fault))

    def _files(self, name: str) -> Mapping[str, ControlFile]:
        self.wake()
        device = self._devices[name]
        files: dict[str, ControlFile] = {
            attribute: AttributeFile(self._site, device, attribute) for attribute in ATTRIBUTES
        }
        files["power"] = PowerFile(self._site, device, self._power_on, self._power_off)
        return files

    def _group(self, name: str, fault: str) -> Mapping[str, ControlFile]:
        self.wake()
        return self._adopt(name, fault).table()

    def _of_device(self, name: str) -> Callable[[str], SimAttr | None]:
        return partial(self._adopt, name)

    def _adopt(self, name: str, fault: str) -> SimAttr:
        kernel = self._site.kernel
        directory = f"{ROOT}/{name}/{FAULTS[fault]}"
        fresh = not kernel.has_fault(directory)
        attr = kernel.adopt(directory, _TABLES[fault])
        if fresh:
            self._start(attr, fault)
        return attr

    def _own_or_global(self, fault: str) -> SimAttr | None:
        """The attributes of a device without configfs: copies of the parameters.

        6.1 has one set for all devices, and does not ask at all if the parameter is empty.
        """
        if fault not in self._setups:
            return None
        found = self._global.get(fault)
        if found is None:
            kernel = self._site.kernel
            stream = kernel.stream(f"null_blk/{fault}")
            found = SimAttr(_TABLES[fault], kernel.version, kernel.clock, kernel.log, stream)
            self._global[fault] = found
            self._start(found, fault)
        return found

    def _start(self, attr: SimAttr, fault: str) -> None:
        """main.c:__null_setup_fault(): a parameter is the template, and makes it silent."""
        setup = self._setups.get(fault)
        if setup is not None:
            core = attr.core
            core.interval, core.probability = setup.interval, setup.probability
            core.space, core.times = setup.space, setup.times
            core.verbose = 0

    def _per_device(self) -> bool:
        return self._site.kernel.version.has("6.8", None)

    def _free(self) -> int:
        index = 0
        while index in self._indexes:
            index += 1
        return index

    def _power_on(self, device: NullDevice, task: SimTask, partitions: int = 0) -> None:
        index = self._free()
        device.power_on(index, task, partitions)
        self._indexes.add(index)

    def _power_off(self, device: NullDevice) -> None:
        if device.disk is not None:
            self._indexes.discard(device.disk.number[1])
        device.power_off()


class AttributeFile:
    """One attribute. A device that is on keeps its configuration (EBUSY)."""

    def __init__(self, site: Site, device: NullDevice, name: str) -> None:
        self._site = site
        self._device = device
        self._name = name

    @property
    def gone(self) -> bool:
        """Whether the device was removed."""
        return self._device.gone

    def read(self, _task: SimTask | None) -> str:
        """As a decimal; a bool as 0 or 1."""
        return f"{self._device.values[self._name]}\n"

    def write(self, text: str, _task: SimTask | None) -> None:
        """Take a value. Raises SimErrno."""
        value = _value(ATTRIBUTES[self._name][0], text, self._site)
        if self._device.disk is not None:
            if self._name in ("submit_queues", "poll_queues"):
                raise Unmodelled("changing the queues of a null_blk device that is on")
            raise SimErrno("EBUSY")
        self._device.values[self._name] = value


class PowerFile:
    """``power``: whether there is a disk."""

    def __init__(
        self,
        site: Site,
        device: NullDevice,
        turn_on: Callable[[NullDevice, SimTask], None],
        turn_off: Callable[[NullDevice], None],
    ) -> None:
        self._site = site
        self._device = device
        self._on = turn_on
        self._off = turn_off

    @property
    def gone(self) -> bool:
        """Whether the device was removed."""
        return self._device.gone

    def read(self, _task: SimTask | None) -> str:
        """1 or 0."""
        return f"{int(self._device.disk is not None)}\n"

    def write(self, text: str, task: SimTask | None) -> None:
        """Turn it on or off; what it is already stays. Raises SimErrno."""
        wanted = _value(AttrKind.BOOL, text, self._site)
        if wanted and self._device.disk is None:
            self._on(self._device, task or self._site.kernel.tasks.spawn("init"))
        elif not wanted:
            self._off(self._device)


def _value(kind: AttrKind, text: str, site: Site) -> int:
    try:
        return parse_config(kind, text, site.kernel.version)
    except Refused as refused:
        raise SimErrno(refused.name) from None


def _line(text: str) -> str:
    return text + "\n"
