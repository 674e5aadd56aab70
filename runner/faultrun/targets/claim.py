"""Claiming a machine for one run, as targets do: the lock's refusals in the words of the seam."""

from collections.abc import Iterator
from contextlib import contextmanager

from faultrun.model.target import TargetBroken
from faultrun.targets.guest import machine_lock


@contextmanager
def claimed(root: str, verb: str, run: str, since: str) -> Iterator[None]:
    """Have this machine's part ``root`` until the context ends. Raises TargetBroken."""
    try:
        holder = machine_lock.me(verb, run, since)
        lock = machine_lock.take(machine_lock.machine_name(root), holder)
    except machine_lock.Taken as taken:
        raise TargetBroken(f"the machine is being used by {taken}") from taken
    except machine_lock.NoPlace as no:
        message = f"whether somebody uses the machine cannot be told: {no}"
        raise TargetBroken(message) from no
    try:
        yield
    finally:
        lock.give_up()
