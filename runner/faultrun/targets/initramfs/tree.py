"""The files of a guest's root, as they are gathered: each once, with all that it needs."""

import os
import stat
from pathlib import Path

from faultrun.targets.initramfs.cpio import Entry
from faultrun.targets.initramfs.elf import loadable, needs_of

_DEFAULT_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64")
_CONFIG = Path("/etc/ld.so.conf")
_MOST_LINKS = 40
"""As many as the kernel follows (include/linux/namei.h:MAXSYMLINKS)."""


class Tree:
    """Paths of this machine, as they will be in the guest. ``sources``: what was looked at."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._libraries = library_folders()
        self.sources: set[str] = set()

    def entries(self) -> tuple[Entry, ...]:
        """All of them, folders before what is in them."""
        return tuple(self._entries[path] for path in sorted(self._entries))

    def folder(self, path: str, mode: int = 0o755) -> None:
        """A folder, with those above it."""
        if path not in ("", "/"):
            self.folder(path.rpartition("/")[0])
            self._entries.setdefault(path, Entry(path=path, mode=stat.S_IFDIR | mode))

    def text(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """A file with contents of ours."""
        self.folder(path.rpartition("/")[0])
        self._entries[path] = Entry(path=path, mode=stat.S_IFREG | mode, data=data)

    def link(self, path: str, to: str) -> None:
        """A symbolic link."""
        self.folder(path.rpartition("/")[0])
        raw = to.encode("utf-8", "surrogateescape")
        self._entries[path] = Entry(path=path, mode=stat.S_IFLNK | 0o777, data=raw)

    def node(self, path: str, major: int, minor: int) -> None:
        """A character device, for the time before /dev is mounted."""
        self.folder(path.rpartition("/")[0])
        self._entries[path] = Entry(path=path, mode=stat.S_IFCHR | 0o600, device=(major, minor))

    def add(self, path: str) -> bool:
        """A file of this machine with its links, its interpreter and its libraries; False if none."""
        real = self._follow(path)
        if real is None or real in self._entries:
            return real is not None
        try:
            data = Path(real).read_bytes()
            info = os.stat(real)  # noqa: PTH116
        except OSError:
            return False
        self.sources.add(real)
        self._entries[real] = Entry(
            path=real,
            mode=stat.S_IFREG | (info.st_mode & 0o777),
            data=loadable(data),
            mtime_s=int(info.st_mtime) & 0xFFFF_FFFF,
        )
        self._needs(data, Path(real))
        return True

    def library(self, name: str, first: tuple[str, ...] = ()) -> None:
        """A library by its name, if the loader would find it."""
        for folder in (*first, *self._libraries):
            if Path(folder, name).is_file():
                self.add(f"{folder}/{name}")
                return

    def _needs(self, data: bytes, real: Path) -> None:
        if data.startswith(b"#!"):
            words = data[2:256].split(b"\n", 1)[0].split()
            if words:
                self.add(os.fsdecode(words[0]))
            return
        needs = needs_of(data, real)
        if needs.loader:
            self.add(needs.loader)
        for name in needs.libraries:
            self.library(name, needs.folders)

    def _follow(self, path: str) -> str | None:
        """Add every link on the way; the file's real path, or None if there is no such file."""
        for _ in range(_MOST_LINKS):
            link = _first_link(path)
            if link is None:
                if not Path(path).is_file():
                    return None
                self.folder(path.rpartition("/")[0])
                return path
            to = os.readlink(link)  # noqa: PTH115
            self.sources.add(link)
            self.link(link, to)
            path = os.path.normpath(Path(link).parent / to / Path(path).relative_to(link))
        return None


def library_folders() -> tuple[str, ...]:
    """Where the loader looks (ld.so(8)): its configuration, then its own folders."""
    return (*_configured(_CONFIG), *_DEFAULT_FOLDERS)


def _configured(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ()
    found: list[str] = []
    for line in lines:
        words = line.partition("#")[0].split()
        if words and words[0] == "include":
            for pattern in words[1:]:
                folder, _, names = pattern.rpartition("/")
                for one in sorted(Path(folder or "/etc").glob(names)):
                    found += _configured(one)
        elif words:
            found.append(words[0].rstrip("/"))
    return tuple(found)


def _first_link(path: str) -> str | None:
    """The first part of an absolute path that is a symbolic link."""
    part = ""
    for name in path.strip("/").split("/"):
        part = f"{part}/{name}"
        if os.path.islink(part):  # noqa: PTH114
            return part
    return None
