"""Disks that only hold data."""

from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE, own_disk
from faultrun.model.device_kind import DeviceKind

SCSI_DEBUG = DeviceKind(
    name="scsi_debug",
    summary="a disk of the scsi_debug driver",
    called="sd[a-z]",
    example="sda",
    options=(SIZE, PARTITIONS),
    names=own_disk,
)

LOOP = DeviceKind(
    name="loop",
    summary="a loop device over a file in memory",
    called="loop[0-9]+",
    example="loop0",
    options=(SIZE, PARTITIONS),
    names=own_disk,
    # drivers/block/loop.c:loop_mq_ops
    has_timeout=False,
)
