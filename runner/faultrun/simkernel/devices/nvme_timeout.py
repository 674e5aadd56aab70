"""A command of an NVMe namespace whose time is up: abort, wait once more, reset the controller.

Kernel: drivers/nvme/host/pci.c:nvme_timeout(), abort_endio(); core.c:nvme_cancel_request()
"""

from typing import TYPE_CHECKING

from faultrun.simkernel.devices.block import OPS, Request
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.devices.nvme_table import IO_OPCODES

if TYPE_CHECKING:
    from faultrun.simkernel.devices.nvme import Namespace

HOST_ABORTED = 0x371
"""NVME_SC_HOST_ABORTED_CMD, with which a reset cancels what is under way: it may be retried."""

_ABORT = 0x08
_TAGS = 1023
_GENERATION = 0x1000
"""The first generation of a tag, above the 12 bits of the tag itself (nvme.h:nvme_cid())."""


def timed_out(namespace: "Namespace", request: Request) -> None:
    """Two periods pass, and a reset. The controller is live again afterwards, or lost.

    Which tag and queue a command gets depends on the processor and on earlier commands; it is
    drawn here.
    """
    controller, disk = namespace.controller, namespace.disk
    tag = controller.kernel.stream(f"{namespace.name}/tag").below(_TAGS)
    queue = 1 + tag % controller.identity.queues
    opcode, name = IO_OPCODES[request.op]
    disk.wait_for_timeout()
    if controller.kernel.version.has("6.8", None):
        who = f"I/O tag {tag} ({_GENERATION | tag:04x}) opcode {opcode:#x} ({name}) QID {queue}"
        size = request.sectors * SECTOR
        operation = f"req_op:{request.op}({OPS[request.op]}) size:{size}"
        controller.log(4, f"{who} timeout, aborting {operation}")
        again = who
    else:
        controller.log(4, f"I/O {tag} ({name}) QID {queue} timeout, aborting")
        again = f"I/O {tag} QID {queue}"
    controller.log(4, f"Abort status: 0x{controller.admin(_ABORT):x}")
    disk.wait_for_timeout()
    controller.log(4, f"{again} timeout, reset controller")
    if controller.reset_after_timeout is not None:
        controller.reset_after_timeout()
