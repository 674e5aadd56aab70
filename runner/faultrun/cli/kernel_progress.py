"""Watching a kernel build: one live line on a terminal, plain lines now and then elsewhere."""

import sys
from typing import TextIO

from faultrun.cli.terminal import is_live, wants_color

_EVERY_MS = 15_000


class Watch:
    """Prints nothing (``--quiet``, ``--json``)."""

    def say(self, text: str) -> None:
        """One line that is worth keeping."""

    def phase(self, name: str, detail: str) -> None:
        """A phase begins."""

    def tick(self, done: int, expected: int, elapsed_ms: int) -> None:
        """It goes on."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Lines(Watch):
    """A line for each phase and one every 15 seconds; no control codes, for any log to hold."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._phase = ""
        self._next_ms = _EVERY_MS

    def say(self, text: str) -> None:
        """One line that is worth keeping."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def phase(self, name: str, detail: str) -> None:
        """A phase begins."""
        self._phase, self._next_ms = name, _EVERY_MS
        self.say(f"{name}: {detail}")

    def tick(self, done: int, expected: int, elapsed_ms: int) -> None:
        """It goes on."""
        if elapsed_ms >= self._next_ms:
            self._next_ms = elapsed_ms + _EVERY_MS
            self.say(f"{self._phase}: {_state(done, expected, elapsed_ms)}")


def watch(*, color: str, quiet: bool) -> Watch:
    """The display that fits the terminal and the options."""
    if quiet:
        return Watch()
    if is_live(sys.stderr) and wants_color(sys.stderr, color):
        from faultrun.cli.kernel_live import Live  # noqa: PLC0415  # rich is slow to import

        return Live()
    return Lines(sys.stderr)


def _state(done: int, expected: int, elapsed_ms: int) -> str:
    of = f" of about {expected}" if expected else ""
    files = f"{done}{of} files compiled, " if done else ""
    return f"{files}{elapsed_ms // 1000} s"
