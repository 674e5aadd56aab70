"""One run at a time on one machine: an advisory lock on a file that is named after the machine.

The kernel drops the lock when its holder dies in whatever way; what the file says is only read to
name the holder, and never trusted for more. The file is one JSON object in one line.
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import stat
import tempfile
from typing import NamedTuple

_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_SYSTEM = "/run/lock"
_MOST = 4_096
_TRIES = 100


class Holder(NamedTuple):
    """Who has the machine. ``verb`` is what it does there (``run``), ``run`` the run's folder."""

    pid: int
    user: str
    verb: str
    run: str
    since: str

    def __str__(self) -> str:
        return (
            f"faultrun {self.verb} {_plain(self.run)}"
            f" (pid {self.pid} of {_plain(self.user)} since {_plain(self.since)})"
        )


class Taken(Exception):
    """Somebody else has the machine; ``holder`` is None if he has not said who he is yet."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(str(holder) if holder is not None else "a run that has just begun")
        self.holder = holder


class NoPlace(Exception):
    """There is no folder or no file to which a lock could be tied safely."""


def me(verb: str, run: str, since: str) -> Holder:
    """The process that asks, as a holder."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    return Holder(os.getpid(), user, verb, run, since)


def machine_name(root: str) -> str:
    """The file's name for the machine that is booted here; ``root`` tells its parts apart.

    ``/`` stands for the machine itself.
    """
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = os.uname().nodename
    return f"faultrun-{hashlib.sha256(f'{boot} {root}'.encode()).hexdigest()[:32]}.lock"


def place() -> str:
    """The folder for locks, the same for all who may have the machine. Raises NoPlace."""
    if _is_safe(_SYSTEM, 0) and os.access(_SYSTEM, os.W_OK | os.X_OK):
        return _SYSTEM
    uid = os.getuid()
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    if own and _is_safe(own, uid) and os.access(own, os.W_OK | os.X_OK):
        return own
    folder = os.path.join(tempfile.gettempdir(), f"faultrun-{uid}")
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    if not _is_safe(folder, uid):
        raise NoPlace(f"{folder} is no folder of {uid}'s own; somebody else has made it")
    return folder


class MachineLock:
    """The lock while it is held. ``give_up`` ends it; so does the end of the process."""

    def __init__(self, path: str, handle: int) -> None:
        """Use ``take``."""
        self._path = path
        self._handle = handle

    def give_up(self) -> None:
        """Let others have the machine, and leave no file behind. Safe to call twice."""
        if self._handle < 0:
            return
        with contextlib.suppress(OSError):
            # While it is still locked: who opened it before notices that it has no name any more.
            os.unlink(self._path)
        os.close(self._handle)
        self._handle = -1


def take(name: str, holder: Holder, folder: str = "") -> MachineLock:
    """Have the machine called ``name`` from now on. Raises Taken, and NoPlace."""
    path = os.path.join(folder or place(), name)
    try:
        for _ in range(_TRIES):
            handle = _open(path)
            if handle < 0:
                continue
            try:
                if _lock(handle, path):
                    _sign(handle, holder)
                    kept, handle = handle, -1
                    return MachineLock(path, kept)
            finally:
                if handle >= 0:
                    os.close(handle)
    except OSError as no:
        raise NoPlace(f"{path}: {no.strerror}") from no
    raise NoPlace(f"{path}: somebody keeps replacing it")


def _open(path: str) -> int:
    """Its descriptor; -1 if somebody made it and removed it again at this very moment."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        # Not with O_CREAT: in a sticky folder that refuses a file of somebody else's
        # (Kernel: fs/namei.c:may_create_in_sticky()).
        return os.open(path, flags)
    except FileNotFoundError:
        pass
    try:
        handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return -1
    # Whoever comes next, of whatever user, has to be able to sign.
    os.fchmod(handle, 0o666)
    return handle


def _lock(handle: int, path: str) -> bool:
    """Whether it is ours now; False if the file has lost its name meanwhile."""
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise NoPlace(f"{path}: not a file that was made for this")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Taken(_read(handle)) from None
    try:
        named = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (found.st_dev, found.st_ino)


def _sign(handle: int, holder: Holder) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, (json.dumps(holder._asdict()) + "\n").encode("ascii"), 0)


def _read(handle: int) -> Holder | None:
    try:
        said = json.loads(os.pread(handle, _MOST, 0))
        return Holder(
            int(said["pid"]),
            str(said["user"]),
            str(said["verb"]),
            str(said["run"]),
            str(said["since"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _is_safe(folder: str, owner: int) -> bool:
    """A real folder of that owner's, in which nobody else can replace what is ours."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        return False
    return not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or bool(found.st_mode & stat.S_ISVTX)


def _plain(text: str) -> str:
    """What another process wrote, without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
