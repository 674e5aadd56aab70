"""fail_make_request and fail_io_timeout: bios that end in EIO, completions that never come."""

from dataclasses import replace

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order
from faultrun.model.capability import Capability, Context, Parameter, Switch

_DISK = Parameter(
    name="disk",
    summary="The disk, or `disk/partition`, whose switch is turned on while armed.",
    example="nvme0n1",
    pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?$",
)

_WHOLE_DISK = replace(
    _DISK,
    summary="The disk whose switch is turned on while armed. Partitions have none.",
    pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
)

FAIL_MAKE_REQUEST = Capability(
    name="fail_make_request",
    summary="Bios to permitted disks end with an I/O error (EIO).",
    description=(
        "Checked in submit_bio_noacct() for the disk and again in blk_partition_remap() for a"
        " partition: with both switches on, one bio is counted twice. Buffered writes are"
        " submitted by a kworker, which the task filter spares."
    ),
    directory="/sys/kernel/debug/fail_make_request",
    attrs=COMMON_ATTRS,
    arm_order=arm_order(),
    kernel_refs=("block/blk-core.c:should_fail_bio()", DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_MAKE_REQUEST"),
    errnos=("EIO",),
    size_unit="bytes",
    log_name="fail_make_request",
    always_told=True,
    parameters=(_DISK,),
    switches=(
        Switch(
            path="/sys/block/{disk}/make-it-fail",
            value="1",
            kernel_ref="block/blk-core.c:part_fail_store()",
        ),
    ),
    boot_option="fail_make_request",
)

FAIL_IO_TIMEOUT = Capability(
    name="fail_io_timeout",
    summary="Completions of permitted disks are dropped, so that the driver's timeout must act.",
    description=(
        "Whole disks only. After queue/io_timeout milliseconds the driver's handler acts: NVMe aborts,"
        " waits as long again, resets the controller and sends the request once more; null_blk ends"
        " it with ETIMEDOUT; SCSI starts its error handling. Dangerous on a driver without handler"
        " (loop, virtio_blk): the task stays in state D until reboot. The file queue/io_timeout"
        " exists only if the driver has one. Most drivers complete in interrupts or in kernel"
        " threads, which the task filter spares; null_blk asks in the task that submits."
    ),
    directory="/sys/kernel/debug/fail_io_timeout",
    attrs=COMMON_ATTRS,
    arm_order=arm_order(),
    kernel_refs=("block/blk-timeout.c:__blk_should_fake_timeout()", DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_IO_TIMEOUT"),
    errnos=("EIO", "ETIMEDOUT"),
    size_unit="completions",
    log_name="fail_io_timeout",
    always_told=True,
    parameters=(_WHOLE_DISK,),
    switches=(
        Switch(
            path="/sys/block/{disk}/io-timeout-fail",
            value="1",
            kernel_ref="block/blk-timeout.c:part_timeout_store()",
        ),
    ),
    boot_option="fail_io_timeout",
    context=Context.INTERRUPT,
)

CAPABILITIES = (FAIL_MAKE_REQUEST, FAIL_IO_TIMEOUT)
