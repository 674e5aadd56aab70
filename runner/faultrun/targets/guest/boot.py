"""The first process of a guest: file systems, a writable root over the host's files, then serve."""

from __future__ import annotations  # python 3.9 may be all the machine has

import ctypes
import glob
import os
import sys

from faultrun.targets.guest.calm import now_s, pause

_RDONLY, _NOSUID = 1, 2
_OVER = "/tmp"
_LOWER = "/run/faultrun-root"
_MOUNTS = (
    ("proc", "/proc", "proc"),
    ("sysfs", "/sys", "sysfs"),
    ("devtmpfs", "/dev", "devtmpfs"),
    ("debugfs", "/sys/kernel/debug", "debugfs"),
    ("configfs", "/sys/kernel/config", "configfs"),
)
_FRESH = ("/tmp", "/run", "/mnt", "/var/tmp")
_LINKS = (
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
)
"""Without /dev/fd a shell has no process substitution: the kernel document uses one."""
_RB_POWER_OFF = 0x4321FEDC
"""include/uapi/linux/reboot.h:LINUX_REBOOT_CMD_POWER_OFF"""

_SYNC_S = 2.0
"""A disk that never answers would hold up sync(2) for ever."""
_PAUSE_S = 0.000_5

_libc = ctypes.CDLL(None, use_errno=True)


def mount(what: str, where: str, kind: str, options: str = "", *, flags: int = 0) -> None:
    """mount(2). Raises OSError."""
    words = [word.encode() for word in (what, where, kind)]
    if _libc.mount(*words, flags, options.encode() or None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), where)


def boot(*, overlay: bool, root: str = "") -> None:
    """Make the machine what a workload expects; what cannot be is told on the console.

    ``overlay``: our root is not ours to write. ``root``: a disk that may hold the root to take.
    """
    if overlay:
        _root_over("/")
    elif root and _found_root(root):
        _root_over(_LOWER)
    for what, where, kind in _MOUNTS:
        try:
            mount(what, where, kind)
        except OSError as refused:
            sys.stderr.write(f"faultrun: {where}: {refused.strerror}\n")
    for folder in _FRESH:
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o1777)
        mount("tmpfs", folder, "tmpfs", "mode=1777")
    for source, link in _LINKS:
        if not os.path.lexists(link):
            os.symlink(source, link)


def _found_root(disk: str) -> bool:
    """Mount the first partition, or the whole disk, that holds a root file system, read-only."""
    for where in ("/dev", "/proc", _OVER, _LOWER):
        os.makedirs(where, exist_ok=True)
    mount("devtmpfs", "/dev", "devtmpfs")
    mount("proc", "/proc", "proc")
    for device in (disk, *sorted(glob.glob(f"{disk}[0-9]*"))):
        for kind in _disk_file_systems():
            try:
                mount(device, _LOWER, kind, flags=_RDONLY)
            except OSError:
                continue
            if os.path.isdir(f"{_LOWER}/etc") and os.path.exists(f"{_LOWER}/bin"):
                return True
            _libc.umount(_LOWER.encode())
    sys.stderr.write(f"faultrun: {disk} holds no root file system\n")
    return False


def _disk_file_systems() -> list[str]:
    """Those that this kernel can mount from a disk (fs/filesystems.c:filesystems_proc_show())."""
    with open("/proc/filesystems", encoding="ascii") as file:
        return [line.strip() for line in file if not line.startswith("nodev")]


def _root_over(lower: str) -> None:
    """Those files read-only below, a tmpfs above: nothing that a workload writes stays."""
    mount("tmpfs", _OVER, "tmpfs")
    for name in ("upper", "work", "root"):
        os.mkdir(f"{_OVER}/{name}")
    where = f"lowerdir={lower},upperdir={_OVER}/upper,workdir={_OVER}/work"
    mount("overlay", f"{_OVER}/root", "overlay", where)
    os.chdir(f"{_OVER}/root")
    os.chroot(".")


def power_off() -> None:
    """End the machine, and with it everything that is armed on it."""
    syncer = os.fork()
    if not syncer:
        os.sync()
        os._exit(0)
    give_up = now_s() + _SYNC_S
    while not os.waitpid(syncer, os.WNOHANG)[0] and now_s() < give_up:
        pause(_PAUSE_S)
    _libc.reboot(_RB_POWER_OFF)
