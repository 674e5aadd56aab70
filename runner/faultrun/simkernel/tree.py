"""The control files: debugfs, sysfs, procfs and configfs as one tree, made on first touch."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

MOST_BYTES = 1 << 31
"""include/linux/fs.h:MAX_RW_COUNT, nearly: no write(2) takes more."""


class ControlFile(Protocol):
    """One control file. ``gone``: its directory was removed while somebody held it open."""

    @property
    def gone(self) -> bool:
        """Whether the object behind it is gone."""
        ...

    def read(self, task: SimTask | None, /) -> str:
        """What a read from its start gives. Raises SimErrno."""
        ...

    def write(self, text: str, task: SimTask | None, /) -> None:
        """Take one write(2). Raises SimErrno."""
        ...


class Guard(Protocol):
    """The fault points that opening, reading and writing a control file pass themselves."""

    def quiet(self, task: SimTask | None) -> bool:
        """Whether none of the three below could fail or count: almost always."""
        ...

    def may_open(self, task: SimTask | None) -> None:
        """open(2): names and file structures come from the slab. Raises SimErrno."""
        ...

    def may_read(self, task: SimTask | None) -> None:
        """read(2): copy_to_user(). Raises SimErrno."""
        ...

    def may_write(self, task: SimTask | None) -> None:
        """write(2): copy_from_user(). Raises SimErrno."""
        ...


@runtime_checkable
class Short(Protocol):
    """A control file that takes only the first bytes of a write, and says so."""

    @property
    def takes(self) -> int:
        """How many."""
        ...


Factory = Callable[[], Mapping[str, ControlFile]]
Resolver = Callable[[str], ControlFile | None]
Change = Callable[[str, SimTask], None]
Lister = Callable[[str], tuple[str, ...] | None]


class TextFile:
    """A control file whose reading and writing are two functions; without ``put`` it is 0444."""

    __slots__ = ("_get", "_put", "gone")

    def __init__(self, get: Callable[[], str], put: Callable[[str], None] | None = None) -> None:
        self._get = get
        self._put = put
        self.gone = False

    def read(self, _task: SimTask | None) -> str:
        """The text now."""
        return self._get()

    def write(self, text: str, _task: SimTask | None) -> None:
        """Hand the text over. Raises SimErrno EACCES if the file is read-only."""
        if self._put is None:
            raise SimErrno("EACCES")
        self._put(text)


class TaskText:
    """The same, where it matters which task writes: what it sets off meets that task's faults."""

    __slots__ = ("_get", "_put", "gone")

    def __init__(
        self, get: Callable[[], str], put: Callable[[str, SimTask | None], None] | None = None
    ) -> None:
        self._get = get
        self._put = put
        self.gone = False

    def read(self, _task: SimTask | None) -> str:
        """The text now."""
        return self._get()

    def write(self, text: str, task: SimTask | None) -> None:
        """Hand the text over. Raises SimErrno EACCES if the file is read-only."""
        if self._put is None:
            raise SimErrno("EACCES")
        self._put(text, task)


class Handle:
    """An open control file. Works on while later opens fail; EIO once its directory is gone."""

    __slots__ = ("_file", "_guard")

    def __init__(self, file: ControlFile, guard: Guard) -> None:
        self._file = file
        self._guard = guard

    @property
    def takes(self) -> int:
        """How many bytes of a write are taken at most: nearly always all."""
        return self._file.takes if isinstance(self._file, Short) else MOST_BYTES

    def read(self, task: SimTask | None) -> str:
        """The whole text. Raises SimErrno.

        The text is formatted before it is copied out: a fault that hits the copy has already been
        counted in what would have been read (fs/proc/base.c:proc_fail_nth_read()).
        """
        if self._file.gone:
            raise SimErrno("EIO")
        text = self._file.read(task)
        self._guard.may_read(task)
        return text

    def write(self, text: str, task: SimTask | None) -> None:
        """One write(2). Raises SimErrno."""
        if self._file.gone:
            raise SimErrno("EIO")
        self._guard.may_write(task)
        self._file.write(text, task)


