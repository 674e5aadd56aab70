"""The kernel that a guest boots: the user's own file, or the newest one of the cache."""

import re
from dataclasses import dataclass
from pathlib import Path

from faultrun.cli.target_name import UnknownTarget

_UML = re.compile(rb"Linux version (\d+\.\d+[^ ]*) ")
_SETUP_MAGIC = b"HdrS"
_VERSION_AT = 0x20E
"""Where a bzImage says where its version string is (Documentation/arch/x86/boot.rst)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A kernel's file, and what ``uname -r`` will say in it; empty if the file does not tell."""

    path: Path
    release: str


def kernel_of(arch: str, file: str) -> Image:
    """``arch`` is ``uml`` or ``qemu``. Raises UnknownTarget with the command that helps."""
    if file:
        path = Path(file).expanduser()
        if not path.is_file():
            raise UnknownTarget(f"--kernel {file}: no such file")
        return Image(path=path.resolve(), release=release_of(path))
    raise UnknownTarget(
        f"there is no kernel for --target {arch} yet; build one with: faultrun kernel build --{arch}"
    )


def release_of(path: Path) -> str:
    """The release that a kernel's file tells of itself; empty if it does not. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(0x10000)
        if head[0x202:0x206] == _SETUP_MAGIC:
            at = int.from_bytes(head[_VERSION_AT : _VERSION_AT + 2], "little") + 0x200
            words = head[at : at + 256].split(b"\0", 1)[0].split()
            return words[0].decode("ascii", "replace") if words else ""
        found = _UML.search(head + file.read())
    return found[1].decode("ascii", "replace") if found else ""
