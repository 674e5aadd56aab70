"""What of a campaign's devices User-mode Linux can have: it has no bus to plug hardware into."""

from faultrun.model.campaign import DeviceSpec
from faultrun.targets.recipes.inside import loop, null_blk, nvme_loop, scsi_debug
from faultrun.targets.recipes.recipe import Made, Recipe


def _no_mmc(_device: DeviceSpec) -> Made:
    return Made(lacking="User-mode Linux has no MMC host: QEMU has one")


RECIPES: dict[str, Recipe] = {
    "loop": loop,
    "mmc": _no_mmc,
    "null_blk": null_blk,
    "nvme": nvme_loop,
    "scsi_debug": scsi_debug,
}
