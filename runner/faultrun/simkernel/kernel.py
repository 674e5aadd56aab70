"""The simulated kernel: what a machine has before devices and programs are put into it.

Its own fault model, besides the faults that campaigns inject: none yet. Control files answer at
once and the log loses only what overflows its ring. Everything is made on first touch, so that a
clean machine for each of ten thousand steps costs next to nothing.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar, cast

from faultrun.capabilities.registry import known
from faultrun.kernel.numbers import signed
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import DeviceSpec
from faultrun.model.capability import Capability
from faultrun.model.target import Checks
from faultrun.simkernel import hooks, proc, slab_caches
from faultrun.simkernel.attr import SimAttr
from faultrun.simkernel.boot import Boot
from faultrun.simkernel.clock import SimClock
from faultrun.simkernel.hooks import KERNEL, Gfp, RpcSide
from faultrun.simkernel.log import KernelLog
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.symbols import offsets
from faultrun.simkernel.tasks import SimTask, TaskTable
from faultrun.simkernel.tree import ControlFile, ControlTree

DEBUGFS = "/sys/kernel/debug"
_OPEN = ("kmem_cache_alloc_noprof", "getname_flags", "do_sys_openat2", "__x64_sys_openat")
_READ = ("should_fail_usercopy", "_copy_to_user", "simple_attr_read", "vfs_read")
_PROBE = ("fei_kprobe_handler", "kprobe_ftrace_handler", "ftrace_ops_assist_func")
_WRITE = ("should_fail_usercopy", "_copy_from_user", "simple_attr_write", "vfs_write")
_NAMES_CACHE = 4096


@cache
def _machine_wide() -> dict[str, Capability]:
    """Directory below debugfs to capability, for those that every machine has."""
    return {
        table.directory.removeprefix(DEBUGFS + "/"): table
        for table in known().values()
        if table.counted and "{" not in table.directory
    }


_PER_DEVICE = "fault_inject"


T = TypeVar("T")


def _absolute(directory: str) -> str:
    return directory if directory.startswith("/") else f"{DEBUGFS}/{directory}"


class SimKernel:
    """One machine's kernel. ``name`` seeds it: same run seed and name, same behaviour."""

    def __init__(
        self,
        *,
        version: KernelVersion,
        seed: int,
        name: str,
        devices: tuple[DeviceSpec, ...],
        cmdline: str = "",
    ) -> None:
        self.version = version
        self.seed = seed
        self.name = name
        self.devices = devices
        self.clock = SimClock()
        self.log = KernelLog(self.clock)
        self.tasks = TaskTable()
        self.tree = ControlTree(self, self._resolve, self._names)
        self._faults: dict[str, SimAttr] = {}
        self._marks: slab_caches.SlabMarks | None = None
        self._counting = False
        self.injected: dict[str, int] = {}
        """Functions that fail_function overrides, with their return values as 64 unsigned bits."""
        self.probes: dict[str, Callable[[SimTask | None], None]] = {}
        """What runs first when a function is entered that a kprobe sits on."""
        self._met: dict[str, list[Checks]] = {}
        self._facilities: dict[object, object] = {}
        self.boot = Boot(cmdline, version)
        self.boot.announce(self.log)
        for armed in self.boot.armed():
            directory = known()[armed].directory.removeprefix(DEBUGFS + "/")
            if directory in _machine_wide():
                self.fault(directory)

    def stream(self, name: str) -> Prng:
        """The random numbers that belong to one purpose on this machine."""
        return Prng.named(self.seed, self.name, name)

    def fault(self, directory: str) -> SimAttr:
        """The attribute set of a directory below debugfs, made on first touch.

        ``failslab`` and its kin are there on every machine; ``<device>/fault_inject`` is made by
        the device's driver. Raises KeyError for anything else. A boot option sets it first.
        """
        found = self._faults.get(directory)
        if found is None:
            table = _machine_wide().get(directory)
            if table is None:
                if not directory.endswith(f"/{_PER_DEVICE}"):
                    raise KeyError(directory)
                table = known()["nvme"]
            found = self._make(directory, table)
        return found

    def adopt(self, directory: str, table: Capability) -> SimAttr:
        """The attribute set that a driver makes: below debugfs, or anywhere if it is absolute.

        An attribute set that is there already stays as it is.
        """
        found = self._faults.get(directory)
        if found is None:
            found = self._make(directory, table)
        return found

    def has_fault(self, directory: str) -> bool:
        """Whether the attribute set of that directory was made already."""
        return directory in self._faults

    def _make(self, directory: str, table: Capability) -> SimAttr:
        made = SimAttr(table, self.version, self.clock, self.log, self.stream(directory))
        self.boot.start(table, made.core, self.log)
        if self._counting:
            made.tally = []
        self._faults[directory] = made
        return made

    def facility(self, make: "Callable[[SimKernel], T]") -> "T":
        """The machine's one object of a kind, such as its notifier chains; made on first use."""
        found = self._facilities.get(make)
        if found is None:
            found = self._facilities[make] = make(self)
        return cast("T", found)

    def met(self, place: str, task: SimTask | None, site: str) -> None:
        """A place was passed where a fault without `times` could be: counted for forecasts."""
        if self._counting:
            self._met.setdefault(place, []).append(
                Checks(
                    size=1,
                    count=1,
                    in_task=task is not None,
                    site=site,
                    marked=task is not None and task.make_it_fail,
                    first=task is not None and task.first,
                )
            )

    def drop_fault(self, directory: str) -> None:
        """The device is gone, and its attributes with it: open handles answer EIO."""
        found = self._faults.pop(directory, None)
        if found is not None:
            found.gone = True
        self.tree.remove(_absolute(directory))

    def should_fail(
        self,
        attr: SimAttr,
        size: int,
        task: SimTask | None,
        stack: tuple[str, ...] = (),
        *,
        nowarn: bool = False,
    ) -> bool:
        """Ask one attribute set; ``task`` None is interrupt context."""
        return attr.should_fail(size, task, stack, nowarn=nowarn)

    def slab(
        self,
        task: SimTask | None,
        size: int = hooks.SLAB_OBJECT,
        gfp: Gfp = KERNEL,
        stack: tuple[str, ...] = (),
        cache: str = "",
    ) -> bool:
        """Whether a slab allocation fails. ``size`` is the cache's object size in bytes."""
        if self.overridden("should_failslab", task, stack):
            return True
        attr = self._asked("failslab", task)
        if attr is None:
            return False
        marked = attr.flag("cache-filter") and cache in self._slab_marks().marked
        return hooks.slab(attr, task, size, gfp, stack, marked=marked)

    def pages(
        self,
        task: SimTask | None,
        order: int = 0,
        gfp: Gfp = KERNEL,
        stack: tuple[str, ...] = (),
    ) -> bool:
        """Whether an allocation of 2**order pages fails."""
        if self.overridden("should_fail_alloc_page", task, stack):
            return True
        attr = self._asked("fail_page_alloc", task)
        return attr is not None and hooks.pages(attr, task, order, gfp, stack)

    def usercopy(self, task: SimTask | None, stack: tuple[str, ...] = ()) -> bool:
        """Whether a copy from or to user memory fails."""
        attr = self._asked("fail_usercopy", task)
        return attr is not None and attr.should_fail(1, task, stack)

    def overridden(
        self, function: str, task: SimTask | None, stack: tuple[str, ...] = ()
    ) -> int | None:
        """What fail_function makes a function return, signed; None if the function is run."""
        if function not in self.injected:
            return None
        attr = self._asked("fail_function", task)
        if attr is None or not attr.should_fail(1, task, (*_PROBE, function, *stack)):
            return None
        return signed(self.injected[function], 64)

    def futex(
        self, task: SimTask | None, stack: tuple[str, ...] = (), *, private: bool = False
    ) -> bool:
        """Whether a futex call meets a fault at one of its places."""
        attr = self._asked("fail_futex", task)
        return attr is not None and hooks.futex(attr, task, stack, private=private)

    def rpc(self, task: SimTask | None, side: RpcSide, stack: tuple[str, ...]) -> bool:
        """Whether a connection breaks, or a request is put off, at a place of sunrpc."""
        attr = self._asked("fail_sunrpc", task)
        return attr is not None and hooks.rpc(attr, task, side, stack)

    def packet(self, task: SimTask | None, device: str, stack: tuple[str, ...]) -> bool:
        """Whether a packet's data is moved to other memory."""
        if not self._has_global("fail_skb_realloc"):
            return False
        attr = self._asked("fail_skb_realloc", task)
        return attr is not None and hooks.packet(attr, task, device, stack)

    def mempool(self, task: SimTask | None, caller: str) -> bool:
        """Whether an allocation from a mempool goes to the reserve; its own line tells of it."""
        if not self._has_global("fail_mempool_alloc"):
            return False
        attr = self._asked("fail_mempool_alloc", task)
        if attr is None or not attr.should_fail(1, task, ("mempool_alloc_noprof",), nowarn=True):
            return False
        offset, size = offsets(caller)
        self.log.emit(6, f"forcing mempool usage for {caller}+0x{offset:x}/0x{size:x}")
        return True

    def io_timeout(self, task: SimTask | None, stack: tuple[str, ...] = ()) -> bool:
        """Whether a completion is dropped, its disk's io-timeout-fail switch being on."""
        attr = self._asked("fail_io_timeout", task)
        return attr is not None and attr.should_fail(1, task, stack)

    def bio(self, task: SimTask | None, _disk: str, size: int, stack: tuple[str, ...] = ()) -> bool:
        """Whether a bio fails, its disk's or partition's make-it-fail switch being on."""
        attr = self._asked("fail_make_request", task)
        return attr is not None and attr.should_fail(size, task, stack)

    def enter(self, function: str, task: SimTask | None) -> None:
        """A function is entered that a kprobe may sit on; ``task`` None is interrupt context."""
        if self.probes:
            probe = self.probes.get(function)
            if probe is not None:
                probe(task)

    @property
    def counting(self) -> bool:
        """Whether this is a dry run, in which checks are counted and nothing is injected."""
        return self._counting

    def forget_checks(self) -> None:
        """Count from now on, and from 0."""
        self._counting = True
        self._met = {}
        for attr in self._faults.values():
            attr.tally = []

    def checks(self) -> Mapping[str, tuple[Checks, ...]]:
        """Calls that reached a decision, by directory, in their order."""
        asked = {
            _absolute(directory): tuple(attr.tally)
            for directory, attr in sorted(self._faults.items())
            if attr.tally
        }
        return asked | {place: tuple(met) for place, met in sorted(self._met.items())}

    def quiet(self, task: SimTask | None) -> bool:
        """Whether opening, reading and writing control files can neither fail nor be counted."""
        if self._counting or (task is not None and task.fail_nth):
            return False
        slab, copy = self._faults.get("failslab"), self._faults.get("fail_usercopy")
        return not (slab is not None and slab.core.probability) and not (
            copy is not None and copy.core.probability
        )

    def may_open(self, task: SimTask | None) -> None:
        """fs/namei.c:getname_flags() and the file structure come from the slab.

        Files are opened by tasks; without one it is the machine that looks at itself.
        """
        if task is not None and (self._faults or self._counting or task.fail_nth):
            if self.slab(task, _NAMES_CACHE, KERNEL, _OPEN, "names_cache"):
                raise SimErrno("ENOMEM")
            if self.slab(task, 256, KERNEL, ("alloc_empty_file", *_OPEN[2:]), "filp"):
                raise SimErrno("ENOMEM")

    def may_read(self, task: SimTask | None) -> None:
        """copy_to_user() of the text."""
        if task is not None and self.usercopy(task, _READ):
            raise SimErrno("EFAULT")

    def may_write(self, task: SimTask | None) -> None:
        """copy_from_user() of the text."""
        if task is not None and self.usercopy(task, _WRITE):
            raise SimErrno("EFAULT")

    def _asked(self, directory: str, task: SimTask | None) -> SimAttr | None:
        """The attribute set, or None if it cannot matter: it is off, and nobody counts."""
        nth = task is not None and task.fail_nth
        attr = self._faults.get(directory)
        if attr is None:
            return self.fault(directory) if self._counting or nth else None
        return attr if attr.core.probability or nth or attr.tally is not None else None

    def _slab_marks(self) -> slab_caches.SlabMarks:
        if self._marks is None:
            self._marks = slab_caches.SlabMarks(self.version, self.boot.line)
        return self._marks

    def _has_global(self, directory: str) -> bool:
        table = _machine_wide().get(directory)
        return table is not None and self.version.has(table.since, table.until)

    def _resolve(self, path: str) -> ControlFile | None:
        if path.startswith("/proc/"):
            return proc.resolve(path, self.tasks, self.version)
        if path.startswith(DEBUGFS):
            directory, _, name = path.removeprefix(DEBUGFS + "/").rpartition("/")
            if self._has_global(directory) or directory in self._faults:
                return self.fault(directory).file(name)
        if path.startswith(slab_caches.ROOT):
            return self._slab_marks().file(path)
        return None

    def _names(self, path: str) -> tuple[str, ...] | None:
        if path == DEBUGFS:
            known = [name for name in _machine_wide() if self._has_global(name)]
            own = [name for name in self._faults if not name.startswith("/")]
            return tuple(sorted({name.split("/")[0] for name in (*known, *own)}))
        if path.startswith(DEBUGFS):
            directory = path.removeprefix(DEBUGFS + "/")
            if self._has_global(directory) or directory in self._faults:
                return self.fault(directory).names()
            if f"{directory}/{_PER_DEVICE}" in self._faults:
                return (_PER_DEVICE,)
        if path.startswith(slab_caches.ROOT):
            return self._slab_marks().names(path)
        return proc.names(path, self.tasks)
