"""What a family of random steps makes, and what makes it."""

from collections.abc import Callable
from dataclasses import dataclass

from faultrun.agree.draw import Draw
from faultrun.kernel.version import KernelVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One step: bash that prints what it saw, and how many settings it tries.

    ``inject`` is the flow text of an injection that the engine arms; without it the script arms by
    itself, where a shell would otherwise meet the fault before its first command.
    """

    script: str
    settings: int = 1
    inject: str = ""
    cleanup: str = ""


Make = Callable[[Draw, int, KernelVersion], Made]
"""From choices, the step's number in its family and the kernel's version to a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Steps of one kind. ``group`` shares one machine; ``share`` is its part of all steps.

    ``setup`` is what the first step on the machine does for all of them.
    """

    name: str
    capability: str
    group: str
    share: int
    make: Make
    setup: str = ""
    devices: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
