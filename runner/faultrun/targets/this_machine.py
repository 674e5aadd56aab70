"""The machine we run on: its kernel is the one that is armed, and it is not ours to throw away."""

import json
import os
import socket
import subprocess  # noqa: TID251  # targets are the one place that starts processes
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from faultrun.model.target import LogLine, TargetBroken, TargetDied, TargetInfo
from faultrun.targets.claim import claimed
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.greeting import greeting
from faultrun.targets.guest.wire import Wire
from faultrun.targets.guest_process import PYTHON
from faultrun.targets.life import Manners
from faultrun.targets.link import Silent
from faultrun.targets.programs import programs
from faultrun.targets.recipes.outfit import Outfit

START_S = 20
SILENCE_S = 30
"""An agent that shares a busy machine may have to wait for its turn."""
WATCHDOG_S = 20.0
_AGENT = str(Path(__file__).with_name("guest") / "alone.py")
_END_S = 30.0


class ThisMachine:
    """The agent as a child of ours; it outlives us for as long as it takes to put everything back."""

    def __init__(self) -> None:
        self._agent: subprocess.Popen[bytes] | None = None
        self._ours: socket.socket | None = None
        self._said: IO[bytes] | None = None
        self._former = 0
        self.info = TargetInfo(
            name="local", kind="local", release=os.uname().release, disposable=False, durable=True
        )
        self.manners = Manners(
            silence_ns=SILENCE_S * 1_000_000_000,
            whole=False,
            programs=programs(),
            folder="",
            returns=True,
        )
        self.outfit = Outfit()

    def claim(self, verb: str, run: str, since: str) -> AbstractContextManager[None]:
        """Have this machine until the context ends. Raises TargetBroken with the holder's name."""
        return claimed("/", verb, run, since)

    def start(self) -> Wire:
        """Start the agent and wait for its first word. Raises TargetBroken."""
        self.stop()
        settings = {"silence_s": WATCHDOG_S, "alone": True, "after": self._former}
        ours, theirs = socket.socketpair()
        self._ours = ours
        said = self._said = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the agent
        with theirs:
            try:
                self._agent = subprocess.Popen(  # noqa: S603  # our own agent
                    (PYTHON, "-I", "-S", _AGENT, json.dumps(settings)),
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=said,
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as no:
                raise TargetBroken(f"the agent cannot be started on this machine: {no}") from no
        wire = Wire(ours.fileno(), ours.fileno())
        told = greeting(wire, MonotonicClock(), START_S * 1_000_000_000, self.alive)
        if told is None:
            raise TargetBroken(f"the agent on this machine did not come up: {self._last_words()}")
        return wire

    def alive(self) -> bool:
        """Whether the agent runs."""
        return self._agent is not None and self._agent.poll() is None

    def ended(self, silent: Silent) -> TargetDied | TargetBroken:
        """We are still here, so this machine has not died: it is our agent that is gone."""
        words = self._last_words()
        return TargetBroken(f"the agent on this machine is lost: {silent}; it says: {words}")

    def console(self) -> tuple[LogLine, ...]:
        """A machine has no console for its own processes."""
        return ()

    def stop(self) -> None:
        """Close the stream, upon which the agent puts back, cleans up and ends."""
        agent, self._agent = self._agent, None
        if self._ours is not None:
            self._ours.close()
            self._ours = None
        if agent is not None:
            self._former = agent.pid
            try:
                agent.wait(_END_S)
            except subprocess.TimeoutExpired:
                agent.kill()
                agent.wait()
        if self._said is not None:
            self._said.close()
            self._said = None

    def _last_words(self) -> str:
        if self._said is None:
            return "nothing"
        self._said.seek(0)
        text = self._said.read()[-2_000:].decode("utf-8", "backslashreplace").strip()
        return " / ".join(text.splitlines()[-4:]) or "nothing"
