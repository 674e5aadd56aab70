"""A guest as a process of this machine: its keeper, its folder, its console in a file."""

import os
import shutil
import signal
import subprocess  # noqa: TID251  # targets are the one place that starts processes
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from faultrun.model.target import LogLine, TargetBroken
from faultrun.targets import console
from faultrun.targets.clock import MonotonicClock

_KEEPER = str(Path(__file__).with_name("keeper.py"))
_END_S = 10.0
_SHM = "/dev/shm"  # noqa: S108  # where User-mode Linux keeps its memory

PYTHON = str(Path(sys.executable).resolve())
"""The interpreter behind a virtual environment: a guest has no use for the environment."""


class GuestProcess:
    """One guest: ``folder`` is its own, and goes with it. Raises TargetBroken if it cannot start."""

    def __init__(self, kind: str) -> None:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=f"faultrun-{kind}-"))
        except OSError as no:
            raise TargetBroken(f"no folder for a guest: {no.strerror}: {no.filename}") from no
        self._console = self.folder / "console"
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self, words: Sequence[str], handles: Sequence[int]) -> None:
        """Start it with these descriptors open; its standard output is the console's file."""
        try:
            with self._console.open("ab") as screen:
                self._keeper = subprocess.Popen(  # noqa: S603  # the guest's words are ours
                    (PYTHON, "-I", "-S", _KEEPER, str(self.folder), *words),
                    stdin=subprocess.PIPE,
                    stdout=screen,
                    stderr=screen,
                    pass_fds=handles,
                    start_new_session=True,
                    close_fds=True,
                )
        except OSError as no:
            raise TargetBroken(f"the guest cannot be started: {no}") from no

    @property
    def alive(self) -> bool:
        """Whether it runs: its keeper does, and has not said that it ended."""
        return (
            self._keeper is not None
            and self._keeper.poll() is None
            and not (self.folder / "ended").exists()
        )

    @property
    def killed(self) -> bool:
        """Whether somebody on this machine killed it: no kernel ends itself by SIGKILL or SIGTERM.

        A keeper that is gone and has not said how the guest ended was killed, and took it along.
        """
        try:
            how = int((self.folder / "ended").read_bytes())
        except (OSError, ValueError):
            return self._keeper is not None and self._keeper.poll() is not None
        return -how in (signal.SIGKILL, signal.SIGTERM)

    def wait(self, most_s: float) -> bool:
        """Whether it ends within that time."""
        clock = MonotonicClock()
        give_up = clock.now_ns() + int(most_s * 1_000_000_000)
        while self.alive and clock.now_ns() < give_up:
            clock.sleep_ns(5_000_000)
        return not self.alive

    def screen(self) -> bytes:
        """What the console's file holds; it is read again by every call, as it is short."""
        try:
            return self._console.read_bytes()
        except OSError:
            return b""

    def lines(self) -> tuple[LogLine, ...]:
        """The console as log lines."""
        return console.lines(self.screen())

    def last_words(self) -> str:
        """The end of what it said, for a message."""
        text = self.screen()[-2_000:].decode("utf-8", "backslashreplace").strip()
        return " / ".join(text.splitlines()[-4:])

    def end(self) -> None:
        """Kill it with all its processes; its folder goes too."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            if keeper.stdin is not None:
                keeper.stdin.close()
            try:
                keeper.wait(_END_S)
            except subprocess.TimeoutExpired:
                keeper.kill()
                keeper.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def memory_file_room(mib: int) -> str:
    """Why a guest's memory does not fit into the machine's shared memory; empty if it does."""
    try:
        room = os.statvfs(_SHM)
    except OSError:
        return ""
    left = room.f_bavail * room.f_frsize >> 20
    return f"{_SHM} has {left} MiB left, the guest needs {mib} MiB" if left < mib else ""
