"""Frames on a byte stream: start byte, CRC-32 in hexadecimal, payload, newline.

Both ends use this file. A terminal line under fault injection may lose bytes; a frame that did not
arrive whole is dropped, and asked for again by number.
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import binascii
import errno
import json
import os
import select
import zlib
from typing import Any

from faultrun.targets.guest.calm import Ears, pause
from faultrun.targets.guest.inlet import Inlet

Message = dict[str, Any]

START = b"\x02"
_PACKED = 800
"""A payload longer than this many bytes travels compressed."""
_LONGEST = 64 << 20
"""No frame is longer than so many bytes; more without an end is noise."""
_ROOM_S = 0.01
_HALF_S = 0.1
"""The rest of a frame is not that long in coming."""
PASSING = frozenset({errno.ENOMEM, errno.EFAULT, errno.EAGAIN, errno.EINTR})
"""Errors of our own reads and writes that a fault may cause: try again."""


def dump(message: Message) -> bytes:
    """A message as printable ASCII."""
    payload = json.dumps(message, separators=(",", ":")).encode()
    if len(payload) > _PACKED:
        payload = b"z" + binascii.b2a_base64(zlib.compress(payload, 1), newline=False)
    return payload


def load(payload: bytes) -> Any:
    """What ``dump`` was given. Raises ValueError and zlib.error."""
    if payload[:1] == b"z":
        payload = zlib.decompress(binascii.a2b_base64(payload[1:]))
    return json.loads(payload)


def pack(message: Message) -> bytes:
    """One frame."""
    payload = dump(message)
    return b"%s%08x%s\n" % (START, binascii.crc32(payload), payload)


def unpack(line: bytes) -> Message | None:
    """The message of a line, or None for noise and for what did not arrive whole."""
    head = line.rpartition(START)[2]
    payload = head[8:]
    try:
        if int(head[:8], 16) != binascii.crc32(payload):
            return None
        message = load(payload)
    except (ValueError, zlib.error):
        return None
    return message if isinstance(message, dict) else None


class Wire:
    """The two ends of a stream, as descriptors; on a terminal or a socket both are one.

    ``window``: so many bytes of a frame the other end takes before it has to say that it took them;
    0: any number.
    """

    def __init__(self, source: int, sink: int, *, window: int = 0) -> None:
        self.source = source
        self.window = window
        self._sink = sink
        self._rest = bytearray()
        self._frames: list[Message] = []
        self._torn = False
        self._asked = 0
        self._told = 0
        os.set_blocking(source, False)
        self._inlet = Inlet(source)
        self._ears = Ears()
        self._ears.add(source)

    def send(self, frame: bytes) -> None:
        """Write a whole frame, in as many pieces as it takes. Raises OSError if the end is gone."""
        view = memoryview(frame)
        while view:
            try:
                view = view[os.write(self._sink, view) :]
            except OSError as failed:
                if failed.errno not in PASSING:
                    raise
                self._wait_for_room()

    def half(self) -> int:
        """How many bytes of a frame are there that is not whole yet; 0 if nothing new is."""
        start = self._rest.rfind(START)
        size = len(self._rest) - start if start >= 0 else 0
        new = size != self._told
        self._told = size
        return size if new else 0

    def torn(self) -> bool:
        """Whether something was lost since the last time this was asked: then ask for it again."""
        torn, self._torn = self._torn, False
        return torn

    def receive(self, timeout_s: float) -> Message | None:
        """The next good frame, or None after that time. Raises EOFError at the end of the stream."""
        if not self._frames:
            half = len(self._rest)
            if self._ears.wait(min(timeout_s, _HALF_S) if half > self._asked else timeout_s):
                self._fill()
            elif half > self._asked:
                # A part was lost, or is late: to ask for it twice does no harm.
                self._asked = half
                self._torn = True
        return self._frames.pop(0) if self._frames else None

    def _wait_for_room(self) -> None:
        try:
            select.select((), (self._sink,), (), _ROOM_S)
        except OSError:
            pause(_ROOM_S)

    def _fill(self) -> None:
        try:
            data = self._inlet.read()
        except OSError as failed:
            if failed.errno in PASSING:
                # drivers/tty/tty_io.c:iterate_tty_read() drops what it could not hand over.
                self._torn = self._torn or failed.errno in (errno.EFAULT, errno.ENOMEM)
                return
            raise EOFError(str(failed)) from failed
        if not data:
            raise EOFError("end of the stream")
        self._asked = min(self._asked, len(self._rest))
        self._rest += data
        if b"\n" in data:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                self._take(bytes(line))
        if len(self._rest) > _LONGEST or START not in self._rest:
            self._rest.clear()

    def _take(self, line: bytes) -> None:
        message = unpack(line)
        if message is not None:
            self._frames.append(message)
        elif START in line:
            self._torn = True
