"""``make -C tools/testing/selftests run_tests``: a few selftests, and the kernel's test runner.

A selftest is a table of system calls: it passes them through the same fault points as any other
program and gives up at the first that it does not expect to fail. Output as
tools/testing/selftests/kselftest/runner.sh prints it (KTAP, Documentation/dev-tools/ktap.rst).
Modelled by hand: which calls a test makes is taken from its source; how many is chosen, so that one
percent of them is some.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.kernel.errno import message_of
from faultrun.simkernel.hooks import Gfp
from faultrun.simkernel.point import Pages
from faultrun.simkernel.points import check, meet
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.signals import Killed
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

ROOT = "/tools/testing/selftests"
TIMEOUT_S = 45
_CALL_NS = 20_000

_REFILL = (
    "alloc_pages_mpol_noprof", "allocate_slab", "___slab_alloc", "kmem_cache_alloc_lru_noprof",
    "sock_alloc_inode", "alloc_inode", "__sock_create", "__sys_socketpair", "__x64_sys_socketpair",
    "do_syscall_64", "entry_SYSCALL_64_after_hwframe",
)  # fmt: skip
SOCKET_SLAB = Pages(2, _REFILL, "", Gfp.NOWARN)
"""A new slab of sock_inode_cache: asked for without waiting first (mm/slub.c:allocate_slab())."""
SOCKETS_IN_A_SLAB = (4096 << 2) // 832


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """So many calls of one kind; each ``every``-th takes a new slab."""

    call: str
    count: int
    every: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    """One test program of a collection."""

    collection: str
    name: str
    calls: tuple[Calls, ...]


SELFTESTS: tuple[Selftest, ...] = (
    Selftest(collection="size", name="get_size", calls=(Calls(call="write", count=12),)),
    Selftest(
        collection="net",
        name="socket",
        calls=(Calls(call="socketpair", count=12_000, every=SOCKETS_IN_A_SLAB),),
    ),
    Selftest(
        collection="sigaltstack",
        name="sas",
        calls=(Calls(call="kill", count=200), Calls(call="write", count=6)),
    ),
    Selftest(
        collection="timers",
        name="posix_timers",
        calls=(Calls(call="kill", count=1_200), Calls(call="write", count=9)),
    ),
    Selftest(
        collection="proc",
        name="read",
        calls=(Calls(call="openat", count=60), Calls(call="read", count=60)),
    ),
)
"""What run_tests runs, in this order."""


def _make(process: Process) -> int:
    folder, targets, silent, wanted = _arguments(process)
    place = process.path(folder).rstrip("/")
    if place != ROOT:
        raise Unmodelled(f"make in '{folder}'")
    if targets != ["run_tests"]:
        raise Unmodelled(f"make {' '.join(targets)} of the selftests")
    collections = list(dict.fromkeys(test.collection for test in SELFTESTS))
    chosen = [name for name in collections if not wanted or name in wanted]
    missing = [name for name in wanted if name not in collections]
    if missing:
        raise Unmodelled(f"selftests of '{missing[0]}'")
    _say(process, f"make: Entering directory '{place}'\n", silent=silent)
    for collection in chosen:
        inner = f"{place}/{collection}"
        _say(process, f"make[1]: Entering directory '{inner}'\n", silent=silent)
        _run_collection(process, collection)
        _say(process, f"make[1]: Leaving directory '{inner}'\n", silent=silent)
    _say(process, f"make: Leaving directory '{place}'\n", silent=silent)
    # lib.mk:run_tests does not look at what a test answered; the report tells.
    return 0


def _arguments(process: Process) -> tuple[str, list[str], bool, list[str]]:
    """Where, what to make, whether silently, and ``TARGETS=``."""
    folder, targets, silent, wanted = ".", list[str](), False, list[str]()
    words = list(process.argv[1:])
    while words:
        word = words.pop(0)
        if word in ("-C", "--directory") and words:
            folder = words.pop(0)
        elif word.startswith("-C") and len(word) > 2:
            folder = word[2:]
        elif word in ("-s", "--silent", "--quiet"):
            silent = True
        elif word in ("-k", "--keep-going") or word.startswith("-j"):
            continue
        elif word.startswith("TARGETS="):
            wanted = word.removeprefix("TARGETS=").split()
        elif word.startswith("-") or "=" in word:
            raise Unmodelled(f"make {word}")
        else:
            targets.append(word)
    return folder, targets or ["all"], silent, wanted


def _run_collection(process: Process, collection: str) -> None:
    """kselftest/runner.sh:run_many()."""
    tests = [test for test in SELFTESTS if test.collection == collection]
    process.out(f"TAP version 13\n1..{len(tests)}\n")
    for number, test in enumerate(tests, 1):
        title = f"selftests: {collection}: {test.name}"
        process.out(f"# timeout set to {TIMEOUT_S}\n# {title}\n")
        status = _run_one(process, test)
        if status == 0:
            process.out(f"ok {number} {title}\n")
        else:
            process.out(f"not ok {number} {title} # exit={status}\n")


def _run_one(process: Process, test: Selftest) -> int:
    """fork, exec, and the test's own calls: its exit status."""
    child: Process | None = None
    try:
        child = process.fork()
        child.exec((f"./{test.name}",))
        return _calls(child, test)
    except ExitNow as left:
        return left.status
    except Killed as signal:
        return 128 + signal.number
    except SimErrno as refused:
        process.out(f"# {test.name}: {message_of(refused.name)}\n")
        return 126
    finally:
        if child is not None:
            process.machine.kernel.tasks.exit(child.task)


def _calls(child: Process, test: Selftest) -> int:
    kernel = child.machine.kernel
    for calls in test.calls:
        for number in range(calls.count):
            try:
                check(kernel, child.task, calls.call)
                if calls.every and number % calls.every == 0:
                    meet(kernel, child.task, (SOCKET_SLAB,))
            except SimErrno as refused:
                told = message_of(refused.name)
                child.out(f"# {calls.call} {number + 1} of {calls.count}: {told}\n")
                return 1
            child.spend(_CALL_NS)
    child.out(f"# {sum(calls.count for calls in test.calls)} calls made\n")
    return 0


def _say(process: Process, text: str, *, silent: bool) -> None:
    if not silent:
        process.out(text)


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"make": _make}
