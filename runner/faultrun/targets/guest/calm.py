"""Time and waiting while every copy between a task and its kernel may be refused.

lib/fault-inject-usercopy.c fails copies of arguments too, so that also a clock or a sleep gives EFAULT.
select(2) copies up to seven times and then hardly ever succeeds; epoll_wait(2) copies nothing
(fs/eventpoll.c:epoll_put_uevent() uses __put_user(), where no fault is injected).
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import select
import time
from contextlib import suppress


def now_s() -> float:
    """Monotonic seconds; a clock that cannot be read is read again."""
    while True:
        try:
            return time.monotonic()
        except OSError:
            continue


def now_ns() -> int:
    """Monotonic nanoseconds."""
    while True:
        try:
            return time.monotonic_ns()
        except OSError:
            continue


def pause(seconds: float) -> None:
    """Sleep about that long; a sleep that is refused is a short one, so callers loop anyway."""
    with suppress(OSError):
        time.sleep(seconds)


class Ears:
    """Descriptors to wait for. They are told of beforehand: telling allocates, waiting does not."""

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def add(self, handle: int) -> None:
        """Wake up when this can be read, or its other end is closed. Raises OSError."""
        self._epoll.register(handle, select.EPOLLIN)

    def add_sink(self, handle: int) -> None:
        """Wake up when this can be written. Raises OSError."""
        self._epoll.register(handle, select.EPOLLOUT)

    def drop(self, handle: int) -> None:
        """Do not care any more. A copy in a child would keep a closed descriptor awake."""
        with suppress(OSError, ValueError):
            self._epoll.unregister(handle)

    def wait(self, seconds: float) -> bool:
        """Whether something happened within that time."""
        try:
            return bool(self._epoll.poll(seconds))
        except OSError:
            return False

    def close(self) -> None:
        """Let go of all."""
        self._epoll.close()
