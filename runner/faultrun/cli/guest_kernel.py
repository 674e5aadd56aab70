"""The kernel that a guest boots: the user's own file, or the newest one of the cache."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from faultrun.cli.target_name import UnknownTarget
from faultrun.kernels.finding import build_command, find
from faultrun.model.campaign import TargetSpec

GUESTS = ("uml", "qemu")
"""Kinds of target that boot a kernel of their own."""

_UML = re.compile(rb"Linux version (\d+\.\d+[^ ]*) ")
_SETUP_MAGIC = b"HdrS"
_VERSION_AT = 0x20E
"""Where a bzImage says where its version string is (Documentation/arch/x86/boot.rst)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A kernel's file, its configuration if that is known, and what ``uname -r`` will say.

    ``identity`` is what a record says of it: the digest of what it was built from, or of the file.
    """

    path: Path
    release: str
    identity: str
    config: Path | None = None


def kernel_of(spec: TargetSpec, file: str) -> Image:
    """For a ``spec`` of kind uml or qemu. Raises UnknownTarget with the command that helps."""
    if file:
        path = Path(file).expanduser()
        try:
            with path.open("rb") as image:
                digest = hashlib.file_digest(image, "sha256").hexdigest()
            path = path.resolve()
            return Image(path=path, release=release_of(path), identity=f"sha256:{digest}")
        except OSError as no:
            raise UnknownTarget(f"--kernel {file}: {no.strerror}") from no
    version = None if spec.any_kernel else spec.kernel
    found = find(spec.kind, version)
    if found is None:
        wanted = f"Linux {version} " if version else ""
        raise UnknownTarget(
            f"there is no {wanted}kernel for --target {spec.kind} yet;"
            f" build one with: {build_command(spec.kind, version)}"
        )
    return Image(
        path=found.path,
        release=found.release,
        identity=f"build {found.digest}",
        config=found.config_path,
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


def version_of(release: str) -> str:
    """``7.3`` of ``7.3.4-rc1``: what a campaign is planned for; empty if it cannot be told."""
    match = re.match(r"\d+\.\d+", release)
    return match[0] if match else ""
