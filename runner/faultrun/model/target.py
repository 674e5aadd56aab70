"""The seam: everything a kernel offers us is files, processes, a log, a clock and a life.

The simulated kernel and a real one stand behind the same members; nothing above this file can
tell them apart. Live things are Protocols; all else here is a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from faultrun.model.campaign import DeviceSpec
from faultrun.model.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetInfo:
    """Static facts, known without IO.

    ``disposable``: may a step crash it? ``durable``: does its kernel outlive our process, so
    that intents have to reach the disk before each write? ``image`` identifies the very kernel of a
    guest, empty where only the machine itself could.
    """

    name: str
    kind: str
    release: str
    disposable: bool
    durable: bool
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelFacts:
    """What a probe found. ``missing`` maps a capability to *all* reasons why it is not usable.

    ``fixes`` maps some of these to the one command that would help.
    ``lacking`` maps the name of a device that the campaign asks for to the reason why this machine
    cannot have it.
    """

    release: str
    capabilities: frozenset[str]
    programs: frozenset[str] | None
    devices: tuple[DeviceSpec, ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)
    fixes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run.

    ``make_it_fail`` and ``fail_nth`` are written by the child itself, as its last act before exec:
    fail-nth lives in the task and is zeroed by fork (kernel/fork.c:copy_process()).

    With ``script`` set, ``argv`` is empty and the text is run by the target's shell.
    """

    timeout_ns: int
    script: str = ""
    argv: tuple[str, ...] = ()
    stdin: str = ""
    env: tuple[tuple[str, str], ...] = ()
    make_it_fail: bool = False
    fail_nth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended. ``exit_code`` is None if a signal or the timeout ended it.

    ``stdout`` and ``stderr`` are UTF-8; bytes that are not appear as their hexadecimal escape. ``pids`` are the
    tasks that belonged to the workload, as far as the target knows. ``fail_nth_left`` is the
    count read back after the run if fail-nth was armed: 0 means injected. ``unmodelled`` names
    what a simulated target could not do; the step is then a SKIP, never a pass.
    """

    exit_code: int | None
    stdout: str
    stderr: str
    elapsed_ns: int
    signal: int | None = None
    timed_out: bool = False
    pids: tuple[int, ...] = ()
    fail_nth_left: int | None = None
    unmodelled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One kernel log record. ``level`` as in printk, 0 to 7; ``t_ns`` is the kernel's own clock.

    A record may hold several lines of text (the kernel's fail_dump prints two).
    """

    t_ns: int
    level: int
    text: str


class AttrRefused(Exception):
    """The kernel said no to a read or a write: a finding, with the errno it gave."""

    def __init__(self, path: str, errno_name: str, action: str) -> None:
        super().__init__(f"{action} {path}: {errno_name}")
        self.path = path
        self.errno_name = errno_name
        self.action = action


class TargetDied(Exception):
    """The kernel went away. Expected of a crash step, a finding otherwise.

    ``hung``: it did not stop, it answers no more.
    """

    def __init__(self, why: str, log_tail: Sequence[LogLine] = (), *, hung: bool = False) -> None:
        super().__init__(why)
        self.log_tail = tuple(log_tail)
        self.hung = hung


class TargetBroken(Exception):
    """Our side broke (link, disk, emulator): ERROR, never FAIL."""


class Clock(Protocol):
    """The engine has no other time."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed point; never goes back."""
        ...

    def sleep_ns(self, duration_ns: int) -> None:
        """Let that much time pass."""
        ...


class Sink(Protocol):
    """Where events go: the recorder and the progress display are both sinks."""

    def emit(self, event: Event) -> None:
        """Take one event."""
        ...


class Target(Protocol):
    """One machine with one kernel."""

    @property
    def info(self) -> TargetInfo:
        """Static facts, no IO; also before it is entered, when nothing has been started yet."""
        ...

    @property
    def clock(self) -> Clock:
        """The machine's time."""
        ...

    def probe(self) -> KernelFacts:
        """Look once at what is there; collect all reasons for what is missing."""
        ...

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted. Raises AttrRefused."""
        ...

    def read(self, path: str) -> bytes:
        """The whole file. Raises AttrRefused."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Exactly one write(2); through the held descriptor if the path is held.

        Raises AttrRefused with the kernel's errno.
        """
        ...

    def hold(self, paths: Sequence[str]) -> None:
        """Open these files now and keep them open: a later open may be a victim of the fault."""
        ...

    def release(self) -> None:
        """Close every held file."""
        ...

    def run(self, command: Command) -> Finished:
        """Run to its end or its timeout; never raises for a non-zero exit."""
        ...

    def log(self, since: int) -> tuple[tuple[LogLine, ...], int, int]:
        """(records after the cursor, the new cursor, number of records lost). Cursor 0: all."""
        ...

    def recover(self, reason: str) -> None:
        """Bring back a dead or wedged machine, or raise TargetBroken."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@runtime_checkable
class Renewable(Protocol):
    """A target that can become a clean machine again in no time.

    ``name`` seeds the new machine: the same name in the same run behaves the same, whichever
    slot it lands on. Entering such a target and ``recover`` give a clean machine, too.
    """

    def renew(self, name: str) -> None:
        """Throw the machine away and start a clean one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """A run of equal calls that reached the decision of one attribute directory.

    ``site`` names who asked. ``marked``: the task had make-it-fail set; ``first``: it was the
    workload's own first task, the one that fail-nth would count in. ``wanted``: the stack filter
    lets its callers through.
    """

    size: int
    count: int
    in_task: bool
    site: str
    marked: bool = False
    first: bool = False
    wanted: bool = True


@runtime_checkable
class Counting(Protocol):
    """A target that can say how often each attribute directory was asked."""

    def checks(self) -> Mapping[str, tuple[Checks, ...]]:
        """Checks by directory, in the order in which they were made, equal neighbours joined."""
        ...

    def forget_checks(self) -> None:
        """Start counting anew."""
        ...
