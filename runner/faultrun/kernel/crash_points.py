"""Where LKDTM can crash the kernel, and which of its crash types a kernel has.

Kernel: drivers/misc/lkdtm/core.c:crashpoints, lkdtm_debugfs_read().
"""

from dataclasses import dataclass
from functools import cache

from faultrun.kernel.crash_types import CRASH_TYPES, CrashType
from faultrun.kernel.version import KernelVersion

DIRECT = "DIRECT"
DEFAULT_COUNT = 10
"""drivers/misc/lkdtm/core.c: hits until a crash point fires, if nobody says otherwise."""

PAGE_SIZE = 4096
"""A write of so many bytes and more is refused, whatever it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashPoint:
    """A crash point, the function it probes (none: it fires at once), and who calls that.

    ``refused``, if not empty, says why x86_64 kernels do not let it be armed: seen on 6.1 and 6.12,
    and nothing in later sources speaks against it. ``interrupt``: the function runs in interrupt
    context, where an oops is a panic (arch/x86/kernel/dumpstack.c:oops_end()).
    """

    name: str
    function: str
    met: str
    interrupt: bool = False
    refused: str = ""


CRASH_POINTS: tuple[CrashPoint, ...] = (
    CrashPoint(name=DIRECT, function="", met="at once, in the task that writes the type"),
    CrashPoint(
        name="INT_HARDWARE_ENTRY",
        function="do_IRQ",
        met="by every device interrupt",
        interrupt=True,
        refused="there is no function do_IRQ: ENOENT",
    ),
    CrashPoint(
        name="INT_HW_IRQ_EN",
        function="handle_irq_event",
        met="by every device interrupt, such as an NVMe completion",
        interrupt=True,
    ),
    CrashPoint(
        name="INT_TASKLET_ENTRY",
        function="tasklet_action",
        met="whenever a driver's tasklet runs",
        interrupt=True,
    ),
    CrashPoint(
        name="FS_SUBMIT_BH",
        function="submit_bh",
        met="by every buffer head that a file system submits: ext4 metadata, its journal",
    ),
    CrashPoint(
        name="MEM_SWAPOUT",
        function="shrink_inactive_list",
        met="when memory is reclaimed",
        refused="shrink_inactive_list is inlined, so that it has no symbol: ENOENT",
    ),
    CrashPoint(
        name="TIMERADD",
        function="hrtimer_start",
        met="when a high-resolution timer is started",
        refused="hrtimer_start is inlined, so that it has no symbol: ENOENT",
    ),
    CrashPoint(
        name="SCSI_QUEUE_RQ",
        function="scsi_queue_rq",
        met="by every command to a SCSI disk",
    ),
)
"""In the order of drivers/misc/lkdtm/core.c."""

POINTS = {point.name: point for point in CRASH_POINTS}
TYPES = {crash.name: crash for crash in CRASH_TYPES}


@cache
def types_of(version: KernelVersion) -> tuple[CrashType, ...]:
    """The crash types of a kernel on x86_64, in the order in which it lists them."""
    return tuple(crash for crash in CRASH_TYPES if version.has(crash.since, crash.until))


def listing(version: KernelVersion) -> str:
    """What a read of any file below provoke-crash gives."""
    names = "".join(f"{crash.name}\n" for crash in types_of(version))
    return f"Available crash types:\n{names}"
