"""Ending what a workload left running."""

from __future__ import annotations  # python 3.9 may be all the machine has

import os
import signal
from contextlib import suppress

from faultrun.targets.guest.calm import now_s, pause

_GRACE_S = 2.0
_PAUSE_S = 0.000_5


def end_all() -> bool:
    """Kill all that descends from us; False if some of it cannot die.

    As process 1 of a guest all other processes are the workload's. Elsewhere it is whatever
    descends from us: we are the reaper of orphans (``server.py`` asks for that), so that also who
    left the workload's session comes back as our child.
    """
    give_up = now_s() + _GRACE_S
    while _reap():
        if os.getpid() == 1:
            os.kill(-1, signal.SIGKILL)
        else:
            _kill_tree()
        if not _reap():
            break
        if now_s() > give_up:
            return False
        pause(_PAUSE_S)
    return True


def _kill_tree() -> None:
    """Stop all descendants, until there are no new ones, then kill them: who is stopped forks no more."""
    stopped: set[int] = set()
    give_up = now_s() + _GRACE_S
    while True:
        found = _descendants() - stopped
        _signal(found, signal.SIGSTOP)
        stopped |= found
        if not found or now_s() > give_up:
            break
    _signal(stopped, signal.SIGKILL)


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _descendants() -> set[int]:
    """Whatever comes from us, and is no zombie."""
    parents = _parents()
    ours = {os.getpid()}
    grows = True
    while grows:
        grows = False
        for pid, parent in parents.items():
            if parent in ours and pid not in ours:
                ours.add(pid)
                grows = True
    return ours - {os.getpid()}


def _parents() -> dict[int, int]:
    """Every process that lives with its parent (fs/proc/array.c:do_task_stat())."""
    found: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            handle = os.open(f"/proc/{name}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            words = os.read(handle, 4_096).rpartition(b")")[2].split()
        except OSError:
            continue
        finally:
            os.close(handle)
        if words[0] != b"Z":
            found[int(name)] = int(words[1])
    return found


def _reap() -> bool:
    """Take children that ended; whether there are any that did not."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return True
        except ChildProcessError:
            return False
