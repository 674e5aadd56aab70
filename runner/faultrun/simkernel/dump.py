"""Call traces in the kernel's form (lib/dump_stack.c:dump_stack_print_info())."""

from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.log import KernelLog
from faultrun.simkernel.symbols import offsets, parted
from faultrun.simkernel.tasks import SimTask

IDLE = ("swapper/0", 0)
"""Whom an interrupt interrupts on a machine that waits for its disk."""

_INNER = ("dump_stack_lvl", "dump_stack", "should_fail_ex")


def dump_stack(
    log: KernelLog, version: KernelVersion, task: SimTask | None, stack: tuple[str, ...]
) -> None:
    """Print who is running and through what. ``task`` None is interrupt context."""
    comm, pid = (task.comm, task.pid) if task is not None else IDLE
    uid = "UID: 0 " if version.has("6.12", None) else ""
    log.emit(4, f"CPU: 0 {uid}PID: {pid} Comm: {comm} Not tainted {version} #1 ")
    log.emit(4, "Call Trace:")
    mark = "TASK" if task is not None else "IRQ"
    log.emit(4, f" <{mark}>")
    for name in (*_INNER, *stack):
        offset, size = offsets(name)
        function, module = parted(name)
        where = f" [{module}]" if module else ""
        log.emit(4, f" {function}+0x{offset:x}/0x{size:x}{where}")
    log.emit(4, f" </{mark}>")
