"""Watching a run: a live display on a terminal, one plain line a finished step elsewhere."""

import sys
from typing import Protocol, TextIO

from faultrun.cli.step_line import line
from faultrun.cli.terminal import is_live, wants_color
from faultrun.model.event import Event, Kind
from faultrun.model.plan import Plan


class Watch(Protocol):
    """A sink that is opened before a run and closed after it."""

    def emit(self, event: Event) -> None:
        """Take one event."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class Silent:
    """Prints nothing (``--quiet``, ``--json``)."""

    def emit(self, event: Event) -> None:
        """Take one event."""

    def close(self) -> None:
        """Nothing to leave."""


class Lines:
    """One line for each finished step; no control codes, so that any log can hold it."""

    def __init__(self, plan: Plan, stream: TextIO) -> None:
        self._total = len(plan.tasks)
        self._width = len(str(self._total))
        self._done = 0
        self._stream = stream

    def emit(self, event: Event) -> None:
        """Take one event."""
        if event.kind in (Kind.VERDICT, Kind.STEP_SKIP):
            self._done += 1
            count = f"{self._done:>{self._width}}/{self._total}"
            self._stream.write(f"{count} {line(event)}\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing to leave."""


def watch(plan: Plan, *, color: str, quiet: bool) -> Watch:
    """The display that fits the terminal and the options."""
    if quiet:
        return Silent()
    if is_live(sys.stderr) and wants_color(sys.stderr, color):
        # rich costs more time to import than the whole smoke campaign takes to run.
        from faultrun.cli.live import Live  # noqa: PLC0415

        return Live(plan)
    return Lines(plan, sys.stderr)
