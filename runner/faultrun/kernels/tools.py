"""What has to be on this machine before anything is fetched or made."""

import os
import platform
import shutil

from faultrun.kernels import process
from faultrun.kernels.arch import Arch
from faultrun.kernels.errors import KernelError

PROGRAMS: tuple[tuple[str, str], ...] = (
    ("gcc", "gcc"),
    ("ld", "binutils"),
    ("make", "make"),
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("xz", "xz-utils"),
)
"""Programs that every kernel's Makefile calls, with the Debian package that has them."""
APT: tuple[tuple[str, str], ...] = (
    ("apt-get", "apt"),
    ("apt-cache", "apt"),
    ("dpkg-deb", "dpkg"),
)


def check(arch: Arch) -> None:
    """Raises KernelError that names everything that is missing, and the command that brings it."""
    machine = platform.machine()
    if machine != arch.machine:
        raise KernelError(
            f"kernels of kind {arch.name} are built on {arch.machine}; this machine is {machine}"
        )
    missing = [row for row in PROGRAMS if shutil.which(row[0]) is None]
    if "gcc" not in [name for name, _package in missing]:
        missing += [row for row in arch.headers if not _includes(row[0])]
    if missing:
        names = ", ".join(name for name, _package in missing)
        packages = " ".join(dict.fromkeys(package for _name, package in missing))
        raise KernelError(
            f"building a kernel needs what this machine does not have: {names}",
            hint=f"{as_root()}apt-get install {packages}",
        )


def check_apt() -> None:
    """Raises KernelError if Debian packages cannot be had here."""
    missing = [name for name, _package in APT if shutil.which(name) is None]
    if missing:
        raise KernelError(
            f"there is no {', '.join(missing)} here to fetch a kernel's source with",
            hint="--source DIR|TARBALL takes a kernel source that you have",
        )


def toolchain() -> str:
    """The compiler by name and major version. Raises KernelError."""
    status, said = process.answer(["gcc", "-dumpversion"])
    major = said.strip().split(".")[0]
    if status != 0 or not major.isdigit():
        raise KernelError(f"gcc does not tell its version: {said.strip()[:200]!r}")
    return f"gcc {major}"


def as_root() -> str:
    """What has to stand before a command that needs root."""
    return "" if os.geteuid() == 0 else "sudo "


def _includes(header: str) -> bool:
    asked = ["gcc", "-E", "-x", "c", "-o", os.devnull, "-"]
    return process.answer(asked, given=f"#include <{header}>\n")[0] == 0
