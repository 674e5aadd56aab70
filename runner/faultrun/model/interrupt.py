"""Stopping a workload in the middle: an optional power of a target."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable


@runtime_checkable
class Interruptible(Protocol):
    """A target that can end a running workload when the user asks to stop."""

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on end a running command, with its whole process group, once ``stop()``."""
        ...
