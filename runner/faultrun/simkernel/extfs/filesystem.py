"""The mounted file system: paths to nodes, and what each system call does to them.

Kernel: fs/ext4/namei.c, fs/ext4/super.c; messages of 6.12 and 7.3 as recorded.
"""

from faultrun.simkernel.devices.block import FUA, META, PRIO, SYNC, Device
from faultrun.simkernel.extfs.inode_memory import CREATE, READ, InodeCache, module_of
from faultrun.simkernel.extfs.layout import DIRECTORY, FILE, ROOT_INO, pack_super, unpack_inode
from faultrun.simkernel.extfs.node import Node, new_inode
from faultrun.simkernel.extfs.open_file import OpenData, OpenDir, describe
from faultrun.simkernel.extfs.volume import Blocks, Volume
from faultrun.simkernel.file_values import Flags, OpenFile, Path, Stat
from faultrun.simkernel.modules import Modules
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

_SUPER_FLAGS = SYNC | META | PRIO | FUA
_EXPIRE_NS = 30_000_000_000
_COMMIT_NS = 5_000_000_000
_READDIR_STACK = (
    "submit_bio_noacct", "submit_bio", "submit_bh_wbc", "submit_bh", "__ext4_read_bh",
    "ext4_bread", "__ext4_read_dirblock", "htree_dirblock_to_tree", "ext4_htree_fill_tree",
    "ext4_readdir", "iterate_dir", "__x64_sys_getdents64", "do_syscall_64",
)  # fmt: skip
_NAME_MAX = 255


