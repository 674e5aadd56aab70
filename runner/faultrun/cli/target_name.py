"""What may stand behind ``--target``: a kind of target, and for some where it is."""

from dataclasses import dataclass
from difflib import get_close_matches

from faultrun.model.campaign import TARGET_KINDS
from faultrun.spec.host import wrong_host

FORMS = "simulated, uml, qemu, local, local:DIR (a folder that mirrors a machine), ssh or ssh:HOST"


class UnknownTarget(Exception):
    """``--target`` names nothing that faultrun knows: the user's mistake, not the target's."""


@dataclass(frozen=True, slots=True)
class TargetName:
    """A kind, and the folder of ``local:DIR`` or the host of ``ssh:HOST``."""

    kind: str
    rest: str = ""

    @property
    def host(self) -> str:
        """The host that the command line names, if any."""
        return self.rest if self.kind == "ssh" else ""


def target_name(text: str) -> TargetName:
    """The parts of a target's name. Raises UnknownTarget."""
    kind, colon, rest = text.partition(":")
    if kind not in TARGET_KINDS:
        near = get_close_matches(kind, TARGET_KINDS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known are {FORMS}"
        raise UnknownTarget(f"target {text!r} is not known; {hint}")
    if colon and (not rest or kind not in ("local", "ssh")):
        raise UnknownTarget(f"target {text!r} is not known; known are {FORMS}")
    problem = wrong_host(rest) if kind == "ssh" and rest else None
    if problem is not None:
        raise UnknownTarget(f"target {text!r} is not known: {problem.message}")
    return TargetName(kind, rest)
