"""mkfs, mount, umount, fsck, blkid: file systems on disks."""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.devices.block import Device
from faultrun.simkernel.devices.block_cache import OpenBlock
from faultrun.simkernel.extfs.filesystem import uuid_text
from faultrun.simkernel.extfs.inode_memory import module_of
from faultrun.simkernel.extfs.layout import SUPER_OFFSET, Geometry, plan, unpack_super
from faultrun.simkernel.extfs.make import empty
from faultrun.simkernel.extfs.mounting import KINDS, mount_disk
from faultrun.simkernel.file_values import READ, UPDATE, FileSystem, OpenFile
from faultrun.simkernel.modules import Modules
from faultrun.simkernel.nfs import mount_nfs
from faultrun.simkernel.points import check
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import Parsed, operand, parse
from faultrun.simkernel.ram_fs import RamFs
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled
from faultrun.simkernel.vfs import Mount, normal

_VIRTUAL = frozenset(
    {"proc", "sysfs", "debugfs", "configfs", "devtmpfs", "securityfs", "tracefs", "devpts"}
)
_MEMORY = frozenset({"tmpfs", "ramfs"})
_HINT = "       dmesg(1) may have more information after failed mount system call.\n"
_FAILED = 32
_LEAST = 1 << 20


def _mkfs(kind: str) -> Callable[[Process], int]:
    def run(process: Process) -> int:
        return _make(process, kind)

    return run


def _mkfs_any(process: Process) -> int:
    found = parse(process, "qfFKvV", "tLUEOmbiINTJ", strict=False)
    kind = found.value("t", default="ext2")
    if kind not in KINDS:
        process.complain(f"failed to execute mkfs.{kind}: No such file or directory")
        return 1
    return _make(process, kind)


def _make(process: Process, kind: str) -> int:
    found = parse(process, "qfFKvnV", "tLUEOmbiINTJdsl", ("force", "quiet"))
    if not found.operands:
        process.complain("no device specified")
        return 1
    name = found.operands[0]
    path = process.path(name)
    if process.machine.files.mounted_from(path) is not None:
        process.err(f"{name} is mounted; will not make a filesystem here!\n")
        return 1
    try:
        file = process.open(name, UPDATE)
    except SimErrno as refused:
        told = message_of(refused.name)
        process.err(
            f"The file {name} does not exist and no size was specified.\n"
            if refused.name == "ENOENT"
            else f"{name}: {told}\n"
        )
        return 1
    try:
        return _format(process, kind, name, file, found)
    except SimErrno as refused:
        process.complain(f"{message_of(refused.name)} while writing out and closing file system")
        return 1
    finally:
        process.close(file)


def _format(process: Process, kind: str, name: str, file: OpenFile, found: Parsed) -> int:
    size = file.size() if isinstance(file, OpenBlock) else file.stat().size
    if size < _LEAST:
        process.complain("Device size reported to be zero or too small for a filesystem")
        return 1
    old = _geometry(process, file)
    if old is not None:
        process.out(f"{name} contains a {old.kind} file system\n")
        if kind in ("xfs", "btrfs") and not found.has("f", "force"):
            process.complain(f"{name} appears to contain an existing filesystem ({old.kind}).")
            return 1
    kernel = process.machine.kernel
    stream = kernel.stream(f"mkfs:{name}:{process.task.pid}")
    uuid = stream.next64().to_bytes(8, "little") + stream.next64().to_bytes(8, "little")
    geometry = plan(kind, size, uuid)
    for offset, data in empty(geometry, kernel.clock.now_ns()):
        file.seek(offset)
        process.write_all(file, data)
    file.sync()
    if not found.has("q", "quiet"):
        unit = "1k" if geometry.block == 1024 else "4k"
        process.out(
            f"Creating filesystem with {geometry.total} {unit} blocks and {geometry.inodes} inodes\n"
            f"Filesystem UUID: {uuid_text(uuid)}\n\n"
            "Allocating group tables: done                            \n"
            "Writing inode tables: done                            \n"
            f"Creating journal ({geometry.journal_size} blocks): done\n"
            "Writing superblocks and filesystem accounting information: done\n\n"
        )
    return 0


def _geometry(process: Process, file: OpenFile) -> Geometry | None:
    file.seek(SUPER_OFFSET)
    return unpack_super(process.read(file, 1024))


