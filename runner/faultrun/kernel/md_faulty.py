"""The decisions of md's "faulty" personality: which requests fail, what it remembers, how it shows.

Kernel: drivers/md/md-faulty.c (removed before 6.8): check_mode(), check_sector(), add_sector(),
faulty_make_request(), faulty_reshape(), faulty_status(). Nothing of it is logged.
"""

from dataclasses import dataclass, field

WRITE_TRANSIENT, READ_TRANSIENT, WRITE_PERSISTENT, READ_PERSISTENT, WRITE_ALL, READ_FIXABLE = range(
    6
)
MODES = (
    "WriteTransient", "ReadTransient", "WritePersistent", "ReadPersistent", "WriteAll", "ReadFixable",
)  # fmt: skip
CLEAR_FAULTS = 30
CLEAR_ERRORS = 31
MODE_SHIFT = 5
MODE_MASK = 0x1F
MOST_FAULTS = 50
"""MaxFault: what would be remembered beyond it is not."""

_ALL = 100
_NONE = 101
_SHOWN = (
    WRITE_TRANSIENT, READ_TRANSIENT, WRITE_PERSISTENT, READ_PERSISTENT, READ_FIXABLE,
)  # fmt: skip
_FAILS: dict[bool, frozenset[int]] = {
    True: frozenset({WRITE_PERSISTENT, _ALL}),
    False: frozenset({READ_PERSISTENT, READ_FIXABLE, _ALL}),
}
_JOINS: dict[int, frozenset[int]] = {
    WRITE_PERSISTENT: frozenset({READ_PERSISTENT, READ_FIXABLE}),
    READ_PERSISTENT: frozenset({WRITE_PERSISTENT}),
    READ_FIXABLE: frozenset({WRITE_PERSISTENT, READ_PERSISTENT}),
}
"""What a sector remembers already that makes a new mode of it fail both ways."""


@dataclass(slots=True)
class Faulty:
    """The state of one array. ``faults`` are [sector, mode] pairs in their slots."""

    periods: list[int] = field(default_factory=lambda: [0] * len(MODES))
    counters: list[int] = field(default_factory=lambda: [0] * len(MODES))
    faults: list[list[int]] = field(default_factory=list[list[int]])

    def reshape(self, layout: int) -> bool:
        """Take a layout: mode and period, or one of the two that clear. False is EINVAL."""
        mode, count = layout & MODE_MASK, layout >> MODE_SHIFT
        if mode == CLEAR_FAULTS:
            self.faults.clear()
        elif mode == CLEAR_ERRORS:
            self.periods = [0] * len(MODES)
            self.counters = [0] * len(MODES)
        elif mode < len(MODES):
            self.periods[mode] = count
            self.counters[mode] = count or 1
        else:
            return False
        return True

    def refuses(self, *, write: bool) -> bool:
        """Whether a request fails without being sent on at all: every write, in mode WriteAll."""
        return write and self.counters[WRITE_ALL] != 0

    def fails(self, start: int, end: int, *, write: bool) -> bool:
        """Whether a request fails after it was sent on; it counts and remembers."""
        failed = self._remembered(start, end, write=write)
        if write:
            return self._persists(WRITE_PERSISTENT, start) | self._due(WRITE_TRANSIENT) | failed
        failed |= self._due(READ_TRANSIENT)
        failed |= self._persists(READ_PERSISTENT, start)
        return self._persists(READ_FIXABLE, start) | failed

    def status(self) -> str:
        """What /proc/mdstat adds to the array's line."""
        shown = "".join(
            f" {MODES[mode]}={self.counters[mode]}({self.periods[mode]})"
            for mode in _SHOWN
            if self.counters[mode]
        )
        everything = " WriteAll" if self.counters[WRITE_ALL] else ""
        return f"{shown}{everything} nfaults={len(self.faults)}"

    def _due(self, mode: int) -> bool:
        if not self.periods[mode] and self.counters[mode] <= 0:
            return False
        self.counters[mode] -= 1
        if self.counters[mode]:
            return False
        self.counters[mode] = self.periods[mode]
        return True

    def _persists(self, mode: int, start: int) -> bool:
        due = self._due(mode)
        if due:
            self._add(start, mode)
        return due

    def _remembered(self, start: int, end: int, *, write: bool) -> bool:
        """The first remembered sector inside decides; a write to a fixable one fixes it."""
        for fault in self.faults:
            if start <= fault[0] < end:
                if write and fault[1] == READ_FIXABLE:
                    fault[1] = _NONE
                return fault[1] in _FAILS[write]
        return False

    def _add(self, start: int, mode: int) -> None:
        free: list[int] | None = None
        for fault in self.faults:
            if fault[0] == start:
                fault[1] = _ALL if fault[1] in _JOINS[mode] else mode
                return
            if fault[1] == _NONE:
                free = fault
        if free is not None:
            free[:] = [start, mode]
        elif len(self.faults) < MOST_FAULTS:
            self.faults.append([start, mode])
