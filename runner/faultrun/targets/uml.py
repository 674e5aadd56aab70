"""User-mode Linux: a real kernel as an ordinary process, without root, KVM or a disk image."""

from pathlib import Path

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import LogLine, TargetBroken, TargetDied, TargetInfo
from faultrun.targets.console import panic_of, stuck_of
from faultrun.targets.guest.wire import Wire
from faultrun.targets.life import Manners
from faultrun.targets.link import Silent
from faultrun.targets.programs import programs
from faultrun.targets.recipes.outfit import outfit
from faultrun.targets.recipes.uml import RECIPES
from faultrun.targets.spare import Spare
from faultrun.targets.uml_guest import UmlBoot, UmlGuest

_LAST_WORDS_S = 3.0
"""A kernel that panics closes its lines before it is through with its console."""
SILENCE_S = 20
_ENV = (("DM_DISABLE_UDEV", "1"),)
"""No udev runs in a guest: libdevmapper has to make a mapping's node itself."""


class UmlLife:
    """One User-mode Linux guest after the other, each a clean one.

    ``spare`` may hold one that boots already; lives that boot alike may share it.
    """

    def __init__(
        self,
        kernel: Path,
        spec: TargetSpec,
        *,
        release: str,
        image: str = "",
        spare: Spare[UmlGuest] | None = None,
    ) -> None:
        self._boot = UmlBoot.of(kernel, spec)
        self._spare = spare
        self._guest: UmlGuest | None = None
        self.outfit = outfit(spec.devices, RECIPES)
        self.info = TargetInfo(
            name="uml",
            kind="uml",
            release=release,
            disposable=True,
            durable=False,
            image=image,
        )
        self.manners = Manners(
            silence_ns=SILENCE_S * 1_000_000_000, whole=True, programs=programs(), env=_ENV
        )

    def start(self) -> Wire:
        """A clean guest whose agent has spoken. Raises TargetBroken."""
        self.stop()
        ready = self._spare.take() if self._spare is not None else None
        self._guest = ready or UmlGuest(self._boot)
        return self._guest.wire

    def alive(self) -> bool:
        """Whether the guest's process runs."""
        return self._guest is not None and self._guest.process.alive

    def ended(self, silent: Silent) -> TargetDied | TargetBroken:
        """A guest that is silent has died, unless it was killed from outside: that is no kernel's end."""
        if silent.ended and self._guest is not None:
            self._guest.process.wait(_LAST_WORDS_S)
        log = self.console()
        if panic := panic_of(log):
            return TargetDied(f"kernel panic: {panic}")
        if self._guest is not None and self._guest.process.killed:
            return TargetBroken("the guest's process was killed from outside (is memory short?)")
        if silent.ended:
            return TargetDied(f"the guest ended: {silent}")
        stuck = stuck_of(log)
        return TargetDied(f"the guest hangs: {stuck or silent}", hung=True)

    def console(self) -> tuple[LogLine, ...]:
        """What it printed since it was started."""
        return self._guest.process.lines() if self._guest is not None else ()

    def stop(self) -> None:
        """End the guest and remove its folder."""
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.end()
