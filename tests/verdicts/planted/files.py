"""Bugs in file systems, in NFS, in mounting, and in programs."""

from faultrun.simkernel import nfs
from faultrun.simkernel.devices.block_cache import BlockCache
from faultrun.simkernel.devices.loops import Loops
from faultrun.simkernel.extfs.filesystem import ExtFs
from faultrun.simkernel.extfs.node import Node
from faultrun.simkernel.fates import Unkillable
from faultrun.simkernel.modules import Modules
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs import dd, files, mounting
from faultrun.simkernel.sim_errno import SimErrno
from verdicts.planted.bug import around, bug, oops

OOPS = "NULL pointer dereference"


@bug(
    "wrong errno",
    "nvme-io",
    "errno-medium",
    symptom="exit: expected exit status 1; found exit status 0",
)
def dd_ends_well_after_a_read_error(patch):
    """dd prints the message and exits with 0."""

    def copy(original, *args):
        original(*args)
        return 0

    around(patch, dd, "_copy", copy)


@bug("wrong errno", "nvme-io", "copy-fails", symptom="it says 'cp said 0")
def cp_ends_well_after_a_read_error(patch):
    """cp prints the message, keeps what it has, and exits with 0."""

    def copy_data(original, *args):
        original(*args)
        return 0

    around(patch, files, "_copy_data", copy_data)


@bug(
    "wrong errno",
    "nvme-io",
    "mkfs-fails",
    symptom="exit: expected exit status 1; found exit status 0",
)
def mkfs_does_not_look_at_its_last_sync(patch):
    """mkfs has written everything, and does not ask whether it arrived."""

    def form(original, *args):
        try:
            return original(*args)
        except SimErrno:
            return 0

    around(patch, mounting, "_format", form)


@bug("wrong errno", "fail-function", "loop-mount", symptom="'ENOMEM'; found it reported")
def mount_calls_every_error_a_bad_superblock(patch):
    """The file system's error is replaced by EINVAL on its way out of the kernel."""

    def mount_disk(original, *args, **named):
        try:
            return original(*args, **named)
        except SimErrno:
            raise SimErrno("EINVAL") from None

    around(patch, mounting, "mount_disk", mount_disk)


@bug("leak", "fail-function", "loop-mount-unreadable", symptom="/dev/loop0")
def mount_forgets_the_loop_device_of_a_failed_mount(patch):
    """A loop device that mount made itself stays when the mount fails."""

    def file_system(original, process, *args, **named):
        loops = process.machine.devices.loops
        loops.release = lambda _path: None
        try:
            return original(process, *args, **named)
        finally:
            del loops.release

    around(patch, mounting, "_file_system", file_system)


@bug("leak", "fail-function", "loop-mount-unreadable", symptom="/dev/loop")
def umount_leaves_the_loop_attached(patch):
    """Once a mount of a loop device has failed, umount does not detach them any more."""

    def release(original, loops, path):
        if not getattr(loops, "stuck", False):
            original(loops, path)

    def file_system(original, process, *args, **named):
        try:
            return original(process, *args, **named)
        except SimErrno:
            process.machine.devices.loops.stuck = True
            raise

    around(patch, Loops, "release", release)
    around(patch, mounting, "_file_system", file_system)


@bug(
    "leak",
    "fail-function",
    "loop-mount-unreadable",
    symptom="btrfs is not in use.*it says 'mount said 32.n'",
)
def failed_mount_keeps_its_module_in_use(patch):
    """The reference to the file system's module is not put when the mount fails."""

    def mount_disk(original, kernel, *args, **named):
        try:
            return original(kernel, *args, **named)
        except SimErrno:
            kernel.facility(Modules).hold("btrfs", 1)
            raise

    around(patch, mounting, "mount_disk", mount_disk)


@bug("leak", "nvme-io", "lost-write", symptom="still in use")
def ext4_keeps_an_inode_whose_write_failed(patch):
    """The end of a failed write does not put the inode: the disk is busy for ever."""

    def write_run(original, node, *args):
        before = node.cache.errors
        done = original(node, *args)
        node.opened += node.cache.errors > before
        return done

    around(patch, Node, "_write_run", write_run)


@bug("leak", "nvme-io", "copy-fails", symptom="'busy' is in it")
def ext4_keeps_a_file_whose_read_failed(patch):
    """The error path of a read forgets the reference that it took."""

    def read_again(original, node, *args):
        try:
            return original(node, *args)
        except SimErrno:
            node.opened += 1
            raise

    around(patch, Node, "_read_again", read_again)


