"""What in a kernel log says that the kernel itself went wrong.

The lines are those of kernel/panic.c, lib/bug.c, arch fault handlers, mm/kasan/report.c,
kernel/locking/lockdep.c, kernel/hung_task.c, kernel/watchdog.c and kernel/rcu/tree_stall.h.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from faultrun.model.target import LogLine


@dataclass(frozen=True, slots=True)
class OopsKind:
    """One kind: a stable name, what it means for the machine, and its pattern.

    ``fate``: ``panic`` ends the machine, ``task-killed`` the task, ``hang`` a CPU or a task,
    ``warning`` nothing yet.
    """

    name: str
    fate: str
    pattern: str


KINDS: tuple[OopsKind, ...] = (
    OopsKind("panic", "panic", r"Kernel panic - not syncing"),
    OopsKind("oops", "task-killed", r"\bOops(?:: |\[| - )|Internal error: "),
    OopsKind("bug", "task-killed", r"kernel BUG at "),
    OopsKind("null-dereference", "task-killed", r"BUG: kernel NULL pointer dereference"),
    OopsKind(
        "page-fault",
        "task-killed",
        r"BUG: unable to handle (?:kernel )?(?:page fault|paging)|Unable to handle kernel ",
    ),
    OopsKind("protection-fault", "task-killed", r"general protection fault\b"),
    OopsKind("stack-guard", "panic", r"BUG: \w+ stack guard page was hit"),
    OopsKind("stack-protector", "panic", r"stack-protector: Kernel stack is corrupted"),
    OopsKind("double-fault", "panic", r"\bdouble fault\b"),
    OopsKind("recursive-fault", "task-killed", r"Fixing recursive fault but reboot is needed"),
    OopsKind("kasan", "warning", r"BUG: KASAN: "),
    OopsKind("kfence", "warning", r"BUG: KFENCE: "),
    OopsKind("kmsan", "warning", r"BUG: KMSAN: "),
    OopsKind("kcsan", "warning", r"BUG: KCSAN: "),
    OopsKind("ubsan", "warning", r"UBSAN: "),
    OopsKind("usercopy", "task-killed", r"usercopy: Kernel memory (?:exposure|overwrite) attempt"),
    OopsKind("fortify", "task-killed", r"detected (?:buffer overflow|field-spanning write)"),
    OopsKind("slab", "warning", r"BUG [\w-]+ ?(?:\(.*\))?: "),
    OopsKind("list-corruption", "warning", r"list_(?:add|del) corruption"),
    OopsKind("refcount", "warning", r"refcount_t: "),
    OopsKind("bad-page", "warning", r"BUG: Bad (?:page|rss-counter|page map)"),
    OopsKind("sleep-in-atomic", "warning", r"BUG: sleeping function called from invalid context"),
    OopsKind("scheduling-while-atomic", "warning", r"BUG: scheduling while atomic"),
    OopsKind("spinlock", "hang", r"BUG: spinlock "),
    OopsKind("workqueue-lockup", "hang", r"BUG: workqueue lockup"),
    OopsKind("soft-lockup", "hang", r"watchdog: BUG: soft lockup"),
    OopsKind("hard-lockup", "hang", r"hard LOCKUP"),
    OopsKind("rcu-stall", "hang", r"rcu: INFO: \w+ (?:self-)?detected (?:expedited )?stall"),
    OopsKind("hung-task", "hang", r"INFO: task .+ blocked for more than \d+ seconds"),
    OopsKind("lockdep-circular", "warning", r"WARNING: possible circular locking dependency"),
    OopsKind("lockdep-recursive", "warning", r"WARNING: possible recursive locking"),
    OopsKind("lockdep-irq", "warning", r"WARNING: possible irq lock inversion"),
    OopsKind("lockdep-state", "warning", r"WARNING: inconsistent lock state"),
    OopsKind("lockdep-held", "warning", r"WARNING: lock held when returning to user space"),
    OopsKind("lockdep-balance", "warning", r"WARNING: bad (?:unlock|contention) balance"),
    OopsKind("lockdep-freed", "warning", r"WARNING: held lock freed"),
    OopsKind("lockdep-nested", "warning", r"WARNING: Nested lock was not taken"),
    OopsKind("lockdep-order", "warning", r"WARNING: [A-Z_]+-safe -> [A-Z_]+-unsafe lock order"),
    OopsKind("lockdep-exit", "warning", r"\bstill has locks held!|lock held at task exit time"),
    OopsKind("lockdep-key", "warning", r"INFO: trying to register non-static key"),
    OopsKind("rcu-usage", "warning", r"WARNING: suspicious RCU usage"),
    # kernel/panic.c:__warn(): since 6.19 the place comes first, or is missing.
    OopsKind(
        "warning",
        "warning",
        r"WARNING: (?:CPU: \d+ PID: \d+ at |\S+:\d+ at |at \S+, CPU#|.+ at .+:\d+)",
    ),
    OopsKind("bug-other", "warning", r"\bBUG: "),
    OopsKind("leak", "warning", r"kmemleak: \d+ new suspected memory leaks"),
    OopsKind("unbalanced", "warning", r"unregister_netdevice: waiting for .+ to become free"),
    OopsKind("busy-inodes", "warning", r"VFS: Busy inodes after unmount"),
    OopsKind("duplicate-name", "warning", r"sysfs: cannot create duplicate filename"),
    OopsKind("call-trace-dump", "warning", r"-+\[ cut here \]-+"),
)

WORDS = (
    "BUG", "WARNING", "Oops", "panic", "fault", "INFO", "LOCKUP", "SAN: ", "corrupt", "refcount_t",
    "usercopy", "detected", "cut here", "kmemleak", "unregister_netdevice", "Unable to handle",
    "Internal error", "locks held", "lock held", "Busy inodes", "duplicate filename",
)  # fmt: skip
"""One of these stands in whatever matches; most logs are dismissed by looking for them."""

_ANY = re.compile("|".join(f"(?P<k{number}>{kind.pattern})" for number, kind in enumerate(KINDS)))


def kind_of(text: str) -> OopsKind | None:
    """The kind that a log record tells of, or None."""
    found = _ANY.search(text)
    if found is None or found.lastgroup is None:
        return None
    return KINDS[int(found.lastgroup[1:])]


def first_oops(log: Sequence[LogLine]) -> str:
    """The first line of the log that says the kernel went wrong, or empty.

    A bare "cut here" mark is passed over if a later line tells what was cut out.
    """
    whole = "\n".join([line.text for line in log])
    if not any(word in whole for word in WORDS):
        return ""
    mark = ""
    for line in log:
        kind = kind_of(line.text)
        if kind is None:
            continue
        told = next(part for part in line.text.split("\n") if kind_of(part))
        if kind.name != "call-trace-dump":
            return told.strip()
        mark = mark or told.strip()
    return mark
