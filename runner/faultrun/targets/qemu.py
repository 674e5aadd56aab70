"""QEMU: a whole machine with hardware in it, put back to its first moment in no time."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faultrun.kernels.cache import home
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.target import LogLine, TargetBroken, TargetDied, TargetInfo
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.console import panic_of, stuck_of
from faultrun.targets.emulator import disks, hardware
from faultrun.targets.emulator.accelerator import accelerator, boot_id, identity
from faultrun.targets.emulator.hardware import Hardware
from faultrun.targets.emulator.machine import Machine
from faultrun.targets.emulator.shelf import Shelf, digest
from faultrun.targets.guest.wire import Wire
from faultrun.targets.guest_process import PYTHON
from faultrun.targets.initramfs.build import Initramfs, initramfs
from faultrun.targets.initramfs.python import START
from faultrun.targets.life import Manners
from faultrun.targets.link import Silent
from faultrun.targets.recipes.outfit import outfit
from faultrun.targets.recipes.qemu import RECIPES

BOOT_NS = 120 * 1_000_000_000
SILENCE_S = 20
WATCHDOG_S = 10.0
_FORM = 1
"""Counts up with every change that makes older snapshots useless."""
_PROGRAM = "qemu-system-x86_64"
_SLICE_S = 0.1


class QemuLife:
    """One guest after the other, each a clean one.

    A guest is booted once; all others, here, in other slots and in later runs, are its snapshot.
    The agent talks over the second serial line: a serial port allocates nothing to send or to
    receive, so that it works while every allocation fails.
    """

    def __init__(
        self,
        kernel: Path,
        spec: TargetSpec,
        *,
        release: str,
        wanted: Sequence[str] = (),
        cache: Path | None = None,
    ) -> None:
        self._spec = spec
        self._wanted = tuple(wanted)
        self._cache = cache or home()
        self._machine: Machine | None = None
        self._kept = False
        self.outfit = outfit(spec.devices, RECIPES)
        self._kernel = kernel
        self.info = TargetInfo(
            name="qemu", kind="qemu", release=release, disposable=True, durable=False
        )
        self.manners = Manners(silence_ns=SILENCE_S * 1_000_000_000, whole=True)

    def start(self) -> Wire:
        """A clean guest with its agent. Raises TargetBroken."""
        machine = self._machine
        if machine is not None and self._kept and machine.guest.alive:
            try:
                machine.rewind()
                return self._run(machine)
            except TargetBroken:
                # A process that cannot be put back is replaced.
                pass
        self.stop()
        try:
            machine, up = self._fresh()
        except OSError as no:
            self.stop()
            raise TargetBroken(f"the guest cannot be made: {no}") from no
        return up or self._run(machine)

    def alive(self) -> bool:
        """Whether QEMU runs, and the guest in it."""
        machine = self._machine
        return machine is not None and machine.guest.alive and not machine.ended()

    def ended(self, silent: Silent) -> TargetDied | TargetBroken:
        """A guest that is silent has died; a QEMU that is gone is no kernel's fault."""
        machine = self._machine
        log = self.console()
        if panic := panic_of(log):
            return TargetDied(f"kernel panic: {panic}")
        if machine is not None and not machine.guest.alive:
            return TargetBroken(f"QEMU ended: {machine.guest.last_words() or 'it says nothing'}")
        why = machine.ended() if machine is not None else ""
        if why or silent.ended:
            return TargetDied(f"the guest ended: {why or silent}")
        stuck = stuck_of(log)
        return TargetDied(f"the guest hangs: {stuck or silent}", hung=True)

    def console(self) -> tuple[LogLine, ...]:
        """What it printed since it was started."""
        return self._machine.guest.lines() if self._machine is not None else ()

    def stop(self) -> None:
        """End the guest and remove its folder."""
        machine, self._machine = self._machine, None
        if machine is not None:
            machine.end()

    def _run(self, machine: Machine) -> Wire:
        wire = machine.go()
        machine.plug()
        return wire

    def _fresh(self) -> tuple[Machine, Wire | None]:
        """A new process with a clean guest; with its stream if it had to be booted."""
        program = _program()
        files = initramfs(self._cache / "initramfs", self._wanted)
        self.manners = replace(self.manners, programs=files.programs)
        chosen = accelerator(program, self._hardware(()), self._cache / "qemu")
        what = self._hardware(self.outfit.devices)
        self._kept = what.keeps_snapshots
        setup = _Setup(program=program, hardware=what, accelerator=chosen, files=files)
        if not self._kept:
            return self._booted(setup)
        return self._from_shelf(setup), None

    def _from_shelf(self, setup: "_Setup") -> Machine:
        shelf = Shelf(self._cache / "qemu" / "snapshots")
        name = setup.name
        with shelf.held(name):
            if images := shelf.images(name):
                try:
                    return self._loaded(setup, images)
                except TargetBroken:
                    # It may have been damaged since; a new one is made.
                    self.stop()
            machine, _wire = self._booted(setup)
            machine.save()
            machine.quit()
            images = shelf.keep(name, machine.images())
            self.stop()
            return self._loaded(setup, images)

    def _loaded(self, setup: "_Setup", images: Sequence[Path]) -> Machine:
        machine = self._machine = setup.machine()
        machine.start(None, images)
        machine.load()
        return machine

    def _booted(self, setup: "_Setup") -> tuple[Machine, Wire]:
        machine = self._machine = setup.machine()
        machine.start(setup.files.path)
        wire = machine.go()
        _greet(machine, wire)
        return machine, wire

    def _hardware(self, devices: Sequence[DeviceSpec]) -> Hardware:
        spec = self._spec
        init = hardware.init_words(START, overlay=False, silence_s=WATCHDOG_S)
        words = (*self.outfit.cmdline, *spec.cmdline.split(), f"rdinit={PYTHON}")
        return Hardware(
            kernel=self._kernel,
            cmdline=hardware.cmdline(init, words),
            memory_mib=spec.memory_mib,
            cpus=spec.cpus,
            disks=disks.built_in(devices),
            plugged=disks.plugged(devices),
            keeps_snapshots=not disks.unkept(devices),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setup:
    """Everything that a guest is started with."""

    program: Path
    hardware: Hardware
    accelerator: str
    files: Initramfs

    @property
    def name(self) -> str:
        """That of its snapshot: whatever makes another guest makes another name."""
        # With KVM the processor is that of this machine, and its clock this boot's.
        here = boot_id() if self.accelerator == "kvm" else ""
        what = self.hardware
        kernel = (str(what.kernel), *identity(what.kernel))
        hard = (what.cmdline, what.memory_mib, what.cpus, what.disks)
        qemu = identity(self.program)
        return digest(_FORM, qemu, kernel, hard, self.files.digest, self.accelerator, here)

    def machine(self) -> Machine:
        """One more such machine."""
        return Machine(str(self.program), self.hardware, self.accelerator)


def _program() -> Path:
    found = shutil.which(_PROGRAM)
    if found is None:
        raise TargetBroken(f"{_PROGRAM} is not installed (Debian: apt install qemu-system-x86)")
    return Path(found)


def _greet(machine: Machine, wire: Wire) -> None:
    """Wait for the agent's first word: what is sent before its terminal is open is lost."""
    clock = MonotonicClock()
    give_up = clock.now_ns() + BOOT_NS
    try:
        while clock.now_ns() < give_up and machine.guest.alive and not machine.ended():
            said = wire.receive(_SLICE_S)
            if said is not None and "ready" in said:
                return
    except EOFError:
        pass
    words = machine.guest.last_words() or "nothing"
    raise TargetBroken(f"the guest did not come up; its console says: {words}")
