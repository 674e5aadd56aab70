"""UFS: the error handler is started, or interrupts are ignored. From 6.8 on for each host.

In 6.1 both are module parameters only (ufshcd_core.trigger_eh, .timeout: setup strings, writable at
run time). From 6.8 on a parameter is a template that a host copies when it is added.
"""

from dataclasses import replace

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order
from faultrun.model.capability import Capability, Context, Parameter

_REF = "drivers/ufs/core/ufs-fault-injection.c:ufs_fault_inject_hba_init()"

UFS_TRIGGER_EH = Capability(
    name="ufs_trigger_eh",
    summary="A UFS host starts its error handler although nothing is wrong.",
    description=(
        "Asked when a command is queued. In 6.1 there is only the parameter of the module, for all"
        " hosts; a string that cannot be read is refused with EINVAL."
    ),
    directory="/sys/kernel/debug/ufshcd/{host}/trigger_eh_inject",
    attrs=COMMON_ATTRS,
    arm_order=arm_order(),
    kernel_refs=(
        _REF,
        "drivers/ufs/core/ufs-fault-injection.c:ufs_trigger_eh()",
        DECIDE_REF,
        CREATE_REF,
    ),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_SCSI_UFS_FAULT_INJECTION"),
    errnos=("EIO",),
    size_unit="commands",
    log_name="trigger_eh_inject",
    parameters=(
        Parameter(
            name="host",
            summary="The host controller's device, such as `1d84000.ufshc`.",
            example="1d84000.ufshc",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$",
        ),
    ),
    shared=False,
    boot_option="ufshcd_core.trigger_eh",
    not_simulated="no UFS host is simulated",
    since="6.8",
)

UFS_TIMEOUT = replace(
    UFS_TRIGGER_EH,
    name="ufs_timeout",
    summary="A UFS host ignores an interrupt, so that a command times out.",
    description="Asked in the interrupt. In 6.1 there is only the parameter of the module.",
    directory="/sys/kernel/debug/ufshcd/{host}/timeout_inject",
    kernel_refs=(
        _REF,
        "drivers/ufs/core/ufs-fault-injection.c:ufs_fail_completion()",
        DECIDE_REF,
        CREATE_REF,
    ),
    size_unit="interrupts",
    log_name="timeout_inject",
    context=Context.INTERRUPT,
    boot_option="ufshcd_core.timeout",
)

CAPABILITIES = (UFS_TRIGGER_EH, UFS_TIMEOUT)
