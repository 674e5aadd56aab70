"""Disks of the null_blk driver: made in configfs, configured, powered on."""

from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE, own_disk
from faultrun.model.device_kind import DeviceKind, DeviceOption

MEMORY_BACKED = DeviceOption(
    name="memory_backed",
    summary="Whether it keeps what is written; the driver's own default is no.",
    default=True,
)
POWER = DeviceOption(
    name="power",
    summary="Whether it is on from the start; if not, a step writes 1 to its `power`.",
    default=True,
)
IRQMODE = DeviceOption(
    name="irqmode",
    summary="How requests complete: 0 at once, 1 in a soft interrupt, 2 by a timer.",
    default=1,
    unit="mode",
    minimum=0,
    maximum=2,
)
COMPLETION_NSEC = DeviceOption(
    name="completion_nsec",
    summary="How long a request takes with irqmode 2.",
    default=10_000,
    unit="ns",
    minimum=0,
    maximum=10_000_000_000,
)

NULL_BLK = DeviceKind(
    name="null_blk",
    summary="a disk of the null_blk driver",
    called="nullb[0-9]+",
    example="nullb0",
    options=(SIZE, PARTITIONS, MEMORY_BACKED, POWER, IRQMODE, COMPLETION_NSEC),
    names=own_disk,
)
