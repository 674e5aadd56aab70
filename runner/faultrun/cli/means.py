"""What this machine has of its own to run campaigns with: kernels, emulator, libraries, room."""

import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faultrun.kernels.arch import ARCHES
from faultrun.kernels.cache import Cache, home
from faultrun.kernels.errors import KernelError
from faultrun.kernels.finding import build_command
from faultrun.targets.emulator.accelerator import boot_id, identity
from faultrun.targets.emulator.shelf import digest
from faultrun.targets.guest_process import memory_file_room

EMULATOR = "qemu-system-x86_64"
_KVM = Path("/dev/kvm")
_UML_MIB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """One of them: what there is of it, whether that is enough, and what would help."""

    name: str
    state: str
    there: bool = True
    fix: str = ""


def means() -> tuple[Means, ...]:
    """All of them; nothing is started, nothing can hang."""
    return (
        Means(name="python", state=platform.python_version()),
        _user(),
        *_kernels(),
        _emulator(),
        _kvm(),
        _library("qemu.qmp", "qemu", "talks to QEMU"),
        _library("asyncssh", "ssh", "reaches machines over ssh"),
        _room(),
    )


def _user() -> Means:
    if os.geteuid() == 0:
        return Means(name="user", state="root")
    return Means(
        name="user",
        state=f"uid {os.geteuid()}: --target local needs root",
        there=False,
        fix="sudo faultrun ...",
    )


def _kernels() -> Iterator[Means]:
    for arch in ARCHES:
        name = f"{arch} kernel"
        try:
            built = [one.release for one in Cache.default().kernels() if one.arch == arch]
        except (KernelError, OSError) as no:
            yield Means(name=name, state=f"the cache cannot be read: {no}", there=False)
            continue
        if built:
            yield Means(name=name, state=", ".join(built))
        else:
            yield Means(name=name, state="none built", there=False, fix=build_command(arch, None))


def _emulator() -> Means:
    found = shutil.which(EMULATOR)
    if found:
        return Means(name="qemu", state=found)
    fix = "apt-get install qemu-system-x86"
    return Means(name="qemu", state=f"no {EMULATOR} in PATH", there=False, fix=fix)


def _kvm() -> Means:
    """Only what is known without trying: a guest may hang in a KVM that looks right."""
    if not _KVM.exists():
        return Means(name="kvm", state="no /dev/kvm: guests are emulated, which is slower")
    if not os.access(_KVM, os.R_OK | os.W_OK):
        fix = "usermod -a -G kvm $USER, and log in again"
        return Means(name="kvm", state="/dev/kvm is not ours to open", there=False, fix=fix)
    program = shutil.which(EMULATOR)
    told = _remembered(Path(program)) if program else ""
    words = {"kvm": "proved: a guest spoke with it", "tcg": "no guest spoke with it: emulated"}
    return Means(name="kvm", state=words.get(told, "not tried yet; the first qemu guest does"))


def _remembered(program: Path) -> str:
    """What ``targets/emulator/accelerator.py`` found out in this boot, if it did."""
    try:
        name = digest(str(program), identity(program), boot_id())
        return (home() / "qemu" / f"accelerator-{name}").read_text("utf-8").strip()
    except OSError:
        return ""


def _library(module: str, extra: str, what: str) -> Means:
    try:
        found = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        found = False
    if found:
        return Means(name=module, state=what)
    fix = f"pip install 'faultrun[{extra}]'"
    return Means(name=module, state="not installed", there=False, fix=fix)


def _room() -> Means:
    problem = memory_file_room(_UML_MIB)
    if problem:
        fix = "mount -o remount,size=2G /dev/shm"
        return Means(name="shared memory", state=problem, there=False, fix=fix)
    return Means(name="shared memory", state="enough for a uml guest")
