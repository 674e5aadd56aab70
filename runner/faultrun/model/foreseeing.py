"""Saving journeys to a machine that is far away: an optional power of a target."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from faultrun.model.target import Target


@dataclass(frozen=True, slots=True)
class Access:
    """One read (``data`` is None) or one write(2) that will come."""

    path: str
    data: bytes | None = None


@runtime_checkable
class Foreseeing(Protocol):
    """A target that may be told which accesses come next, in order.

    It may make all of them in one journey, up to the first write that the kernel refuses, and
    answer the calls from what came back. Whoever foresees must then make these calls and no others;
    what was foreseen but not called for is forgotten at the first call that differs.
    """

    def foresee(self, accesses: Sequence[Access]) -> None:
        """These reads and writes follow. Raises nothing that the calls themselves do not."""
        ...


def foresee(target: Target, accesses: Sequence[Access]) -> None:
    """Tell the target, if it can make use of it."""
    if len(accesses) > 1 and isinstance(target, Foreseeing):
        target.foresee(accesses)
