"""The simulator's own integer generator, and streams of it by name.

SplitMix64 (Steele, Lea, Flood 2014): twelve lines, pinned by known values in the tests, so that no
change of a library changes a record. A stream for each purpose keeps them apart: adding a device
never shifts another's draws.
"""

import hashlib

_MASK = 2**64 - 1
_GAMMA = 0x9E3779B97F4A7C15
_LAST_FAIR = _MASK - (_MASK + 1) % 100


class Prng:
    """A stream of uniform 64-bit numbers."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    @classmethod
    def named(cls, seed: int, *names: str) -> "Prng":
        """The stream that belongs to these names under this seed."""
        text = ":".join((str(seed), *names))
        return cls(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))

    def next64(self) -> int:
        """Uniform in 0 to 2**64 - 1."""
        self._state = (self._state + _GAMMA) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        """Uniform in 0 to bound - 1, without the bias of a plain remainder."""
        assert 0 < bound <= _MASK
        limit = _MASK - (_MASK + 1) % bound
        while True:
            value = self.next64()
            if value <= limit:
                return value % bound

    def percent(self) -> int:
        """Uniform in 0 to 99, what should_fail_ex() compares probability with.

        The same as ``below(100)``, written out because every decision asks for it.
        """
        state = self._state
        while True:
            state = z = (state + _GAMMA) & _MASK
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
            z ^= z >> 31
            if z <= _LAST_FAIR:
                self._state = state
                return z % 100
