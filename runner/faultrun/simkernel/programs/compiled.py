"""C programs that the simulated machine can run once they are compiled, call by call.

Each function makes the system calls that its source makes, in the same order, on a little C library:
``errno`` keeps its value until a call fails, and standard output, being no terminal, is written at
exit. What comes out is what the calls answer on this kernel; no output is written down here.
"""

from collections.abc import Callable, Mapping

from faultrun.simkernel.file_values import OpenFile
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs import checks
from faultrun.simkernel.programs.c_library import C, atoi
from faultrun.simkernel.sim_errno import SimErrno

MAGIC = b"\x7fELF\x02\x01\x01\0compiled:"
_SYSTEM = "echo N > /sys/kernel/debug/failslab/ignore-gfp-wait"


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
    "checks": checks.run,
}


def recognised(data: bytes) -> Callable[[Process], int] | None:
    """What runs a file, if it is one that the simulated compiler made."""
    if not data.startswith(MAGIC):
        return None
    return RUNS.get(data.removeprefix(MAGIC).strip().decode("ascii", "replace"))
