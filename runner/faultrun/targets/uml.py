"""User-mode Linux: a real kernel as an ordinary process, without root, KVM or a disk image."""

import json
import socket
from pathlib import Path

import faultrun
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import LogLine, TargetBroken, TargetDied, TargetInfo
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.console import panic_of, stuck_of
from faultrun.targets.guest.wire import Wire
from faultrun.targets.guest_process import PYTHON, GuestProcess, memory_file_room
from faultrun.targets.life import Manners
from faultrun.targets.link import Silent
from faultrun.targets.programs import programs
from faultrun.targets.recipes.outfit import outfit
from faultrun.targets.recipes.uml import RECIPES

BOOT_NS = 60 * 1_000_000_000
_SLICE_S = 0.1
_LAST_WORDS_S = 3.0
"""A kernel that panics closes its lines before it is through with its console."""
SILENCE_S = 20
WATCHDOG_S = 10.0
_TTY = "/dev/ttyS0"
_AGENT = "faultrun/targets/guest/start.py"


class UmlLife:
    """One User-mode Linux guest after the other, each a clean one.

    The host's files are its root, read-only, with a tmpfs above. The agent talks over the first
    serial line, which is one end of a socket pair.
    """

    def __init__(self, kernel: Path, spec: TargetSpec, *, release: str) -> None:
        self._kernel = kernel
        self._spec = spec
        self.outfit = outfit(spec.devices, RECIPES)
        self._guest: GuestProcess | None = None
        self._ours: socket.socket | None = None
        self.info = TargetInfo(
            name="uml", kind="uml", release=release, disposable=True, durable=False
        )
        self.manners = Manners(
            silence_ns=SILENCE_S * 1_000_000_000, whole=True, programs=programs()
        )

    def start(self) -> Wire:
        """Boot a clean guest and wait for its agent. Raises TargetBroken."""
        self.stop()
        if why := memory_file_room(self._spec.memory_mib):
            raise TargetBroken(why)
        guest = self._guest = GuestProcess("uml")
        ours, theirs = socket.socketpair()
        self._ours = ours
        with theirs:
            guest.start(self._words(guest, theirs.fileno()), (theirs.fileno(),))
        wire = Wire(ours.fileno(), ours.fileno())
        self._greet(guest, wire)
        return wire

    def alive(self) -> bool:
        """Whether the guest's process runs."""
        return self._guest is not None and self._guest.alive

    def ended(self, silent: Silent) -> TargetDied | TargetBroken:
        """A guest that is silent has died: there is no link that could break but the kernel's own."""
        if silent.ended and self._guest is not None:
            self._guest.wait(_LAST_WORDS_S)
        log = self.console()
        if panic := panic_of(log):
            return TargetDied(f"kernel panic: {panic}")
        if silent.ended:
            return TargetDied(f"the guest ended: {silent}")
        stuck = stuck_of(log)
        return TargetDied(f"the guest hangs: {stuck or silent}", hung=True)

    def console(self) -> tuple[LogLine, ...]:
        """What it printed since it was started."""
        return self._guest.lines() if self._guest is not None else ()

    def stop(self) -> None:
        """End the guest and remove its folder."""
        guest, self._guest = self._guest, None
        if self._ours is not None:
            self._ours.close()
            self._ours = None
        if guest is not None:
            guest.end()

    def _words(self, guest: GuestProcess, line: int) -> tuple[str, ...]:
        # A kernel's command line is cut at spaces, wherever this package may lie.
        home = guest.folder / "lib"
        home.symlink_to(Path(faultrun.__file__).parents[1])
        settings = {"tty": _TTY, "silence_s": WATCHDOG_S, "overlay": True}
        return (
            str(self._kernel),
            f"mem={self._spec.memory_mib}M",
            "rootfstype=hostfs",
            "ro",
            "seccomp=auto",
            f"uml_dir={guest.folder}",
            "umid=guest",
            "con=null",
            "con0=null,fd:1",
            "ssl=null",
            f"ssl0=fd:{line}",
            "scsi_debug.add_host=0",
            "null_blk.nr_devices=0",
            *self.outfit.cmdline,
            *self._spec.cmdline.split(),
            f"init={PYTHON}",
            "--",
            "-I",
            "-S",
            f"{home}/{_AGENT}",
            json.dumps(settings, separators=(",", ":")),
        )

    def _greet(self, guest: GuestProcess, wire: Wire) -> None:
        """Wait for the agent's first word: what is sent before its terminal is open is lost."""
        clock = MonotonicClock()
        give_up = clock.now_ns() + BOOT_NS
        try:
            while clock.now_ns() < give_up and guest.alive:
                said = wire.receive(_SLICE_S)
                if said is not None and "ready" in said:
                    return
        except EOFError:
            pass
        words = guest.last_words() or "nothing"
        raise TargetBroken(f"the guest did not come up; its console says: {words}")
