"""Why a machine cannot inject something: every reason, and the one command that would change it."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from faultrun.kernel.mounts import mounts
from faultrun.kernel.version import KernelVersion
from faultrun.kernels.arch import ARCHES
from faultrun.model.capability import Arming, Capability
from faultrun.model.target import TargetInfo

DEBUGFS = "/sys/kernel/debug"
CONFIGFS = "/sys/kernel/config"
LOCKDOWN = "/sys/kernel/security/lockdown"
STATUS = "/proc/self/status"
MOUNTS = "/proc/self/mountinfo"
TEXTS = (LOCKDOWN, STATUS, MOUNTS)
CONFIG = "/proc/config.gz"

_SET = re.compile(r"(CONFIG_\w+)=(.*)")
_UID = re.compile(r"^Uid:\s+\d+\s+(\d+)", re.MULTILINE)
_GUESTS = frozenset({"uml", "qemu"})

_MODULES: Mapping[str, str] = {
    "CONFIG_BLK_DEV_NULL_BLK": "null_blk",
    "CONFIG_DM_DUST": "dm_dust",
    "CONFIG_DM_FLAKEY": "dm_flakey",
    "CONFIG_LKDTM": "lkdtm",
    "CONFIG_MD_FAULTY": "faulty",
    "CONFIG_MEMORY_NOTIFIER_ERROR_INJECT": "memory_notifier_error_inject",
    "CONFIG_NETDEV_NOTIFIER_ERROR_INJECT": "netdev_notifier_error_inject",
    "CONFIG_NOTIFIER_ERROR_INJECTION": "notifier_error_inject",
    "CONFIG_NVME_CORE": "nvme_core",
    "CONFIG_OF_RECONFIG_NOTIFIER_ERROR_INJECT": "of_reconfig_notifier_error_inject",
    "CONFIG_PM_NOTIFIER_ERROR_INJECT": "pm_notifier_error_inject",
    "CONFIG_SCSI_DEBUG": "scsi_debug",
}
"""The module of an option that can be one, as the Makefile beside its source names it."""

_FOR_MORE: Mapping[str, frozenset[str]] = {"lkdtm": frozenset({"CONFIG_KPROBES"})}
"""Options without which there is less, not nothing: without kprobes LKDTM has DIRECT only."""

_IN_QEMU = "faultrun run --target qemu CAMPAIGN.yaml"
_NOT_IN_UML = frozenset({"mmc"})
_DEVICES: Mapping[str, str] = {
    "mmc": _IN_QEMU,
    "null_blk": "mkdir /sys/kernel/config/nullb/nullb0",
    "nvme": _IN_QEMU,
    "scsi_debug": "modprobe scsi_debug",
}
"""How a machine that we did not boot comes by a device of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A kind of kernel that faultrun builds: which version, and the options that are on in it."""

    arch: str
    version: KernelVersion
    options: frozenset[str]


def offers() -> tuple[Offer, ...]:
    """What ``faultrun kernel build`` would build, by its own fragments."""
    made: list[Offer] = []
    for arch in ARCHES.values():
        config: dict[str, str] = {}
        for file in arch.fragment_files():
            found = map(_SET.fullmatch, file.read_text("utf-8").splitlines())
            config |= {one[1]: one[2] for one in found if one}
        options = frozenset(name for name, value in config.items() if value != "n")
        version = KernelVersion.parse(arch.version)
        made.append(Offer(arch=arch.name, version=version, options=options))
    return tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What reasons are made of. ``config`` maps what is on in the kernel to its value; empty: unknown."""

    name: str
    kind: str
    release: str
    root: bool = True
    debugfs: bool = True
    configfs: bool = True
    lockdown: str = ""
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    offers: tuple[Offer, ...] = ()

    @classmethod
    def of(
        cls, info: TargetInfo, texts: Mapping[str, str | None], config: Mapping[str, str]
    ) -> Self:
        """From what the machine's own files say."""
        uid = _UID.search(texts.get(STATUS) or "")
        kinds = {mount.kind for mount in mounts(texts.get(MOUNTS) or "")}
        lockdown = (texts.get(LOCKDOWN) or "").strip()
        return cls(
            name=info.name,
            kind=info.kind,
            release=info.release,
            root=uid is None or uid[1] == "0",
            debugfs=not kinds or "debugfs" in kinds,
            configfs=not kinds or "configfs" in kinds,
            lockdown=lockdown if "[" in lockdown and "[none]" not in lockdown else "",
            config=config,
            offers=offers(),
        )


