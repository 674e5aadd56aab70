"""Which of a workload's checks reach the interval counter and the draw of an armed attribute set.

Kernel: lib/fault-inject.c:should_fail_ex(), the steps before the interval.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from faultrun.model.target import Checks
from faultrun.plan.attribute import Armed

_ROOTS = ("/sys/kernel/debug/", "/sys/kernel/config/", "/sys/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far the checks of a workload get: all of them, past the task filter, past ``space``."""

    armed: Armed
    made: tuple[Checks, ...]
    filtered: tuple[Checks, ...]
    passed: tuple[Checks, ...]

    @property
    def checks(self) -> int:
        """Checks that the task filter and the stack filter let through."""
        return total(self.filtered)

    @property
    def candidates(self) -> int:
        """Checks that advance the interval counter."""
        return total(self.passed)


def reach(armed: Armed, tally: Mapping[str, tuple[Checks, ...]]) -> Reach:
    """Follow the checks of one attribute directory."""
    made = tally_of(armed.directory, tally)
    filtered = tuple(item for item in made if _lets_through(armed, item))
    return Reach(
        armed=armed,
        made=made,
        filtered=filtered,
        passed=tuple(_past_space(armed.space, filtered)),
    )


def tally_of(directory: str, tally: Mapping[str, tuple[Checks, ...]]) -> tuple[Checks, ...]:
    """The checks of a directory, named by its whole path or by the part below the mount."""
    if directory in tally:
        return tally[directory]
    for root in _ROOTS:
        if directory.startswith(root) and directory[len(root) :] in tally:
            return tally[directory[len(root) :]]
    return ()


def total(items: Iterable[Checks]) -> int:
    """The number of checks in runs of checks."""
    return sum(item.count for item in items)


def _lets_through(armed: Armed, item: Checks) -> bool:
    return item.wanted and (not armed.task_filter or (item.in_task and item.marked))


def _past_space(space: int, items: Sequence[Checks]) -> Iterable[Checks]:
    """A call smaller than what is left of ``space`` is suppressed and lowers it by its size.

    A call that passes lowers nothing, so that ``space`` stops at a floor and suppression can come
    back with smaller calls. A size of 0 or less never passes.
    """
    for item in items:
        suppressed = 0
        if space > item.size:
            needed = -((item.size - space) // item.size) if item.size > 0 else item.count
            suppressed = min(item.count, needed)
            space -= suppressed * item.size
        if not suppressed:
            yield item
        elif suppressed < item.count:
            yield replace(item, count=item.count - suppressed)
