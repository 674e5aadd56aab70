"""From ``--target`` to machines: the one place where a target's name becomes an object."""

from collections.abc import Callable
from pathlib import Path

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Target
from faultrun.targets.local import LocalTarget
from faultrun.targets.simulated import SimulatedTarget

Machines = Callable[[str], Target]


class UnknownTarget(Exception):
    """``--target`` names nothing that faultrun knows: the user's mistake, not the target's."""


def machines(name: str, spec: TargetSpec, seed: int) -> Machines:
    """A function that opens a machine of the target called ``name``, by machine name.

    ``simulated`` is the kernel in this process; ``local:DIR`` is a folder that mirrors a
    machine's file tree. Raises UnknownTarget for anything else.
    """
    kind, _, rest = name.partition(":")
    if kind == "simulated" and not rest:
        return lambda machine: SimulatedTarget(spec, seed=seed, machine=machine)
    if kind == "local" and rest:
        root = Path(rest)
        return lambda _machine: LocalTarget(root)
    known = "'simulated' and 'local:DIR' (a folder that mirrors a machine)"
    message = f"target {name!r} is not known; known are {known}"
    raise UnknownTarget(message)
