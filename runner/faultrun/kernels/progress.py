"""How a build tells what it does; whoever watches decides how that looks."""

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches a build."""

    def say(self, text: str) -> None:
        """One line that is worth keeping."""
        ...

    def phase(self, name: str, detail: str) -> None:
        """A phase begins."""
        ...

    def tick(self, done: int, expected: int, elapsed_ms: int) -> None:
        """It goes on: files done, how many there will be (0: unknown), time in this phase."""
        ...
