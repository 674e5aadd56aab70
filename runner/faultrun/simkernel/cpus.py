"""``/sys/devices/system/cpu``: processors that go offline and come back.

Kernel: drivers/base/cpu.c, kernel/cpu.c:cpu_down(), arch/x86/kernel/smpboot.c. No kernel
from 6.1 on has a CPU notifier with an error injection module, so that nothing can fail here. The first
processor has no ``online`` file on x86.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from faultrun.kernel.numbers import kstrtobool
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tree import ControlFile, TextFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

ROOT = "/sys/devices/system/cpu"
COUNT = 2
_INFO = 6


class Cpus:
    """Which processors are at work."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel
        self.online = set(range(COUNT))

    def switch(self, cpu: int, text: str) -> None:
        """A write to ``online``. Raises SimErrno EINVAL."""
        wanted = kstrtobool(text, self.kernel.version)
        if wanted is None:
            raise SimErrno("EINVAL")
        if wanted and cpu not in self.online:
            self.online.add(cpu)
            text = f"smpboot: Booting Node 0 Processor {cpu} APIC {cpu:#x}"
            self.kernel.log.emit(_INFO, text)
        elif not wanted and cpu in self.online:
            self.online.remove(cpu)
            self.kernel.log.emit(_INFO, f"smpboot: CPU {cpu} is now offline")


def files(machine: "Machine") -> Mapping[str, ControlFile]:
    """The directory itself; each processor is a directory below it."""
    cpus = machine.kernel.facility(Cpus)
    for cpu in range(COUNT):
        machine.kernel.tree.provide(f"{ROOT}/cpu{cpu}", partial(_cpu_files, cpus, cpu))
    every = ranges(set(range(COUNT)))
    return {
        "present": TextFile(lambda: f"{every}\n"),
        "possible": TextFile(lambda: f"{every}\n"),
        "online": TextFile(lambda: f"{ranges(cpus.online)}\n"),
        "offline": TextFile(lambda: f"{ranges(set(range(COUNT)) - cpus.online)}\n"),
        "kernel_max": TextFile(lambda: "63\n"),
    }


def ranges(numbers: set[int]) -> str:
    """``0-1``, ``0,2-3``: a list of processors as the kernel prints it (%*pbl)."""
    runs: list[list[int]] = []
    for each in sorted(numbers):
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _cpu_files(cpus: Cpus, cpu: int) -> Mapping[str, ControlFile]:
    if cpu == 0:
        return {"crash_notes_size": TextFile(lambda: "392\n")}
    return {
        "online": TextFile(lambda: f"{int(cpu in cpus.online)}\n", partial(cpus.switch, cpu)),
    }
