"""The runner's end of the stream to a machine: ask, ask again if need be, and get the answer.

One request is under way at a time. It is sent again with the same number if nothing is heard for
a while: the machine answers a number it knows with the same bytes, so that nothing is done twice.
"""

from collections.abc import Callable

from faultrun.model.target import Clock
from faultrun.targets.guest.wire import Message, Wire, dump, pack

SECOND_NS = 1_000_000_000
_AGAIN_NS = 2 * SECOND_NS
"""The first time; then twice as long each time, so that a busy machine's line does not fill up."""
_MORE_NS = SECOND_NS // 2
_PING_NS = SECOND_NS
_NOISE_NS = SECOND_NS // 10
"""What arrives broken here may be a workload's noise: to ask all too often fills the line."""
_SOON_NS = 1_000_000
"""What arrived broken is sent again at once, but not in a storm."""
_SLICE_S = 0.05
_PART = 2_048
"""Bytes of a request that travel at once: a terminal holds 4,096 (drivers/tty/n_tty.c)."""


class Silent(Exception):
    """The machine says nothing any more. ``ended``: its end of the stream is closed."""

    def __init__(self, why: str, *, ended: bool) -> None:
        super().__init__(why)
        self.ended = ended


class Link:
    """One stream. ``silence_ns``: so long without a sign of life means that it hangs."""

    def __init__(self, wire: Wire, clock: Clock, *, silence_ns: int) -> None:
        self._wire = wire
        self._clock = clock
        self._silence_ns = silence_ns
        self._number = 0
        self._alive: Callable[[], bool] = _alive

    def watch(self, alive: Callable[[], bool]) -> None:
        """Ask this while waiting; once it says no, there is nothing left to wait for."""
        self._alive = alive

    def ask(self, op: str, *, stop: Callable[[], bool] | None = None, **fields: object) -> Message:
        """Send a request and wait for its answer. Raises Silent.

        A request that takes long beats while it does. Once ``stop()``, the machine is told to kill
        what runs; the answer is still waited for. A long request goes in parts, each of which is
        answered: a terminal that is full stops the line, and User-mode Linux does not always start
        it again (arch/um/drivers/line.c:line_unthrottle()).
        """
        payload = dump({"op": op, **fields})
        if len(payload) <= _PART:
            return self._ask(op, {"op": op, **fields}, stop)
        for at in range(0, len(payload), _PART):
            text = payload[at : at + _PART].decode("ascii")
            self._ask(op, {"op": "part", "at": at, "text": text}, None)
        return self._ask(op, {"op": "whole"}, stop)

    def _ask(self, op: str, request: Message, stop: Callable[[], bool] | None) -> Message:
        self._number += 1
        frame = pack({"id": self._number, **request})
        self._send(frame)
        heard = sent = pinged = self._clock.now_ns()
        running = False
        killed = -_PING_NS
        patience = _AGAIN_NS
        while True:
            message = self._receive(_SLICE_S)
            now = self._clock.now_ns()
            if message is not None:
                heard = now
                if message.get("id") == self._number:
                    return message
                running = running or message.get("beat") == self._number
                if "again" in message and now - sent > _SOON_NS:
                    sent = now
                    self._send(frame)
                continue
            if self._wire.torn() and not running and now - sent > _NOISE_NS:
                sent = now
                self._send(frame)
            if now - heard > self._silence_ns:
                seconds = self._silence_ns // SECOND_NS
                raise Silent(f"no sign of life for {seconds} s after '{op}'", ended=False)
            if not self._alive():
                raise Silent(f"it ended during '{op}'", ended=True)
            if running and now - pinged > _PING_NS:
                pinged = now
                self._send(pack({"id": 0, "op": "ping"}))
            if not running and now - max(sent, heard) > patience:
                sent = now
                patience *= 2
                self._send(frame)
            if stop is not None and now - killed > _PING_NS and stop():
                killed = now
                self._send(pack({"id": 0, "op": "kill"}))

    def tell(self, op: str) -> None:
        """Send without waiting for an answer; a stream that is gone does not matter."""
        try:
            self._wire.send(pack({"id": self._number + 1, "op": op}))
        except OSError:
            return

    def _send(self, frame: bytes) -> None:
        """In pieces, if the line takes no more at once; then each is confirmed before the next."""
        window = self._wire.window or len(frame)
        try:
            for start in range(0, len(frame), window):
                if start and not self._taken(start):
                    return
                self._wire.send(frame[start : start + window])
        except OSError as gone:
            raise Silent(f"it takes no more requests: {gone.strerror}", ended=True) from gone

    def _taken(self, size: int) -> bool:
        """Whether the machine says soon that it has so many bytes of a frame."""
        give_up = self._clock.now_ns() + _MORE_NS
        while self._clock.now_ns() < give_up:
            message = self._receive(_SLICE_S)
            if message is not None and message.get("more", 0) >= size:
                return True
        return False

    def _receive(self, timeout_s: float) -> Message | None:
        try:
            return self._wire.receive(timeout_s)
        except EOFError as end:
            raise Silent("its end of the line is closed", ended=True) from end


def _alive() -> bool:
    return True
