"""One live ``struct fault_attr``: its control files, its decisions, its log lines, its tally."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from faultrun.kernel.control_file import parse, parse_config, show, show_config
from faultrun.kernel.fault_attr import FaultAttr, decide, spend, stack_allows, trusts_any_caller
from faultrun.kernel.numbers import BLANKS, Refused, signed
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind, AttrSpec, Capability
from faultrun.model.target import Checks
from faultrun.simkernel.clock import SimClock
from faultrun.simkernel.dump import dump_stack
from faultrun.simkernel.log import KernelLog
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.symbols import address, offsets
from faultrun.simkernel.tasks import SimTask

SLOTS: dict[str, str] = {
    "probability": "probability",
    "interval": "interval",
    "times": "times",
    "space": "space",
    "verbose": "verbose",
    "task-filter": "task_filter",
    "verbose_ratelimit_interval_ms": "ratelimit_interval",
    "verbose_ratelimit_burst": "ratelimit_burst",
    "stacktrace-depth": "stacktrace_depth",
    "require-start": "require_start",
    "require-end": "require_end",
    "reject-start": "reject_start",
    "reject-end": "reject_end",
}
"""Control file name to field; whatever a capability has beside these is its own."""

DECIMAL = frozenset({AttrKind.ULONG, AttrKind.ATOMIC, AttrKind.U32, AttrKind.DEPTH})
"""Kinds that print as they are stored."""

JIFFY_NS = 4_000_000
"""CONFIG_HZ=250. The rate limit's interval is compared with jiffies, whatever its file is called."""

NAME_BYTES = 15
"""include/uapi/linux/if.h:IFNAMSIZ is 16 with the terminator."""

MOST_RUNS = 20_000
"""Runs of equal checks that the tally remembers; what comes later is counted in its last run."""


class SimAttr:
    """The attribute set of one directory.

    ``core`` is what ``should_fail_ex()`` works on, ``extra`` the capability's own files by name.
    """

    def __init__(
        self,
        capability: Capability,
        version: KernelVersion,
        clock: SimClock,
        log: KernelLog,
        prng: Prng,
    ) -> None:
        self.capability = capability
        self.version = version
        self.core = FaultAttr()
        self.extra: dict[str, int] = {
            spec.name: _number(spec.default)
            for spec in capability.attrs
            if spec.name not in SLOTS
            and not spec.path
            and spec.kind is not AttrKind.TEXT
            and version.has(spec.since, spec.until)
        }
        self.texts: dict[str, str] = {}
        self.gone = False
        self.tally: list[Checks] | None = None
        self._clock = clock
        self._log = log
        self._percent = prng.percent
        self._stack_first = version.has("6.8", None)
        self._window = (0, 0, 0)

    def file(self, name: str) -> "AttrFile | None":
        """The control file of that name, or None if this kernel has none."""
        spec = self.capability.attr(name)
        if spec is None or not self._has(spec):
            return None
        return AttrFile(self, spec)

    def names(self) -> tuple[str, ...]:
        """Every control file of the directory."""
        return tuple(spec.name for spec in self.capability.attrs if self._has(spec))

    def table(self) -> "AttrTable":
        """The directory as a mapping from names to files, each made when it is asked for."""
        return AttrTable(self)

    def flag(self, name: str) -> bool:
        """A bool of the capability's own."""
        return bool(self.extra.get(name, 0))

    def should_fail(
        self, size: int, task: SimTask | None, stack: tuple[str, ...], *, nowarn: bool = False
    ) -> bool:
        """Whether this call fails; logs and spends the budget as the kernel does."""
        if self.tally is not None:
            self._count(size, task, stack)
        core = self.core
        if not core.probability and (task is None or not task.fail_nth):
            return False
        walk = None if trusts_any_caller(core) else self._walk(stack)
        if not decide(core, size, task, self._percent, walk, stack_first=self._stack_first):
            return False
        if not nowarn:
            self._dump(task, stack)
        spend(core)
        return True

    def _walk(self, stack: tuple[str, ...]) -> Callable[[], bool]:
        def save() -> tuple[int, ...]:
            # The walk starts in the decision itself, which takes one of the depth.
            return tuple(address(name) + offsets(name)[0] for name in ("should_fail_ex", *stack))

        return lambda: stack_allows(self.core, save, stack_first=self._stack_first)

    def _has(self, spec: AttrSpec) -> bool:
        if spec.path or not self.version.has(spec.since, spec.until):
            return False
        # 6.1's Kconfig has "depends on !X86_64" for the stack filter.
        return spec.since is not None or not spec.optional or self._stack_first

    def _count(self, size: int, task: SimTask | None, stack: tuple[str, ...]) -> None:
        tally = self.tally
        assert tally is not None
        site = stack[0] if stack else self.capability.name
        in_task = task is not None
        marked = task is not None and task.make_it_fail
        first = task is not None and task.first
        wanted = trusts_any_caller(self.core) or self._walk(stack)()
        if tally:
            last = tally[-1]
            same = (last.size, last.in_task, last.site, last.marked, last.first, last.wanted)
            if same == (size, in_task, site, marked, first, wanted) or len(tally) >= MOST_RUNS:
                tally[-1] = replace(last, count=last.count + 1)
                return
        tally.append(
            Checks(
                size=size, count=1, in_task=in_task, site=site, marked=marked, first=first,
                wanted=wanted,
            )
        )  # fmt: skip

    def _dump(self, task: SimTask | None, stack: tuple[str, ...]) -> None:
        """lib/fault-inject.c:fail_dump(): shows the budget before it is taken from."""
        core = self.core
        if core.verbose == 0 or not self._may_log():
            return
        self._log.emit(
            5,
            "FAULT_INJECTION: forcing a failure.\n"
            f"name {self._name()}, interval {core.interval},"
            f" probability {core.probability}, space {core.space}, times {core.times}",
        )
        if core.verbose > 1:
            dump_stack(self._log, self.version, task, stack)

    def _name(self) -> str:
        """The directory below debugfs; without one a null pointer, and since 7.3 nothing."""
        if self.capability.configfs and self.version.has("7.3", None):
            return ""
        return self.capability.log_name

    def _may_log(self) -> bool:
        """lib/ratelimit.c:___ratelimit(); an interval of 0 never limits.

        Both settings are ints there, whatever their files say: a negative burst lets nothing
        through, and a window of negative length is always over.
        """
        interval = signed(self.core.ratelimit_interval, 32)
        burst = signed(self.core.ratelimit_burst, 32)
        if interval == 0:
            return True
        now = self._clock.now_ns() // JIFFY_NS + 1
        begin, printed, missed = self._window
        if begin == 0 or now > begin + interval:
            if missed:
                self._log.emit(4, f"fail_dump: {missed} callbacks suppressed")
            begin, printed, missed = now, 0, 0
        allowed = printed < burst
        self._window = (begin, printed + 1, missed) if allowed else (begin, printed, missed + 1)
        return allowed


