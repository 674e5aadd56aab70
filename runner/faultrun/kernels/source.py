"""Where a kernel's source comes from: Debian, a tarball, or a tree."""

import errno
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from faultrun.kernels.arch import Arch
from faultrun.kernels.config import tree_version
from faultrun.kernels.errors import KernelError, disk_full, free_mib

UNPACKED = "src"
"""The folder, under that of the build, into which a tarball is unpacked."""
MAX_MEMBERS = 400_000
MAX_BYTES = 8 * 2**30
_CHUNK = 1 << 20
_BUILT = (".config", "include/config", "include/generated")
_TOP = "--source takes the top folder of a kernel tree, or a tarball of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source; ``identity`` changes when its content does. A tree is used where it lies."""

    identity: str
    path: Path

    @property
    def is_tree(self) -> bool:
        """Whether it is a folder already."""
        return self.path.is_dir()


def given(path: Path) -> Source:
    """The source that the user names. Raises KernelError if it is none."""
    try:
        resolved = path.resolve(strict=True)
    except OSError as missing:
        raise KernelError(f"{path}: {missing.strerror}", hint=_TOP, usage=True) from missing
    if resolved.is_dir():
        makefile = resolved / "Makefile"
        tree_version(makefile.read_text(errors="replace") if makefile.is_file() else "")
        used = [name for name in _BUILT if (resolved / name).exists()]
        if used:
            raise KernelError(
                f"{path} was built in before (it has {used[0]}); only a clean tree can be built"
                " outside of itself",
                hint=f"make -C {path} mrproper",
            )
        return Source(identity=f"tree sha256:{_tree_digest(resolved)}", path=resolved)
    return Source(identity=f"tarball sha256:{_file_digest(resolved)}", path=resolved)


def kept(version: str, folder: Path) -> Path | None:
    """A tarball of that version that was fetched before, the latest if there are several."""
    found = sorted(
        folder.glob(f"linux-source-{version}_*.tar.xz"), key=lambda path: path.stat().st_mtime_ns
    )
    return found[-1] if found else None


def debian(tarball: Path) -> Source:
    """A tarball that came out of a package, known by the package's version."""
    return Source(identity=tarball.name.removesuffix(".tar.xz").replace("_", " "), path=tarball)


def need_room(arch: Arch, source: Source, folder: Path) -> None:
    """Raises KernelError if the disk cannot hold the unpacked source and a build of it."""
    whole = source.path.is_file() and source.path.stat().st_size > 2**24
    need = arch.objects_mib + arch.tree_mib if whole else 0
    if free_mib(folder) < need:
        full = disk_full(folder)
        raise KernelError(f"a build needs {need:,} MiB, and {full}", hint=full.hint)


def unpack(tarball: Path, into: Path, on_file: Callable[[], None]) -> Path:
    """Unpack under ``into``; gives the top folder of the tree. Raises KernelError.

    Nothing of a tarball is believed: names and links that lead outside, devices, and more than a
    kernel could hold are refused before the member in question is written.
    """
    into.mkdir(parents=True)
    try:
        with tarfile.open(tarball, "r|*") as archive:
            # What names may be is checked here, for Pythons whose own filter is missing too.
            archive.extraction_filter = lambda member, _path: member
            for member in _checked(archive, tarball):
                archive.extract(member, into, set_attrs=not member.issym())
                on_file()
    except (tarfile.TarError, EOFError) as damaged:
        raise KernelError(f"{tarball}: cannot be unpacked: {damaged}", usage=True) from damaged
    except OSError as refused:
        if refused.errno in (errno.ENOSPC, errno.EDQUOT) or refused.errno is None:
            raise
        raise KernelError(f"{tarball}: cannot be unpacked: {refused}") from refused
    return _top(into, tarball)


def _checked(archive: tarfile.TarFile, tarball: Path) -> Iterator[tarfile.TarInfo]:
    size = 0
    for number, member in enumerate(archive, start=1):
        size += member.size
        why = _refusal(member)
        if number > MAX_MEMBERS or size > MAX_BYTES:
            why = "is one too many: no kernel source is that large"
        if why:
            raise KernelError(
                f"{tarball}: {member.name!r} {why}; nothing of it is used", usage=True
            )
        # Owners are this user's; nobody else needs to write, and nothing runs as somebody else.
        member.mode = (member.mode | 0o600) & 0o755
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def _refusal(member: tarfile.TarInfo) -> str:
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        return "is neither a file, a folder nor a link"
    if _leaves(member.name):
        return "leads outside of the tree"
    target = member.linkname
    if member.issym() and (
        target.startswith("/") or _leaves(f"{PurePosixPath(member.name).parent}/{target}")
    ):
        return f"is a link to {target!r}, outside of the tree"
    if member.islnk() and _leaves(target):
        return f"is a link to {target!r}, outside of the tree"
    return ""


def _leaves(name: str) -> bool:
    """Whether a name leads out of the folder that it is relative to, at any point of it."""
    depth = 0
    for part in PurePosixPath(name).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return name.startswith("/")


def _top(into: Path, tarball: Path) -> Path:
    entries = [entry for entry in into.iterdir() if entry.name != "pax_global_header"]
    inner = entries[0] if len(entries) == 1 and not entries[0].is_symlink() else into
    for folder in (into, inner):
        if (folder / "Makefile").is_file():
            return folder
    raise KernelError(f"{tarball} holds no kernel source: no Makefile", hint=_TOP, usage=True)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tree_digest(root: Path) -> str:
    """Of names, modes, links and contents; the history of a repository is no part of a kernel."""
    whole = hashlib.sha256()
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".git")
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = here / name
            if path.is_symlink():
                content = b"-> " + os.fsencode(path.readlink())
            elif path.is_file():
                content = b"x"[: path.stat().st_mode & 0o100] + _file_digest(path).encode()
            else:
                continue
            whole.update(os.fsencode(path.relative_to(root)) + b"\0" + content + b"\n")
    return whole.hexdigest()
