"""One User-mode Linux guest, from its first instruction to its end."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import faultrun
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import TargetBroken
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.guest.wire import Wire
from faultrun.targets.guest_process import PYTHON, GuestProcess, memory_file_room
from faultrun.targets.recipes.outfit import outfit
from faultrun.targets.recipes.uml import RECIPES

BOOT_NS = 60 * 1_000_000_000
WATCHDOG_S = 10.0
_SLICE_S = 0.1
WINDOW = 900
"""Bytes on the way into the guest. Its terminal holds 4096 (drivers/tty/n_tty.c:N_TTY_BUF_SIZE); once
it is nearly full, arch/um/drivers/line.c:line_throttle() takes the line off, and 7.3 never puts it
back on. A request that is asked again three times still fits."""
_TTY = "/dev/ttyS0"
_AGENT = "faultrun/targets/guest/start.py"


@dataclass(frozen=True, slots=True)
class UmlBoot:
    """What a guest is made of: equal ones boot alike. ``cmdline`` is the campaign's part of it."""

    kernel: Path
    memory_mib: int
    cmdline: tuple[str, ...]

    @classmethod
    def of(cls, kernel: Path, spec: TargetSpec) -> Self:
        """What the campaign says, and what its devices need from the start."""
        words = (*outfit(spec.devices, RECIPES).cmdline, *spec.cmdline.split())
        return cls(kernel, spec.memory_mib, words)


class UmlGuest:
    """A guest whose agent has spoken. Raises TargetBroken if it does not come up.

    The host's files are its root, read-only, with a tmpfs above. The agent talks over the first
    serial line, which is one end of a socket pair.
    """

    def __init__(self, boot: UmlBoot) -> None:
        if why := memory_file_room(boot.memory_mib):
            raise TargetBroken(why)
        self.process = GuestProcess("uml")
        self._ours, theirs = socket.socketpair()
        self.wire = Wire(self._ours.fileno(), self._ours.fileno(), window=WINDOW)
        try:
            with theirs:
                self.process.start(self._words(boot, theirs.fileno()), (theirs.fileno(),))
            self._greet()
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Kill it; its folder goes too."""
        self._ours.close()
        self.process.end()

    def _words(self, boot: UmlBoot, line: int) -> tuple[str, ...]:
        # A kernel's command line is cut at spaces, wherever this package may lie.
        home = self.process.folder / "lib"
        home.symlink_to(Path(faultrun.__file__).parents[1])
        settings = {"tty": _TTY, "silence_s": WATCHDOG_S, "overlay": True}
        return (
            str(boot.kernel),
            f"mem={boot.memory_mib}M",
            "rootfstype=hostfs",
            "ro",
            "seccomp=auto",
            f"uml_dir={self.process.folder}",
            "umid=guest",
            "con=null",
            "con0=null,fd:1",
            "ssl=null",
            f"ssl0=fd:{line}",
            "scsi_debug.add_host=0",
            "null_blk.nr_devices=0",
            *boot.cmdline,
            f"init={PYTHON}",
            "--",
            "-I",
            "-S",
            f"{home}/{_AGENT}",
            json.dumps(settings, separators=(",", ":")),
        )

    def _greet(self) -> None:
        """Wait for the agent's first word: what is sent before its terminal is open is lost."""
        clock = MonotonicClock()
        give_up = clock.now_ns() + BOOT_NS
        try:
            while clock.now_ns() < give_up and self.process.alive:
                said = self.wire.receive(_SLICE_S)
                if said is not None and "ready" in said:
                    return
        except EOFError:
            pass
        words = self.process.last_words() or "nothing"
        raise TargetBroken(f"the guest did not come up; its console says: {words}")
