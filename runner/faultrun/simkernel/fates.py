"""How a machine ends: what kills more than one task.

The workload's own task dying is ``signals.Killed``; these two take the whole machine.
"""


class Panicked(Exception):
    """The kernel stopped: kernel/panic.c:panic(). ``str()`` is the panic's own words."""


class Wedged(Exception):
    """Nothing answers any more: a processor spins, or a task waits for ever and cannot be killed.

    ``str()`` says what hangs.
    """
