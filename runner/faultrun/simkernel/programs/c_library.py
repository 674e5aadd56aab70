"""The little C library of the compiled programs: ``errno`` keeps its value until a call fails."""

import re

from faultrun.kernel.errno import number_of
from faultrun.simkernel import points
from faultrun.simkernel.file_values import READ, UPDATE, OpenFile
from faultrun.simkernel.process import Process
from faultrun.simkernel.sim_errno import SimErrno

_NO_SOCKET = "socket: no more sockets"


class C:
    """One thread of a program, with its ``errno``; ``printed`` is shared by all of them."""

    def __init__(self, process: Process, printed: list[str] | None = None) -> None:
        self.process = process
        self.errno = 0
        self.printed: list[str] = [] if printed is None else printed

    def printf(self, text: str) -> None:
        """Into the buffer."""
        self.printed.append(text)

    def open(self, path: str, *, write: bool = True) -> OpenFile | None:
        """open(2)."""
        try:
            return self.process.open(path, UPDATE if write else READ)
        except SimErrno as refused:
            self.errno = number_of(refused.name)
            return None

    def write(self, file: OpenFile | None, text: str) -> int:
        """write(2)."""
        try:
            return self.process.write(_open(file), text.encode())
        except SimErrno as refused:
            self.errno = number_of(refused.name)
            return -1

    def pread(self, file: OpenFile | None, size: int) -> str | None:
        """pread(2) at offset 0; None if it failed."""
        try:
            opened = _open(file)
            opened.seek(0)
            return self.process.read(opened, size).decode()
        except SimErrno as refused:
            self.errno = number_of(refused.name)
            return None

    def socketpair(self) -> int:
        """socketpair(2) of two local streams."""
        kernel = self.process.machine.kernel
        try:
            points.check(kernel, self.process.task, "socketpair")
        except SimErrno as refused:
            self.errno = number_of(refused.name)
            if refused.name == "ENFILE":
                # net/socket.c:__sock_create()
                kernel.log.emit(4, _NO_SOCKET)
            return -1
        return 0

    def number(self, path: str) -> int:
        """Open, read and close a file: the number in it, 0 if that failed."""
        file = self.open(path, write=False)
        text = self.pread(file, 15) or ""
        if file is not None:
            self.process.close(file)
        return atoi(text)

    def exit(self) -> int:
        """Flush standard output and end."""
        text = "".join(self.printed)
        self.printed.clear()
        try:
            self.process.out(text)
        except SimErrno as refused:
            self.errno = number_of(refused.name)
        return 0


def _open(file: OpenFile | None) -> OpenFile:
    if file is None:
        raise SimErrno("EBADF")
    return file


def atoi(text: str) -> int:
    """atoi(3)."""
    found = re.match(r"\s*[+-]?[0-9]+", text)
    return int(found[0]) if found else 0
