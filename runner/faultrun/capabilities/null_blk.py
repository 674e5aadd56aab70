"""The three injectors of a null_blk device: lost completions, requeues, queues that fail to start.

Since 6.8 each device has its own, in configfs; before, three module parameters armed them for all
devices at once, and nothing could be changed any more.
"""

from dataclasses import replace

from faultrun.capabilities.common import COMMON_ATTRS, arm_order
from faultrun.model.capability import Capability, Parameter

_FILES = "lib/fault-inject.c:fault_config_init()"
_DISK = Parameter(
    name="disk",
    summary="The null_blk device, by the name of its configfs directory.",
    example="nullb0",
    pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
)
_ATTRS = tuple(
    replace(spec, kernel_ref=_FILES, unit="checks") if spec.name == "space" else spec
    for spec in COMMON_ATTRS
)

TIMEOUT = Capability(
    name="null_blk_timeout",
    summary="Requests of a null_blk device are lost, and end with ETIMEDOUT when their time is up.",
    description=(
        "Asked when a request is handed to the driver, before fail_io_timeout and before"
        " null_blk_requeue. The request waits queue/io_timeout milliseconds, 5000 by default. The"
        " kernel's own look at the partition table, right after power-on, is asked too. A buffered"
        " read reports EIO."
    ),
    directory="/sys/kernel/config/nullb/{disk}/timeout_inject",
    attrs=_ATTRS,
    arm_order=arm_order(),
    kernel_refs=("drivers/block/null_blk/main.c:should_timeout_request()", _FILES),
    requires=("CONFIG_FAULT_INJECTION_CONFIGFS", "CONFIG_BLK_DEV_NULL_BLK_FAULT_INJECTION"),
    errnos=("ETIMEDOUT", "EIO"),
    size_unit="requests",
    log_name="(null)",
    parameters=(_DISK,),
    shared=False,
    boot_option="null_blk.timeout",
    configfs=True,
    needs_device="null_blk",
    since="6.8",
)

REQUEUE = replace(
    TIMEOUT,
    name="null_blk_requeue",
    summary="Requests of a null_blk device are put back and sent again; the I/O succeeds.",
    description=(
        "The driver alternates between saying that it is busy and putting the request back by"
        " itself. Every retry is a new check, so that one I/O can use up all of `times`. The first"
        " two attempts run in the task that submitted the I/O, further ones in a kernel thread,"
        " which the task filter spares."
    ),
    directory="/sys/kernel/config/nullb/{disk}/requeue_inject",
    kernel_refs=("drivers/block/null_blk/main.c:should_requeue_request()", _FILES),
    errnos=(),
    boot_option="null_blk.requeue",
)

INIT_HCTX = replace(
    TIMEOUT,
    name="null_blk_init_hctx",
    summary="Powering a null_blk device on fails with ENOMEM.",
    description=(
        "Asked once for each hardware queue while `power` is written: submit_queues and"
        " poll_queues, 1 each by default. Armed on a device that is on already, it waits for the"
        " next time."
    ),
    directory="/sys/kernel/config/nullb/{disk}/init_hctx_fault_inject",
    kernel_refs=("drivers/block/null_blk/main.c:should_init_hctx_fail()", _FILES),
    errnos=("ENOMEM",),
    size_unit="hardware queues",
    boot_option="null_blk.init_hctx",
)

CAPABILITIES = (TIMEOUT, REQUEUE, INIT_HCTX)
