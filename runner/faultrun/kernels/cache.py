"""The folder that keeps kernels: where it is, who builds in it, what died in it.

kernels/DIGEST/{linux|bzImage,config,kernel.json,build.log}   whole kernels only
kernels/.building/DIGEST/    a build; swept when nobody holds its lock any more
kernels/.locks/              locks; never removed, so that two can never hold "the same" one
kernels/.failed/             logs of builds that failed
kernels/.sources/            packages, as they were fetched
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faultrun.kernels import kernel
from faultrun.kernels.kernel import Kernel

DIGEST_LENGTH = 16


def digest(*, source: str, arch: str, config: str, toolchain: str) -> str:
    """What a kernel is made of, in a few digits: the same four give the same kernel."""
    parts = json.dumps([source, arch, config, toolchain], ensure_ascii=True)
    return hashlib.sha256(parts.encode()).hexdigest()[:DIGEST_LENGTH]


def home() -> Path:
    """Faultrun's cache folder: $FAULTRUN_CACHE, else the user's."""
    named = os.environ.get("FAULTRUN_CACHE")
    if named:
        return Path(named).absolute()
    base = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (base if base.is_absolute() else Path.home() / ".cache") / "faultrun"


@dataclass(frozen=True, slots=True)
class Cache:
    """The kernels under one folder."""

    root: Path

    @staticmethod
    def default() -> "Cache":
        """The user's own."""
        return Cache(home() / "kernels")

    @property
    def sources(self) -> Path:
        """Where packages are kept."""
        return self.root / ".sources"

    def kernel(self, name: str) -> Kernel | None:
        """The whole kernel of that digest."""
        return kernel.read(self.root / name)

    def kernels(self) -> tuple[Kernel, ...]:
        """All whole kernels, newest version first, of one version the latest built first."""
        if not self.root.is_dir():
            return ()
        found = [kernel.read(entry) for entry in self.root.iterdir() if entry.name[0] != "."]
        whole = sorted((one for one in found if one), key=lambda one: one.digest)
        return tuple(sorted(whole, key=lambda one: (one.version, one.built_at), reverse=True))

    def building(self, name: str) -> Path:
        """Where the kernel of that digest is being made."""
        return self.root / ".building" / name

    def keep(self, made: Path, name: str) -> None:
        """Put a finished folder in its place, in one step that cannot be half done."""
        for entry in made.iterdir():
            _to_disk(entry)
        _to_disk(made)
        place = self.root / name
        if place.exists():
            # Only what kernel() called no whole kernel is in the way.
            shutil.rmtree(place)
        made.rename(place)
        _to_disk(self.root)

    def keep_log(self, log: Path, name: str) -> Path:
        """Save the log of a build that failed; gives where it is now."""
        place = self.root / ".failed" / f"{name}.log"
        place.parent.mkdir(parents=True, exist_ok=True)
        return log.replace(place)

    @contextmanager
    def lock(self, name: str, on_wait: Callable[[str], None]) -> Iterator[int]:
        """Hold the lock of that name; ``on_wait`` is told who has it, if somebody has."""
        folder = self.root / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if not _try(handle):
                on_wait(os.pread(handle, 64, 0).decode(errors="replace").strip() or "unknown")
                fcntl.flock(handle, fcntl.LOCK_EX)
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield handle
        finally:
            os.close(handle)

    def sweep(self) -> int:
        """Remove what dead builds left; those that somebody still holds the lock of are spared."""
        folder = self.root / ".building"
        if not folder.is_dir():
            return 0
        return sum(self._sweep(entry) for entry in sorted(folder.iterdir()))

    def _sweep(self, left: Path) -> bool:
        lock = self.root / ".locks" / left.name
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if not _try(handle):
                return False
            shutil.rmtree(left, ignore_errors=True)
            return True
        finally:
            os.close(handle)


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
