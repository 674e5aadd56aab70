"""Kind of device to the bus that makes its devices. A kind of a file of its own adds its line."""

from collections.abc import Callable
from functools import partial

from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.bus import Bus, Site
from faultrun.simkernel.devices.loops import loop_disk
from faultrun.simkernel.devices.mmc_bus import MmcBus
from faultrun.simkernel.devices.null_blk_bus import NullBlkBus
from faultrun.simkernel.devices.nvme_bus import NvmeBus
from faultrun.simkernel.devices.plain import PlainBus
from faultrun.simkernel.devices.scsi_debug_bus import ScsiDebugBus

BusMaker = Callable[[Site, tuple[DeviceSpec, ...]], Bus]

MAKERS: dict[str, BusMaker] = {
    "nvme": NvmeBus,
    "mmc": MmcBus,
    "null_blk": NullBlkBus,
    "scsi_debug": ScsiDebugBus,
    "loop": partial(PlainBus, 7, loop_disk),
}
