"""Every named NVMe status: its text in the log, and the block status it becomes.

Kernel: include/linux/nvme.h, drivers/nvme/host/constants.c:nvme_statuses[],
drivers/nvme/host/core.c:nvme_error_status(); read from 6.1, with later changes below.
"""

from dataclasses import dataclass, replace
from functools import cache

from faultrun.kernel.version import KernelVersion

DNR = 0x4000
"""Do Not Retry, as it stands in the driver's status word."""

MORE = 0x2000
CRD = 0x1800
CODE = 0x7FF
"""Status code type and status code: what the tables are keyed by."""

AUTH_REQUIRED = 0x191
UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class NvmeStatus:
    """One status: its value without flag bits, its name, its log text, its BLK_STS name."""

    value: int
    name: str
    text: str
    blk_status: str


STATUSES: tuple[NvmeStatus, ...] = (
    NvmeStatus(0x0, "NVME_SC_SUCCESS", "Success", "OK"),
    NvmeStatus(0x1, "NVME_SC_INVALID_OPCODE", "Invalid Command Opcode", "NOTSUPP"),
    NvmeStatus(0x2, "NVME_SC_INVALID_FIELD", "Invalid Field in Command", "NOTSUPP"),
    NvmeStatus(0x3, "NVME_SC_CMDID_CONFLICT", "Command ID Conflict", "IOERR"),
    NvmeStatus(0x4, "NVME_SC_DATA_XFER_ERROR", "Data Transfer Error", "IOERR"),
    NvmeStatus(
        0x5, "NVME_SC_POWER_LOSS", "Commands Aborted due to Power Loss Notification", "IOERR"
    ),
    NvmeStatus(0x6, "NVME_SC_INTERNAL", "Internal Error", "IOERR"),
    NvmeStatus(0x7, "NVME_SC_ABORT_REQ", "Command Abort Requested", "IOERR"),
    NvmeStatus(0x8, "NVME_SC_ABORT_QUEUE", "Command Aborted due to SQ Deletion", "IOERR"),
    NvmeStatus(0x9, "NVME_SC_FUSED_FAIL", "Command Aborted due to Failed Fused Command", "IOERR"),
    NvmeStatus(
        0xA, "NVME_SC_FUSED_MISSING", "Command Aborted due to Missing Fused Command", "IOERR"
    ),
    NvmeStatus(0xB, "NVME_SC_INVALID_NS", "Invalid Namespace or Format", "NOTSUPP"),
    NvmeStatus(0xC, "NVME_SC_CMD_SEQ_ERROR", "Command Sequence Error", "IOERR"),
    NvmeStatus(0xD, "NVME_SC_SGL_INVALID_LAST", "Invalid SGL Segment Descriptor", "IOERR"),
    NvmeStatus(0xE, "NVME_SC_SGL_INVALID_COUNT", "Invalid Number of SGL Descriptors", "IOERR"),
    NvmeStatus(0xF, "NVME_SC_SGL_INVALID_DATA", "Data SGL Length Invalid", "IOERR"),
    NvmeStatus(0x10, "NVME_SC_SGL_INVALID_METADATA", "Metadata SGL Length Invalid", "IOERR"),
    NvmeStatus(0x11, "NVME_SC_SGL_INVALID_TYPE", "SGL Descriptor Type Invalid", "IOERR"),
    NvmeStatus(0x12, "NVME_SC_CMB_INVALID_USE", "Invalid Use of Controller Memory Buffer", "IOERR"),
    NvmeStatus(0x13, "NVME_SC_PRP_INVALID_OFFSET", "PRP Offset Invalid", "IOERR"),
    NvmeStatus(0x14, "NVME_SC_ATOMIC_WU_EXCEEDED", "Atomic Write Unit Exceeded", "IOERR"),
    NvmeStatus(0x15, "NVME_SC_OP_DENIED", "Operation Denied", "IOERR"),
    NvmeStatus(0x16, "NVME_SC_SGL_INVALID_OFFSET", "SGL Offset Invalid", "IOERR"),
    NvmeStatus(0x17, "NVME_SC_RESERVED", "Reserved", "IOERR"),
    NvmeStatus(0x18, "NVME_SC_HOST_ID_INCONSIST", "Host Identifier Inconsistent Format", "IOERR"),
    NvmeStatus(0x19, "NVME_SC_KA_TIMEOUT_EXPIRED", "Keep Alive Timeout Expired", "IOERR"),
    NvmeStatus(0x1A, "NVME_SC_KA_TIMEOUT_INVALID", "Keep Alive Timeout Invalid", "IOERR"),
    NvmeStatus(
        0x1B, "NVME_SC_ABORTED_PREEMPT_ABORT", "Command Aborted due to Preempt and Abort", "IOERR"
    ),
    NvmeStatus(0x1C, "NVME_SC_SANITIZE_FAILED", "Sanitize Failed", "IOERR"),
    NvmeStatus(0x1D, "NVME_SC_SANITIZE_IN_PROGRESS", "Sanitize In Progress", "IOERR"),
    NvmeStatus(
        0x1E, "NVME_SC_SGL_INVALID_GRANULARITY", "SGL Data Block Granularity Invalid", "IOERR"
    ),
    NvmeStatus(
        0x1F, "NVME_SC_CMD_NOT_SUP_CMB_QUEUE", "Command Not Supported for Queue in CMB", "IOERR"
    ),
    NvmeStatus(0x20, "NVME_SC_NS_WRITE_PROTECTED", "Namespace is Write Protected", "IOERR"),
    NvmeStatus(0x21, "NVME_SC_CMD_INTERRUPTED", "Command Interrupted", "TARGET"),
    NvmeStatus(0x22, "NVME_SC_TRANSIENT_TR_ERR", "Transient Transport Error", "IOERR"),
    NvmeStatus(
        0x24, "NVME_SC_ADMIN_COMMAND_MEDIA_NOT_READY", "Admin Command Media Not Ready", "IOERR"
    ),
    NvmeStatus(0x2C, "NVME_SC_INVALID_IO_CMD_SET", "Invalid IO Command Set", "IOERR"),
    NvmeStatus(0x80, "NVME_SC_LBA_RANGE", "LBA Out of Range", "TARGET"),
    NvmeStatus(0x81, "NVME_SC_CAP_EXCEEDED", "Capacity Exceeded", "NOSPC"),
    NvmeStatus(0x82, "NVME_SC_NS_NOT_READY", "Namespace Not Ready", "TARGET"),
    NvmeStatus(0x83, "NVME_SC_RESERVATION_CONFLICT", "Reservation Conflict", "NEXUS"),
    NvmeStatus(0x84, "NVME_SC_FORMAT_IN_PROGRESS", "Format In Progress", "IOERR"),
    NvmeStatus(0x100, "NVME_SC_CQ_INVALID", "Completion Queue Invalid", "IOERR"),
    NvmeStatus(0x101, "NVME_SC_QID_INVALID", "Invalid Queue Identifier", "IOERR"),
    NvmeStatus(0x102, "NVME_SC_QUEUE_SIZE", "Invalid Queue Size", "IOERR"),
    NvmeStatus(0x103, "NVME_SC_ABORT_LIMIT", "Abort Command Limit Exceeded", "IOERR"),
    NvmeStatus(0x104, "NVME_SC_ABORT_MISSING", "Reserved", "IOERR"),
    NvmeStatus(0x105, "NVME_SC_ASYNC_LIMIT", "Asynchronous Event Request Limit Exceeded", "IOERR"),
    NvmeStatus(0x106, "NVME_SC_FIRMWARE_SLOT", "Invalid Firmware Slot", "IOERR"),
    NvmeStatus(0x107, "NVME_SC_FIRMWARE_IMAGE", "Invalid Firmware Image", "IOERR"),
    NvmeStatus(0x108, "NVME_SC_INVALID_VECTOR", "Invalid Interrupt Vector", "IOERR"),
    NvmeStatus(0x109, "NVME_SC_INVALID_LOG_PAGE", "Invalid Log Page", "IOERR"),
    NvmeStatus(0x10A, "NVME_SC_INVALID_FORMAT", "Invalid Format", "IOERR"),
    NvmeStatus(
        0x10B,
        "NVME_SC_FW_NEEDS_CONV_RESET",
        "Firmware Activation Requires Conventional Reset",
        "IOERR",
    ),
    NvmeStatus(0x10C, "NVME_SC_INVALID_QUEUE", "Invalid Queue Deletion", "IOERR"),
    NvmeStatus(0x10D, "NVME_SC_FEATURE_NOT_SAVEABLE", "Feature Identifier Not Saveable", "IOERR"),
    NvmeStatus(0x10E, "NVME_SC_FEATURE_NOT_CHANGEABLE", "Feature Not Changeable", "IOERR"),
    NvmeStatus(0x10F, "NVME_SC_FEATURE_NOT_PER_NS", "Feature Not Namespace Specific", "IOERR"),
    NvmeStatus(
        0x110,
        "NVME_SC_FW_NEEDS_SUBSYS_RESET",
        "Firmware Activation Requires NVM Subsystem Reset",
        "IOERR",
    ),
    NvmeStatus(0x111, "NVME_SC_FW_NEEDS_RESET", "Firmware Activation Requires Reset", "IOERR"),
    NvmeStatus(
        0x112,
        "NVME_SC_FW_NEEDS_MAX_TIME",
        "Firmware Activation Requires Maximum Time Violation",
        "IOERR",
    ),
    NvmeStatus(0x113, "NVME_SC_FW_ACTIVATE_PROHIBITED", "Firmware Activation Prohibited", "IOERR"),
    NvmeStatus(0x114, "NVME_SC_OVERLAPPING_RANGE", "Overlapping Range", "IOERR"),
    NvmeStatus(0x115, "NVME_SC_NS_INSUFFICIENT_CAP", "Namespace Insufficient Capacity", "IOERR"),
    NvmeStatus(0x116, "NVME_SC_NS_ID_UNAVAILABLE", "Namespace Identifier Unavailable", "IOERR"),
    NvmeStatus(0x118, "NVME_SC_NS_ALREADY_ATTACHED", "Namespace Already Attached", "IOERR"),
    NvmeStatus(0x119, "NVME_SC_NS_IS_PRIVATE", "Namespace Is Private", "IOERR"),
    NvmeStatus(0x11A, "NVME_SC_NS_NOT_ATTACHED", "Namespace Not Attached", "IOERR"),
    NvmeStatus(0x11B, "NVME_SC_THIN_PROV_NOT_SUPP", "Thin Provisioning Not Supported", "IOERR"),
    NvmeStatus(0x11C, "NVME_SC_CTRL_LIST_INVALID", "Controller List Invalid", "IOERR"),
    NvmeStatus(0x11D, "NVME_SC_SELT_TEST_IN_PROGRESS", "Device Self-test In Progress", "IOERR"),
    NvmeStatus(0x11E, "NVME_SC_BP_WRITE_PROHIBITED", "Boot Partition Write Prohibited", "IOERR"),
    NvmeStatus(0x11F, "NVME_SC_CTRL_ID_INVALID", "Invalid Controller Identifier", "IOERR"),
    NvmeStatus(
        0x120, "NVME_SC_SEC_CTRL_STATE_INVALID", "Invalid Secondary Controller State", "IOERR"
    ),
    NvmeStatus(
        0x121, "NVME_SC_CTRL_RES_NUM_INVALID", "Invalid Number of Controller Resources", "IOERR"
    ),
    NvmeStatus(0x122, "NVME_SC_RES_ID_INVALID", "Invalid Resource Identifier", "IOERR"),
    NvmeStatus(0x123, "NVME_SC_PMR_SAN_PROHIBITED", "Sanitize Prohibited", "IOERR"),
    NvmeStatus(0x124, "NVME_SC_ANA_GROUP_ID_INVALID", "ANA Group Identifier Invalid", "IOERR"),
    NvmeStatus(0x125, "NVME_SC_ANA_ATTACH_FAILED", "ANA Attach Failed", "IOERR"),
    NvmeStatus(0x180, "NVME_SC_BAD_ATTRIBUTES", "Conflicting Attributes", "NOTSUPP"),
    NvmeStatus(0x181, "NVME_SC_INVALID_PI", "Invalid Protection Information", "PROTECTION"),
    NvmeStatus(0x182, "NVME_SC_READ_ONLY", "Attempted Write to Read Only Range", "MEDIUM"),
    NvmeStatus(0x183, "NVME_SC_ONCS_NOT_SUPPORTED", "ONCS Not Supported", "NOTSUPP"),
    NvmeStatus(0x184, "NVME_SC_CONNECT_INVALID_HOST", "Unknown", "IOERR"),
    NvmeStatus(0x190, "NVME_SC_DISCOVERY_RESTART", "Unknown", "IOERR"),
    NvmeStatus(0x191, "NVME_SC_AUTH_REQUIRED", "Unknown", "IOERR"),
    NvmeStatus(0x1B8, "NVME_SC_ZONE_BOUNDARY_ERROR", "Zoned Boundary Error", "IOERR"),
    NvmeStatus(0x1B9, "NVME_SC_ZONE_FULL", "Zone Is Full", "IOERR"),
    NvmeStatus(0x1BA, "NVME_SC_ZONE_READ_ONLY", "Zone Is Read Only", "IOERR"),
    NvmeStatus(0x1BB, "NVME_SC_ZONE_OFFLINE", "Zone Is Offline", "IOERR"),
    NvmeStatus(0x1BC, "NVME_SC_ZONE_INVALID_WRITE", "Zone Invalid Write", "IOERR"),
    NvmeStatus(
        0x1BD, "NVME_SC_ZONE_TOO_MANY_ACTIVE", "Too Many Active Zones", "ZONE_ACTIVE_RESOURCE"
    ),
    NvmeStatus(0x1BE, "NVME_SC_ZONE_TOO_MANY_OPEN", "Too Many Open Zones", "ZONE_OPEN_RESOURCE"),
    NvmeStatus(0x1BF, "NVME_SC_ZONE_INVALID_TRANSITION", "Invalid Zone State Transition", "IOERR"),
    NvmeStatus(0x280, "NVME_SC_WRITE_FAULT", "Write Fault", "MEDIUM"),
    NvmeStatus(0x281, "NVME_SC_READ_ERROR", "Unrecovered Read Error", "MEDIUM"),
    NvmeStatus(0x282, "NVME_SC_GUARD_CHECK", "End-to-end Guard Check Error", "PROTECTION"),
    NvmeStatus(
        0x283, "NVME_SC_APPTAG_CHECK", "End-to-end Application Tag Check Error", "PROTECTION"
    ),
    NvmeStatus(0x284, "NVME_SC_REFTAG_CHECK", "End-to-end Reference Tag Check Error", "PROTECTION"),
    NvmeStatus(0x285, "NVME_SC_COMPARE_FAILED", "Compare Failure", "MEDIUM"),
    NvmeStatus(0x286, "NVME_SC_ACCESS_DENIED", "Access Denied", "MEDIUM"),
    NvmeStatus(
        0x287, "NVME_SC_UNWRITTEN_BLOCK", "Deallocated or Unwritten Logical Block", "MEDIUM"
    ),
    NvmeStatus(0x300, "NVME_SC_INTERNAL_PATH_ERROR", "Internal Pathing Error", "IOERR"),
    NvmeStatus(0x301, "NVME_SC_ANA_PERSISTENT_LOSS", "Asymmetric Access Persistent Loss", "IOERR"),
    NvmeStatus(0x302, "NVME_SC_ANA_INACCESSIBLE", "Asymmetric Access Inaccessible", "IOERR"),
    NvmeStatus(0x303, "NVME_SC_ANA_TRANSITION", "Asymmetric Access Transition", "IOERR"),
    NvmeStatus(0x360, "NVME_SC_CTRL_PATH_ERROR", "Controller Pathing Error", "IOERR"),
    NvmeStatus(0x370, "NVME_SC_HOST_PATH_ERROR", "Host Pathing Error", "TRANSPORT"),
    NvmeStatus(0x371, "NVME_SC_HOST_ABORTED_CMD", "Host Aborted Command", "IOERR"),
)

_SIZE_LIMIT = NvmeStatus(
    0x183, "NVME_SC_CMD_SIZE_LIM_EXCEEDED", "Command Size Limits Exceeded", "IOERR"
)

_BY_VALUE = {status.value: status for status in STATUSES}


@cache
def status_of(value: int, version: KernelVersion) -> NvmeStatus:
    """The status behind a word with or without flag bits; one without a name becomes IOERR.

    0x183 was ONCS Not Supported (NOTSUPP) until 6.12 took it out of the map, and has another name
    and text in 6.19; a reservation conflict is called RESV_CONFLICT since 6.8.
    """
    code = value & CODE
    found = _BY_VALUE.get(code, NvmeStatus(code, "", UNKNOWN, "IOERR"))
    if code == _SIZE_LIMIT.value and version.has("6.12", None):
        return _SIZE_LIMIT if version.has("6.19", None) else replace(found, blk_status="IOERR")
    if found.blk_status == "NEXUS" and version.has("6.8", None):
        return replace(found, blk_status="RESV_CONFLICT")
    return found
