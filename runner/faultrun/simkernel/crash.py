"""One crash of LKDTM as the machine meets it: what is said, and who is left.

Kernel: arch/x86/kernel/dumpstack.c:oops_end(), kernel/panic.c:panic(), __warn(). A crash point sits
on an ftrace kprobe, so that its action runs in the context of whoever calls the function; locks that
a killed task held are not modelled.
"""

import re
from typing import NoReturn

from faultrun.kernel.crash_types import CrashType, Fate
from faultrun.simkernel.dump import IDLE
from faultrun.simkernel.fates import Late, Panicked, Unkillable, Wedged
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.signals import Killed
from faultrun.simkernel.symbols import offsets
from faultrun.simkernel.taint import DIE, WARN, Taint
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.unmodelled import Unmodelled

_STALL_NS = 21_000_000_000
"""CONFIG_RCU_CPU_STALL_TIMEOUT, 21 seconds by default."""

_CUT = "------------[ cut here ]------------"
_END = "---[ end trace 0000000000000000 ]---"
_PANIC = "Kernel panic - not syncing: "
_WARNING = re.compile(r"WARNING: CPU: \d+ PID: (?P<pid>\d+) at (?P<place>\S+) (?P<function>\S+)")
_USER = ("USERCOPY_", "EXEC_USERSPACE", "ACCESS_USERSPACE")
"""Types that map memory of the current process, which an interrupt may not have."""

_LEVELS = (
    (_PANIC, 0),
    ("BUG: ", 1),
    ("kernel BUG at ", 2),
    ("Oops: ", 1),
    ("RIP: ", 1),
    ("rcu: ", 3),
    ("lkdtm: FAIL", 3),
    ("lkdtm: XFAIL", 3),
    ("lkdtm: ", 6),
    ("Code: ", 1),
)
"""printk levels by how a line begins; warnings are level 4."""


class Crashes:
    """What the crashes of one machine share: its taint, and a lock that one of them leaves held."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self._taint = kernel.facility(Taint)
        self._lock_held = False

    def perform(self, crash: CrashType, task: SimTask | None, stack: tuple[str, ...]) -> None:
        """Crash in a task, or in interrupt context (``task`` None).

        Raises Killed, Panicked, Wedged, Unkillable; returns if the kernel survives it.
        """
        if task is None and crash.name.startswith(_USER):
            raise Unmodelled(f"crash type {crash.name} in interrupt context")
        if crash.fate is Fate.TASK_KILLED:
            self._taint.oopses += 1
        for line in crash.console:
            self._say(line, crash, task, stack)
        late = self._late(crash, task)
        match crash.fate:
            case Fate.TASK_KILLED:
                self._oops(crash, task, stack)
            case Fate.PANIC:
                self._panic(crash.console[-1].removeprefix(_PANIC))
            case Fate.HANG:
                raise Wedged(f"a processor never leaves lkdtm_{crash.name}()", late)
            case Fate.STUCK:
                comm, pid = (task.comm, task.pid) if task is not None else IDLE
                raise Unkillable(comm, pid, f"it never leaves lkdtm_{crash.name}()", late)
            case Fate.SPINS_THE_SECOND_TIME:
                if self._lock_held:
                    raise Wedged("a processor spins on a lock that nobody gives back", late)
                self._lock_held = True
            case Fate.SURVIVES:
                pass

    def _oops(self, crash: CrashType, task: SimTask | None, stack: tuple[str, ...]) -> NoReturn:
        self._taint.flags |= DIE
        self._trace(task, stack)
        self._kernel.log.emit(0, _END)
        if task is None:
            self._kernel.log.emit(0, f"{_PANIC}Fatal exception in interrupt")
            self._panic("Fatal exception in interrupt")
        if self._taint.panic_on_oops:
            self._kernel.log.emit(0, f"{_PANIC}Fatal exception")
            self._panic("Fatal exception")
        raise Killed(crash.signal)

    def _panic(self, words: str) -> NoReturn:
        self._kernel.log.emit(0, "Kernel Offset: disabled")
        self._kernel.log.emit(0, f"---[ end {_PANIC}{words} ]---")
        raise Panicked(words)

    def _say(
        self, line: str, crash: CrashType, task: SimTask | None, stack: tuple[str, ...]
    ) -> None:
        text = self._filled(line, task)
        warns = text.startswith("WARNING: ")
        if warns or text.startswith("kernel BUG at "):
            self._kernel.log.emit(4 if warns else 1, _CUT)
        if warns and self._kernel.version.has("6.19", None):
            text = _newer(text, task)
        level = next((level for start, level in _LEVELS if text.startswith(start)), 4)
        self._kernel.log.emit(level, text)
        if warns:
            if self._taint.panic_on_warn:
                self._kernel.log.emit(0, f"{_PANIC}kernel: panic_on_warn set ...")
                self._panic("kernel: panic_on_warn set ...")
            self._trace(task, (f"lkdtm_{crash.name}", *stack))
            self._kernel.log.emit(4, _END)
            self._taint.flags |= WARN

    def _trace(self, task: SimTask | None, stack: tuple[str, ...]) -> None:
        log = self._kernel.log
        comm, pid = (task.comm, task.pid) if task is not None else IDLE
        uid = "UID: 0 " if self._kernel.version.has("6.12", None) else ""
        words = self._taint.words()
        log.emit(4, f"CPU: 0 {uid}PID: {pid} Comm: {comm} {words} {self._kernel.version} #1 ")
        explained = self._taint.explained()
        if explained:
            log.emit(4, explained)
        log.emit(4, "Call Trace:")
        mark = "TASK" if task is not None else "IRQ"
        log.emit(4, f" <{mark}>")
        for name in stack:
            offset, size = offsets(name)
            log.emit(4, f" {name}+0x{offset:x}/0x{size:x}")
        log.emit(4, f" </{mark}>")

    def _late(self, crash: CrashType, task: SimTask | None) -> tuple[Late, ...]:
        return tuple((_STALL_NS, 3, self._filled(line, task)) for line in crash.late)

    def _filled(self, line: str, task: SimTask | None) -> str:
        pid = task.pid if task is not None else IDLE[1]
        return (
            line.replace("{pid}", str(pid))
            .replace("{oops}", str(self._taint.oopses))
            .replace("{release}", str(self._kernel.version))
        )


def _newer(text: str, task: SimTask | None) -> str:
    """kernel/panic.c:__warn() of 6.19 and later: the place comes first."""
    found = _WARNING.match(text)
    if found is None:
        return text
    comm, pid = (task.comm, task.pid) if task is not None else IDLE
    return f"WARNING: {found['place']} at {found['function']}, CPU#0: {comm}/{pid}"
