"""The rule about fail_io_timeout: a driver that cannot time out leaves its tasks in state D."""

import re
from collections.abc import Iterable

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.spec.lint_rule import Facts, Remark

_NO_HANDLER = "has no timeout handler"
_OTHERS = {
    "vd[a-z]+": _NO_HANDLER,
    "mmcblk[0-9]+": "only starts its timer anew",
}
"""Disks of no kind of ours, or named after their card, and what their drivers do.

drivers/block/virtio_blk.c:virtio_mq_ops, drivers/mmc/core/queue.c:mmc_mq_timed_out()
"""


def no_timeout_handler(facts: Facts) -> Iterable[Remark]:
    """FR140, unless a hang is what the step expects."""
    if _expects_hang(facts):
        return
    for armed in facts.armed:
        disk = armed.injection.place().get("disk", "")
        why = _why_never(disk)
        if armed.name != "fail_io_timeout" or not why:
            continue
        setting = next((item for item in armed.injection.where if item.name == "disk"), None)
        yield Remark(
            code="FR140",
            mark=armed.injection.mark if setting is None else setting.mark,
            message=f"the driver of '{disk}' {why}: a dropped completion leaves its task in state D,"
            " unkillable until reboot",
            hint="take a disk of NVMe, SCSI or null_blk, or expect `fate: hang`",
            length=len(disk),
        )


def _why_never(disk: str) -> str:
    """What the disk's driver does instead of ending a request whose time is up, or empty."""
    kinds = {kind.called: _NO_HANDLER for kind in KINDS.values() if not kind.has_timeout}
    known = kinds | _OTHERS
    return next((why for pattern, why in known.items() if re.fullmatch(pattern, disk)), "")


def _expects_hang(facts: Facts) -> bool:
    return any(
        claim.oracle in ("outcome", "fate") and "hang" in str(claim.params)
        for claim in facts.step.expectations
    )
