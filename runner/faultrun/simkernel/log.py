"""The kernel's ring buffer: records with a level and a time, the oldest lost when it is full."""

from collections import deque

from faultrun.model.target import LogLine
from faultrun.simkernel.clock import SimClock

RING_BYTES = 1 << 17
"""CONFIG_LOG_BUF_SHIFT=17, the default (init/Kconfig)."""

RECORD_BYTES = 88
"""Room that a record's header takes beside its text (kernel/printk/printk_ringbuffer.h)."""

TICK_NS = 1_000


class KernelLog:
    """What printk() wrote. A cursor is the number of the next record to be read."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._records: deque[LogLine] = deque()
        self._first = 1
        self._bytes = 0
        self.cleared = 1
        """The first record that dmesg still shows: ``dmesg -C`` hides, it does not remove."""

    def emit(self, level: int, text: str) -> None:
        """Append a record; ``level`` is 0 (emergency) to 7 (debug)."""
        self._records.append(
            LogLine(t_ns=self._clock.now_ns() // TICK_NS * TICK_NS, level=level, text=text)
        )
        self._bytes += len(text) + RECORD_BYTES
        while self._bytes > RING_BYTES:
            self._bytes -= len(self._records.popleft().text) + RECORD_BYTES
            self._first += 1

    @property
    def next(self) -> int:
        """The cursor after the newest record."""
        return self._first + len(self._records)

    def records(self, since: int) -> tuple[tuple[LogLine, ...], int, int]:
        """(records from the cursor on, the cursor after them, number lost). Cursor 0: all."""
        start = max(since, 1)
        lost = max(0, self._first - start)
        skip = max(0, start - self._first)
        if skip >= len(self._records):
            return (), self.next, lost
        found = tuple(self._records)[skip:]
        return found, self.next, lost
