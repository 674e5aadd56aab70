"""The two kinds of kernel that faultrun builds, as a table."""

from dataclasses import dataclass
from pathlib import Path

_FRAGMENTS = Path(__file__).with_name("fragments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arch:
    """How one kind is configured and made.

    ``image`` is where make leaves the kernel, ``file`` its name in the cache. ``tree_mib`` and
    ``objects_mib`` is the room that an unpacked source and a build take. ``headers`` are files
    that the kernel's own tools include, with the package that has them.
    """

    name: str
    make_arch: str
    goal: str
    image: str
    file: str
    version: str
    fragments: tuple[str, ...]
    machine: str = "x86_64"
    tree_mib: int = 1900
    objects_mib: int = 600
    headers: tuple[tuple[str, str], ...] = ()

    def fragment_files(self) -> tuple[Path, ...]:
        """The shipped fragments, in the order in which they are merged."""
        return tuple(_FRAGMENTS / name for name in self.fragments)


ARCHES: dict[str, Arch] = {
    "uml": Arch(
        name="uml",
        make_arch="um",
        goal="linux",
        image="linux",
        file="linux",
        version="7.3",
        fragments=("common.config", "uml.config"),
    ),
    "qemu": Arch(
        name="qemu",
        make_arch="x86_64",
        goal="bzImage",
        image="arch/x86/boot/bzImage",
        file="bzImage",
        version="6.12",
        fragments=("common.config", "qemu.config"),
        objects_mib=1000,
        headers=(("gelf.h", "libelf-dev"), ("openssl/ssl.h", "libssl-dev")),
    ),
}
"""UML 7.3 boots fastest; 6.12 is nearest to what the kernel document describes."""
