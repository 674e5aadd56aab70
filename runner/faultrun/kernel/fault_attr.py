"""``struct fault_attr`` and the decision whether a call fails, as one transition.

Kernel: lib/fault-inject.c:should_fail_ex(), fail_stacktrace(), fail_dump(). Held to the kernel's
own compiled code by the vectors under tests/data. ``FaultAttr`` is mutable because this is the
innermost loop of the simulated kernel; everything that the kernel changes, it changes, and
nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
ULONG_MAX = 2**64 - 1
CERTAIN = 100
"""The random number is 0 to 99: from this probability on every draw fails."""

Draw = Callable[[], int]
"""A number from 0 to 99, uniform."""


@dataclass(slots=True)
class FaultAttr:
    """The state of one ``struct fault_attr``; ``count`` is the counter behind ``interval``."""

    probability: int = 0
    interval: int = 1
    times: int = 1
    space: int = 0
    verbose: int = 2
    task_filter: bool = False
    count: int = 0
    stacktrace_depth: int = 32
    require_start: int = 0
    require_end: int = ULONG_MAX
    reject_start: int = 0
    reject_end: int = 0
    ratelimit_interval: int = 0
    ratelimit_burst: int = 10


class TaskState(Protocol):
    """What ``should_fail_ex`` knows of the current task."""

    make_it_fail: bool
    fail_nth: int


def trusts_any_caller(attr: FaultAttr) -> bool:
    """Whether the ranges are at their defaults, so that no caller could be refused."""
    return (
        attr.require_start == 0
        and attr.require_end == ULONG_MAX
        and attr.reject_start == attr.reject_end == 0
    )


def stack_allows(
    attr: FaultAttr, save: Callable[[], Sequence[int]], *, stack_first: bool = True
) -> bool:
    """Whether the callers allow a failure (fail_stacktrace()).

    ``save`` gives the return addresses, innermost first. It is not asked where the kernel does not
    walk: at depth 0, and for the default ranges since 6.8 (``stack_first``).
    """
    found = attr.require_start == 0 and attr.require_end == ULONG_MAX
    if attr.stacktrace_depth == 0 or (stack_first and trusts_any_caller(attr)):
        return found
    for address in save()[: attr.stacktrace_depth]:
        if attr.reject_start <= address < attr.reject_end:
            return False
        if attr.require_start <= address < attr.require_end:
            found = True
    return found


def decide(
    attr: FaultAttr,
    size: int,
    task: TaskState | None,
    draw: Draw,
    stack_ok: Callable[[], bool] | None = None,
    *,
    stack_first: bool = True,
) -> bool:
    """Whether this call fails; changes ``attr`` and ``task`` as the kernel does.

    ``task`` is None in interrupt context. ``stack_ok`` is asked at the place where the kernel
    walks the stack: early since 6.8 (``stack_first``), last before. The budget in ``times`` is
    taken by ``spend`` after the caller has logged, as the kernel does.
    """
    stack_checked = False
    if task is not None and task.fail_nth:
        if stack_first and stack_ok is not None:
            if not stack_ok():
                return False
            stack_checked = True
        task.fail_nth -= 1
        return task.fail_nth == 0
    if attr.probability == 0:
        return False
    if attr.task_filter and (task is None or not task.make_it_fail):
        return False
    if attr.times == 0:
        return False
    if stack_first and stack_ok is not None and not stack_checked and not stack_ok():
        return False
    if attr.space > size:
        attr.space -= size
        return False
    if attr.interval > 1:
        attr.count += 1
        if attr.count % attr.interval:
            return False
    if attr.probability <= draw():
        return False
    return stack_first or stack_ok is None or stack_ok()


def spend(attr: FaultAttr) -> None:
    """Take one failure from the budget; -1 is unlimited, other negatives count down and wrap."""
    if attr.times not in (-1, 0):
        attr.times = INT_MAX if attr.times == INT_MIN else attr.times - 1
