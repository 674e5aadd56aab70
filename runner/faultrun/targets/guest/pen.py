"""A control group around the workload: it can neither grow without limit nor leave anything behind.

Who forks faster than anybody can look is ended in one go (kernel/cgroup/cgroup.c:cgroup_kill_write()),
and cannot take the machine's last process number first (kernel/cgroup/pids.c).
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import os
import signal
from contextlib import suppress

from faultrun.targets.guest.calm import pause

MOST_TASKS = 2_048
"""So many tasks may a workload have at once; the next fork fails with EAGAIN."""

_CGROUPS = "/proc/self/cgroup"
_MOUNTS = "/proc/self/mountinfo"
_NAME = "faultrun-"
_ROUNDS = 400
_PAUSE_S = 0.005


class Pen:
    """One group in each hierarchy that is of use here; none where the machine allows none.

    ``after`` is the process whose groups are ended first: ours, of which nothing else is left.
    """

    def __init__(self, after: int = 0) -> None:
        self._kill = ""
        self._pids = ""
        self._folders: list[str] = []
        for kind, options, mount in _hierarchies():
            if kind == "cgroup2" or "pids" in options:
                bases = (mount.rstrip("/"), (mount + _own(kind)).rstrip("/"))
                for base in bases:
                    _sweep(base, after)
                self._make(bases)

    @property
    def there(self) -> bool:
        """Whether there is any."""
        return bool(self._folders)

    def take(self, pid: int) -> None:
        """From now on that process, and all that it starts, is inside."""
        for folder in self._folders:
            with suppress(OSError):
                _put(f"{folder}/cgroup.procs", str(pid))

    def kill(self) -> None:
        """Kill all that is inside; it has still to be reaped."""
        if self._kill:
            with suppress(OSError):
                _put(self._kill, "1")
            return
        if not self._folders:
            return
        # Nobody is born any more, so that rounds come to an end.
        self._limit("0")
        _empty(self._folders[0])
        self._limit(str(MOST_TASKS))

    def remove(self) -> None:
        """Take the groups away; what is inside is killed."""
        self.kill()
        for folder in self._folders:
            _remove(folder)
        self._folders = []
        self._kill = self._pids = ""

    def _make(self, bases: tuple[str, ...]) -> None:
        """At the top, where root may and limits are on; else below our own group."""
        for base in bases:
            folder = f"{base}/{_NAME}{os.getpid()}"
            try:
                os.mkdir(folder)
            except OSError:
                continue
            if not os.access(f"{folder}/cgroup.procs", os.W_OK):
                os.rmdir(folder)
                continue
            self._folders.append(folder)
            if os.path.exists(f"{folder}/cgroup.kill"):
                self._kill = f"{folder}/cgroup.kill"
            if os.path.exists(f"{folder}/pids.max"):
                self._pids = f"{folder}/pids.max"
                self._limit(str(MOST_TASKS))
            return

    def _limit(self, text: str) -> None:
        if self._pids:
            with suppress(OSError):
                _put(self._pids, text)


def _sweep(base: str, after: int) -> None:
    """Groups of agents that are no more: that of ``after`` with all inside, others if empty."""
    try:
        names = os.listdir(base)
    except OSError:
        return
    for name in names:
        number = name[len(_NAME) :]
        if not name.startswith(_NAME) or not number.isdigit() or os.path.exists(f"/proc/{number}"):
            continue
        if int(number) == after:
            _empty(f"{base}/{name}")
            _remove(f"{base}/{name}")
        else:
            with suppress(OSError):
                os.rmdir(f"{base}/{name}")


def _empty(folder: str) -> None:
    for _ in range(_ROUNDS):
        inside = _inside(folder)
        if not inside:
            return
        for pid in inside:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        pause(_PAUSE_S)


def _remove(folder: str) -> None:
    """A group that was emptied a moment ago still counts who is not reaped yet."""
    for _ in range(_ROUNDS):
        _reap()
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            return
        except OSError:
            pause(_PAUSE_S)
        else:
            return


def _hierarchies() -> list[tuple[str, list[str], str]]:
    """(cgroup or cgroup2, its super options, where it is mounted), as far as they are mounted."""
    found: list[tuple[str, list[str], str]] = []
    for line in _lines(_MOUNTS):
        words = line.split(" ")
        dash = words.index("-")
        if words[dash + 1].startswith("cgroup"):
            found.append((words[dash + 1], words[dash + 3].split(","), words[4]))
    return found


def _own(kind: str) -> str:
    """The path of our own group in that hierarchy."""
    for line in _lines(_CGROUPS):
        _number, controllers, path = line.split(":", 2)
        if (not controllers) if kind == "cgroup2" else ("pids" in controllers.split(",")):
            return path
    return "/"


def _inside(folder: str) -> list[int]:
    return [int(line) for line in _lines(f"{folder}/cgroup.procs") if line != "0"]


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _put(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)