def breaks(original, connection, *args):
    answered = original(connection, *args)
    connection.broke = getattr(connection, "broke", False) or not answered
    return answered


@bug("leak", "sunrpc", "client-unmount", symptom="target is busy")
def nfs_keeps_files_open_after_a_broken_connection(patch):
    """A close that had to be sent again is not counted."""

    def closed(original, fs):
        if not getattr(fs._wire, "broke", False):
            original(fs)

    around(patch, nfs.Connection, "_once", breaks)
    around(patch, nfs.NfsFs, "closed", closed)


@bug("lost data", "block-io", "flusher-hit", symptom="'Input/output error' is not in it")
def ext4_forgets_a_writeback_error(patch):
    """A page that could not be written is clean, and nobody is told."""

    def write_run(original, node, *args):
        before = node.cache.errors
        done = original(node, *args)
        node.cache.errors, node.cache.told = before, True
        return done

    around(patch, Node, "_write_run", write_run)


@bug(
    "lost data",
    "md-faulty",
    "document-write-transient",
    symptom="'Input/output error' is not in it",
)
def block_device_forgets_a_writeback_error(patch):
    """fsync of a block device says 0 although a page was lost."""

    def write_back(original, cache, *args):
        before = cache.cache.errors
        original(cache, *args)
        cache.cache.errors, cache.cache.told = before, True

    around(patch, BlockCache, "_write_back", write_back)


@bug("lost data", "sunrpc", "client-async", symptom="it is not equal: it says nothing")
def nfs_drops_a_write_whose_connection_broke(patch):
    """The request is completed by the disconnect, and the client believes that it was answered."""

    def write(original, file, data):
        wire = file._fs._wire
        if getattr(wire, "broke", False):
            wire.broke = False
            return len(data)
        return original(file, data)

    around(patch, nfs.Connection, "_once", breaks)
    around(patch, nfs._OpenNfs, "write", write)


@bug("state left behind", "fail-function", "system-call", symptom="'still there' is not in it")
def unlink_removes_the_file_before_it_fails(patch):
    """The name is gone although the caller was told that it could not be removed."""

    def remove(original, process, name, *, directory):
        try:
            original(process, name, directory=directory)
        except SimErrno:
            process.machine.files.remove(process.path(name), process.task, directory=directory)
            raise

    around(patch, Process, "remove", remove)


@bug("state left behind", "fail-function", "default-retval", symptom="/tmp/new")
def mkdir_makes_the_directory_before_it_fails(patch):
    """The directory is there although the caller was told that it could not be made."""

    def mkdir(original, process, name):
        try:
            original(process, name)
        except SimErrno:
            process.machine.files.mkdir(process.path(name), process.task)
            raise

    around(patch, Process, "mkdir", mkdir)


@bug("state left behind", "nvme-io", "copy-fails", symptom="killed after its timeout")
def ext4_leaves_a_page_locked_after_a_read_error(patch):
    """Whoever reads that page again waits for a lock that nobody holds any more."""

    def read_again(original, node, physical, index, task):
        try:
            return original(node, physical, index, task)
        except SimErrno:
            node.locked = True
            raise

    def page(original, node, index, wanted, task):
        if getattr(node, "locked", False):
            raise Unkillable(task.comm, task.pid, "the page is locked")
        return original(node, index, wanted, task)

    around(patch, Node, "_read_again", read_again)
    around(patch, Node, "_page", page)


@bug("late crash", "nvme-io", "lost-write", symptom=OOPS)
def ext4_crashes_at_unmount_after_a_write_error(patch):
    """The list of failed extents is freed with the error and walked when the disk is unmounted."""

    def unmount(original, fs, task):
        original(fs, task)
        if any(node.cache.errors for node in fs._nodes.values()):
            oops(fs.volume.kernel, "ext4_put_super")

    around(patch, ExtFs, "unmount", unmount)


@bug("late crash", "sunrpc", "client-unmount", symptom=OOPS)
def nfs_crashes_at_unmount_after_a_broken_connection(patch):
    """The transport was freed by the disconnect, and is freed again."""

    def unmount(original, fs, task):
        original(fs, task)
        if getattr(fs._wire, "broke", False):
            oops(task and fs._wire._kernel, "xprt_destroy")

    around(patch, nfs.Connection, "_once", breaks)
    around(patch, nfs.NfsFs, "unmount", unmount)
