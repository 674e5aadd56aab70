"""What parent and child tell each other: in memory that both see, so that nothing can be refused."""

from __future__ import annotations  # python 3.9 may be all the machine has

import json
import mmap
from typing import Any

_SIZE = 2 << 20
_WAITS, _STARTED, _SAYS = 0, 1, 2
_BODY = 8
_ANSWER = 4_096
"""Bytes at the end that the child may use."""


class Letter:
    """One request to the child, and what the child has to say before it becomes the workload."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)

    @property
    def waits(self) -> bool:
        """Whether the child is ready for the request."""
        return bool(self._memory[_WAITS])

    @property
    def started(self) -> bool:
        """Whether the request is there."""
        return bool(self._memory[_STARTED])

    def wait(self) -> None:
        """The child is ready."""
        self._memory[_WAITS] = 1

    def send(self, request: dict[str, Any]) -> None:
        """Let the child go on. Raises ValueError if the request is too long."""
        text = json.dumps(request).encode()
        if len(text) > _SIZE - _ANSWER - _BODY - 4:
            raise ValueError(f"a request of {len(text)} bytes is too long")
        self._put(text, _BODY)
        self._memory[_STARTED] = 1

    def request(self) -> Any:
        """What to become."""
        return json.loads(self._got(_BODY))

    def say(self, kind: str, text: str) -> None:
        """``unarmed``: the task's own faults; ``err``: what a shell would say of a bad command."""
        words = json.dumps([kind, text[: _ANSWER // 8]]).encode()
        self._put(words, _SIZE - _ANSWER)
        self._memory[_SAYS] = 1

    def said(self) -> dict[str, str]:
        """What the child had to say, by kind."""
        if not self._memory[_SAYS]:
            return {}
        kind, text = json.loads(self._got(_SIZE - _ANSWER))
        return {kind: text}

    def close(self) -> None:
        """It is over."""
        self._memory.close()

    def _put(self, text: bytes, where: int) -> None:
        self._memory[where : where + 4] = len(text).to_bytes(4, "big")
        self._memory[where + 4 : where + 4 + len(text)] = text

    def _got(self, where: int) -> bytes:
        length = int.from_bytes(self._memory[where : where + 4], "big")
        return self._memory[where + 4 : where + 4 + length]
