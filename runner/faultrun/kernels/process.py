"""Other programs, and the clock: the only file of the package that starts processes.

Building a kernel is make's work, and fetching one apt's: there is no seam to stand behind, because
nothing of it happens on a machine under test.
"""

import os
import selectors
import signal
import subprocess  # noqa: TID251  # make, gcc and apt are started here and nowhere else in kernels
import sys
import time  # noqa: TID251  # how long a build takes is told, and kept with the kernel
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import BinaryIO

_CHILD = str(Path(__file__).with_name("child.py"))
_TICK_S = 0.5
_PATIENCE_MS = 5000
_NAP_S = 0.02
_CHUNK = 1 << 16
_FOREIGN = (
    "ARCH", "SUBARCH", "CROSS_COMPILE", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "O",
    "KBUILD_OUTPUT", "KCONFIG_CONFIG", "KCONFIG_ALLCONFIG", "CONFIG_", "KCFLAGS", "CC", "LD", "M",
    "CFLAGS", "LDFLAGS", "LLVM", "V", "W", "KBUILD_VERBOSE", "GREP_OPTIONS",
)  # fmt: skip


def now_ms() -> int:
    """Milliseconds of a clock that only goes forward."""
    return time.monotonic_ns() // 1_000_000


def today() -> str:
    """The wall clock, UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what would change how a kernel is built, and in English."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {**kept, "LC_ALL": "C", **extra}


def answer(command: Sequence[str], *, given: str = "") -> tuple[int, str]:
    """Run a short command to its end: exit status, and everything it printed."""
    try:
        done = subprocess.run(  # noqa: S603  # a list of words; no shell reads it
            command,
            input=given,
            env=environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            errors="replace",
        )
    except OSError as refused:
        return 127, f"{command[0]}: {refused.strerror}"
    return done.returncode, done.stdout


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    log: BinaryIO,
    lock: int,
    extra: Mapping[str, str],
    on_output: Callable[[bytes], None],
) -> int:
    """Run a long command as a process group of its own, everything it prints into the log.

    ``lock`` is a locked descriptor that its processes inherit: while one of them lives, nobody
    else takes the lock, even after a `kill -9` of this process. ``on_output`` gets each piece of
    output, and nothing at least twice a second. Whatever ends this function early ends the group.
    """
    child = subprocess.Popen(  # noqa: S603  # a list of words; no shell reads it
        [sys.executable, "-I", _CHILD, str(os.getpid()), *command],
        cwd=cwd,
        env=environment(extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=(lock,),
    )
    assert child.stdout is not None
    try:
        with child.stdout, selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while True:
                ready = selector.select(_TICK_S)
                piece = os.read(child.stdout.fileno(), _CHUNK) if ready else None
                if piece == b"":
                    return child.wait()
                log.write(piece or b"")
                log.flush()
                on_output(piece or b"")
    except BaseException:
        _end(child)
        raise


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Nothing of the group is left when this returns."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        _await_group(child)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _await_group(child: "subprocess.Popen[bytes]") -> None:
    """Let the group end by itself for a while. Raises ProcessLookupError once it has."""
    until = now_ms() + _PATIENCE_MS
    while now_ms() < until:
        child.poll()
        os.killpg(child.pid, 0)
        time.sleep(_NAP_S)


@contextmanager
def interruptible() -> Iterator[None]:
    """While it is open, SIGTERM and SIGHUP end the work as Ctrl-C does: tidied up."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
