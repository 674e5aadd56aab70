"""Having a machine to oneself: an optional power of a target that others could use as well."""

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable


@runtime_checkable
class Claimable(Protocol):
    """A target whose machine is not the run's own: two runs at once would undo each other."""

    def claim(self, verb: str, run: str, since: str) -> AbstractContextManager[None]:
        """Have the machine until the context ends; also before the target is entered.

        ``verb`` and ``run`` say what for: ``run``, and the folder of the record. ``since`` is a
        time in words. Raises TargetBroken with the holder's name if somebody has it.
        """
        ...
