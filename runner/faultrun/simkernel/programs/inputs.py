"""Input that a filter takes: the named files, or standard input."""

from collections.abc import Iterator

from faultrun.kernel.errno import message_of
from faultrun.simkernel.process import Process
from faultrun.simkernel.sim_errno import SimErrno


class Inputs:
    """Reads the operands in order. ``status`` is 1 once one could not be read."""

    def __init__(self, process: Process, names: list[str]) -> None:
        self._process = process
        self._names = names or ["-"]
        self.status = 0

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """(name, content) of each that can be read; the others are complained of."""
        for name in self._names:
            try:
                yield name, content(self._process, name)
            except SimErrno as refused:
                self.status = 1
                self._process.complain(f"{name}: {message_of(refused.name)}")


def content(process: Process, name: str) -> bytes:
    """Everything in a file; ``-`` is standard input. Raises SimErrno."""
    return process.stdin() if name == "-" else process.read_all(name)


def text(data: bytes) -> str:
    """Bytes as text that goes back to the same bytes."""
    return data.decode("utf-8", "surrogateescape")


def lines(data: bytes) -> list[str]:
    """The lines of a text, without their newlines."""
    found = text(data).split("\n")
    if found and not found[-1]:
        found.pop()
    return found
