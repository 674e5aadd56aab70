"""``/proc`` and ``/sys`` as file systems: every file is one of the control tree."""

from faultrun.simkernel.file_values import Flags, OpenFile, Path, Stat
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.proc import may_open
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import Handle


class ControlFs:
    """Makes file systems of the parts of a machine's control tree."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel

    def below(self, name: str, kind: str) -> "ControlMount":
        """The part below ``/name``."""
        return ControlMount(self.kernel, f"/{name}", kind)


def own(path: str, task: SimTask) -> str:
    """``/proc/self/x`` as that task means it: its process, or the very thread.

    Kernel: fs/proc/self.c:proc_self_get_link(), fs/proc/thread_self.c:proc_thread_self_get_link().
    """
    _, _, name, *rest = path.split("/", 3) if path.startswith("/proc/") else ("", "", "")
    if name == "self":
        return "/".join((f"/proc/{task.leader.pid}", *rest))
    if name == "thread-self":
        return "/".join((f"/proc/{task.leader.pid}/task/{task.pid}", *rest))
    return path


class ControlMount:
    """A part of the control tree. Only configfs lets directories be made here."""

    def __init__(self, kernel: SimKernel, prefix: str, kind: str) -> None:
        self._kernel = kernel
        self._prefix = prefix
        self.kind = kind
        self.source = kind

    def stat(self, path: Path, task: SimTask) -> Stat:
        """stat(2)."""
        where = self._where(path, task)
        tree = self._kernel.tree
        if tree.find(where) is not None:
            return Stat(kind="file", size=0 if self.kind == "proc" else 4096)
        if not path or tree.is_dir(where):
            return Stat(kind="dir", mode=0o755)
        raise SimErrno("ENOENT")

    def list(self, path: Path, task: SimTask) -> tuple[str, ...]:
        """The names in a directory, sorted."""
        return self._kernel.tree.list(self._where(path, task))

    def open(self, path: Path, flags: Flags, task: SimTask) -> OpenFile:
        """open(2)."""
        where = self._where(path, task)
        tree = self._kernel.tree
        if tree.find(where) is None:
            if path and not tree.is_dir(where):
                if flags.create and len(path) > 1 and tree.is_dir(where.rpartition("/")[0]):
                    # sysfs and debugfs know no create(2): fs/namei.c:lookup_open().
                    raise SimErrno("EACCES")
                raise SimErrno("ENOENT")
            raise SimErrno("EISDIR")
        if not may_open(where, self._kernel.tasks, task, write=flags.write):
            raise SimErrno("EACCES")
        return OpenControl(tree.handle(where), flags, task)

    def mkdir(self, path: Path, task: SimTask) -> None:
        """mkdir(2) is refused but in configfs."""
        if self.kind == "proc":
            raise SimErrno("ENOENT")
        self._kernel.tree.mkdir(self._where(path, task), task)

    def remove(self, path: Path, task: SimTask, *, directory: bool) -> None:
        """unlink(2) is refused, and rmdir(2) but in configfs."""
        self.stat(path, task)
        if not directory:
            raise SimErrno("EPERM")
        self._kernel.tree.rmdir(self._where(path, task), task)

    def rename(self, old: Path, new: Path, task: SimTask) -> None:
        """rename(2) is refused."""
        del old, new, task
        raise SimErrno("EPERM")

    def touch(self, path: Path, task: SimTask) -> None:
        """utimensat(2) changes nothing that is shown."""
        self.stat(path, task)

    def sync(self, task: SimTask) -> None:
        """Nothing to write back to."""

    def write_back_old(self) -> None:
        """Nothing is ever dirty."""

    def drop_caches(self) -> None:
        """Nothing is cached."""

    def unmount(self, task: SimTask) -> None:
        """The tree stays."""

    def busy(self) -> bool:
        """A control tree is always in use."""
        return True

    def _where(self, path: Path, task: SimTask) -> str:
        return own("/".join((self._prefix, *path)), task)


class OpenControl:
    """An open control file: each read starts with a fresh text, each write is parsed alone."""

    __slots__ = ("_flags", "_handle", "_rest", "_task")

    def __init__(self, handle: Handle, flags: Flags, task: SimTask) -> None:
        self._handle = handle
        self._flags = flags
        self._task = task
        self._rest: bytes | None = None

    def read(self, size: int) -> bytes:
        """The text, from the offset on."""
        if not self._flags.read:
            raise SimErrno("EBADF")
        if self._rest is None:
            self._rest = self._handle.read(self._task).encode("utf-8", "surrogateescape")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def write(self, data: bytes) -> int:
        """One write(2)."""
        if not self._flags.write:
            raise SimErrno("EBADF")
        self._handle.write(data.decode("utf-8", "surrogateescape"), self._task)
        return min(len(data), self._handle.takes)

    def seek(self, offset: int) -> None:
        """Back to the start: the next read asks again."""
        if offset == 0:
            self._rest = None

    def truncate(self, size: int) -> None:
        """Control files have no size."""
        del size
        raise SimErrno("EINVAL")

    def stat(self) -> Stat:
        """fstat(2)."""
        return Stat(kind="file")

    def sync(self) -> None:
        """Control files cannot be synced."""
        raise SimErrno("EINVAL")

    def close(self) -> None:
        """Drop it."""