def _mount(process: Process) -> int:
    found = parse(process, "rwvanlf", "to", ("types=", "options=", "bind", "make-private"))
    names = found.operands
    if not names:
        mounts = process.machine.files.mounts
        rows = (
            f"{m.fs.source} on /{'/'.join(m.place)} type {m.fs.kind} ({m.options})\n"
            for m in mounts
        )
        process.out("".join(rows))
        return 0
    options = found.value("o", "options").split(",")
    if found.has("bind", "make-private") or "bind" in options or "remount" in options:
        raise Unmodelled("mount --bind and remount")
    if len(names) == 1:
        process.err(f"mount: {names[0]}: can't find in /etc/fstab.\n")
        return 1
    source, place = names[0], names[1]
    kind = found.value("t", "types", default="auto")
    if kind in _VIRTUAL:
        # Mounted since boot, all of them.
        return 0
    try:
        covered = process.stat(place).kind
    except SimErrno as refused:
        return _no_place(process, place, refused)
    if covered != "dir":
        return _no_place(process, place, SimErrno("ENOTDIR"))
    read_only = found.has("r") or "ro" in options
    try:
        fs = _file_system(process, source, kind, loop="loop" in options, read_only=read_only)
    except SimErrno as refused:
        return _refused(process, (source, place, kind), refused)
    mode = ",".join(("ro" if read_only else "rw", "relatime"))
    process.machine.files.add(Mount(place=normal(process.path(place)), fs=fs, options=mode))
    return 0


def _file_system(
    process: Process, source: str, kind: str, *, loop: bool, read_only: bool
) -> FileSystem:
    machine = process.machine
    check(machine.kernel, process.task, "mount")
    if kind in _MEMORY:
        return RamFs(machine.kernel.clock.now_ns, kind=kind, source=source)
    if kind in ("nfs", "nfs4"):
        return mount_nfs(machine, source, process.task)
    if kind not in (*KINDS, "auto"):
        raise SimErrno("ENODEV")
    if loop or process.stat(source).kind == "file":
        source = machine.devices.loops.attach(_backing(process, source))
        try:
            return _on_disk(process, source, kind, read_only=read_only)
        except SimErrno:
            # libmount/src/hook_loopdev.c: the device that mount made goes with the mount.
            machine.devices.loops.release(source)
            raise
    return _on_disk(process, source, kind, read_only=read_only)


def _on_disk(process: Process, source: str, kind: str, *, read_only: bool) -> FileSystem:
    machine = process.machine
    path = process.path(source)
    if machine.files.mounted_from(path) is not None:
        raise SimErrno("EBUSY")
    device = _disk(process, path)
    known = _probe_type(process, path) if kind == "auto" else kind
    if not machine.kernel.facility(Modules).request(machine, module_of(known)):
        raise SimErrno("ENODEV")
    return mount_disk(machine.kernel, device, kind, path, process.task, read_only=read_only)


def _backing(process: Process, name: str) -> OpenFile:
    """The file of a loop device: opened by the caller, read and written by the driver's thread."""
    process.close(process.open(name, UPDATE))
    machine = process.machine
    return machine.files.open(process.path(name), UPDATE, machine.devices.loops.worker)


def _disk(process: Process, path: str) -> Device:
    stat = process.stat(path)
    if stat.kind != "block":
        raise SimErrno("ENOTBLK")
    device = process.machine.devices.disk(path.removeprefix("/dev/"))
    if device is None:
        raise SimErrno("ENXIO")
    return device


def _probe_type(process: Process, path: str) -> str:
    """The library behind mount looks for a superblock first, through the device's page cache."""
    file = process.open(path, READ)
    try:
        found = _geometry(process, file)
    finally:
        process.close(file)
    if found is None:
        raise SimErrno("EINVAL")
    return found.kind


def _no_place(process: Process, place: str, refused: SimErrno) -> int:
    if refused.name == "ENOENT":
        process.err(f"mount: {place}: mount point does not exist.\n{_HINT}")
    elif refused.name == "ENOTDIR":
        process.err(f"mount: {place}: mount point is not a directory.\n{_HINT}")
    else:
        process.err(
            f"mount: {place}: mount(2) system call failed: {message_of(refused.name)}.\n{_HINT}"
        )
    return _FAILED


def _refused(process: Process, what: tuple[str, str, str], refused: SimErrno) -> int:
    source, place, kind = what
    match refused.name:
        case "ENOENT" | "ENXIO":
            text = f"special device {source} does not exist"
        case "ENOTBLK":
            text = f"{source} is not a block device"
        case "EBUSY":
            text = f"{source} already mounted or mount point busy"
        case "EINVAL":
            text = (
                f"wrong fs type, bad option, bad superblock on {source},"
                " missing codepage or helper program, or other error"
            )
        case "EIO":
            text = f"can't read superblock on {source}"
        case "ENODEV":
            text = f"unknown filesystem type '{kind}'"
        case _:
            text = f"mount(2) system call failed: {message_of(refused.name)}"
    process.err(f"mount: {place}: {text}.\n{_HINT}")
    return _FAILED


