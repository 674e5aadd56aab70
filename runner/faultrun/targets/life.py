"""How a machine comes to life, and what can be said when it does not answer any more."""

from dataclasses import dataclass
from typing import Protocol

from faultrun.model.target import LogLine, TargetBroken, TargetDied, TargetInfo
from faultrun.targets.guest.wire import Wire
from faultrun.targets.link import Silent
from faultrun.targets.recipes.outfit import Outfit


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a machine wants to be treated.

    ``silence_ns``: so long without a sign of life and it counts as hanging. ``whole``: all its
    processes are the workload's, so that new process numbers are too.
    ``programs``: what it can run, or None if that is not known. ``folder``: where workloads
    start (empty: in one of their own, which goes with them), ``env``: with which environment.
    ``returns``: it goes on when our link is lost, so that a new link is worth making.
    """

    silence_ns: int
    whole: bool
    programs: frozenset[str] | None = None
    folder: str = "/"
    env: tuple[tuple[str, str], ...] = ()
    returns: bool = False


class Life(Protocol):
    """One machine, from power on to power off. Used by one thread at a time."""

    @property
    def info(self) -> TargetInfo:
        """Static facts, no IO."""
        ...

    @property
    def manners(self) -> Manners:
        """How to treat it."""
        ...

    @property
    def outfit(self) -> Outfit:
        """The devices that the machine makes for itself once it is up."""
        ...

    def start(self) -> Wire:
        """Bring up a clean machine and give the stream to its agent. Raises TargetBroken.

        A machine that is up already is thrown away first.
        """
        ...

    def alive(self) -> bool:
        """Whether there is still something that could answer."""
        ...

    def ended(self, silent: Silent) -> TargetDied | TargetBroken:
        """What the silence means: the kernel's end, or our link's."""
        ...

    def console(self) -> tuple[LogLine, ...]:
        """What the console showed so far; empty if there is none."""
        ...

    def stop(self) -> None:
        """Power off; never raises. Nothing of it is left on the host."""
        ...
