"""One armed attribute set as the decision sees it: numbers, read from the writes of a task."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from faultrun.model.plan import Counter, Task, Write
from faultrun.plan.values import number

_NAMESPACE = re.compile(r"/nvme\d+(c\d+)?n\d+/fault_inject$")
_STACK = ("require-start", "require-end", "reject-start", "reject-end")
_REQUEUE = "/requeue_inject"
_OWN_ATTEMPTS = 2
"""Attempts of a null_blk request in the task that submits it; the task filter spares further ones
(simkernel/devices/null_blk.py)."""

_MOST_ATTEMPTS = 1_000
_DNR = 0x4000
_ATTEMPTS = 6
"""First try and nvme_core.max_retries, 5 by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """What lib/fault-inject.c:should_fail_ex() will compare with.

    ``probability`` in percent of checks; ``attempts`` is how often the kernel itself sends a
    command that failed, first try included: each is a check of its own.
    """

    capability: str
    directory: str
    probability: int
    interval: int
    times: int
    unlimited: bool
    space: int
    task_filter: bool
    stack_filter: bool
    attempts: int


def armed_by(task: Task) -> tuple[Armed, ...]:
    """The attribute sets that a task arms, in the order of its counters."""
    return tuple(_armed(counter, task.writes) for counter in task.counters if not counter.traces)


def _armed(counter: Counter, writes: Sequence[Write]) -> Armed:
    directory = counter.path.rpartition("/")[0]
    length = len(directory) + 1
    text = {
        write.path[length:]: write.value
        for write in writes
        if write.path[: length - 1] == directory
    }

    def value(name: str, default: int) -> int:
        found = number(text.get(name, default))
        return default if found is None else found

    retried = (
        text.get("dont_retry") == "N"
        and _NAMESPACE.search(directory) is not None
        and 0 < value("status", 1) < _DNR
    )
    filtered = text.get("task-filter") == "Y"
    attempts = _ATTEMPTS if retried else 1
    if directory.endswith(_REQUEUE):
        attempts = _OWN_ATTEMPTS if filtered else min(counter.budget, _MOST_ATTEMPTS)
    return Armed(
        capability=counter.capability,
        directory=directory,
        probability=value("probability", 0),
        interval=value("interval", 1),
        times=counter.budget,
        unlimited=counter.unlimited,
        space=value("space", 0),
        task_filter=filtered,
        stack_filter=any(name in text for name in _STACK),
        attempts=attempts,
    )
