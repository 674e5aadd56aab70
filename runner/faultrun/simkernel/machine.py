"""One simulated machine: a kernel, its devices, its files, and who runs programs on it."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial

from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.control_dirs import DIRECTORIES, SUBTREES
from faultrun.simkernel.devices.machine_devices import MachineDevices
from faultrun.simkernel.jobs import Jobs
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.proc_files import proc_files, sysctl_files, vm_files
from faultrun.simkernel.process import Deadline, Process, Stopped, TimedOut
from faultrun.simkernel.signals import Killed
from faultrun.simkernel.taint import Taint
from faultrun.simkernel.tree import ControlFile
from faultrun.simkernel.vfs import Vfs

Executor = Callable[[Process, tuple[str, ...]], int]
_NEVER = 1 << 62
_ASK_EVERY = 255
_MANY_CALLS = 1_000_000
_WEARY_NS = 1_000_000


class Machine:
    """Everything of one machine. ``execute`` runs a program in a process that was made for it."""

    def __init__(
        self,
        *,
        version: KernelVersion,
        seed: int,
        name: str,
        devices: tuple[DeviceSpec, ...],
        execute: Executor,
        cmdline: str = "",
    ) -> None:
        self.kernel = SimKernel(
            version=version, seed=seed, name=name, devices=devices, cmdline=cmdline
        )
        self.devices = MachineDevices(self.kernel)
        self.execute = execute
        self.jobs = Jobs(self.kernel.clock, 0, Deadline(at_ns=_NEVER))
        self.stop: Callable[[], bool] | None = None
        self.pids: list[int] = []
        self.calls = 0
        tree = self.kernel.tree
        tree.provide("/proc/sys/vm", self._vm)
        tree.provide("/proc/sys/kernel", self._sysctl)
        tree.provide("/proc", self._proc)
        for path, make in DIRECTORIES:
            tree.provide(path, partial(make, self))
        for path, make in SUBTREES:
            tree.grow(path, partial(make, self))

    @cached_property
    def files(self) -> Vfs:
        """The name space; most control files are reached without it."""
        return Vfs(self.kernel, self.devices)

    def spend(self, duration_ns: int) -> None:
        """Let time pass for a running program. Raises TimedOut at the command's deadline.

        A command that goes on and on costs more and more, so that it soon meets its timeout.
        """
        self.calls += 1
        if self.calls & _ASK_EVERY == 0:
            if self.stop is not None and self.stop():
                raise Stopped
            if self.calls > _MANY_CALLS:
                duration_ns += _WEARY_NS * _ASK_EVERY
        self._advance(duration_ns)
        self.jobs.breathe()

    def _advance(self, duration_ns: int) -> None:
        clock = self.kernel.clock
        now = clock.now_ns()
        limit = self.jobs.current.deadline
        if now + duration_ns < limit.at_ns:
            clock.advance(duration_ns)
            return
        clock.advance(max(0, limit.at_ns - now))
        self._expired(limit)

    def _expired(self, limit: Deadline) -> None:
        if limit.outer is None:
            raise TimedOut
        self.jobs.current.deadline = limit.outer
        raise Killed(limit.signal, -1)

    def sleep(self, duration_ns: int) -> None:
        """Let time pass with nobody at work: what is dirty for long is written back."""
        try:
            clock, limit = self.kernel.clock, self.jobs.current.deadline
            until = clock.now_ns() + duration_ns
            if self.jobs.sleep(min(until, limit.at_ns)):
                self.spend(0)
            else:
                self.spend(duration_ns)
        finally:
            if "files" in self.__dict__:
                self.files.write_back_old()

    def limit(self, timeout_ns: int, pid: int = 0) -> None:
        """A command starts that may last so long; its own process has that number."""
        clock = self.kernel.clock
        self.jobs = Jobs(clock, pid, Deadline(at_ns=clock.now_ns() + timeout_ns))
        self.calls = 0

    def wait_out(self) -> None:
        """Nothing happens any more until the command's deadline."""
        clock = self.kernel.clock
        clock.advance(max(0, self.deadline_ns() - clock.now_ns()))

    def deadline_ns(self) -> int:
        """When the command is over, whatever deadlines of its own it has."""
        limit = self.jobs.current.deadline
        while limit.outer is not None:
            limit = limit.outer
        return limit.at_ns

    def unlimit(self) -> None:
        """The command has ended."""
        self.jobs = Jobs(self.kernel.clock, 0, Deadline(at_ns=_NEVER))

    def drop_caches(self, what: int) -> None:
        """``/proc/sys/vm/drop_caches``: 1 pages, 2 slab objects, 3 both."""
        if what & 1:
            self.files.drop_caches()

    def _vm(self) -> Mapping[str, ControlFile]:
        return vm_files(self.drop_caches)

    def _sysctl(self) -> Mapping[str, ControlFile]:
        return sysctl_files(self.kernel.version, self.kernel.facility(Taint))

    def _proc(self) -> Mapping[str, ControlFile]:
        return proc_files(self.kernel, self._mounts, self._partitions)

    def _mounts(self) -> str:
        lines = (
            f"{mount.fs.source} /{'/'.join(mount.place)} {mount.fs.kind} {mount.options} 0 0\n"
            for mount in self.files.mounts
        )
        return "".join(lines)

    def _partitions(self) -> str:
        lines = ["major minor  #blocks  name\n\n"]
        for name in self.devices.nodes():
            disk = self.devices.disk(name)
            if disk is not None:
                major, minor = disk.number
                lines.append(f"{major:4d} {minor:7d} {disk.sectors // 2:10d} {name}\n")
        return "".join(lines)