class ExtFs:
    """One mounted file system."""

    def __init__(self, volume: Volume, source: str) -> None:
        self.volume = volume
        self.kind = volume.geometry.kind
        self.source = source
        self._nodes: dict[int, Node] = {}

    @property
    def device(self) -> Device:
        """The disk that it is on."""
        return self.volume.device

    # --- what a file system does ---

    def stat(self, path: Path, task: SimTask) -> Stat:
        """stat(2)."""
        return describe(self._find(path, task))

    def list(self, path: Path, task: SimTask) -> tuple[str, ...]:
        """The names in a directory, sorted."""
        node = self._dir(path, task)
        try:
            names = node.entries(task, _READDIR_STACK)
        except SimErrno:
            self._warn(
                f"htree_dirblock_to_tree:1083: inode #{node.ino}: lblock 0: comm {task.comm}:"
                " error -5 reading directory block"
            )
            raise
        return tuple(sorted(name for name in names if name not in (".", "..")))

    def open(self, path: Path, flags: Flags, task: SimTask) -> OpenFile:
        """open(2)."""
        try:
            node = self._find(path, task)
        except SimErrno as refused:
            if refused.name != "ENOENT" or not flags.create:
                raise
            node = self._create(path, task, directory=False)
        else:
            if flags.exclusive:
                raise SimErrno("EEXIST")
        if node.is_dir:
            if flags.write:
                raise SimErrno("EISDIR")
            return OpenDir(self, node, task)
        if flags.write:
            self.volume.may_change(task)
        if flags.truncate and node.size:
            node.truncate(0, task)
        return OpenData(self, node, flags, task)

    def mkdir(self, path: Path, task: SimTask) -> None:
        """mkdir(2)."""
        if not path or self._lookup(path, task) is not None:
            raise SimErrno("EEXIST")
        node = self._create(path, task, directory=True)
        parent = self._dir(path[:-1], task)
        node.set_entry(".", (node.ino, DIRECTORY), task)
        node.set_entry("..", (parent.ino, DIRECTORY), task)
        parent.inode.nlink += 1
        parent.save(task)

    def remove(self, path: Path, task: SimTask, *, directory: bool) -> None:
        """unlink(2) or rmdir(2)."""
        if not path:
            raise SimErrno("EBUSY")
        node = self._find(path, task)
        if node.is_dir != directory:
            raise SimErrno("ENOTDIR" if directory else "EISDIR")
        if node.is_dir and set(node.entries(task)) - {".", ".."}:
            raise SimErrno("ENOTEMPTY")
        parent = self._dir(path[:-1], task)
        parent.set_entry(path[-1], None, task)
        if directory:
            parent.inode.nlink -= 1
            parent.save(task)
        node.inode.nlink = 0
        if not node.opened:
            self.drop(node, task)

    def rename(self, old: Path, new: Path, task: SimTask) -> None:
        """rename(2)."""
        node = self._find(old, task)
        there = self._lookup(new, task)
        if there is node:
            return
        if there is not None:
            if there.is_dir and not node.is_dir:
                raise SimErrno("EISDIR")
            self.remove(new, task, directory=there.is_dir)
        kind = DIRECTORY if node.is_dir else FILE
        self._dir(new[:-1], task).set_entry(new[-1], (node.ino, kind), task)
        self._dir(old[:-1], task).set_entry(old[-1], None, task)

    def touch(self, path: Path, task: SimTask) -> None:
        """utimensat(2) to now."""
        node = self._find(path, task)
        self.volume.may_change(task)
        node.inode.mtime_ns = self.volume.kernel.clock.now_ns()
        node.save(task)

    def sync(self, task: SimTask) -> None:
        """Data, then the journal, then metadata in place; errors wait for fsync."""
        self._write_back(self.volume.thread("kworker/u4:0"))
        self._commit_quietly()
        self.volume.write_in_place(task)

    def sync_node(self, node: Node, task: SimTask) -> None:
        """fsync(2) of one file. Raises SimErrno."""
        node.flush(task)
        self.volume.commit()

    def write_back_old(self) -> None:
        """What flusher and journal threads do when their time has come."""
        now = self.volume.kernel.clock.now_ns()
        thread = self.volume.thread("kworker/u4:0")
        for node in list(self._nodes.values()):
            if node.cache.dirty and now - node.dirty_ns >= _EXPIRE_NS:
                node.flush(thread, flags=0)
        if self.volume.changed and now - self.volume.changed_ns >= _COMMIT_NS:
            self._commit_quietly()

    def drop_caches(self) -> None:
        """Forget clean pages, and inodes that nobody uses; what the journal holds stays."""
        self.volume.meta.drop()
        for ino, node in list(self._nodes.items()):
            node.cache.drop()
            if not node.opened and not node.cache.dirty and ino != ROOT_INO:
                del self._nodes[ino]

    def unmount(self, task: SimTask) -> None:
        """Write everything back and let the disk go."""
        self._write_back(task)
        self._commit_quietly()
        self.volume.checkpoint(task)
        if not self.volume.aborted and not self.volume.read_only:
            self.write_super(task)
        uuid = uuid_text(self.volume.geometry.uuid)
        newer = self.volume.kernel.version.has("6.8", None)
        self.volume.log(6, f"unmounting filesystem {uuid}." if newer else "unmounting filesystem.")
        self.device.holders -= 1
        self.volume.kernel.facility(Modules).hold(module_of(self.kind), -1)

    def busy(self) -> bool:
        """Whether a file of it is open."""
        return any(node.opened for node in self._nodes.values())

    # --- for open files and mounting ---

    def write_super(self, task: SimTask) -> str:
        """Write the superblock: the errno name, empty if it went well."""
        geometry = self.volume.geometry
        first = 1024 // geometry.block
        data = bytearray(geometry.block)
        place = 1024 % geometry.block
        data[place : place + 1024] = pack_super(geometry)
        return self.volume.write(Blocks(first=first, flags=_SUPER_FLAGS), bytes(data), task)

    def node(self, ino: int, task: SimTask) -> Node:
        """An inode in memory, read if need be. Raises SimErrno("EIO")."""
        found = self._nodes.get(ino)
        if found is not None:
            return found
        self._take(task, READ)
        number, inside = self.volume.geometry.inode_place(ino)
        try:
            page = self.volume.block(number, task)
        except SimErrno:
            self._error(
                f"__ext4_get_inode_loc_noinmem:4485: inode #{ino}: block {number}:"
                f" comm {task.comm}: unable to read itable block"
            )
            raise
        node = Node(self.volume, ino, unpack_inode(bytes(page[inside : inside + 256])))
        self._nodes[ino] = node
        return node

    def drop(self, node: Node, task: SimTask) -> None:
        """A node without a name and without a user goes away."""
        node.forget(task)
        self._nodes.pop(node.ino, None)

    # --- inside ---

    def _write_back(self, task: SimTask) -> None:
        for ino in sorted(self._nodes):
            self._nodes[ino].flush(task)

    def _commit_quietly(self) -> None:
        try:
            self.volume.commit()
        except SimErrno as refused:
            self.volume.error = refused.name

    def _create(self, path: Path, task: SimTask, *, directory: bool) -> Node:
        if len(path[-1].encode("utf-8", "surrogateescape")) > _NAME_MAX:
            raise SimErrno("ENAMETOOLONG")
        parent = self._dir(path[:-1], task)
        self._take(task, CREATE)
        node = new_inode(self.volume, task, directory=directory)
        self._nodes[node.ino] = node
        kind = DIRECTORY if directory else FILE
        try:
            node.save(task)
            parent.set_entry(path[-1], (node.ino, kind), task)
        except SimErrno:
            self._nodes.pop(node.ino, None)
            self.volume.free_inode(node.ino, task)
            raise
        return node

    def _take(self, task: SimTask, callers: tuple[str, ...]) -> None:
        """Memory for an inode. Raises SimErrno ENOMEM."""
        if module_of(self.kind) == "ext4":
            self.volume.kernel.facility(InodeCache).take(task, callers)

    def _lookup(self, path: Path, task: SimTask) -> Node | None:
        try:
            return self._find(path, task)
        except SimErrno as refused:
            if refused.name == "ENOENT":
                return None
            raise

    def _dir(self, path: Path, task: SimTask) -> Node:
        node = self._find(path, task)
        if not node.is_dir:
            raise SimErrno("ENOTDIR")
        return node

    def _find(self, path: Path, task: SimTask) -> Node:
        node = self.node(ROOT_INO, task)
        for name in path:
            if not node.is_dir:
                raise SimErrno("ENOTDIR")
            try:
                entries = node.entries(task)
            except SimErrno:
                self._error(
                    f"__ext4_find_entry:1615: inode #{node.ino}: comm {task.comm}:"
                    " reading directory lblock 0"
                )
                raise
            if name not in entries:
                raise SimErrno("ENOENT")
            node = self.node(entries[name][0], task)
        return node

    def _error(self, text: str) -> None:
        self.volume.kernel.log.emit(2, f"EXT4-fs error (device {self.device.name}): {text}")

    def _warn(self, text: str) -> None:
        self.volume.kernel.log.emit(4, f"EXT4-fs warning (device {self.device.name}): {text}")


def uuid_text(raw: bytes) -> str:
    """A UUID as it is written."""
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
