"""Random choices that a seed repeats: a stream for each step, so that a new family shifts no other."""

from collections.abc import Sequence
from typing import TypeVar

from faultrun.simkernel.prng import Prng

T = TypeVar("T")


class Draw:
    """Choices of one step."""

    __slots__ = ("_stream",)

    def __init__(self, seed: int, *names: str) -> None:
        self._stream = Prng.named(seed, "agree", *names)

    def one(self, of: Sequence[T]) -> T:
        """One of them, each as likely."""
        return of[self._stream.below(len(of))]

    def between(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``, both included."""
        return low + self._stream.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self._stream.percent() < percent

    def word(self, letters: str, length: int) -> str:
        """So many letters of those."""
        return "".join(self.one(letters) for _ in range(length))
