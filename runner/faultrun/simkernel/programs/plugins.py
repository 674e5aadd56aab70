"""Programs of other distributions, by the entry points of the group ``faultrun.programs``.

An entry point's object takes a ``Process`` and gives an exit status, like any program here. It is
loaded when a workload calls it for the first time.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from faultrun.simkernel.process import Process
from faultrun.simkernel.unmodelled import Unmodelled

GROUP = "faultrun.programs"

Run = Callable[[Process], int]


@cache
def offered() -> Mapping[str, EntryPoint]:
    """Entry points by the program's name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def origin(entry: EntryPoint) -> str:
    """Whose model of a program it is."""
    return "an unknown distribution" if entry.dist is None else entry.dist.name


def starter(entry: EntryPoint) -> Run:
    """What runs the program; what cannot be loaded is not modelled, and says so."""

    def run(process: Process) -> int:
        try:
            main = cast("Run", entry.load())
        except Exception as error:
            told = f"program '{entry.name}' of {origin(entry)} cannot be loaded"
            raise Unmodelled(f"{told}: {type(error).__name__}: {error}") from error
        return main(process)

    return run
