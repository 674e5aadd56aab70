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

Message = dict[str, Any]

START = b"\x02"
_PACKED = 2_048
"""A payload longer than this many bytes travels compressed."""
_CHUNK = 65_536
PASSING = frozenset({errno.ENOMEM, errno.EFAULT, errno.EAGAIN, errno.EINTR})
"""Errors of our own reads and writes that a fault may cause: try again."""


def pack(message: Message) -> bytes:
    """One frame."""
    payload = json.dumps(message, separators=(",", ":")).encode()
    if len(payload) > _PACKED:
        payload = b"z" + binascii.b2a_base64(zlib.compress(payload, 1), newline=False)
    return b"%s%08x%s\n" % (START, binascii.crc32(payload), payload)


def unpack(line: bytes) -> Message | None:
    """The message of a line, or None for noise and for what did not arrive whole."""
    head = line.rpartition(START)[2]
    payload = head[8:]
    try:
        if int(head[:8], 16) != binascii.crc32(payload):
            return None
        if payload[:1] == b"z":
            payload = zlib.decompress(binascii.a2b_base64(payload[1:]))
        message = json.loads(payload)
    except (ValueError, zlib.error):
        return None
    return message if isinstance(message, dict) else None


class Wire:
    """The two ends of a stream, as descriptors; on a terminal or a socket both are one."""

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self._sink = sink
        self._rest = b""
        self._frames: list[Message] = []
        os.set_blocking(source, False)

    def send(self, frame: bytes) -> None:
        """Write a whole frame, in as many pieces as it takes. Raises OSError if the end is gone."""
        view = memoryview(frame)
        while view:
            try:
                view = view[os.write(self._sink, view) :]
            except OSError as failed:
                if failed.errno not in PASSING:
                    raise
                select.select((), (self._sink,), (), 0.01)

    def receive(self, timeout_s: float, also: tuple[int, ...] = ()) -> Message | None:
        """The next good frame, or None after that time or once ``also`` can be read.

        Raises EOFError at the end of the stream.
        """
        if not self._frames:
            self._fill(timeout_s, also)
        return self._frames.pop(0) if self._frames else None

    def _fill(self, timeout_s: float, also: tuple[int, ...]) -> None:
        try:
            ready = select.select((self.source, *also), (), (), timeout_s)[0]
            if self.source not in ready:
                return
            data = os.read(self.source, _CHUNK)
        except OSError as failed:
            if failed.errno in PASSING:
                return
            raise EOFError(str(failed)) from failed
        if not data:
            raise EOFError("end of the stream")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = unpack(line)
            if message is not None:
                self._frames.append(message)
