"""Everything that goes in and out of a running workload."""

from __future__ import annotations  # python 3.9 may be all the machine has

import errno
import os
import select

from faultrun.targets.guest.job import Job
from faultrun.targets.guest.output import Output

_CHUNK = 65_536


class Streams:
    """Three pipes out of the child and one into it. ``also``: wake up when that can be read."""

    def __init__(self, job: Job, stdin: bytes, *, also: int) -> None:
        self._job = job
        self._stdin = memoryview(stdin)
        self._wakers = tuple(handle for handle in (also, job.end) if handle >= 0)
        self._kept = {job.out: Output(), job.err: Output(), job.status: Output()}
        self._open = set(self._kept)
        if not stdin:
            job.shut(job.stdin)

    def move(self, timeout_s: float) -> None:
        """Wait that long at most for something to move, then move all that moves."""
        into = (self._job.stdin,) if self._stdin else ()
        try:
            select.select((*self._open, *self._wakers), into, (), timeout_s)
        except OSError as failed:
            if failed.errno not in (errno.ENOMEM, errno.EINTR):
                raise
        for handle in tuple(self._open):
            self._pull(handle)
        if self._stdin:
            self._push()

    def told(self) -> dict[str, str]:
        """What was printed, and what stood in the way of arming the child."""
        job = self._job
        names = {"out": job.out, "err": job.err, "unarmed": job.status}
        return {name: self._kept[handle].text() for name, handle in names.items()}

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
