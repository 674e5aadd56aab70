"""Exit codes. They mean something: whose fault it was can be read from the number alone."""

from enum import IntEnum


class Exit(IntEnum):
    """What the process says when it ends.

    ``GATE_FAILED`` is theirs (the kernel under test), ``BROKEN`` is ours (target or harness),
    ``ARMED`` means that a kernel may still be armed and needs a person.
    """

    PASSED = 0
    GATE_FAILED = 1
    USAGE = 2
    BROKEN = 3
    ARMED = 4
    INTERRUPTED = 130


PRECEDENCE = (
    Exit.ARMED,
    Exit.INTERRUPTED,
    Exit.USAGE,
    Exit.BROKEN,
    Exit.GATE_FAILED,
    Exit.PASSED,
)
"""Of several campaigns the first of these that occurred is the exit code of all."""


def worst(codes: list[Exit]) -> Exit:
    """The exit code that stands for several."""
    return next((code for code in PRECEDENCE if code in codes), Exit.PASSED)
