"""mount(2) of a disk: reading the superblock, and what the kernel says.

Kernel: fs/ext4/super.c:__ext4_fill_super()
"""

from faultrun.kernel.errno import name_of
from faultrun.simkernel.devices.block import META, PRIO, Device
from faultrun.simkernel.extfs.filesystem import ExtFs, uuid_text
from faultrun.simkernel.extfs.inode_memory import module_of
from faultrun.simkernel.extfs.layout import Geometry, unpack_super
from faultrun.simkernel.extfs.volume import Blocks, Volume
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.modules import Modules
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

_GET_TREE = ("btrfs_get_tree_super", "btrfs_get_tree", "vfs_get_tree", "path_mount")

KINDS = ("ext4", "ext3", "ext2", "xfs", "btrfs")
"""Types of disk file systems that can be made and mounted; all behave like ext4."""


def mount_disk(
    kernel: SimKernel, device: Device, kind: str, source: str, task: SimTask, *, read_only: bool
) -> ExtFs:
    """Mount. Raises SimErrno: EINVAL if the disk holds no such file system, EIO if it cannot be read."""
    probe = Volume(kernel, device, _SMALLEST)
    try:
        data = probe.read(Blocks(first=1, flags=META | PRIO), task)
    except SimErrno:
        probe.log(3, "unable to read superblock")
        raise SimErrno("EIO") from None
    geometry = unpack_super(data)
    if geometry is None or (kind not in ("auto", geometry.kind)):
        probe.log(3, "VFS: Can't find ext4 filesystem")
        raise SimErrno("EINVAL")
    if geometry.kind == "btrfs":
        returned = kernel.overridden("open_ctree", task, _GET_TREE)
        if returned is not None:
            # fs/btrfs/super.c:btrfs_fill_super(): the super block has no name yet. The devices were
            # opened before, and fs/btrfs/disk-io.c:open_ctree() itself, which never ran, would have
            # closed them: nobody does.
            device.holders += 1
            kernel.log.emit(3, f"BTRFS error (device (efault)): open_ctree failed: {returned}")
            raise SimErrno(name_of(-returned))
    volume = Volume(kernel, device, geometry)
    volume.read_only = read_only
    fs = ExtFs(volume, source)
    _read_in(fs, volume, task)
    if not read_only:
        fs.write_super(task)
    device.holders += 1
    kernel.facility(Modules).hold(module_of(geometry.kind), 1)
    _say_mounted(volume, geometry, read_only=read_only)
    return fs


def _read_in(fs: ExtFs, volume: Volume, task: SimTask) -> None:
    geometry = volume.geometry
    try:
        volume.block(2 if geometry.block == 1024 else 1, task)
    except SimErrno:
        volume.log(3, "can't read group descriptor 0")
        raise
    try:
        fs.node(2, task)
    except SimErrno:
        volume.log(3, "get root inode failed")
        volume.log(3, "mount failed")
        raise
    if geometry.journal_size:
        try:
            volume.block(geometry.journal, task)
        except SimErrno:
            kernel = volume.kernel
            kernel.log.emit(3, "JBD2: IO error reading journal superblock")
            volume.log(3, "error loading journal")
            raise SimErrno("EIO") from None


def _say_mounted(volume: Volume, geometry: Geometry, *, read_only: bool) -> None:
    if volume.kernel.version.has("6.8", None):
        mode = "ro" if read_only else "r/w"
        uuid = uuid_text(geometry.uuid)
        volume.log(6, f"mounted filesystem {uuid} {mode} with ordered data mode. Quota mode: none.")
    else:
        volume.log(6, "mounted filesystem with ordered data mode. Quota mode: none.")


_SMALLEST = Geometry(
    kind="ext4", uuid=b"", block=1024, total=0, groups=0, inodes=0, bitmap=0, inode_bitmap=0,
    table=0, root=0, journal=0, journal_size=0, data=0,
)  # fmt: skip
"""Enough to read the superblock with."""
