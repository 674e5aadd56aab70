"""Which block devices a machine cannot do without, and every name by which they can be hit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from faultrun.kernel.mounts import Mount, mounts, swaps, under

VITAL = ("/", "/boot", "/boot/efi", "/etc", "/home", "/opt", "/root", "/srv", "/usr", "/var")
"""Where a machine keeps itself and its people."""

_NO_DISK = frozenset(
    {"tmpfs", "ramfs", "rootfs", "devtmpfs", "proc", "sysfs", "nfs", "nfs4", "cifs", "9p"}
    | {"virtiofs", "ceph", "hostfs", "fuse.sshfs"}
)
"""File systems without a block device of this machine."""

_DEEPEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How to look at the machine: a file's text, a directory's names, the real path of a link.

    Each gives what is empty if there is nothing.
    """

    text: Callable[[str], str]
    names: Callable[[str], Sequence[str]]
    real: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precious:
    """``disks`` maps a device's name, or that of what it hangs on, to what would be lost.

    ``unknown`` says of what it could not be told where it lies.
    """

    disks: Mapping[str, str] = field(default_factory=dict[str, str])
    unknown: tuple[str, ...] = ()


def precious(look: Look, *folders: str) -> Precious:
    """The devices under the vital places, the swap, and these absolute paths."""
    mounted = mounts(look.text("/proc/self/mountinfo"))
    disks: dict[str, str] = {}
    unknown: list[str] = [] if mounted else ["what is mounted"]
    for path, why in _wanted(look, mounted, folders):
        mount = under(path, mounted)
        if mount is None or mount.kind in _NO_DISK:
            continue
        names = _of_mount(look, mount, mounted)
        if not names:
            unknown.append(f"{path} ({mount.kind})")
        for name in names:
            disks.setdefault(name, why)
    for swap in swaps(look.text("/proc/swaps")):
        if swap.startswith("/dev/"):
            for name in _all_of(look, _called(look, swap)):
                disks.setdefault(name, "the machine swaps to it")
    return Precious(disks=disks, unknown=tuple(dict.fromkeys(unknown)))


def _wanted(
    look: Look, mounted: tuple[Mount, ...], folders: Sequence[str]
) -> Iterator[tuple[str, str]]:
    for mount in mounted:
        if mount.where in VITAL:
            yield mount.where, f"{mount.where} lies on it"
    for folder in folders:
        yield folder, f"the record in {folder} is written to it"
    for swap in swaps(look.text("/proc/swaps")):
        if not swap.startswith("/dev/"):
            yield swap, f"the machine swaps to {swap} on it"


def _of_mount(look: Look, mount: Mount, mounted: tuple[Mount, ...]) -> tuple[str, ...]:
    """The names of everything below a mount; none if that cannot be told."""
    if not mount.anonymous:
        real = look.real(f"/sys/dev/block/{mount.device}")
        return _all_of(look, real.rpartition("/")[2])
    if mount.source.startswith("/dev/"):
        names: dict[str, None] = {}
        for name in _together(look, _called(look, mount.source)):
            names.update(dict.fromkeys(_all_of(look, name)))
        return tuple(names)
    if mount.kind == "overlay":
        return _of_overlay(look, mount, mounted)
    return ()


def _of_overlay(look: Look, mount: Mount, mounted: tuple[Mount, ...]) -> tuple[str, ...]:
    """By the folders it is made of (fs/overlayfs/params.c); a container cannot see them."""
    names: dict[str, None] = {}
    for option in mount.options:
        key, _, value = option.partition("=")
        if key not in ("upperdir", "lowerdir"):
            continue
        for path in value.split(":"):
            below = under(path, mounted)
            if not look.names(path) or below is None or below.kind == "overlay":
                return ()
            names.update(dict.fromkeys(_of_mount(look, below, mounted)))
    return tuple(names)


def _called(look: Look, path: str) -> str:
    """The kernel's name of a device file: ``dm-0`` of ``/dev/mapper/root``."""
    return (look.real(path) or path).rpartition("/")[2]


def _together(look: Look, name: str) -> tuple[str, ...]:
    """All devices of the btrfs that has this one (fs/btrfs/sysfs.c)."""
    for one in look.names("/sys/fs/btrfs"):
        members = tuple(look.names(f"/sys/fs/btrfs/{one}/devices"))
        if name in members:
            return members
    return (name,)


def _all_of(look: Look, name: str, depth: int = 0) -> tuple[str, ...]:
    """A device, what it hangs on, and all that it is made of; empty if there is no such device."""
    real = look.real(f"/sys/class/block/{name}") if name else ""
    if not real or depth > _DEEPEST:
        return ()
    # Every folder on the way is a disk, a host or a controller: sda, host0, mmc0, 1d84000.ufshc.
    names = dict.fromkeys(reversed(real.split("/")[3:]))
    for at, folder in enumerate(real.split("/")):
        if folder.startswith("nvme-subsys"):
            here = "/".join(real.split("/")[: at + 1])
            names.update(dict.fromkeys(one for one in look.names(here) if one.startswith("nvme")))
    below = [*look.names(f"{real}/slaves"), *look.names(f"{real}/../slaves")]
    backing = look.text(f"{real}/loop/backing_file") or look.text(f"{real}/../loop/backing_file")
    if backing.startswith("/"):
        mounted = mounts(look.text("/proc/self/mountinfo"))
        mount = under(backing.strip(), mounted)
        if mount is not None and not mount.anonymous:
            below.append(look.real(f"/sys/dev/block/{mount.device}").rpartition("/")[2])
    for one in below:
        names.update(dict.fromkeys(_all_of(look, one, depth + 1)))
    names.pop("block", None)
    return tuple(names)
