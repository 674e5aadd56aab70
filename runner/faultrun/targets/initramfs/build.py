"""The archive itself: gathered, packed, kept in the cache folder, found there the next time."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import faultrun
from faultrun.targets.guest_process import PYTHON
from faultrun.targets.initramfs.cpio import archive
from faultrun.targets.initramfs.python import compiled, imported, place_of, whole_library
from faultrun.targets.initramfs.tools import FILLED, FILLER, USUAL
from faultrun.targets.initramfs.tree import Tree

_FORM = 1
"""Counts up with every change of what is packed, so that no older archive is taken."""
_MOST = 4
"""So many archives are kept."""
_SEARCHED = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_CONFIGS = (
    *("/etc/mke2fs.conf", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/nsswitch.conf"),
    *("/etc/protocols", "/etc/services", "/etc/netconfig"),
)
_FOLDERS = (
    *("/proc", "/sys", "/dev", "/run", "/mnt", "/root", "/var/log", "/var/lib/nfs"),
    *("/etc", "/usr/bin", "/usr/sbin"),
)
_TEXTS = (
    ("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    ("/etc/group", b"root:x:0:\nnogroup:x:65534:\n"),
    ("/etc/hosts", b"127.0.0.1 localhost\n"),
    ("/etc/hostname", b"faultrun\n"),
    ("/etc/fstab", b""),
)
_DLOPENED = ("libgcc_s.so.1",)
"""Opened by the C library when a thread ends, and named by no header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initramfs:
    """``digest`` is that of the contents, ``programs`` what a workload finds in it."""

    path: Path
    digest: str
    programs: frozenset[str]


def initramfs(cache: Path, wanted: Sequence[str] = ()) -> Initramfs:
    """The archive with the usual programs and those ``wanted``. Raises OSError, TargetBroken."""
    cache.mkdir(parents=True, exist_ok=True)
    ours = sorted(str(one) for one in Path(faultrun.__file__).parent.glob("targets/guest/*.py"))
    words = json.dumps([_FORM, PYTHON, _SEARCHED, sorted(set(wanted)), ours])
    index = cache / f"{hashlib.sha256(words.encode()).hexdigest()[:16]}.json"
    with _locked(cache):
        return _kept(index) or _made(index, wanted)


def _kept(index: Path) -> Initramfs | None:
    """The archive of an earlier time, if nothing that went into it has changed since."""
    try:
        said = json.loads(index.read_bytes())
        path = index.with_name(f"{said['digest']}.cpio")
        same = all(_state(one) == was for one, was in said["sources"].items())
        whole = path.stat().st_size == said["size"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not (same and whole):
        return None
    os.utime(path)
    return Initramfs(path=path, digest=said["digest"], programs=frozenset(said["programs"]))


def _made(index: Path, wanted: Sequence[str]) -> Initramfs:
    tree = Tree()
    _frame(tree)
    _python(tree, whole="python3" in wanted or "python" in wanted)
    programs = _programs(tree, wanted)
    temporary = index.with_suffix(".new")
    hashed = hashlib.sha256()
    with temporary.open("wb") as file:
        for piece in archive(tree.entries()):
            hashed.update(piece)
            file.write(piece)
        size = file.tell()
    digest = hashed.hexdigest()[:16]
    path = index.with_name(f"{digest}.cpio")
    temporary.rename(path)
    said = {
        "digest": digest,
        "size": size,
        "programs": sorted(programs),
        "sources": {one: _state(one) for one in sorted(tree.sources)},
    }
    temporary.write_text(json.dumps(said), "utf-8")
    temporary.rename(index)
    _prune(index.parent)
    return Initramfs(path=path, digest=digest, programs=programs)


def _prune(cache: Path) -> None:
    """Remove the archives that were not used for longest; an index without one makes it anew."""
    found = sorted(cache.glob("*.cpio"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for old in found[_MOST:]:
        old.unlink()


def _frame(tree: Tree) -> None:
    for folder in _FOLDERS:
        tree.folder(folder)
    for path, data in _TEXTS:
        tree.text(path, data)
    for path in _CONFIGS:
        tree.add(path)
    tree.node("/dev/console", 5, 1)
    tree.node("/dev/null", 1, 3)


def _python(tree: Tree, *, whole: bool) -> None:
    tree.add(PYTHON)
    for path in imported():
        place = place_of(path)
        if path.suffix != ".py":
            tree.add(str(path))
            continue
        source = path.read_bytes()
        tree.sources.add(str(path))
        tree.text(place, source)
        tree.text(*compiled(source, place))
    if whole:
        for path in whole_library():
            tree.add(str(path))
    for name in _DLOPENED:
        tree.library(name)


def _programs(tree: Tree, wanted: Sequence[str]) -> frozenset[str]:
    """Add them; which of them there are."""
    found = {"python3"}
    if not _found("python3"):
        tree.link("/usr/bin/python3", PYTHON)
    filler = _found(FILLER)
    for name in dict.fromkeys((*USUAL, FILLER, *wanted)):
        path = _found(name)
        if path and tree.add(path):
            found.add(name)
        elif filler and name in FILLED.split():
            tree.link(f"/usr/bin/{name}", filler)
            found.add(name)
    if "sh" not in found and "bash" in found:
        tree.link("/bin/sh", "bash")
    return frozenset(found)


def _found(name: str) -> str:
    for folder in (*_SEARCHED, *os.get_exec_path()):
        path = f"{folder}/{name}"
        if os.access(path, os.X_OK) and Path(path).is_file():
            return path
    return ""


def _state(path: str) -> list[object] | None:
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return [info.st_size, info.st_mtime_ns, info.st_ino]


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    handle = os.open(cache / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
