"""Everything that a guest is started with, and the name of the snapshot that comes of it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.target import TargetBroken
from faultrun.targets.emulator import disks
from faultrun.targets.emulator.accelerator import boot_id, identity
from faultrun.targets.emulator.hardware import Disk, Hardware, cmdline, init_words
from faultrun.targets.emulator.machine import Machine
from faultrun.targets.emulator.shelf import digest
from faultrun.targets.guest_process import PYTHON
from faultrun.targets.initramfs.build import Initramfs
from faultrun.targets.initramfs.python import HOME
from faultrun.targets.recipes.outfit import Outfit, outfit
from faultrun.targets.recipes.qemu import FORGET_HOSTS, RECIPES, on_bus

_FORM = 4
"""Counts up with every change that makes older snapshots useless."""
_PROGRAM = "qemu-system-x86_64"
_AGENT = "faultrun/targets/guest/start.py"
_SHARED_ROOT = (
    *("root=host", "rootfstype=9p", "ro"),
    "rootflags=trans=virtio,version=9p2000.L,msize=262144,cache=loose",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. ``drives`` and ``initrd`` are the user's own files, never written.

    The root file system is the first drive that holds one, else this machine's by 9p if the
    campaign says so, else an initramfs that is made on the spot, on top of the user's if there is
    one.
    """

    kernel: Path
    spec: TargetSpec
    initrd: Path | None = None
    drives: tuple[Path, ...] = ()

    @property
    def shares_files(self) -> bool:
        """Whether this machine's files are the guest's."""
        return self.spec.files == "9p"

    @property
    def keeps(self) -> bool:
        """Whether a snapshot can hold the guest: not with a shared folder, nor every NVMe."""
        return not self.shares_files and not disks.unkept(self.spec.devices)

    def outfits(self) -> tuple[Outfit, Outfit]:
        """What is made before the snapshot, and after; the second one names all devices.

        Whatever is on the bus comes after: QEMU keeps not enough of it.
        """
        whole = outfit(self.spec.devices, RECIPES)
        if not self.keeps:
            return Outfit(), whole
        late = [one for one in whole.devices if on_bus(one)]
        early = outfit([one for one in whole.devices if not on_bus(one)], RECIPES)
        if any(one.kind == "mmc" for one in late):
            early = replace(early, script=early.script + FORGET_HOSTS)
        after = Outfit(
            devices=whole.devices,
            cmdline=whole.cmdline,
            script=outfit(late, RECIPES).script,
            lacking=whole.lacking,
        )
        return early, after

    def hardware(self, devices: Sequence[DeviceSpec], silence_s: float) -> Hardware:
        """The machine, with these devices."""
        spec = self.spec
        root = "/dev/vda" if self.drives else ""
        start = f"@lib/{_AGENT}" if self.shares_files else f"{HOME}/{_AGENT}"
        first = (*_SHARED_ROOT, f"init={PYTHON}") if self.shares_files else (f"rdinit={PYTHON}",)
        init = init_words(start, overlay=self.shares_files, root=root, silence_s=silence_s)
        asked = (*outfit(devices, RECIPES).cmdline, *spec.cmdline.split())
        built_in, plugged = disks.split(devices, plug=self.keeps)
        return Hardware(
            kernel=self.kernel,
            cmdline=cmdline(init, (*first, *asked)),
            memory_mib=spec.memory_mib,
            cpus=spec.cpus,
            disks=(*disks.own(self.drives), *built_in),
            plugged=plugged,
            keeps_snapshots=self.keeps,
            shares_files=self.shares_files,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One machine to be made, as often as needed. ``initrds`` are unpacked one over the other."""

    program: Path
    hardware: Hardware
    accelerator: str
    initrds: tuple[Path, ...]
    script: str = ""

    def name(self, files: Initramfs) -> str:
        """That of its snapshot: whatever makes another guest makes another name."""
        # With KVM the processor is that of this machine, and its clock this boot's.
        here = boot_id() if self.accelerator == "kvm" else ""
        what = self.hardware
        backing = [disk.backing for disk in what.disks if disk.backing is not None]
        given = [(str(one), *identity(one)) for one in (what.kernel, *self.initrds[:-1], *backing)]
        hard = (what.cmdline, what.memory_mib, what.cpus, _words(what.disks), self.script)
        qemu = (str(self.program), *identity(self.program))
        return digest(_FORM, qemu, given, hard, files.digest, self.accelerator, here)

    def machine(self) -> Machine:
        """One more such machine."""
        return Machine(str(self.program), self.hardware, self.accelerator)


def program() -> Path:
    """QEMU's program. Raises TargetBroken."""
    found = shutil.which(_PROGRAM)
    if found is None:
        raise TargetBroken(f"{_PROGRAM} is not installed (Debian: apt install qemu-system-x86)")
    return Path(found)


def _words(made: Sequence[Disk]) -> list[tuple[object, ...]]:
    return [(one.node, one.size_bytes, one.form, list(map(dict, one.devices))) for one in made]