class ControlTree:
    """Paths to control files. Directories are provided whole, and made when first looked into."""

    def __init__(self, guard: Guard, fallback: Resolver, lister: Lister) -> None:
        self._guard = guard
        self._fallback = fallback
        self._lister = lister
        self._waiting: dict[str, Factory] = {}
        self._made: dict[str, Mapping[str, ControlFile]] = {}
        self._files: dict[str, ControlFile] = {}
        self._seeds: list[str] = []
        self._growing: dict[str, tuple[Change, Change]] = {}

    def open_to_users(self, parent: str, make: Change, drop: Change) -> None:
        """A directory in which users make and remove directories, as configfs has them.

        Kernel: fs/configfs/dir.c:configfs_mkdir(), configfs_rmdir()
        """
        self._growing[parent] = (make, drop)

    def mkdir(self, path: str, task: SimTask) -> None:
        """mkdir(2). Raises SimErrno: EPERM where only the kernel makes directories."""
        parent, _, name = path.rpartition("/")
        if self.exists(path):
            raise SimErrno("EEXIST")
        if parent not in self._growing:
            raise SimErrno("EPERM" if self.is_dir(parent) else "ENOENT")
        self._growing[parent][0](name, task)

    def rmdir(self, path: str, task: SimTask) -> None:
        """rmdir(2). Raises SimErrno: EPERM for what the kernel made."""
        parent, _, name = path.rpartition("/")
        if not self.is_dir(path):
            raise SimErrno("ENOTDIR" if self.exists(path) else "ENOENT")
        if parent not in self._growing:
            raise SimErrno("EPERM")
        self._growing[parent][1](name, task)

    def provide(self, prefix: str, factory: Factory) -> None:
        """A directory of control files, made when something in it is first touched."""
        self._waiting[prefix] = factory

    def grow(self, prefix: str, factory: Factory) -> None:
        """A whole subtree: once something in it is touched, ``factory`` provides the rest.

        It returns the files of the directory itself. A machine whose subtree nobody looks into
        pays for one entry, not for each directory below.
        """
        self._waiting[prefix] = factory
        self._seeds.append(prefix)

    def remove(self, prefix: str) -> None:
        """The directory and everything below it disappear."""
        inside = prefix + "/"
        for table in (self._waiting, self._made, self._files):
            for path in [path for path in table if path == prefix or path.startswith(inside)]:
                del table[path]

    def find(self, path: str) -> ControlFile | None:
        """The control file at a path, or None."""
        found = self._files.get(path)
        if found is not None:
            return found
        directory, _, name = path.rpartition("/")
        table = self._table(directory)
        found = table.get(name) if table is not None else None
        if found is None:
            found = self._fallback(path)
        if found is not None and not path.startswith("/proc/"):
            self._files[path] = found
        return found

    def exists(self, path: str) -> bool:
        """Whether there is a control file or a directory of them."""
        return self.find(path) is not None or self.is_dir(path)

    def is_dir(self, path: str) -> bool:
        """Whether there is a directory with control files in or below it."""
        self._sprout(path)
        if path in self._waiting or path in self._made or self._lister(path) is not None:
            return True
        inside = path + "/"
        return any(
            known.startswith(inside) for table in (self._waiting, self._made) for known in table
        )

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted. Raises SimErrno ENOENT or ENOTDIR."""
        if not self.is_dir(path):
            raise SimErrno("ENOENT" if self.find(path) is None else "ENOTDIR")
        names = set(self._table(path) or ())
        names.update(self._lister(path) or ())
        inside = path + "/"
        for table in (self._waiting, self._made):
            names.update(
                known[len(inside) :].split("/", 1)[0] for known in table if known.startswith(inside)
            )
        return tuple(sorted(names))

    def open(self, path: str, task: SimTask | None) -> Handle:
        """Open a control file. Raises SimErrno."""
        self._guard.may_open(task)
        return Handle(self._found(path), self._guard)

    def handle(self, path: str) -> Handle:
        """Open a control file for open(2), whose own fault points are passed already."""
        return Handle(self._found(path), self._guard)

    def known(self, path: str, task: SimTask | None) -> ControlFile | None:
        """The file at a path that was looked up before, if nothing can get in the way of it."""
        file = self._files.get(path)
        return file if file is not None and self._guard.quiet(task) else None

    def read(self, path: str, task: SimTask | None) -> str:
        """Open, read and close. Raises SimErrno."""
        if self._guard.quiet(task):
            return self._found(path).read(task)
        return self.open(path, task).read(task)

    def write(self, path: str, data: str, task: SimTask | None) -> None:
        """Open, one write(2), close. Raises SimErrno."""
        if self._guard.quiet(task):
            self._found(path).write(data, task)
            return
        self.open(path, task).write(data, task)

    def _found(self, path: str) -> ControlFile:
        file = self._files.get(path) or self.find(path)
        if file is None:
            raise SimErrno("EISDIR" if self.is_dir(path) else "ENOENT")
        return file

    def _table(self, directory: str) -> Mapping[str, ControlFile] | None:
        made = self._made.get(directory)
        if made is None:
            if self._sprout(directory) and directory in self._made:
                return self._made[directory]
            factory = self._waiting.pop(directory, None)
            if factory is None:
                return None
            made = self._made[directory] = factory()
        return made

    def _sprout(self, directory: str) -> bool:
        """Let the subtree grow that the directory is in; whether there was one."""
        for prefix in self._seeds:
            if directory.startswith(prefix) and directory[len(prefix) :][:1] in ("", "/"):
                self._seeds.remove(prefix)
                self._made[prefix] = self._waiting.pop(prefix)()
                return True
        return False
