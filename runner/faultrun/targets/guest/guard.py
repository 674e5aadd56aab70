"""The watchdog: what to write if the runner falls silent while something is armed."""

from __future__ import annotations  # python 3.9 may be all the machine has

import errno
import os
import re
from collections.abc import Sequence
from typing import Any

from faultrun.targets.guest.calm import pause
from faultrun.targets.guest.files import Files
from faultrun.targets.guest.wire import PASSING

_TRIES = 200
_PAUSE_S = 0.001

Row = dict[str, Any]


class Guard:
    """Rows of path, old value, and how to disarm; the protocol of ``model/guarding.py``."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._rows: list[Row] = []

    @property
    def on(self) -> bool:
        """Whether anything would have to be put back."""
        return bool(self._rows)

    def set(self, rows: Sequence[Row]) -> None:
        """From now on guard these; none: nothing is armed any more."""
        self._rows = list(rows)

    def fire(self) -> None:
        """Disarm every trigger, then put all back in reverse, triggers last."""
        rows, self._rows = list(reversed(self._rows)), []
        for row in rows:
            if row["trigger"] and not row["seen_in"]:
                self._write(row, row["disarm"])
        for trigger in (False, True):
            for row in rows:
                if row["trigger"] == trigger:
                    self._write(row, row["undo"] or row["value"])

    def _write(self, row: Row, text: str) -> None:
        """Try for a while: the write that disarms may be a victim of the fault itself."""
        if row["seen_in"] and not _shows(row):
            return
        for _ in range(_TRIES):
            try:
                for line in text.splitlines() or ("",):
                    self._files.write(row["path"], f"{line}\n".encode())
            except OSError as failed:
                if failed.errno not in PASSING:
                    return
                pause(_PAUSE_S)
            else:
                return


def _shows(row: Row) -> bool:
    """Whether a file that is undone by a text of its own still shows as armed."""
    try:
        handle = os.open(row["seen_in"], os.O_RDONLY | os.O_CLOEXEC)
    except OSError as failed:
        return failed.errno not in (errno.ENOENT, errno.ENODEV)
    try:
        text = os.read(handle, 1 << 20).decode("utf-8", "surrogateescape")
    finally:
        os.close(handle)
    return any(re.fullmatch(row["seen_as"], line) for line in text.splitlines())
