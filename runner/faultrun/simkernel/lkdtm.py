"""The Linux kernel dump test module: its files, the one crash point that can be armed, its counter.

Kernel: drivers/misc/lkdtm/core.c:direct_entry(), lkdtm_debugfs_entry(), lkdtm_register_cpoint(),
lkdtm_kprobe_handler(), lkdtm_module_init(). The module is there from boot, and can be taken out and
loaded again with arguments.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from faultrun.kernel.crash_points import (
    CRASH_POINTS,
    DEFAULT_COUNT,
    DIRECT,
    PAGE_SIZE,
    POINTS,
    CrashPoint,
    listing,
    types_of,
)
from faultrun.kernel.crash_types import CrashType
from faultrun.kernel.numbers import BLANKS
from faultrun.simkernel import symbols
from faultrun.simkernel.crash import Crashes
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TextFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

DIRECTORY = "/sys/kernel/debug/provoke-crash"
KPROBES = "/sys/kernel/debug/kprobes"
_COUNT = "/sys/module/lkdtm/parameters/cpoint_count"
_UNSET = "(null)"
_WRITE = (
    "lkdtm_do_action", "direct_entry", "full_proxy_write", "vfs_write", "ksys_write",
    "__x64_sys_write", "x64_sys_call", "do_syscall_64", "entry_SYSCALL_64_after_hwframe",
)  # fmt: skip
_PROBE = ("lkdtm_do_action", "lkdtm_kprobe_handler", "kprobe_ftrace_handler")
_LOAD = ("lkdtm_do_action", "lkdtm_register_cpoint", "lkdtm_module_init", "do_one_initcall")


class Lkdtm:
    """The module's state on one machine.

    ``_used``: points whose kprobe was registered once. It keeps the address it was given, and is
    refused with it from then on, until the module is loaded anew (kernel/kprobes.c:
    _kprobe_addr()).
    """

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self._crashes = kernel.facility(Crashes)
        self._files: tuple[CrashFile, ...] = ()
        self.point: CrashPoint | None = None
        self.crash: CrashType | None = None
        self._used: set[str] = set()
        self._left = DEFAULT_COUNT
        self._watched: dict[str, int] = {}
        self.watch()

    def files(self) -> Mapping[str, ControlFile]:
        """The files below provoke-crash."""
        made = {point.name: CrashFile(self, point) for point in CRASH_POINTS}
        self._files = tuple(made.values())
        return made

    def types(self) -> str:
        """What a read of any of them gives."""
        return listing(self._kernel.version)

    def put(self, point: CrashPoint, text: str, task: SimTask) -> None:
        """One write(2). Raises SimErrno, and whatever a crash raises."""
        if len(text.encode("utf-8", "surrogateescape")) >= PAGE_SIZE:
            raise SimErrno("EINVAL")
        # strim() finds where the text begins, but the caller looks at where it began before.
        crash = self._type(text.partition("\0")[0].rstrip(BLANKS))
        if crash is None:
            raise SimErrno("EINVAL")
        if point.name != DIRECT:
            self._register(point, crash)
            return
        self._log(f"Performing direct entry {crash.name}")
        if self._kernel.counting:
            self._kernel.met(f"{DIRECTORY}/{DIRECT}", task, "direct_entry")
            return
        self._crashes.perform(crash, task, _WRITE)

    def probed(self) -> tuple[str, ...]:
        """The functions that it has a kprobe on."""
        return (self.point.function,) if self.point is not None else ()

    def load(self, args: Mapping[str, str], task: SimTask) -> str:
        """What module init does: an errno name, or empty if the module is there now."""
        name = _given(args.get("cpoint_name"))
        kind = _given(args.get("cpoint_type"))
        if bool(name) != bool(kind):
            self._log("Need both cpoint_type and cpoint_name or neither", 3)
            return "EINVAL"
        crash = self._type(kind)
        if kind and crash is None:
            self._log(f"Unknown crashtype '{kind}'", 3)
            return "EINVAL"
        point = POINTS.get(name)
        if name and point is None:
            self._log(f"Invalid crashpoint {name}", 3)
            return "EINVAL"
        self._used, self._left = set(), _whole(args.get("cpoint_count"))
        if point is None or crash is None:
            self._log("No crash points registered, enable through debugfs")
        elif point.name == DIRECT:
            self._crashes.perform(crash, task, _LOAD)
            self._log(f"Crash point {name} of type {kind} registered")
        else:
            try:
                self._register(point, crash)
            except SimErrno as refused:
                self._log(f"Invalid crashpoint {name}")
                return refused.name
            self._log(f"Crash point {name} of type {kind} registered")
        self._kernel.tree.provide(DIRECTORY, self.files)
        return ""

    def unload(self) -> None:
        """The module goes, and its kprobe with it."""
        self._disarm()
        for file in self._files:
            file.gone = True
        self._kernel.tree.remove(DIRECTORY)
        self._log("Crash point unregistered")

    def _register(self, point: CrashPoint, crash: CrashType) -> None:
        """Arm a point instead of the one that is armed. Raises SimErrno; none is armed then."""
        self._disarm()
        if point.refused or point.name in self._used:
            self._log(f"Couldn't register kprobe {point.function}")
            raise SimErrno("ENOENT" if point.refused else "EINVAL")
        self._used.add(point.name)
        self.point, self.crash = point, crash
        self._kernel.probes[point.function] = self._hit

    def _disarm(self) -> None:
        if self.point is not None:
            del self._kernel.probes[self.point.function]
        self.point = self.crash = None

    def _hit(self, task: SimTask | None) -> None:
        point, crash = self.point, self.crash
        if point is None or crash is None:
            return
        self._left -= 1
        text = f"Crash point {point.name} of type {crash.name} hit, trigger in {self._left} rounds"
        self._log(text)
        if self._left == 0:
            self._left = self._count()
            stack = (*_PROBE, point.function)
            self._crashes.perform(crash, None if point.interrupt else task, stack)

    def watch(self) -> None:
        """In a dry run nothing is armed; every point counts down to where it would have fired."""
        if self._kernel.counting:
            for point in CRASH_POINTS:
                if point.function:
                    self._watched[point.name] = self._left
                    self._kernel.probes[point.function] = partial(self._pass, point)

    def _pass(self, point: CrashPoint, task: SimTask | None) -> None:
        self._watched[point.name] -= 1
        if self._watched[point.name] == 0:
            self._watched[point.name] = self._count()
            self._kernel.met(f"{DIRECTORY}/{point.name}", task, point.function)

    def _count(self) -> int:
        try:
            return _whole(self._kernel.tree.read(_COUNT, None))
        except SimErrno:
            return DEFAULT_COUNT

    def _type(self, name: str) -> CrashType | None:
        return next((crash for crash in types_of(self._kernel.version) if crash.name == name), None)

    def _log(self, text: str, level: int = 6) -> None:
        self._kernel.log.emit(level, f"lkdtm: {text}")


class CrashFile:
    """One file below provoke-crash: reads as the list of types, takes one of them."""

    __slots__ = ("_lkdtm", "_point", "gone")

    def __init__(self, lkdtm: Lkdtm, point: CrashPoint) -> None:
        self._lkdtm = lkdtm
        self._point = point
        self.gone = False

    def read(self, _task: SimTask | None) -> str:
        """The crash types."""
        return self._lkdtm.types()

    def write(self, text: str, task: SimTask | None) -> None:
        """Crash, or arm the point. Raises SimErrno, and whatever a crash raises."""
        if task is None:
            raise SimErrno("EPERM")
        self._lkdtm.put(self._point, text, task)


def files(machine: "Machine") -> Mapping[str, ControlFile]:
    """The directory as it is at boot."""
    return machine.kernel.facility(Lkdtm).files()


def kprobe_files(machine: "Machine") -> Mapping[str, ControlFile]:
    """``kprobes/list``: kernel/kprobes.c:report_probe()."""
    kernel = machine.kernel

    def listed() -> str:
        functions = (*kernel.facility(Lkdtm).probed(), *kernel.injected)
        return "".join(
            f"{symbols.address(name):016x}  k  {name}+0x0    [FTRACE]\n" for name in functions
        )

    return {"list": TextFile(listed)}


def load(machine: "Machine", args: Mapping[str, str]) -> str:
    """The module is loaded by the newest task; an errno name, or empty."""
    tasks = machine.kernel.tasks.by_pid
    return machine.kernel.facility(Lkdtm).load(args, tasks[max(tasks)])


def unload(machine: "Machine") -> str:
    """The module is taken out; it never refuses."""
    machine.kernel.facility(Lkdtm).unload()
    return ""


def _given(text: str | None) -> str:
    return "" if text in (None, _UNSET) else str(text)


def _whole(text: str | None) -> int:
    try:
        return int((text or "").strip(), 0)
    except ValueError:
        return DEFAULT_COUNT
