"""How a machine ends: what kills more than one task.

The workload's own task dying is ``signals.Killed``; the first two take the whole machine.
"""

Late = tuple[int, int, str]
"""What a hang makes the kernel say later: after so many nanoseconds, at this level, this text."""


class Panicked(Exception):
    """The kernel stopped: kernel/panic.c:panic(). ``str()`` is the panic's own words."""


class Wedged(Exception):
    """Nothing answers any more: a processor spins, or a task waits for ever and cannot be killed.

    ``str()`` says what hangs; ``late`` is what its stall detector still says.
    """

    def __init__(self, why: str, late: tuple[Late, ...] = ()) -> None:
        super().__init__(why)
        self.late = late


class Unkillable(Exception):
    """A task waits in state D for something that will never happen; no signal ends it.

    The rest of the machine goes on. Kernel: block/blk-core.c:blk_io_schedule() sleeps
    uninterruptibly.
    """

    def __init__(self, comm: str, pid: int, why: str, late: tuple[Late, ...] = ()) -> None:
        super().__init__(f"{comm}[{pid}]: {why}")
        self.pid = pid
        self.late = late
