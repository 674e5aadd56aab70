"""Notifier chains: what the error injection modules say to each event, and who has to hear it.

Kernel: lib/notifier-error-inject.c:notifier_err_inject_callback(), debugfs_errno_set().
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from faultrun.capabilities import notifier
from faultrun.kernel.control_file import parse
from faultrun.kernel.errno import name_of
from faultrun.kernel.numbers import Refused
from faultrun.model.capability import AttrKind
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TextFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

DIRECTORY = notifier.ROOT
_INFO = 6
_CHAIN_OF = {event: chain for chain, events in notifier.CHAINS.items() for event in events}
SIMULATED = ("pm", "memory", "netdev")
"""The chains that an x86 machine has; OF-reconfig needs a device tree."""


class Notifiers:
    """The error of each event, 0 if there is none."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self.errors: dict[str, int] = {}

    def call(self, event: str, task: SimTask | None) -> None:
        """Send an event down its chain. Raises SimErrno if a callback refuses it.

        The callback logs by a bare pr_info(): level 6, no prefix.
        """
        place = f"{DIRECTORY}/{_CHAIN_OF[event]}/actions/{event}"
        self._kernel.met(place, task, "notifier_err_inject_callback")
        error = self.errors.get(event, 0)
        if error:
            self._kernel.log.emit(_INFO, f"Injecting error ({error}) to {event}")
            raise SimErrno(name_of(-error))

    def tell(self, event: str, task: SimTask | None) -> bool:
        """The same where the caller does not care about the answer; whether it was refused."""
        try:
            self.call(event, task)
        except SimErrno:
            return True
        return False

    def store(self, event: str, text: str) -> None:
        """A write to the event's error file. Raises SimErrno EINVAL or ERANGE."""
        try:
            value = parse(AttrKind.ERRNO, text, self._kernel.version, 0)
        except Refused as refused:
            raise SimErrno(refused.name) from None
        self.errors[event] = value

    def file(self, event: str) -> ControlFile:
        """The event's ``error`` file, 0600."""
        return TextFile(lambda: f"{self.errors.get(event, 0)}\n", partial(self.store, event))


def chains(machine: "Machine") -> Mapping[str, ControlFile]:
    """Provide ``notifier-error-inject``: a directory for each event, with one file."""
    notifiers = machine.kernel.facility(Notifiers)
    for chain in SIMULATED:
        for event in notifier.CHAINS[chain]:
            directory = f"{DIRECTORY}/{chain}/actions/{event}"
            machine.kernel.tree.provide(directory, partial(_action, notifiers, event))
    return {}


def _action(notifiers: Notifiers, event: str) -> Mapping[str, ControlFile]:
    return {"error": notifiers.file(event)}
