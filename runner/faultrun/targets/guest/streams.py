"""Everything that goes in and out of a running workload."""

from __future__ import annotations  # python 3.9 may be all the machine has

import errno
import os
from contextlib import suppress

from faultrun.targets.guest.job import Job
from faultrun.targets.guest.output import Output

_CHUNK = 65_536


class Streams:
    """Three pipes out of the child and one into it."""

    def __init__(self, job: Job, stdin: bytes) -> None:
        self._job = job
        self._stdin = memoryview(stdin)
        self._kept = {job.out: Output(), job.err: Output()}
        self._open = set(self._kept)
        if stdin:
            with suppress(OSError):
                job.wait_for_room()
        else:
            job.shut(job.stdin)

    def move(self, timeout_s: float) -> None:
        """Wait that long at most for something to move, then move all that moves."""
        self._job.wait(timeout_s)
        for handle in tuple(self._open):
            self._pull(handle)
        if self._stdin:
            self._push()

    def told(self) -> dict[str, str]:
        """What was printed, and what stood in the way of arming the child."""
        job = self._job
        said = job.letter.said()
        return {
            "out": self._kept[job.out].text(),
            "err": self._kept[job.err].text() + said.get("err", ""),
            "unarmed": said.get("unarmed", ""),
        }

    def _pull(self, handle: int) -> None:
        for _ in range(64):
            try:
                data = os.read(handle, _CHUNK)
            except OSError as failed:
                if failed.errno in (errno.EAGAIN, errno.EFAULT, errno.ENOMEM):
                    return
                raise
            if not data:
                self._open.discard(handle)
                return
            self._kept[handle].add(data)

    def _push(self) -> None:
        try:
            self._stdin = self._stdin[os.write(self._job.stdin, self._stdin) :]
        except BrokenPipeError:
            self._stdin = memoryview(b"")
        except OSError as failed:
            if failed.errno in (errno.EAGAIN, errno.ENOMEM, errno.EFAULT):
                return
            raise
        if not self._stdin:
            self._job.shut(self._job.stdin)
