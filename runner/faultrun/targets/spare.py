"""A guest that boots while something else is still being done."""

from collections.abc import Callable
from threading import Lock, Thread
from typing import Generic, Protocol, TypeVar

from faultrun.model.target import TargetBroken


class _Ends(Protocol):
    def end(self) -> None: ...


Guest = TypeVar("Guest", bound=_Ends)


class Spare(Generic[Guest]):
    """At most one guest, made in a thread of its own. May be used by several threads."""

    def __init__(self, make: Callable[[], Guest]) -> None:
        self._make = make
        self._lock = Lock()
        self._thread: Thread | None = None
        self._guest: Guest | None = None

    def prepare(self) -> None:
        """Start to make one, unless one is made already."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._work, name="spare guest", daemon=True)
                self._thread.start()

    def take(self) -> Guest | None:
        """The guest, once it is up; None if none was prepared, or it did not come up."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return None
            thread.join()
            guest, self._guest = self._guest, None
            return guest

    def drop(self) -> None:
        """End it if nobody took it."""
        guest = self.take()
        if guest is not None:
            guest.end()

    def _work(self) -> None:
        try:
            self._guest = self._make()
        except TargetBroken:
            # Whoever needs one makes it himself, and says why that cannot be done.
            self._guest = None
