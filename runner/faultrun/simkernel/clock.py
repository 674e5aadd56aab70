"""Virtual time: integer nanoseconds that pass only when somebody says so."""


class SimClock:
    """The machine's clock; starts at 0, the moment at which it was booted."""

    __slots__ = ("_now_ns",)

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        """Nanoseconds since boot."""
        return self._now_ns

    def advance(self, duration_ns: int) -> None:
        """Let time pass; it never goes back."""
        assert duration_ns >= 0
        self._now_ns += duration_ns

    def sleep_ns(self, duration_ns: int) -> None:
        """What a sleeper calls it."""
        self.advance(duration_ns)
