"""A sink for several threads: one event at a time reaches the recorder and the display."""

from dataclasses import dataclass, field
from threading import Lock

from faultrun.model.event import Event
from faultrun.model.failure import RecordError
from faultrun.model.target import Sink


@dataclass(slots=True)
class OneAtATime:
    """Passes events on under a lock, so that what the inner sink promises holds for every thread.

    An intent is on disk when ``emit`` returns, and only then does its thread write. Once the
    record has failed every later event fails for the same reason, whichever thread brings it.
    """

    inner: Sink
    _turn: Lock = field(default_factory=Lock)
    _failed: str = ""

    def emit(self, event: Event) -> None:
        """Take one event. Raises RecordError."""
        with self._turn:
            if self._failed:
                raise RecordError(self._failed)
            try:
                self.inner.emit(event)
            except RecordError as failure:
                self._failed = str(failure)
                raise
