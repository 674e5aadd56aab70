"""The rule about fail_io_timeout: a driver that cannot time out leaves its tasks in state D."""

import re
from collections.abc import Iterable

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.spec.lint_rule import Facts, Remark

_VIRTIO = "vd[a-z]+"
"""drivers/block/virtio_blk.c:virtio_mq_ops: not a kind of ours, but of most guests."""


def no_timeout_handler(facts: Facts) -> Iterable[Remark]:
    """FR140, unless a hang is what the step expects."""
    if _expects_hang(facts):
        return
    for armed in facts.armed:
        disk = armed.injection.place().get("disk", "")
        if armed.name != "fail_io_timeout" or not _never_times_out(disk):
            continue
        setting = next((item for item in armed.injection.where if item.name == "disk"), None)
        yield Remark(
            code="FR140",
            mark=armed.injection.mark if setting is None else setting.mark,
            message=f"the driver of '{disk}' has no timeout handler: a dropped completion leaves"
            " its task in state D, unkillable until reboot",
            hint="take a disk that has queue/io_timeout, or expect `outcome: hang`",
            length=len(disk),
        )


def _never_times_out(disk: str) -> bool:
    kinds = [kind.called for kind in KINDS.values() if not kind.has_timeout]
    return any(re.fullmatch(pattern, disk) for pattern in (*kinds, _VIRTIO))


def _expects_hang(facts: Facts) -> bool:
    return any(
        claim.oracle == "outcome" and "hang" in str(claim.params)
        for claim in facts.step.expectations
    )
