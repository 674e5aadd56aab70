"""A real kernel that the test holds, and to which one runner after the other attaches.

A guest of faultrun's dies with its runner. This one does not: what a killed runner left armed stays
armed, and whoever attaches next finds the kernel as it was at that moment.
"""

import json
from dataclasses import replace
from pathlib import Path

import faultrun
from faultrun.model.campaign import TargetSpec
from faultrun.model.foreseeing import Access
from faultrun.model.target import AttrRefused, Command, TargetInfo
from faultrun.targets.agent_target import AgentTarget
from faultrun.targets.guest.wire import Wire
from faultrun.targets.life import Manners
from faultrun.targets.programs import programs
from faultrun.targets.recipes.outfit import outfit
from faultrun.targets.recipes.uml import RECIPES
from faultrun.targets.uml_guest import WINDOW, UmlBoot, UmlGuest

SECOND_NS = 1_000_000_000
INIT = Path(__file__).with_name("held_init.py")
NEVER_S = 100_000
FILES = (
    "/sys/kernel/debug/fail*",
    "/sys/kernel/debug/nvme*/fault_inject",
    "/sys/kernel/debug/notifier-error-inject",
    "/sys/kernel/debug/block/*/error_injection",
    "/sys/kernel/config/nullb/*",
    "/sys/block/*/make-it-fail",
    "/sys/block/*/io-timeout-fail",
    "/sys/kernel/slab/*/failslab",
    "/sys/module/lkdtm/parameters/*",
)
SCSI_DEBUG = "/sys/bus/pseudo/drivers/scsi_debug/*"
LIST = f"find -L {' '.join(FILES)} -type f; find {SCSI_DEBUG} -maxdepth 0 -type f"

COUNTING = ("scsi_debug/statistics", "fail_usercopy/times", "fail_futex/times")
"""What a run may change for good: writing every_nth turns statistics on
(drivers/scsi/scsi_debug.c:every_nth_store()), and a hit of fail-nth takes one of the ``times`` of
whichever capability it met (lib/fault-inject.c:should_fail_ex()), armed or not."""


class Held(UmlGuest):
    """A guest that goes on when an agent ends. ``silence_s``: when an agent disarms by itself."""

    def __init__(self, kernel, spec, *, silence_s):
        self.silence_s = silence_s
        super().__init__(UmlBoot.of(kernel.path, spec))

    def _words(self, boot, line):
        *words, _agent, settings = super()._words(boot, line)
        home = str(Path(faultrun.__file__).parents[1])
        told = {**json.loads(settings), "silence_s": self.silence_s, "home": home}
        return (*words, str(INIT), json.dumps(told, separators=(",", ":")))

    def wait_for_the_next_agent(self, seconds):
        for _ in range(int(seconds * 10)):
            said = self.wire.receive(0.1)
            if said is not None and "ready" in said:
                return
        raise AssertionError("no other agent came")


class Attached:
    """The life of a machine that somebody else keeps alive."""

    def __init__(self, held, release, made):
        self.held = held
        self.outfit = made
        self.info = TargetInfo(
            name="uml", kind="uml", release=release, disposable=False, durable=False
        )
        self.manners = Manners(silence_ns=20 * SECOND_NS, whole=False, programs=programs())

    def start(self):
        handle = self.held._ours.fileno()
        return Wire(handle, handle, window=WINDOW)

    def alive(self):
        return not (self.held.process.folder / "ended").exists()

    def ended(self, silent):
        raise AssertionError(f"{silent}; console: {self.held.process.last_words()}")

    def console(self):
        return ()

    def stop(self):
        pass


class Kernel:
    """The guest, and targets on it."""

    def __init__(self, kernel, spec, *, silence_s=NEVER_S):
        self.release = kernel.release
        self.made = outfit(spec.devices, RECIPES)
        self.guest = Held(kernel, spec, silence_s=silence_s)
        try:
            self.attach(self.made)
        except BaseException:
            self.end()
            raise

    def attach(self, made=None):
        """A target of a runner that comes anew; it has nothing but the line."""
        target = AgentTarget(
            Attached(self.guest, self.release, made or replace(self.made, script=""))
        )
        target.__enter__()
        return target

    def end(self):
        self.guest.end()


def control_paths(target):
    """Every control file of the machine."""
    done = target.run(Command(timeout_ns=60 * SECOND_NS, script=LIST))
    found = sorted(path for path in done.stdout.splitlines() if not path.endswith(COUNTING))
    assert len(found) > 100, done.stderr
    return found


def values(target, paths):
    """What they read; a fault that hits everybody may refuse it."""
    target.foresee([Access(path) for path in paths])
    found = {}
    for path in paths:
        try:
            found[path] = target.read(path)
        except AttrRefused as refused:
            found[path] = refused.errno_name
    return found


def uml_spec(campaign):
    return next((one for one in campaign.targets if one.kind == "uml"), TargetSpec(kind="uml"))
