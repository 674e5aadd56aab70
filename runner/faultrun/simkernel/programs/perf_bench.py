"""``perf bench futex``: hash, wake, requeue and lock-pi, each thread a task of its own.

By hand from tools/perf/bench/futex-*.c. Rates are those of a slow machine, one operation after the
other: what matters is which call is made, what it answers, and what the program makes of that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.kernel.errno import message_of
from faultrun.simkernel.digits import whole
from faultrun.simkernel.futexes import futex
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.options import Parsed, parse
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_FUTEX = 0x5588C0A2E0C0
_OTHER = 0x5588C0A2E0C4
_OP_NS = 100_000
_RUNS = 10
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """The options that the benchmarks share. ``private`` futexes are the default."""

    threads: int
    seconds: int
    futexes: int
    step: int
    private: bool
    silent: bool
    pi: bool
    multi: bool

    @property
    def kind(self) -> str:
        """As the summary line names it."""
        return "private" if self.private else "shared"


def _perf(process: Process) -> int:
    words = process.argv[1:]
    if words[:2] != ("bench", "futex") or len(words) < 3 or words[2] not in _BENCHES:
        raise Unmodelled(f"perf {' '.join(words[:3])}")
    name = words[2]
    process.argv = ("perf", *words[3:])
    found = parse(
        process, "sSpMm", "trfqwnl", ("silent", "shared", "pi", "multi", "threads=", "runtime=",
        "futexes=", "nrequeue=", "nwakes="),
    )  # fmt: skip
    bench = _Bench(
        threads=_number(found, "t", "threads", 2),
        seconds=_number(found, "r", "runtime", 10),
        futexes=_number(found, "f", "futexes", 1024),
        step=_number(found, "q" if name == "requeue" else "w", "nrequeue", 1),
        private=not found.has("S", "shared"),
        silent=found.has("s", "silent"),
        pi=found.has("p", "pi"),
        multi=found.has("M", "multi"),
    )
    process.out(f"# Running 'futex/{name}' benchmark:\n")
    workers = [_thread(process) for _ in range(bench.threads)]
    try:
        return _BENCHES[name](process, bench, workers)
    finally:
        for worker in workers:
            process.machine.kernel.tasks.exit(worker.task)


def _number(found: Parsed, short: str, long: str, default: int) -> int:
    text = found.value(short, long, default=str(default))
    if not whole(text):
        raise Unmodelled(f"perf bench futex with -{short} {text}")
    return int(text)


def _thread(process: Process) -> Process:
    """pthread_create(3)."""
    try:
        return process.thread()
    except SimErrno as refused:
        process.err(f"perf: pthread_create: {message_of(refused.name)}\n")
        raise ExitNow(1) from None


def _call(process: Process, operation: str, bench: _Bench) -> str:
    """The errno of one futex(2), or empty."""
    try:
        futex(process, operation, private=bench.private)
    except SimErrno as refused:
        return refused.name
    return ""


def _warn(process: Process, bench: _Bench, text: str, errno_name: str) -> None:
    """warn(3), unless told to be silent."""
    if not bench.silent:
        process.err(f"perf: {text}: {message_of(errno_name)}\n")


def _rounds(bench: _Bench) -> range:
    """As many rounds of all threads as fit into the run time; each takes its time."""
    return range(bench.seconds * _SECOND // _OP_NS)


def _hash(process: Process, bench: _Bench, workers: list[Process]) -> int:
    """FUTEX_WAIT with a value that is not there: EAGAIN is right, all else is warned of."""
    process.out(
        f"Run summary [PID {process.task.pid}]: {bench.threads} threads, each operating on"
        f" {bench.futexes} [{bench.kind}] futexes for {bench.seconds} secs.\n\n"
    )
    done = dict.fromkeys(range(len(workers)), 0)
    for _ in _rounds(bench):
        for at, worker in enumerate(workers):
            errno_name = _call(worker, "wait", bench)
            if errno_name:
                _warn(process, bench, "Non-expected futex return call", errno_name)
            done[at] += 1
        process.spend(_OP_NS)
    return _rates(process, bench, list(done.values()))


def _lock_pi(process: Process, bench: _Bench, workers: list[Process]) -> int:
    """Lock and unlock in turn; a lock that cannot be had is warned of and tried again."""
    process.out(
        f"Run summary [PID {process.task.pid}]: {bench.threads} threads doing pi lock/unlock"
        f" pairing for {bench.seconds} secs.\n\n"
    )
    done = dict.fromkeys(range(len(workers)), 0)
    unlock = "unlock-pi" if bench.multi or len(workers) == 1 else "unlock-pi-contended"
    for _ in _rounds(bench):
        for at, worker in enumerate(workers):
            where = f"for {_FUTEX:#x} (-1)"
            errno_name = _call(worker, "lock-pi", bench)
            if errno_name:
                told = f"thread {worker.task.pid}: Could not lock pi-lock {where}"
                _warn(process, bench, told, errno_name)
                continue
            errno_name = _call(worker, unlock, bench)
            if errno_name:
                told = f"thread {worker.task.pid}: Could not unlock pi-lock {where}"
                _warn(process, bench, told, errno_name)
            done[at] += 1
        process.spend(_OP_NS)
    return _rates(process, bench, list(done.values()))


def _rates(process: Process, bench: _Bench, done: list[int]) -> int:
    rates = [count // bench.seconds for count in done]
    rows = (
        f"[thread {at:3d}] futex: {_FUTEX:#x} [ {rate} ops/sec ]\n" for at, rate in enumerate(rates)
    )
    process.out("".join(rows))
    process.out(
        f"\nAveraged {sum(rates) // len(rates)} operations/sec (+- 0.00%),"
        f" total secs = {bench.seconds}\n"
    )
    return 0


def _block(bench: _Bench, workers: list[Process]) -> int:
    """All threads wait: how many do. One whose call failed has left, and says nothing."""
    return sum(not _call(worker, "wait", bench) for worker in workers)


def _wake(process: Process, bench: _Bench, workers: list[Process]) -> int:
    """Wake all. A call that fails counts as minus one, so that the loop never sees its number."""
    process.out(
        f"Run summary [PID {process.task.pid}]: blocking on {bench.threads} threads (at"
        f" [{bench.kind}] futex {_FUTEX:#x}), waking up {bench.step} at a time.\n\n"
    )
    for run in range(_RUNS):
        waiting, woken = _block(bench, workers), 0
        while woken != bench.threads:
            process.spend(_OP_NS)
            if _call(process, "wake", bench):
                woken -= 1
                continue
            now = min(bench.step, waiting)
            waiting -= now
            woken += now
        process.out(f"[Run {run + 1}]: Wokeup {woken} of {bench.threads} threads in 0.1000 ms\n")
    process.out(f"Wokeup {bench.threads} of {bench.threads} threads in 0.1000 ms (+-0.00%)\n")
    return 0


def _requeue(process: Process, bench: _Bench, workers: list[Process]) -> int:
    """Move all waiters from one futex to another; a call that fails ends the program."""
    operation = "cmp-requeue-pi" if bench.pi else "cmp-requeue"
    process.out(
        f"Run summary [PID {process.task.pid}]: Requeuing {bench.threads} threads (from"
        f" [{bench.kind}] {_FUTEX:#x} to {'PI ' if bench.pi else ''}{_OTHER:#x}),"
        f" {bench.step} at a time.\n\n"
    )
    for run in range(_RUNS):
        waiting, moved = _block(bench, workers), 0
        while moved < bench.threads:
            process.spend(_OP_NS)
            errno_name = _call(process, operation, bench)
            if errno_name:
                told = f"couldn't requeue from {_FUTEX:#x} to {_OTHER:#x}"
                process.err(f"perf: {told}: {message_of(errno_name)}\n")
                return 1
            now = min(bench.step, waiting)
            waiting -= now
            moved += now
        process.out(f"[Run {run + 1}]: Requeued {moved} of {bench.threads} threads in 0.1000 ms\n")
    process.out(f"Requeued {bench.threads} of {bench.threads} threads in 0.1000 ms (+-0.00%)\n")
    return 0


_BENCHES: Mapping[str, Callable[[Process, _Bench, list[Process]], int]] = {
    "hash": _hash, "wake": _wake, "requeue": _requeue, "lock-pi": _lock_pi,
}  # fmt: skip

PROGRAMS: Mapping[str, Callable[[Process], int]] = {"perf": _perf}