def _umount(process: Process) -> int:
    found = parse(process, "lfrvna", "t", ("lazy", "force"))
    status = 0
    for name in found.operands:
        try:
            check(process.machine.kernel, process.task, "umount2")
            files = process.machine.files
            path = process.path(name)
            mount = files.mounted_at(path) or files.mounted_from(path)
            if mount is None:
                process.complain(f"{name}: not mounted.")
                status = _FAILED
                continue
            files.unmount(mount, process.task)
            process.machine.devices.loops.release(mount.fs.source)
        except SimErrno as refused:
            busy = refused.name == "EBUSY"
            process.complain(f"{name}: {'target is busy' if busy else message_of(refused.name)}.")
            status = _FAILED
    return status


def _fsck(process: Process) -> int:
    found = parse(process, "nyfpavV", "tb")
    if not found.operands:
        process.complain("no device specified")
        return 16
    name = found.operands[0]
    process.err("e2fsck 1.47.0 (5-Feb-2023)\n")
    try:
        file = process.open(name)
    except SimErrno as refused:
        process.err(f"fsck.ext4: {message_of(refused.name)} while trying to open {name}\n")
        return 8
    try:
        geometry = _geometry(process, file)
    except SimErrno:
        process.err(
            f"fsck.ext4: Attempt to read block from filesystem resulted in short read while trying to open {name}\nCould this be a zero-length partition?\n"
        )
        return 8
    finally:
        process.close(file)
    if geometry is None:
        process.err(f"fsck.ext4: Bad magic number in super-block while trying to open {name}\n")
        return 8
    process.out(
        f"{name}: clean, 11/{geometry.inodes} files, {geometry.root + 13}/{geometry.total} blocks\n"
    )
    return 0


def _blkid(process: Process) -> int:
    found = parse(process, "pc", "os", ("output=", "match-tag="))
    names = found.operands or [
        f"/dev/{node}"
        for node in process.machine.devices.nodes()
        if process.machine.devices.disk(node) is not None
    ]
    shown = False
    for name in names:
        try:
            file = process.open(name)
        except SimErrno as refused:
            process.err(f"error: {name}: {message_of(refused.name)}\n")
            continue
        try:
            geometry = _geometry(process, file)
        except SimErrno:
            geometry = None
        finally:
            process.close(file)
        if geometry is None:
            continue
        shown = True
        tags = {
            "UUID": uuid_text(geometry.uuid),
            "BLOCK_SIZE": str(geometry.block),
            "TYPE": geometry.kind,
        }
        only = found.value("s", "match-tag")
        tags = {only: tags[only]} if only in tags else tags
        if found.value("o", "output") == "value":
            process.out("".join(f"{value}\n" for value in tags.values()))
        else:
            process.out(
                f"{name}: " + " ".join(f'{key}="{value}"' for key, value in tags.items()) + "\n"
            )
    return 0 if shown else 2


def _losetup(process: Process) -> int:
    found = parse(process, "afjdDPr", "o", ("find", "show", "all", "detach="))
    loops = process.machine.devices.loops
    if found.has("d", "detach"):
        for name in [found.value("detach")] if found.has("detach") else found.operands:
            loops.release(name)
        return 0
    if found.has("D"):
        loops.release_all()
        return 0
    if found.has("a", "all") or not found.operands:
        process.out("".join(f"{name}: []\n" for name in loops.attached()))
        return 0
    name = found.operands[-1]
    wanted = found.operands[0] if len(found.operands) > 1 else ""
    try:
        path = loops.attach(_backing(process, name), wanted)
    except SimErrno as refused:
        process.complain(f"{name}: failed to set up loop device: {message_of(refused.name)}")
        return 1
    if found.has("show") or (found.has("f", "find") and found.has("show")):
        process.out(path + "\n")
    return 0


def _mountpoint(process: Process) -> int:
    found = parse(process, "qd")
    name = operand(process, found)
    there = process.machine.files.mounted_at(process.path(name)) is not None
    if not found.has("q"):
        process.out(f"{name} is {'' if there else 'not '}a mountpoint\n")
    return 0 if there else _FAILED


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    **{f"mkfs.{kind}": _mkfs(kind) for kind in KINDS},
    "mke2fs": _mkfs("ext2"), "mkfs": _mkfs_any, "mount": _mount, "umount": _umount,
    "fsck": _fsck, "e2fsck": _fsck, "fsck.ext4": _fsck, "blkid": _blkid, "losetup": _losetup,
    "mountpoint": _mountpoint,
}  # fmt: skip
