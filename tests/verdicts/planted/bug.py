"""What a planted bug is: a few lines that make one error path of the simulated machine wrong."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

KINDS = ("wrong errno", "leak", "lost data", "state left behind", "late crash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """``steps`` of the shipped ``campaign`` should catch it; ``symptom`` is how the reason names it."""

    name: str
    kind: str
    says: str
    campaign: str
    steps: tuple[str, ...]
    symptom: str
    plant: Callable[[pytest.MonkeyPatch], None]


BUGS: dict[str, Bug] = {}


def bug(kind, campaign, *steps, symptom):
    """Register a function that plants a bug; its docstring says what the bug is."""
    assert kind in KINDS

    def register(plant):
        assert plant.__name__ not in BUGS
        BUGS[plant.__name__] = Bug(
            name=plant.__name__,
            kind=kind,
            says=plant.__doc__,
            campaign=campaign,
            steps=steps,
            symptom=symptom,
            plant=plant,
        )
        return plant

    return register


def around(patch, owner, name, wrapped):
    """Replace a function by ``wrapped(original, *arguments)``."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda *args, **named: wrapped(original, *args, **named))


def oops(kernel, where):
    """What a kernel says that follows a pointer to nowhere."""
    kernel.log.emit(1, "BUG: kernel NULL pointer dereference, address: 0000000000000018")
    kernel.log.emit(4, f"RIP: 0010:{where}+0x1c/0x60")
