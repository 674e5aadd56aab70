"""KVM or not: trust a guest that spoke, not a device node.

/dev/kvm may be there, open, and even make a virtual CPU, and a guest hang in it for ever. So one
guest is booted with it, for a few seconds; what came of it is remembered until this machine boots
again, or QEMU changes.
"""

import os
from pathlib import Path

from faultrun.model.target import TargetBroken
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.emulator.hardware import Hardware
from faultrun.targets.emulator.machine import Machine
from faultrun.targets.emulator.shelf import digest, remembered

_NODE = "/dev/kvm"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SPEAKS_NS = 4 * 1_000_000_000
_PAUSE_NS = 20_000_000


def accelerator(program: Path, hardware: Hardware, cache: Path) -> str:
    """``kvm`` if a guest printed a line with it, else ``tcg``. Raises OSError."""
    if not os.access(_NODE, os.R_OK | os.W_OK):
        return "tcg"
    name = digest(str(program), identity(program), boot_id())
    return remembered(cache / f"accelerator-{name}", lambda: _probe(program, hardware))


def identity(file: Path) -> tuple[int, int, int]:
    """What tells a file from its next version."""
    info = file.stat()
    return info.st_size, info.st_mtime_ns, info.st_ino


def boot_id() -> str:
    """Which boot of this machine it is."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def _probe(program: Path, hardware: Hardware) -> str:
    machine = Machine(str(program), hardware, "kvm")
    clock = MonotonicClock()
    try:
        machine.start(())
        machine.go()
        give_up = clock.now_ns() + _SPEAKS_NS
        while clock.now_ns() < give_up and machine.guest.alive:
            if b"Linux version" in machine.guest.screen():
                return "kvm"
            clock.sleep_ns(_PAUSE_NS)
    except TargetBroken:
        return "tcg"
    finally:
        machine.end()
    return "tcg"
