"""The admin commands of a controller reset, one by one, and what losing each of them costs.

Recorded on QEMU's NVMe with two I/O queues, Linux 6.12, by failing the N-th admin command; rows
with ``recorded`` false were not hit there and follow the sources. Other controllers send others.
"""

from dataclasses import dataclass
from enum import Enum

from faultrun.kernel.version import KernelVersion


class Cost(Enum):
    """What the driver does without the command."""

    NOTHING = "goes on as if nothing had happened"
    GIVE_UP = "gives the controller up"
    NO_IO = "keeps the controller, without I/O queues and disks"
    ONE_QUEUE = "goes on with one I/O queue less"
    LOSE_DISK = "removes the namespace that it asked about"
    SKIP_SCAN = "leaves the namespaces as they were"


class Phase(Enum):
    """Where in the reset a command stands."""

    DISABLE = "disable"
    INIT = "init"
    COUNT = "count"
    QUEUES = "queues"
    START = "start"
    SCAN = "scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminStep:
    """One admin command. ``said`` is the kernel's message: {status} decimal, {code} without DNR."""

    name: str
    opcode: int
    phase: Phase
    cost: Cost = Cost.NOTHING
    said: str = ""
    kernel_ref: str = ""
    recorded: bool = True


_DELETE_SQ = AdminStep(
    name="Delete I/O Submission Queue", opcode=0x00, phase=Phase.DISABLE,
    kernel_ref="drivers/nvme/host/pci.c:nvme_delete_io_queues()",
)  # fmt: skip
_DELETE_CQ = AdminStep(
    name="Delete I/O Completion Queue", opcode=0x04, phase=Phase.DISABLE,
    kernel_ref="drivers/nvme/host/pci.c:nvme_delete_io_queues()",
)  # fmt: skip
_IDENTIFY = AdminStep(
    name="Identify", opcode=0x06, phase=Phase.INIT, cost=Cost.GIVE_UP,
    said="Identify Controller failed ({status})",
    kernel_ref="drivers/nvme/host/core.c:nvme_init_identify()",
)  # fmt: skip
_TIMESTAMP = AdminStep(
    name="Set Features", opcode=0x09, phase=Phase.INIT,
    said="could not set timestamp ({status})",
    kernel_ref="drivers/nvme/host/core.c:nvme_configure_timestamp()",
)  # fmt: skip
_HOST_OPTIONS = AdminStep(
    name="Set Features", opcode=0x09, phase=Phase.INIT,
    kernel_ref="drivers/nvme/host/core.c:nvme_configure_host_options()",
)  # fmt: skip
_QUEUE_COUNT = AdminStep(
    name="Set Features", opcode=0x09, phase=Phase.COUNT, cost=Cost.NO_IO,
    said="Could not set queue count ({status})",
    kernel_ref="drivers/nvme/host/core.c:nvme_set_queue_count()",
)  # fmt: skip
_DOORBELLS = AdminStep(
    name="Doorbell Buffer Config", opcode=0x7C, phase=Phase.START, recorded=False,
    said="unable to set dbbuf",
    kernel_ref="drivers/nvme/host/pci.c:nvme_dbbuf_set()",
)  # fmt: skip
_EVENTS = AdminStep(
    name="Set Features", opcode=0x09, phase=Phase.START,
    said="Failed to configure AEN (cfg 100)",
    kernel_ref="drivers/nvme/host/core.c:nvme_enable_aen()",
)  # fmt: skip
_LIMITS = AdminStep(
    name="Identify", opcode=0x06, phase=Phase.SCAN, recorded=False,
    kernel_ref="drivers/nvme/host/core.c:nvme_init_non_mdts_limits()",
)  # fmt: skip
_NS_LIST = AdminStep(
    name="Identify", opcode=0x06, phase=Phase.SCAN, cost=Cost.SKIP_SCAN,
    said="Identify NS List failed (status={hex})",
    kernel_ref="drivers/nvme/host/core.c:nvme_scan_ns_list()",
)  # fmt: skip
_DESCRIPTORS = AdminStep(
    name="Identify", opcode=0x06, phase=Phase.SCAN, cost=Cost.SKIP_SCAN, recorded=False,
    said="Identify Descriptors failed (nsid=1, status={hex})",
    kernel_ref="drivers/nvme/host/core.c:nvme_identify_ns_descs()",
)  # fmt: skip
_NS_INDEPENDENT = AdminStep(
    name="Identify", opcode=0x06, phase=Phase.SCAN, cost=Cost.SKIP_SCAN, recorded=False,
    kernel_ref="drivers/nvme/host/core.c:nvme_ns_info_from_id_cs_indep()",
)  # fmt: skip
_NS_IDENTIFY = AdminStep(
    name="Identify", opcode=0x06, phase=Phase.SCAN, cost=Cost.LOSE_DISK, recorded=False,
    said="Identify namespace failed ({status})",
    kernel_ref="drivers/nvme/host/core.c:nvme_identify_ns()",
)  # fmt: skip
_NS_COMMAND_SET = AdminStep(
    name="Identify", opcode=0x06, phase=Phase.SCAN,
    kernel_ref="drivers/nvme/host/core.c:nvme_identify_ns_nvm()",
)  # fmt: skip
_CONNECT = AdminStep(
    name="Connect", opcode=0x7F, phase=Phase.INIT, cost=Cost.GIVE_UP,
    said="Connect command failed, error wo/DNR bit: {code}",
    kernel_ref="drivers/nvme/host/fabrics.c:nvmf_connect_admin_queue()",
)  # fmt: skip
_PROPERTY = AdminStep(
    name="Property Get", opcode=0x7F, phase=Phase.INIT, cost=Cost.GIVE_UP, recorded=False,
    said="Property Get error: {code}, offset 0x0",
    kernel_ref="drivers/nvme/host/fabrics.c:nvmf_reg_read64()",
)  # fmt: skip
_CONNECT_IO = AdminStep(
    name="Connect", opcode=0x7F, phase=Phase.QUEUES, cost=Cost.GIVE_UP, recorded=False,
    said="Connect command failed, error wo/DNR bit: {code}",
    kernel_ref="drivers/nvme/host/fabrics.c:nvmf_connect_io_queue()",
)  # fmt: skip


