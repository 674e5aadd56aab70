"""Process substitution: ``<(script)`` and ``>(script)`` as pipes below ``/dev/fd``."""

from typing import TYPE_CHECKING

from faultrun.simkernel.pipes import Buffer
from faultrun.simkernel.shell.nodes import Node

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

_FIRST_NAME = 63


class Outlets:
    """The pipes of one shell whose readers wait.

    What stands in ``<(script)`` runs to its end before its reader starts; what stands in
    ``>(script)`` runs when the command that writes to it has ended, and so has all its input.
    """

    def __init__(self, shell: "Shell") -> None:
        self._shell = shell
        self._waiting: list[tuple[Shell, Node]] = []

    def attach(self, body: Node, mode: str) -> str:
        """Make the pipe; its name, with the highest descriptor that is free, as bash chooses it."""
        pipe = Buffer()
        child = self._shell.child({1: pipe} if mode == "<" else {0: pipe})
        if mode == "<":
            child.finish(body)
        else:
            self._waiting.append((child, body))
        fds = self._shell.process.fds
        number = _FIRST_NAME
        while number in fds:
            number -= 1
        fds[number] = pipe
        return f"/dev/fd/{number}"

    def run(self) -> None:
        """The writers have ended: run what waits behind ``>( )``."""
        while self._waiting:
            child, body = self._waiting.pop(0)
            child.finish(body)
