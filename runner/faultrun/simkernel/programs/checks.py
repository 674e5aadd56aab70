"""``checks``: a sequence of system calls of which each makes a known number of checks.

Its source is ``campaigns/library/checks.c``. The calls were chosen so that the number of their checks follows
from the kernel's sources and holds on every architecture: observed on Linux 7.3.4 in user mode.
Kernel: lib/iov_iter.c:iovec_from_user(), kernel/sys.c:SYSCALL_DEFINE1(newuname).
"""

from faultrun.kernel.errno import number_of
from faultrun.simkernel import points
from faultrun.simkernel.futexes import futex
from faultrun.simkernel.point import Copy, Pages, Point, Slab
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.c_library import C
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_READV = ("iovec_from_user", "__import_iovec", "vfs_readv", "do_readv")
_FIRST_BYTES = 256
"""Sixteen vectors of 16 bytes; up to eight need no memory (include/linux/uio.h:UIO_FASTIOV)."""

_SLABS = "abcdef"
_PAGES = "g"
_NAME = "u"
_PRIVATE = "p"
_SHARED = "s"


def _points() -> dict[str, Point]:
    found: dict[str, Point] = {
        letter: Slab(
            _cache(_FIRST_BYTES << place), _FIRST_BYTES << place, ("__kmalloc_noprof", *_READV)
        )
        for place, letter in enumerate(_SLABS)
    }
    # Beyond two pages kmalloc() asks the page allocator: mm/slub.c:___kmalloc_large_node().
    found[_PAGES] = Pages(2, ("___kmalloc_large_node", "__kmalloc_noprof", *_READV))
    found[_NAME] = Copy(("_copy_to_user", "__do_sys_newuname"))
    return found


def _cache(size: int) -> str:
    return f"kmalloc-{size}" if size < 1024 else f"kmalloc-{size // 1024}k"


POINTS = _points()


def run(process: Process) -> int:
    """``checks MARK NTH CALLS``: one character a call, ``x`` for one that failed."""
    if len(process.argv) != 4:
        raise Unmodelled("checks without its three arguments")
    marked, armed, calls = process.argv[1:]
    c = C(process)
    c.open("/dev/null", write=False)
    mark = c.open("/proc/self/make-it-fail")
    nth = c.open("/proc/self/fail-nth")
    c.write(mark, marked[:1])
    if not armed.startswith("0"):
        c.write(nth, armed[:2])
    seen = "".join("x" if _call(c, letter) < 0 else "." for letter in calls)
    for file in (nth, mark):
        while c.write(file, "0") < 0:
            process.spend(1_000)
    c.printf(f"{seen}\n")
    return c.exit()


def _call(c: C, letter: str) -> int:
    process = c.process
    process.spend(1_000)
    try:
        if letter in (_PRIVATE, _SHARED):
            futex(process, "wake", private=letter == _PRIVATE)
        elif letter in POINTS:
            points.meet(process.machine.kernel, process.task, (POINTS[letter],))
        else:
            raise Unmodelled(f"checks with the call '{letter}'")
    except SimErrno as refused:
        c.errno = number_of(refused.name)
        return -1
    return 0
