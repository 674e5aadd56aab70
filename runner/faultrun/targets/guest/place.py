"""Where workloads run, and what is left of them: a guest is theirs alone, other machines are not."""

from __future__ import annotations  # python 3.9 may be all the machine has

import glob
import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from typing import Any

from faultrun.targets.guest import machine_lock
from faultrun.targets.guest.ended import end_all
from faultrun.targets.guest.machine_lock import MachineLock
from faultrun.targets.guest.pen import Pen

_BOOT = "/proc/sys/kernel/random/boot_id"
_OOM = "/proc/self/oom_score_adj"
_FOLDER = "faultrun-work-"
_PAUSE_S = 0.1
_LAST_TO_GO = "-900"
"""The kernel looks for others first when memory is gone (mm/oom_kill.c:oom_badness())."""


class Place:
    """``alone``: nobody booted the machine for us. Then workloads have a folder and a pen.

    ``after`` is the number of an agent of the same runner that is no more.
    """

    def __init__(self, *, alone: bool, after: int) -> None:
        self.folder = "/"
        self.taken = ""
        self._after = after
        self._pen: Pen | None = None
        self._lock: MachineLock | None = None
        if alone:
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, _asked_to_end)
            _sweep(after)
            self.folder = tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-")
            self._pen = Pen(after)
            with suppress(OSError):
                _put(_OOM, _LAST_TO_GO)

    def claim(self, words: dict[str, str], patience_s: float) -> None:
        """Have the machine for as long as we live; ``taken`` says who has it if that cannot be."""
        if not words:
            return
        give_up = time.monotonic() + patience_s
        while self._lock is None:
            try:
                holder = machine_lock.me(words["verb"], words["run"], words["since"])
                self._lock = machine_lock.take(machine_lock.machine_name("/"), holder)
            except machine_lock.Taken as taken:
                self.taken = str(taken)
                self._ask_to_end(taken.holder)
            except machine_lock.NoPlace as no:
                self.taken = f"somebody or nobody, which cannot be told: {no}"
            if self._lock is not None or time.monotonic() >= give_up:
                break
            time.sleep(_PAUSE_S)
        if self._lock is not None:
            self.taken = ""

    def _ask_to_end(self, holder: machine_lock.Holder | None) -> None:
        """The agent of a link that our runner has lost may not know that yet: once is enough."""
        if holder is not None and holder.pid == self._after:
            self._after = 0
            with suppress(ProcessLookupError, PermissionError):
                os.kill(holder.pid, signal.SIGTERM)

    def told(self) -> dict[str, Any]:
        """What the runner wants to know of the machine before it asks anything."""
        try:
            with open(_BOOT, encoding="ascii") as file:
                boot = file.read().strip()
        except OSError:
            boot = ""
        name = os.uname()
        return {
            "release": name.release,
            "boot": boot,
            "uid": os.geteuid(),
            "node": name.nodename,
            "taken": self.taken,
            "pen": self._pen is not None and self._pen.there,
        }

    def take(self, pid: int) -> None:
        """A process that is going to be a workload: inside the pen, and no dearer than others."""
        if self._pen is not None:
            self._pen.take(pid)
            with suppress(OSError):
                _put(f"/proc/{pid}/oom_score_adj", "0")

    def kill(self) -> None:
        """Kill the workload and all that it started, at once if there is a pen."""
        if self._pen is not None:
            self._pen.kill()

    def clear(self) -> bool:
        """Kill and reap all that is left of workloads; False if some of it cannot die."""
        self.kill()
        return end_all()

    def leave(self) -> None:
        """Nothing of us stays on the machine."""
        if self._pen is not None:
            self._pen.remove()
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.give_up()


def _sweep(after: int) -> None:
    """The folder of an agent that was killed before it could take it away."""
    if not after or os.path.exists(f"/proc/{after}"):
        return
    for path in glob.glob(os.path.join(tempfile.gettempdir(), f"{_FOLDER}{after}-*")):
        shutil.rmtree(path, ignore_errors=True)


def _asked_to_end(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise EOFError("asked to end")


def _put(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)
