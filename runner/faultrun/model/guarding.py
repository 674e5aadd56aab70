"""A machine that puts things back by itself: an optional power of a target."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from faultrun.model.undo import Undo


@runtime_checkable
class Guarding(Protocol):
    """A target with a watchdog on the machine: it disarms if the runner falls silent."""

    def guard(self, undos: Sequence[Undo]) -> None:
        """From now on put these back once nothing is heard; none: nothing is armed any more."""
        ...
