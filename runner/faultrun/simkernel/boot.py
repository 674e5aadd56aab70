"""Booting: what a kernel command line sets before anything runs, and what is logged of it.

Kernel: init/main.c:start_kernel(), lib/fault-inject.c:setup_fault_attr(). The boot itself is not
simulated: a real kernel allocates, copies and reads disks before its first program, and so spends
`times`, `space` and `interval` counts that are whole here. Only the probing of NVMe controllers,
which decides whether there is a disk at all, asks the template's copies as a real one does.
"""

from faultrun.capabilities.boot import (
    Answer,
    handling,
    in_force,
    is_template,
    passed_to_init,
    read_line,
)
from faultrun.kernel.boot_line import unknown
from faultrun.kernel.fault_attr import FaultAttr
from faultrun.kernel.setup_string import FAILED, Reading, Refusal
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import Capability
from faultrun.simkernel.log import KernelLog

DEFAULT_LINE = "console=ttyS0"
_WARNING, _NOTICE = 4, 5


class Boot:
    """One command line as one kernel version reads it."""

    def __init__(self, line: str, version: KernelVersion) -> None:
        self.line = line or DEFAULT_LINE
        self._found = read_line(line, version) if line else ()
        self._force = in_force(self._found)

    def reading(self, capability: str) -> Reading | Refusal | None:
        """The setup string of a capability that counts, or None if the line has none."""
        option = self._force.get(capability)
        return None if option is None else option.reading

    def armed(self) -> tuple[str, ...]:
        """The capabilities that have a good setup string."""
        return tuple(name for name, option in self._force.items() if option.setup is not None)

    def copied(self) -> bool:
        """Whether devices copy something of the line when they are made, which booting makes."""
        return any(is_template(option.capability) for option in self._force.values())

    def announce(self, log: KernelLog) -> None:
        """What the kernel says of its own options while it reads them.

        Words that are no fault options are taken as known, which a real kernel may see otherwise.
        """
        for option in self._found:
            if option.answer is Answer.REFUSED and not handling(option.capability).each_device:
                log.emit(_WARNING, FAILED)
        refused = passed_to_init(self._found)
        if refused:
            log.emit(_NOTICE, unknown(refused))

    def start(self, table: Capability, core: FaultAttr, log: KernelLog) -> None:
        """An attribute set is made: it starts with what the line says of its capability.

        Kernel: lib/fault-inject.c:setup_fault_attr(), which leaves everything else as it was.
        """
        reading, how = self.reading(table.name), handling(table)
        if isinstance(reading, Reading):
            setup = reading.setup
            core.interval, core.probability = setup.interval, setup.probability
            core.space, core.times = setup.space, setup.times
            core.verbose = how.verbose
        elif reading is not None and how.each_device:
            log.emit(_WARNING, FAILED)
