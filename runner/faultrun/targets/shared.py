"""A machine that others use as well: it has to be claimed, and cannot be thrown away."""

from contextlib import AbstractContextManager
from typing import Protocol

from faultrun.targets.agent_target import AgentTarget
from faultrun.targets.life import Life


class SharedLife(Life, Protocol):
    """A machine that goes on when we are gone."""

    def claim(self, verb: str, run: str, since: str) -> AbstractContextManager[None]:
        """As ``model/claim.py`` says. Raises TargetBroken."""
        ...


class SharedTarget(AgentTarget):
    """What we run on, or another machine over SSH."""

    def __init__(self, life: SharedLife) -> None:
        super().__init__(life)
        self._shared = life

    def claim(self, verb: str, run: str, since: str) -> AbstractContextManager[None]:
        """Have the machine until the context ends. Raises TargetBroken with the holder's name."""
        return self._shared.claim(verb, run, since)