class AttrTable(Mapping[str, "AttrFile"]):
    """A directory of attribute files; making all fifteen would cost more than most steps do."""

    __slots__ = ("_attr",)

    def __init__(self, attr: SimAttr) -> None:
        self._attr = attr

    def __getitem__(self, name: str) -> "AttrFile":
        found = self._attr.file(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._attr.names())

    def __len__(self) -> int:
        return len(self._attr.names())


class AttrFile:
    """One control file of an attribute set."""

    __slots__ = ("_attr", "_decimal", "_kind", "_name", "_slot")

    def __init__(self, attr: SimAttr, spec: AttrSpec) -> None:
        self._attr = attr
        self._kind: AttrKind = spec.kind
        self._name = spec.name
        self._slot = SLOTS.get(spec.name)
        self._decimal = spec.kind in DECIMAL

    @property
    def gone(self) -> bool:
        """Whether its directory was removed under whoever holds it open."""
        return self._attr.gone

    def read(self, _task: SimTask | None) -> str:
        """What a read gives, newline included; a text comes without one."""
        if self._kind is AttrKind.TEXT:
            return self._attr.texts.get(self._name, "")
        value = self._value()
        if self._decimal:
            return f"{value}\n"
        answer = show_config if self._attr.capability.configfs else show
        return f"{answer(self._kind, value, self._attr.version)}\n"

    def write(self, text: str, _task: SimTask | None) -> None:
        """Take a write. Raises SimErrno with the kernel's own errno."""
        if self._kind is AttrKind.TEXT:
            # net/core/skb_fault_injection.c:devname_write() keeps what precedes the name.
            self._attr.texts[self._name] = text[:NAME_BYTES].rstrip(BLANKS)
            return
        try:
            if self._attr.capability.configfs:
                value = parse_config(self._kind, text, self._attr.version)
            else:
                value = parse(self._kind, text, self._attr.version, self._value())
        except Refused as refused:
            raise SimErrno(refused.name) from None
        if self._slot is None:
            self._attr.extra[self._name] = value
        elif self._slot == "task_filter":
            self._attr.core.task_filter = bool(value)
        else:
            setattr(self._attr.core, self._slot, value)

    def _value(self) -> int:
        if self._slot is None:
            return self._attr.extra[self._name]
        return int(getattr(self._attr.core, self._slot))


def _number(default: object) -> int:
    """An attribute's default as the kernel stores it."""
    if isinstance(default, str):
        return 1 if default == "Y" else 0
    assert isinstance(default, int)
    return int(default)
