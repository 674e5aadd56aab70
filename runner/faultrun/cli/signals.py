"""SIGINT and SIGTERM: the first asks the run to stop and restore, the second changes nothing."""

import signal
import sys
from types import FrameType
from typing import Self


class Interrupts:
    """While it is open, the two signals only set a flag that the engine looks at.

    A run that dies of a signal would leave a kernel armed; that is why the second signal is
    ignored until everything is restored, and says so.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_ignored: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() itself gave

    def stop(self) -> bool:
        """Whether the user asked to stop."""
        return self.asked

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        again = "still restoring; please wait" if self.asked else "stopping; restoring first"
        sys.stderr.write(f"\nfaultrun: {again}\n")
        self.asked = True