def _create(name: str, opcode: int, queue: int) -> AdminStep:
    return AdminStep(
        name=name,
        opcode=opcode,
        phase=Phase.QUEUES,
        cost=Cost.ONE_QUEUE if queue > 1 else Cost.NO_IO,
        kernel_ref="drivers/nvme/host/pci.c:nvme_create_queue()",
    )


_SCAN_HEAD = (_LIMITS, _NS_LIST)
_SCAN_EACH = (_DESCRIPTORS, _NS_INDEPENDENT, _NS_IDENTIFY, _NS_COMMAND_SET)
_SETUP = (_IDENTIFY, _TIMESTAMP, _HOST_OPTIONS, _QUEUE_COUNT)


def reset_sequence(transport: str, queues: int, namespaces: int) -> tuple[AdminStep, ...]:
    """The admin commands of one reset, in order, for a controller with so many I/O queues."""
    numbers = range(1, queues + 1)
    scan = (*_SCAN_HEAD, *(_SCAN_EACH * namespaces))
    if transport == "loop":
        return (
            _CONNECT,
            _PROPERTY,
            _PROPERTY,
            *_SETUP,
            *(_CONNECT_IO for _ in numbers),
            _EVENTS,
            *scan,
        )
    creates = tuple(
        step
        for queue in numbers
        for step in (
            _create("Create I/O Completion Queue", 0x05, queue),
            _create("Create I/O Submission Queue", 0x01, queue),
        )
    )
    deletes = (*(_DELETE_SQ for _ in numbers), *(_DELETE_CQ for _ in numbers))
    return (*deletes, *_SETUP, *creates, _DOORBELLS, _EVENTS, *scan)


def given_up(version: KernelVersion, transport: str) -> tuple[str, bool]:
    """What the kernel says when it gives a controller up, and whether the controller goes away."""
    if transport == "loop":
        return "Removing after reset failure", True
    if version.has("6.8", None):
        return "Disabling device after reset failure: -5", False
    return "Removing after probe failure status: -5", True


def not_probed(version: KernelVersion, name: str, address: str) -> tuple[int, str]:
    """The level and the text of what the kernel says when it gives up while probing on PCI.

    6.1 probes in the background (drivers/nvme/host/pci.c:nvme_remove_dead_ctrl()); later ones fail
    the probe itself (drivers/base/dd.c:call_driver_probe(), reworded between 6.8 and 6.12).
    """
    if not version.has("6.8", None):
        return 4, f"nvme {name}: Removing after probe failure status: -5"
    if not version.has("6.12", None):
        return 4, f"nvme: probe of {address} failed with error -5"
    return 3, f"nvme {address}: probe with driver nvme failed with error -5"


def queues_lost(version: KernelVersion) -> str:
    """What the kernel says without I/O queues."""
    return "IO queues lost" if version.has("6.8", None) else "IO queues not created"


IO_OPCODES: dict[str, tuple[int, str]] = {
    "FLUSH": (0x00, "Flush"),
    "WRITE": (0x01, "Write"),
    "READ": (0x02, "Read"),
    "WRITE_ZEROES": (0x08, "Write Zeroes"),
    "DISCARD": (0x09, "Dataset Management"),
}
"""Block operation to NVMe opcode and its name (drivers/nvme/host/constants.c:nvme_ops[])."""
