"""C programs that the simulated machine can run once they are compiled, call by call.

Each function makes the system calls that its source makes, in the same order, on a little C library:
``errno`` keeps its value until a call fails, and standard output, being no terminal, is written at
exit. What comes out is what the calls answer on this kernel; no output is written down here.
"""

import re
from collections.abc import Callable, Mapping

from faultrun.kernel.errno import number_of
from faultrun.simkernel import points
from faultrun.simkernel.file_values import READ, UPDATE, OpenFile
from faultrun.simkernel.process import Process
from faultrun.simkernel.sim_errno import SimErrno

MAGIC = b"\x7fELF\x02\x01\x01\0compiled:"
_SYSTEM = "echo N > /sys/kernel/debug/failslab/ignore-gfp-wait"
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


def _line(count: int, left: int, res: int, err: int) -> str:
    return f"{count}-th fault {'N' if left else 'Y'}: res={res}/{err}\n"


def _document_sweep(process: Process) -> int:
    """A read-back that fails leaves the number that was written in the buffer."""
    c = C(process)
    _system(process, _SYSTEM)
    file = c.open(f"/proc/self/task/{process.task.pid}/fail-nth")
    count = 0
    while True:
        count += 1
        text = str(count)
        c.write(file, text)
        res = c.socketpair()
        err = c.errno
        buffer = c.pread(file, 128)
        text = text if buffer is None else buffer
        c.printf(_line(count, atoi(text), res, err))
        process.spend(1_000)
        if atoi(text):
            return c.exit()


def _system(process: Process, command: str) -> None:
    """system(3): a shell in a child; what it answers is not looked at."""
    child = None
    try:
        child = process.fork()
        process.machine.execute(child, ("sh", "-c", command))
    except SimErrno:
        return
    finally:
        if child is not None:
            process.machine.kernel.tasks.exit(child.task)


def _right_sweep(process: Process) -> int:
    """A read-back that fails was itself the fault point."""
    c = C(process)
    file = c.open("/proc/thread-self/fail-nth")
    count = 0
    while True:
        count += 1
        c.write(file, str(count))
        res = c.socketpair()
        err = c.errno if res else 0
        buffer = c.pread(file, 15)
        left = 1 if buffer is None else atoi(buffer)
        _cancel(c, file)
        c.printf(_line(count, left, res, err))
        if left:
            return c.exit()


def _read_again_sweep(process: Process) -> int:
    """A read-back that fails is made again, and then reads 0."""
    c = C(process)
    file = c.open("/proc/thread-self/fail-nth")
    count = 0
    while True:
        count += 1
        c.write(file, str(count))
        res = c.socketpair()
        err = c.errno
        buffer = c.pread(file, 15)
        while buffer is None:
            process.spend(1_000)
            buffer = c.pread(file, 15)
        _cancel(c, file)
        c.printf(_line(count, atoi(buffer), res, err))
        if atoi(buffer):
            return c.exit()


def _cancel(c: C, file: OpenFile | None) -> None:
    """Write 0 until it is taken: the write is a fault point, too."""
    while c.write(file, "0") < 0:
        c.process.spend(1_000)


def _threads(process: Process) -> int:
    """The worker runs while the main thread waits for it."""
    c = C(process)
    thread = process.thread()
    worker = C(thread, c.printed)
    file = worker.open("/proc/thread-self/fail-nth")
    # The arguments of one call, in the order in which gcc evaluates them on x86: last first.
    nth = worker.number("/proc/thread-self/fail-nth")
    marked = worker.number("/proc/thread-self/make-it-fail")
    worker.printf(f"worker: make-it-fail {marked}, fail-nth {nth}\n")
    worker.write(file, "1")
    if worker.socketpair() < 0:
        worker.printf(f"worker: errno {worker.errno}\n")
    worker.write(file, "1000")
    worker.printf(f"main thread: fail-nth {worker.number('/proc/self/fail-nth')}\n")
    armed = "armed" if worker.number("/proc/thread-self/fail-nth") else "0"
    worker.printf(f"worker: fail-nth {armed}\n")
    worker.write(file, "0")
    process.machine.kernel.tasks.exit(thread.task)
    c.printf(f"main thread: res {c.socketpair()}\n")
    return c.exit()


RUNS: Mapping[str, Callable[[Process], int]] = {
    "document-sweep": _document_sweep,
    "right-sweep": _right_sweep,
    "read-again-sweep": _read_again_sweep,
    "threads": _threads,
}


def recognised(data: bytes) -> Callable[[Process], int] | None:
    """What runs a file, if it is one that the simulated compiler made."""
    if not data.startswith(MAGIC):
        return None
    return RUNS.get(data.removeprefix(MAGIC).strip().decode("ascii", "replace"))
