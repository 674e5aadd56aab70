"""The child that becomes the workload.

It is forked before anything is armed, since a fork may be a victim of the fault, and waits on
shared memory, since also a pipe or a signal allocates (mm/slub.c is where failslab sits). A fork
makes parent and child share their pages until one of them writes, and what is written then is a
new page: so both take theirs at once (``still.py``), and only then the child is said to be there.
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import os
import signal
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from faultrun.targets.guest.calm import Ears, now_s, pause
from faultrun.targets.guest.letter import Letter
from faultrun.targets.guest.still import take_memory
from faultrun.targets.guest.wire import PASSING

ARMING_FAILED = 125
_LONG = 100_000
"""A script of more bytes does not fit into one argument (fs/exec.c:MAX_ARG_STRLEN)."""
_PAUSE_S = 0.000_2
_TRIES = 200
_DYING_S = 2.0
_SETTLING_S = 2.0
_OURS = (signal.SIGPIPE, signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
"""What the agent handles or ignores; a workload gets it as the kernel has it."""

Request = dict[str, Any]


class Job:
    """One child: waiting, then running, then a zombie until it is reaped. Raises OSError.

    ``also``: who waits for the child to move wakes up when this can be read, too.
    """

    def __init__(self, *, also: int, folder: str) -> None:
        self.letter = Letter()
        self._ears = Ears()
        stdin, out, err = (os.pipe() for _ in range(3))
        self.stdin, self.out, self.err = stdin[1], out[0], err[0]
        self._open = [self.stdin, self.out, self.err]
        ours = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            try:
                os.chdir(folder)
                self._wait_and_become(ours, folder, (stdin[0], out[1], err[1]))
            finally:
                os._exit(ARMING_FAILED)
        for handle in (stdin[0], out[1], err[1]):
            os.close(handle)
        for handle in self._open:
            os.set_blocking(handle, False)
        self._pidfd()
        for handle in (*self._open[1:], also):
            self._ears.add(handle)

    def settle(self) -> None:
        """Come back when neither we nor the child need new memory to go on."""
        give_up = now_s() + _SETTLING_S
        while not self.letter.waits and not self.over() and now_s() < give_up:
            pause(_PAUSE_S)
        take_memory()

    def wait(self, seconds: float) -> None:
        """Until something can be read from it, it ended, or ``also`` can be read."""
        self._ears.wait(seconds)

    def wait_for_room(self) -> None:
        """Wake up as well when standard input takes more. Raises OSError."""
        self._ears.add_sink(self.stdin)

    def start(self, request: Request) -> None:
        """Let it become the workload. Raises ValueError if that is too long."""
        self.letter.send(request)

    def over(self) -> bool:
        """Whether it ended; it stays a zombie, so that its last state can be read."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> bool:
        """End its process group and wait a little; False if it cannot die."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        give_up = now_s() + _DYING_S
        while not self.over():
            if now_s() > give_up:
                return False
            pause(_PAUSE_S)
        return True

    def fail_nth(self) -> int | None:
        """What is left of its fail-nth, which a zombie still tells (fs/proc/base.c)."""
        try:
            handle = os.open(f"/proc/{self.pid}/fail-nth", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return int(os.read(handle, 32))
        except (OSError, ValueError):
            return None
        finally:
            os.close(handle)

    def shut(self, handle: int) -> None:
        """Close one of our ends."""
        if handle in self._open:
            self._open.remove(handle)
            self._ears.drop(handle)
            os.close(handle)

    def close(self) -> None:
        """Close all of our ends."""
        for handle in tuple(self._open):
            self.shut(handle)
        self._ears.close()
        self.letter.close()

    def drop(self) -> None:
        """It is not needed after all."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.close()

    def _pidfd(self) -> None:
        """A descriptor that can be read once the child ended, if the kernel has such."""
        with suppress(AttributeError, OSError):
            self._open.append(os.pidfd_open(self.pid))

    def _wait_and_become(self, parent: int, folder: str, ends: tuple[int, int, int]) -> None:
        os.setsid()
        for ours in _OURS:
            signal.signal(ours, signal.SIG_DFL)
        if not self.letter.started:
            take_memory()
            self.letter.wait()
        while not self.letter.started:
            pause(_PAUSE_S)
            if os.getppid() != parent:
                return
        request = self.letter.request()
        for number, handle in enumerate(ends):
            os.dup2(handle, number)
        request["cwd"] = "" if request["cwd"] == folder else request["cwd"]
        become(request, self.letter)


def become(request: Request, letter: Letter) -> None:
    """Arm this very task, then exec; what stands in the way of either goes into the letter.

    fail-nth belongs to a task, fork zeroes it and exec keeps it (kernel/fork.c:copy_process(),
    fs/exec.c); so all that can be done before arming is done before.
    """
    env = request["env"]
    words = request["argv"] or _shell(request["script"], env)
    program = _found(words[0], env)
    path = request["cwd"]
    try:
        if path:
            _insist(partial(os.chdir, path))
        armed = []
        for name, text in request["task"]:
            path = f"/proc/thread-self/{name}"
            armed.append(
                (_insist(partial(os.open, path, os.O_WRONLY | os.O_CLOEXEC)), text.encode())
            )
        if program:
            for handle, data in armed:
                os.write(handle, data)
    except OSError as failed:
        letter.say("unarmed", f"{failed.errno} {path}")
        os._exit(ARMING_FAILED)
    try:
        os.execve(program, words, env)  # noqa: S606  # becoming the workload is the purpose
    except OSError as failed:
        letter.say("err", f"{words[0]}: {failed.strerror}\n")
        os._exit(126 if program else 127)


def _shell(script: str, env: dict[str, str]) -> list[str]:
    shell = "bash" if _found("bash", env) else "sh"
    if len(script) < _LONG:
        return [shell, "-c", script]
    handle = os.memfd_create("faultrun-script", 0)
    data = memoryview(script.encode("utf-8", "surrogateescape"))
    while data:
        data = data[os.write(handle, data) :]
    return [shell, f"/proc/self/fd/{handle}"]


def _found(word: str, env: dict[str, str]) -> str:
    """The path that a word means, as execvp(3) would find it; empty if there is none."""
    if "/" in word:
        return word
    unsure = ""
    for folder in env.get("PATH", os.defpath).split(":"):
        path = f"{folder}/{word}"
        there = _is_program(path)
        if there:
            return path
        if there is None:
            unsure = unsure or path
    return unsure


def _is_program(path: str) -> bool | None:
    """Whether it can be executed; None if a fault does not let us see."""
    try:
        mode = _insist(partial(os.stat, path)).st_mode
    except OSError as failed:
        return None if failed.errno in PASSING else False
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def _insist(act: Callable[[], Any]) -> Any:
    """What is done before the workload's own faults should not fail for those of all."""
    for _ in range(_TRIES):
        try:
            return act()
        except OSError as failed:
            if failed.errno not in PASSING:
                raise
    return act()
