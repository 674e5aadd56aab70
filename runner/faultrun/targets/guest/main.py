"""Start-up: settle in, then serve.

The argument is JSON: ``silence_s``; ``tty`` where the stream is a terminal; ``alone`` on a machine
that others use too, ``after`` the agent that was there before, ``claim`` for whom to have it.
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import ctypes
import json
import os
import sys
import termios
import tty

from faultrun.targets.guest.place import Place
from faultrun.targets.guest.server import Server
from faultrun.targets.guest.still import reserve, take_memory
from faultrun.targets.guest.wire import Wire, pack

_PR_SET_CHILD_SUBREAPER = 36
"""include/uapi/linux/prctl.h"""
_LONGEST = 2_048


def main(argument: str) -> None:
    """Serve on standard input and output, or on the terminal that ``tty`` names."""
    settings = json.loads(argument)
    name = settings.get("tty")
    if name:
        handle = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        _line(handle)
        wire = Wire(handle, handle)
    else:
        # A workload must neither read our requests nor write into our answers.
        wire = Wire(os.dup(0), os.dup(1))
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    pinned = reserve()
    take_memory()
    place = Place(alone=settings.get("alone", False), after=settings.get("after", 0))
    try:
        place.claim(settings.get("claim", {}), settings.get("patience_s", 0.0))
        if place.taken:
            wire.send(pack({"ready": os.getpid(), **place.told()}))
            sys.exit(1)
        end = Server(wire, place, silence_s=settings["silence_s"]).serve()
    finally:
        place.leave()
        pinned.clear()
    sys.exit(0 if end == "bye" else 1)


def _line(handle: int) -> None:
    """Make a terminal a stream of bytes.

    The speed matters to an emulated port too: what does not fill its queue is told after the time
    of four characters. And the terminal allocates once to send, as much as the longest piece
    (drivers/tty/tty_io.c:iterate_tty_write()); later, that allocation could be failed.
    """
    tty.setraw(handle, termios.TCSANOW)
    how = termios.tcgetattr(handle)
    how[4] = how[5] = termios.B115200
    termios.tcsetattr(handle, termios.TCSANOW, how)
    os.write(handle, b"\n" * _LONGEST)
