"""Snapshots of guests that have just come up, kept in the cache folder: who needs one more copies it."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MOST = 6
"""So many are kept; those that were not used for longest go."""
_COMPLETE = "complete.json"


def digest(*parts: object) -> str:
    """What a snapshot depends on, in a few digits."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Shelf:
    """``folder``: one folder for each snapshot, and a lock beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Nobody else makes, takes or removes this one meanwhile."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(
            self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def images(self, name: str) -> tuple[Path, ...]:
        """The drives' files of a snapshot; none if it is not there. To be called while held."""
        place = self._folder / name
        try:
            names = json.loads((place / _COMPLETE).read_bytes())
            paths = tuple(place / str(one) for one in names)
            whole = all(path.is_file() for path in paths)
        except (OSError, ValueError, TypeError):
            return ()
        if not whole:
            return ()
        with suppress(OSError):
            os.utime(place / _COMPLETE)
        return paths

    def keep(self, name: str, images: tuple[Path, ...]) -> tuple[Path, ...]:
        """Put these files on the shelf; where they are now. To be called while held."""
        place = self._folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        kept = tuple(Path(shutil.move(one, place / one.name)) for one in images)
        new = place / f"{_COMPLETE}.new"
        new.write_text(json.dumps([one.name for one in kept]), "utf-8")
        new.rename(place / _COMPLETE)
        self._prune(name)
        return kept

    def drop(self, name: str) -> None:
        """Remove one that cannot be used. To be called while held."""
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def _prune(self, spared: str) -> None:
        found = [
            (_age(place / _COMPLETE), place.name)
            for place in self._folder.iterdir()
            if place.is_dir() and place.name != spared
        ]
        for _, name in sorted(found, reverse=True)[_MOST - 1 :]:
            self._remove_if_free(name)

    def _remove_if_free(self, name: str) -> None:
        handle = os.open(
            self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            shutil.rmtree(self._folder / name, ignore_errors=True)
        finally:
            os.close(handle)


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def remembered(file: Path, make: Callable[[], str]) -> str:
    """A short text that is found out once and read from then on."""
    try:
        return file.read_text("utf-8")
    except OSError:
        pass
    text = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.rename(file)
    return text
