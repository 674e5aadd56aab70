"""What was seen of a run: raw facts, before any judgement. Oracles are functions of this value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faultrun.model.target import Finished, LogLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One injection as the kernel log tells it: which capability, in which task, through what.

    ``name`` is the log's ``name`` field (``fault_inject`` for every NVMe device); ``chain`` lists
    function names, innermost first, empty below verbose 2. ``on_path`` is None when the log does
    not allow to tell; otherwise whether the injection lay on the workload's own path.
    """

    t_ns: int
    name: str
    comm: str
    pid: int
    chain: tuple[str, ...]
    on_path: bool | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Injections of one armed capability: exact by its budget, else as lines of the kernel log.

    ``injected`` is None if nothing is known; ``at_least``: lines of the log are missing, so that
    there may have been more.
    """

    capability: str
    path: str
    budget: int
    left: int | None
    injected: int | None
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen:
    """A file looked at after the run: its content, or the errno name with which it refused."""

    content: bytes | None
    errno_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything an oracle may look at."""

    finished: Finished
    log: tuple[LogLine, ...]
    log_lost: int
    counts: tuple[Count, ...]
    hits: tuple[Hit, ...]
    armed: bool
    errnos: tuple[str, ...] = ()
    after: Mapping[str, str] = field(default_factory=dict)
    """What control files read before they were restored, by path."""
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The paths of each ``capability.attribute`` that an expectation asks for."""
    files: Mapping[str, FileSeen] = field(default_factory=dict)
    oops: str = ""
    """The first line of the log that says the kernel went wrong; empty if none does."""
    died: str = ""
    """Why the kernel went away under the workload; empty if it did not."""
    hung: bool = False
    """It went away without a panic: nothing answered any more."""
    outcome: str = ""
    """The outcome class, set only for the oracle that judges it."""

    @property
    def injected(self) -> int:
        """Injections by the exact counters, plus a fail-nth that read back 0."""
        number = 1 if self.finished.fail_nth_left == 0 else 0
        for count in self.counts:
            number += count.injected or 0
        return number
