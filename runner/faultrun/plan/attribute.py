"""One armed attribute set as the decision sees it: numbers, read from the writes of a task."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faultrun.capabilities.registry import known
from faultrun.model.plan import Counter, Task, Write
from faultrun.plan.values import number

_NAMESPACE = re.compile(r"/nvme\d+(c\d+)?n\d+/fault_inject$")
_STACK = ("require-start", "require-end", "reject-start", "reject-end")
_REQUEUE = "/requeue_inject"
_OWN_ATTEMPTS = 2
"""Attempts of a null_blk request in the task that submits it; the task filter spares further ones
(simkernel/devices/null_blk.py)."""

_MOST_ATTEMPTS = 1_000
_SPARED = {
    "min-order": "min-order {value} spares allocations of fewer pages",
    "ignore-gfp-highmem": "ignore-gfp-highmem spares highmem and user pages",
    "ignore-gfp-wait": "ignore-gfp-wait spares allocations that may sleep",
    "cache-filter": "cache-filter spares every cache that is not marked",
    "ignore-private": "ignore-private spares private futexes",
}
"""Filters that a capability asks before should_fail(), where nothing is counted yet."""
_DNR = 0x4000
_ATTEMPTS = 6
"""First try and nvme_core.max_retries, 5 by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """What lib/fault-inject.c:should_fail_ex() will compare with.

    ``probability`` in percent of checks; ``attempts`` is how often the kernel itself sends a
    command that failed, first try included: each is a check of its own. ``spares`` says what the
    capability's own filters turn away before anything is counted.
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
    spares: tuple[str, ...] = ()


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
        spares=_spares(counter.capability, text),
    )


def _spares(capability: str, text: Mapping[str, str]) -> tuple[str, ...]:
    """The filters that are on, by the writes or else by the kernel's default."""
    table = known().get(capability)
    attrs = table.attrs if table is not None else ()
    return tuple(
        _SPARED[spec.name].format(value=value)
        for spec in attrs
        if spec.name in _SPARED
        and (value := text.get(spec.name, str(spec.default))) not in ("N", "0", "False")
    )
