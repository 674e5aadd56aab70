"""One file to put back, and the shell command by which a person can do it by hand."""

import shlex
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A control file, the value it had before step ``step`` armed it, and whether it is a trigger.

    ``value`` has no newline; the one that the kernel expects is added on writing. ``armed`` is
    the value that the step wrote. ``undo`` is the text that undoes it where that is not the old
    value, ``undone_by`` the errno with which a kernel answers that; whether it is still armed is
    then told by ``seen_as``, a regular expression on the lines of the file ``seen_in``. ``disarm`` is
    what turns a trigger off before anything else is put back.
    """

    step: str
    path: str
    value: str
    trigger: bool
    armed: str = ""
    undo: str = ""
    undone_by: str = ""
    seen_in: str = ""
    seen_as: str = ""
    disarm: str = "0"

    @property
    def written(self) -> str:
        """What is written to put it back: the text that undoes it, or the old value."""
        return self.undo or self.value

    def command(self) -> str:
        """What to type as root if faultrun cannot do it."""
        path = shlex.quote(self.path)
        lines = self.written.splitlines() or [""]
        return "; ".join(f"echo {shlex.quote(line)} > {path}" for line in lines)
