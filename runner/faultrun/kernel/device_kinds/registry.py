"""All kinds by their names: what ``kind:`` of a device may be."""

from faultrun.kernel.device_kinds.mmc import MMC
from faultrun.kernel.device_kinds.null_blk import NULL_BLK
from faultrun.kernel.device_kinds.nvme import NVME
from faultrun.kernel.device_kinds.plain import LOOP, SCSI_DEBUG
from faultrun.model.device_kind import DeviceKind

KINDS: dict[str, DeviceKind] = {
    kind.name: kind
    for kind in (
        NVME,
        MMC,
        NULL_BLK,
        SCSI_DEBUG,
        LOOP,
    )
}
