"""A built kernel, as what it says of itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faultrun.kernel.version import KernelVersion

SCHEMA = 1
RECORD = "kernel.json"
CONFIG = "config"
LOG = "build.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """One kernel of the cache. ``release`` is what its ``uname -r`` says."""

    arch: str
    release: str
    version: KernelVersion
    path: Path
    config_path: Path
    digest: str
    source: str
    toolchain: str
    size_bytes: int
    built_at: str
    phases_ms: Mapping[str, int]
    compiled: int
    ccache: bool
    dropped: tuple[str, ...]

    @property
    def total_ms(self) -> int:
        """How long it took to make, from nothing to kept."""
        return sum(self.phases_ms.values())

    def document(self) -> dict[str, object]:
        """As JSON, for ``--json`` and for the record beside it."""
        return {
            "schema": SCHEMA,
            "arch": self.arch,
            "release": self.release,
            "version": str(self.version),
            "image": self.path.name,
            "digest": self.digest,
            "source": self.source,
            "toolchain": self.toolchain,
            "size_bytes": self.size_bytes,
            "built_at": self.built_at,
            "phases_ms": dict(self.phases_ms),
            "compiled": self.compiled,
            "ccache": self.ccache,
            "dropped": list(self.dropped),
        }


def read(folder: Path) -> Kernel | None:
    """The kernel in a folder of the cache; None if there is none, or not all of one."""
    try:
        said = json.loads((folder / RECORD).read_bytes())
        kernel = _kernel(folder, said)
        whole = kernel.path.stat().st_size == kernel.size_bytes and kernel.config_path.is_file()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return kernel if whole else None


def _kernel(folder: Path, said: dict[str, object]) -> Kernel:
    phases, dropped = said["phases_ms"], said["dropped"]
    if said["schema"] != SCHEMA or not isinstance(phases, dict) or not isinstance(dropped, list):
        raise ValueError(f"{folder} holds the record of another faultrun")
    # A record may be anybody's text: an image is a file of that folder, nothing further away.
    image = Path(str(said["image"])).name
    return Kernel(
        arch=str(said["arch"]),
        release=str(said["release"]),
        version=KernelVersion.parse(str(said["version"])),
        path=folder / image,
        config_path=folder / CONFIG,
        digest=str(said["digest"]),
        source=str(said["source"]),
        toolchain=str(said["toolchain"]),
        size_bytes=_number(said["size_bytes"]),
        built_at=str(said["built_at"]),
        phases_ms={str(name): _number(value) for name, value in phases.items()},
        compiled=_number(said["compiled"]),
        ccache=bool(said["ccache"]),
        dropped=tuple(str(option) for option in dropped),
    )


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a number")
    return value