def config_of(raw: bytes) -> dict[str, str]:
    """The options that are on, of a kernel's configuration, compressed or not; empty if it is none."""
    try:
        text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError):
        return {}
    lines = text.decode("utf-8", "replace").splitlines()
    return {found[1]: found[2] for found in map(_SET.fullmatch, lines) if found}


def forbidden(capability: Capability, machine: Machine) -> tuple[str, ...]:
    """What stands in the way although the files are there."""
    if machine.root or capability.arming is Arming.TASK:
        return ()
    return (f"only root may write its files; on {machine.name} we are not root",)


def reasons(capability: Capability, path: str, machine: Machine) -> tuple[str, ...]:
    """Everything that explains why ``path`` is not there; without one, what the options tell."""
    told = [f"{path} does not exist on {machine.name}"] if path else []
    if not _has(capability, machine.release):
        bounds = (("since", capability.since), ("gone in", capability.until))
        said = ", ".join(f"{word} {bound}" for word, bound in bounds if bound)
        told.append(f"kernel {machine.release} does not have it ({said})")
    told += [f"{name} is not set in kernel {machine.release}" for name in _off(capability, machine)]
    told += [
        f"{name} is a module ({_MODULES.get(name, 'not known')}), and is not loaded"
        for name in _modules(capability, machine)
    ]
    if not machine.root:
        told.append(f"only root can look below {DEBUGFS}; on {machine.name} we are not root")
    if path.startswith(f"{DEBUGFS}/") and not machine.debugfs:
        told.append(f"debugfs is not mounted on {DEBUGFS}")
    if path.startswith(f"{CONFIGFS}/") and not machine.configfs:
        told.append(f"configfs is not mounted on {CONFIGFS}")
    if machine.lockdown:
        told.append(f"the kernel is locked down ({machine.lockdown})")
    if not machine.config and (path or told):
        told.append(f"needs a kernel with {', '.join(capability.requires)}")
    if path and capability.needs_device and len(told) == 1:
        told.append(f"it has no device of kind {capability.needs_device}")
    return tuple(told)


def fix(capability: Capability, path: str, machine: Machine) -> str:
    """The one command that takes the first obstacle away; empty if none does."""
    if not _has(capability, machine.release) or _off(capability, machine):
        return _other_kernel(capability, machine)
    if not machine.root:
        return "sudo faultrun ..." if machine.kind == "local" else "faultrun ... --sudo"
    if machine.lockdown:
        return _other_kernel(capability, machine)
    if path.startswith(f"{DEBUGFS}/") and not machine.debugfs:
        return f"mount -t debugfs none {DEBUGFS}"
    if path.startswith(f"{CONFIGFS}/") and not machine.configfs:
        return f"mount -t configfs none {CONFIGFS}"
    for name in _modules(capability, machine):
        if name in _MODULES:
            return f"modprobe {_MODULES[name]}"
    device = capability.needs_device
    if machine.kind == "uml" and device in _NOT_IN_UML:
        return _IN_QEMU
    if machine.kind not in _GUESTS and device in _DEVICES:
        return _DEVICES[device]
    return "" if machine.config else _other_kernel(capability, machine)


def _other_kernel(capability: Capability, machine: Machine) -> str:
    """The build of ours that has it; else what such a build has to be given."""
    wanted = frozenset(capability.requires)
    right = [one for one in machine.offers if one.version.has(capability.since, capability.until)]
    for offer in right:
        if wanted <= offer.options:
            return f"faultrun kernel build --{offer.arch}"
    for offer in machine.offers:
        if wanted <= offer.options:
            bound = f"{capability.since} or newer" if capability.since else ""
            bound = f"older than {capability.until}" if capability.until else bound
            return f"faultrun kernel build --{offer.arch} --source TREE (Linux {bound})"
    lines = " ".join(f"{name}=y" for name in capability.requires)
    return f"faultrun kernel build --qemu --fragment FILE ({lines})"


def _has(capability: Capability, release: str) -> bool:
    try:
        words = release.split("-", maxsplit=1)[0].split(".")
        version = KernelVersion.parse(".".join(words[:2]))
    except ValueError:
        return True
    return version.has(capability.since, capability.until)


def _off(capability: Capability, machine: Machine) -> tuple[str, ...]:
    """Options that the kernel lacks; unknown ones are not among them."""
    if not machine.config:
        return ()
    spared = _FOR_MORE.get(capability.name, frozenset())
    return tuple(
        name for name in capability.requires if name not in machine.config and name not in spared
    )


def _modules(capability: Capability, machine: Machine) -> tuple[str, ...]:
    return tuple(name for name in capability.requires if machine.config.get(name) == "m")
