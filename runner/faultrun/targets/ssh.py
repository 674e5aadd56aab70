"""Another machine, over SSH: the agent is sent along, and leaves nothing there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from faultrun.model.data import Json
from faultrun.model.target import LogLine, TargetBroken, TargetDied, TargetInfo
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.greeting import greeting
from faultrun.targets.guest.wire import Message, Wire
from faultrun.targets.life import Manners
from faultrun.targets.link import Silent
from faultrun.targets.parcel import parcel, unpacking
from faultrun.targets.recipes.outfit import Outfit
from faultrun.targets.ssh_address import Address
from faultrun.targets.ssh_line import SshLine

SECOND_NS = 1_000_000_000
_LET_GO_S = 45
GREETING_S = 60
SILENCE_S = 45
"""The line itself is given up after 20 s without an answer of the other end."""
WATCHDOG_S = 30.0
RETURN_S = 120
"""So long may a machine take to come back from a reboot."""
_PAUSE_NS = SECOND_NS // 2


class RemoteMachine:
    """A machine that somebody else booted. ``sudo``: become root there by sudo, without a password."""

    def __init__(self, address: Address, *, sudo: bool = False, return_s: int = RETURN_S) -> None:
        self._address = address
        self._sudo = sudo
        self._return_s = return_s
        self._line: SshLine | None = None
        self._clock = MonotonicClock()
        self._boot = ""
        self._former = 0
        self._claim: dict[str, str] = {}
        self._patience_s = 0
        self.info = TargetInfo(
            name=f"ssh:{address}", kind="ssh", release="unknown", disposable=False, durable=True
        )
        self.manners = Manners(
            silence_ns=SILENCE_S * SECOND_NS, whole=False, folder="", returns=True
        )
        self.outfit = Outfit()

    @contextmanager
    def claim(self, verb: str, run: str, since: str) -> Iterator[None]:
        """Have the machine until the context ends. Raises TargetBroken with the holder's name.

        The lock is held there, by the agent: so it goes with the link, and comes with a new one.
        """
        self._claim = {"verb": verb, "run": f"{os.uname().nodename}:{run}", "since": since}
        try:
            self.start()
            self.stop()
            # The agent of a link that is lost puts back what it guards before it lets go.
            self._patience_s = _LET_GO_S
            yield
        finally:
            self._claim, self._patience_s = {}, 0

    def start(self) -> Wire:
        """Log in, send the agent, wait for its first word. Raises TargetBroken."""
        self.stop()
        wire, told = self._begin()
        self._boot = str(told["boot"])
        self._former = int(told["ready"])
        self.info = replace(self.info, release=str(told["release"]))
        return wire

    def alive(self) -> bool:
        """Whether the line is there and the agent at its other end."""
        return self._line is not None and self._line.alive

    def ended(self, silent: Silent) -> TargetDied | TargetBroken:
        """A machine that boots anew has died; one that goes on has only lost us."""
        words = self._line.last_words() if self._line is not None else ""
        said = f"; the agent says: {words}" if words else ""
        boot = self._boot
        self.stop()
        told = self._look_again()
        if isinstance(told, TargetBroken):
            return TargetBroken(f"the link to {self._address} is lost: {silent}{said}; {told}")
        if boot and told["boot"] != boot:
            return TargetDied(f"{self._address} has booted anew")
        return TargetBroken(
            f"the link to {self._address} was lost: {silent}{said}; the machine went on running"
        )

    def console(self) -> tuple[LogLine, ...]:
        """Nobody shows us its console."""
        return ()

    def stop(self) -> None:
        """Hang up, upon which the agent puts back, cleans up and ends."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _begin(self) -> tuple[Wire, Message]:
        packed = parcel()
        settings: dict[str, Json] = {
            "silence_s": WATCHDOG_S,
            "alone": True,
            "after": self._former,
            "claim": self._claim,
            "patience_s": self._patience_s,
        }
        line = self._line = SshLine(
            self._address, unpacking(len(packed), settings, sudo=self._sudo)
        )
        wire = Wire(line.handle, line.handle)
        with suppress(OSError):
            wire.send(packed)
        told = greeting(wire, self._clock, GREETING_S * SECOND_NS, self.alive)
        if told is None:
            words = line.last_words() or "nothing"
            self.stop()
            raise TargetBroken(f"the agent did not start on {self._address}, which says: {words}")
        if told["taken"]:
            self.stop()
            raise TargetBroken(f"{self._address} is being used by {told['taken']}")
        return wire, told

    def _look_again(self) -> Message | TargetBroken:
        """What the machine says of itself once it can be reached, or why it cannot be."""
        give_up = self._clock.now_ns() + self._return_s * SECOND_NS
        while True:
            try:
                told = self._begin()[1]
            except TargetBroken as no:
                if self._clock.now_ns() >= give_up:
                    return TargetBroken(f"no way back within {self._return_s} s: {no}")
                self._clock.sleep_ns(_PAUSE_NS)
            else:
                self.stop()
                return told
