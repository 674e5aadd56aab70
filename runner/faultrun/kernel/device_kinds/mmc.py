"""MMC hosts with an SD card in them."""

from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE, disk_and_parts
from faultrun.model.campaign import DeviceSpec
from faultrun.model.device_kind import DeviceKind


def card_of(host: str) -> str:
    """``mmc0`` -> ``mmcblk0`` (drivers/mmc/core/block.c:mmc_blk_alloc_req())."""
    return f"mmcblk{host.removeprefix('mmc')}"


def _names(device: DeviceSpec) -> tuple[str, ...]:
    return (device.name, *disk_and_parts(card_of(device.name), device))


MMC = DeviceKind(
    name="mmc",
    summary="an MMC host with an SD card",
    called="mmc[0-9]+",
    example="mmc0",
    options=(SIZE, PARTITIONS),
    names=_names,
)
