"""The child that becomes the workload.

It is forked before anything is armed, since a fork may be a victim of the fault, and waits on
shared memory, since also a pipe or a signal allocates (mm/slub.c is where failslab sits).
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import json
import mmap
import os
import signal
import time
from contextlib import suppress
from typing import Any

ARMING_FAILED = 125
_SHARED = 2 << 20
_LONG = 100_000
"""A script of more bytes does not fit into one argument (fs/exec.c:MAX_ARG_STRLEN)."""
_PAUSE_S = 0.000_2
_DYING_S = 2.0
_OURS = (signal.SIGPIPE, signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
"""What the agent handles or ignores; a workload gets it as the kernel has it."""

Request = dict[str, Any]


class Job:
    """One child: waiting, then running, then a zombie until it is reaped. Raises OSError."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _SHARED)
        stdin, out, err, status = (os.pipe() for _ in range(4))
        self.stdin, self.out, self.err, self.status = stdin[1], out[0], err[0], status[0]
        self._open = [self.stdin, self.out, self.err, self.status]
        ours = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            try:
                self._wait_and_become(ours, (stdin[0], out[1], err[1], status[1]))
            finally:
                os._exit(ARMING_FAILED)
        for handle in (stdin[0], out[1], err[1], status[1]):
            os.close(handle)
        for handle in self._open:
            os.set_blocking(handle, False)
        self.end = self._pidfd()

    def start(self, request: Request) -> None:
        """Let it become the workload. Raises ValueError if that is too long."""
        text = json.dumps(request).encode()
        self._shared[8 : 8 + len(text)] = text
        self._shared[4:8] = len(text).to_bytes(4, "big")
        self._shared[0:1] = b"\1"

    def over(self) -> bool:
        """Whether it ended; it stays a zombie, so that its last state can be read."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> bool:
        """End its process group and wait a little; False if it cannot die."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        give_up = time.monotonic() + _DYING_S
        while not self.over():
            if time.monotonic() > give_up:
                return False
            time.sleep(_PAUSE_S)
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
            os.close(handle)

    def close(self) -> None:
        """Close all of our ends."""
        for handle in tuple(self._open):
            self.shut(handle)
        self._shared.close()

    def drop(self) -> None:
        """It is not needed after all."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.close()

    def _pidfd(self) -> int:
        """A descriptor that can be read once the child ended; -1 on a kernel without."""
        try:
            handle = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            return -1
        self._open.append(handle)
        return handle

    def _wait_and_become(self, parent: int, ends: tuple[int, int, int, int]) -> None:
        os.setsid()
        for ours in _OURS:
            signal.signal(ours, signal.SIG_DFL)
        while not self._shared[0]:
            time.sleep(_PAUSE_S)
            if os.getppid() != parent:
                return
        length = int.from_bytes(self._shared[4:8], "big")
        request = json.loads(self._shared[8 : 8 + length])
        for number, handle in enumerate(ends[:3]):
            os.dup2(handle, number)
        os.set_inheritable(ends[3], False)
        become(request, ends[3])


def become(request: Request, status: int) -> None:
    """Arm this very task, then exec; if arming fails, ``errno path`` goes to ``status``.

    fail-nth belongs to a task, fork zeroes it and exec keeps it (kernel/fork.c:copy_process(),
    fs/exec.c); so all that can be done before arming is done before.
    """
    env = request["env"]
    words = request["argv"] or _shell(request["script"], env)
    program = _found(words[0], env)
    path = request["cwd"]
    try:
        os.chdir(path)
        armed = []
        for name, text in request["task"]:
            path = f"/proc/thread-self/{name}"
            armed.append((os.open(path, os.O_WRONLY | os.O_CLOEXEC), text.encode()))
        if program:
            for handle, data in armed:
                os.write(handle, data)
    except OSError as failed:
        os.write(status, f"{failed.errno} {path}".encode())
        os._exit(ARMING_FAILED)
    try:
        os.execve(program, words, env)  # noqa: S606  # becoming the workload is the purpose
    except OSError as failed:
        os.write(2, f"{words[0]}: {failed.strerror}\n".encode())
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
    for folder in env.get("PATH", os.defpath).split(":"):
        path = f"{folder}/{word}"
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return ""
