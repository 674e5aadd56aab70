"""The time of this machine, which is also that of the guests on it."""

import time  # noqa: TID251  # a real machine's clock is this one


class MonotonicClock:
    """CLOCK_MONOTONIC and real sleeping: a clock that is set does not matter."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed point."""
        return time.monotonic_ns()

    def sleep_ns(self, duration_ns: int) -> None:
        """Let that much time pass."""
        time.sleep(duration_ns / 1_000_000_000)
