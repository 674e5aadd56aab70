"""QEMU: a whole machine with hardware in it, put back to its first moment in no time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from faultrun.kernels.cache import home
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import LogLine, TargetBroken, TargetDied, TargetInfo
from faultrun.targets.agent_target import AgentTarget
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.console import panic_of, stuck_of
from faultrun.targets.emulator.accelerator import accelerator
from faultrun.targets.emulator.machine import Machine
from faultrun.targets.emulator.setup import Setup, Wish, program
from faultrun.targets.emulator.shelf import Shelf
from faultrun.targets.guest.wire import Wire
from faultrun.targets.initramfs.build import Initramfs, initramfs
from faultrun.targets.life import Life, Manners
from faultrun.targets.link import Silent
from faultrun.targets.programs import programs
from faultrun.targets.recipes.outfit import Outfit

BOOT_NS = 120 * 1_000_000_000
SILENCE_S = 30
"""Longer than the kernel takes to say itself that it is stuck: 20 to 24 seconds for a soft lockup,
21 for RCU (kernel/watchdog.c:watchdog_timer_fn(), kernel/rcu/tree_stall.h)."""
WATCHDOG_S = 10.0
_SLICE_S = 0.1
_LAST_WORDS_S = 3.0
"""A process closes its lines a moment before it is seen to have ended."""
_GRACE_NS = 2 * 1_000_000_000
"""Who is said to hang may come back within that time: then it was this machine that was slow."""


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
        image: str = "",
        wanted: Sequence[str] = (),
        initrd: Path | None = None,
        drives: Sequence[Path] = (),
        cache: Path | None = None,
    ) -> None:
        self._wish = Wish(kernel=kernel, spec=spec, initrd=initrd, drives=tuple(drives))
        self._wanted = tuple(wanted)
        self._cache = cache or home()
        self._machine: Machine | None = None
        self._early, self.outfit = self._wish.outfits()
        self.info = TargetInfo(
            name="qemu",
            kind="qemu",
            release=release,
            disposable=True,
            durable=False,
            image=image,
        )
        self.manners = Manners(silence_ns=SILENCE_S * 1_000_000_000, whole=True)

    def start(self) -> Wire:
        """A clean guest with its agent. Raises TargetBroken."""
        machine = self._machine
        if machine is not None and self._wish.keeps and machine.guest.alive:
            try:
                machine.rewind()
                return _going(machine)
            except TargetBroken:
                # A process that cannot be put back is replaced.
                pass
        self.stop()
        try:
            return self._fresh()
        except (OSError, TargetBroken) as no:
            self.stop()
            if isinstance(no, TargetBroken):
                raise
            raise TargetBroken(f"the guest cannot be made: {no}") from no

    def alive(self) -> bool:
        """Whether QEMU runs, and the guest in it; one that says itself that it hangs does not."""
        machine = self._machine
        return machine is not None and machine.guest.alive and not (machine.ended() or self._stuck)

    def ended(self, silent: Silent) -> TargetDied | TargetBroken:
        """A guest that is silent has died; a QEMU that is gone is no kernel's fault."""
        machine = self._machine
        log = self.console()
        if panic := panic_of(log):
            return TargetDied(f"kernel panic: {panic}")
        why = machine.ended() if machine is not None else ""
        cut = silent.ended and not (why or self._stuck)
        if machine is not None and cut and machine.guest.wait(_LAST_WORDS_S):
            return TargetBroken(f"QEMU ended: {machine.guest.last_words() or 'it says nothing'}")
        if why or cut:
            return TargetDied(f"the guest ended: {why or silent}")
        stuck = stuck_of(log)
        return TargetDied(f"the guest hangs: {stuck or silent}", hung=True)

    @property
    def _stuck(self) -> bool:
        return self._machine is not None and self._machine.stuck_for_ns() > _GRACE_NS

    def console(self) -> tuple[LogLine, ...]:
        """What it printed since it was started."""
        return self._machine.guest.lines() if self._machine is not None else ()

    def stop(self) -> None:
        """End the guest and remove its folder."""
        machine, self._machine = self._machine, None
        if machine is not None:
            machine.end()

    def _fresh(self) -> Wire:
        """A new process with a clean guest in it."""
        wish = self._wish
        qemu = program()
        files = initramfs(self._cache / "initramfs", self._wanted)
        self.manners = replace(self.manners, programs=self._programs(files))
        bare = wish.hardware((), WATCHDOG_S)
        setup = Setup(
            program=qemu,
            hardware=wish.hardware(self.outfit.devices, WATCHDOG_S),
            accelerator=accelerator(qemu, bare, self._cache / "qemu"),
            initrds=() if wish.shares_files else (*filter(None, (wish.initrd,)), files.path),
            script=self._early.script,
        )
        if not wish.keeps:
            return self._booted(setup)
        return _going(self._from_shelf(setup, files))

    def _programs(self, files: Initramfs) -> frozenset[str] | None:
        if self._wish.drives:
            return None
        return programs() if self._wish.shares_files else files.programs

    def _from_shelf(self, setup: Setup, files: Initramfs) -> Machine:
        """A guest out of its snapshot; if there is none yet, one is booted for it."""
        shelf = Shelf(self._cache / "qemu" / "snapshots")
        name = setup.name(files)
        with shelf.held(name):
            if images := shelf.images(name):
                try:
                    return self._loaded(setup, images)
                except TargetBroken:
                    # It may have been damaged since; a new one is made.
                    self.stop()
            wire = self._booted(setup)
            AgentTarget(_FirstBoot(self, wire, self._early)).recover("booted")
            machine = self._on
            machine.save()
            machine.quit()
            images = shelf.keep(name, machine.images())
            self.stop()
            return self._loaded(setup, images)

    def _loaded(self, setup: Setup, images: Sequence[Path]) -> Machine:
        machine = self._machine = setup.machine()
        machine.start((), images)
        machine.load()
        return machine

    def _booted(self, setup: Setup) -> Wire:
        machine = self._machine = setup.machine()
        machine.start(setup.initrds)
        wire = machine.go()
        _greet(machine, wire)
        return wire

    @property
    def _on(self) -> Machine:
        if self._machine is None:
            raise TargetBroken("the guest is not running")
        return self._machine


class _FirstBoot:
    """A guest that is already up, for the time until its snapshot is taken."""

    def __init__(self, life: Life, wire: Wire, outfit: Outfit) -> None:
        self._wire = wire
        self.info, self.manners, self.outfit = life.info, life.manners, outfit
        self.alive, self.ended, self.console = life.alive, life.ended, life.console

    def start(self) -> Wire:
        """The stream that there is."""
        return self._wire

    def stop(self) -> None:
        """It goes on: its own life ends it."""


def _going(machine: Machine) -> Wire:
    wire = machine.go()
    machine.plug()
    return wire


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
