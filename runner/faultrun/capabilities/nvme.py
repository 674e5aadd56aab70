"""NVMe: a command's completion carries an injected status instead of the device's own.

A controller (`nvme0`) has its own attributes, consulted for admin commands; each namespace
(`nvme0n1`) has its own, consulted for I/O. Arming the wrong one injects nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order, flag
from faultrun.kernel import blk_status
from faultrun.kernel.nvme_status import CODE, status_of
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Context, Parameter
from faultrun.model.data import Scalar

_REF = "drivers/nvme/host/fault_inject.c:nvme_should_fail()"

_DEFAULT_STATUS = 0x1
"""drivers/nvme/host/fault_inject.c:nvme_fault_inject_init(): Invalid Command Opcode."""

_NVME_ATTRS = (
    AttrSpec(
        name="status",
        summary=(
            "NVMe status of the completion: status code type in bits 8 to 10, status code in bits"
            " 0 to 7. Default 0x0001, Invalid Command Opcode."
        ),
        kind=AttrKind.X16,
        default=_DEFAULT_STATUS,
        unit="NVMe status",
        minimum=0,
        maximum=0x7FFF,
        examples=(0x1, 0x281, 0x82),
        kernel_ref="drivers/nvme/host/fault_inject.c:nvme_fault_inject_init()",
    ),
    flag(
        "dont_retry",
        "Y",
        "Y sets the Do Not Retry bit, so that the driver gives up at once.",
        _REF,
    ),
    AttrSpec(
        name="opcode",
        summary="Only commands with this opcode are considered; above 0xff means every command.",
        kind=AttrKind.X16,
        default=0xFFFF,
        unit="NVMe opcode",
        minimum=0,
        maximum=0xFFFF,
        since="7.3",
        optional=True,
        examples=(0x1, 0x2),
        kernel_ref=_REF,
    ),
)

_SPACE_REPLACED = tuple(
    replace(spec, unit="commands") if spec.name == "space" else spec for spec in COMMON_ATTRS
)

_CONTROLLER = ("ENETRESET", "EIO")
"""drivers/nvme/host/sysfs.c:nvme_sysfs_reset(): a reset that failed, whatever failed it."""


def _errnos(
    _where: Mapping[str, str], values: Mapping[str, Scalar], release: str
) -> tuple[str, ...]:
    """The status's own; a file system and a buffered read of the device report EIO always."""
    status = status_of(int(values.get("status", _DEFAULT_STATUS)), KernelVersion.parse(release))
    return (blk_status.BY_NAME[status.blk_status].errno, *_CONTROLLER)


def harmless(where: Mapping[str, str], values: Mapping[str, Scalar]) -> str:
    """A status whose code is 0 ends I/O well; to an admin command's caller any bit is an error.

    Kernel: drivers/nvme/host/core.c:nvme_error_status(), __nvme_submit_sync_cmd()
    """
    status = values.get("status", 1)
    if not isinstance(status, int) or status & CODE:
        return ""
    namespace = "n" in where.get("device", "").removeprefix("nvme")
    if not namespace and (status or values.get("dont_retry", True)):
        return ""
    return f"status {status:#x} means success"


NVME = Capability(
    name="nvme",
    summary="NVMe commands complete with an injected status, at completion time.",
    description=(
        "The device has done the work when the status is replaced: a failed write is on the"
        " medium. Completions of PCIe controllers run in interrupt context, so that task-filter"
        " never matches and fail-nth is blind. Without Do Not Retry an I/O command is tried"
        " 1 + nvme_core.max_retries times; admin commands are never retried."
    ),
    directory="/sys/kernel/debug/{device}/fault_inject",
    attrs=_NVME_ATTRS + _SPACE_REPLACED,
    arm_order=arm_order(_NVME_ATTRS),
    kernel_refs=(
        _REF,
        "drivers/nvme/host/nvme.h:nvme_try_complete_req()",
        DECIDE_REF,
        CREATE_REF,
    ),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_NVME_CORE"),
    errnos=("EIO",),
    errnos_of=_errnos,
    size_unit="commands",
    log_name="fault_inject",
    always_told=True,
    parameters=(
        Parameter(
            name="device",
            summary=(
                "The controller (`nvme0`) for admin commands, or the namespace (`nvme0n1`) for I/O;"
                " with native multipath the path disk (`nvme0c0n1`)."
            ),
            example="nvme0n1",
            pattern=r"^nvme[0-9]+(c[0-9]+)?(n[0-9]+)?$",
        ),
    ),
    context=Context.INTERRUPT,
    shared=False,
    needs_device="nvme",
    boot_option="nvme_core.fail_request",
    harmless=harmless,
)

CAPABILITIES = (NVME,)
