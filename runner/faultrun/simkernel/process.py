"""One process: its task, its files, and the system calls that programs make.

Every call first passes its fault points (``points``), as the kernel's own entry paths do.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faultrun.kernel.errno import message_of
from faultrun.simkernel import points
from faultrun.simkernel.control_fs import OpenControl
from faultrun.simkernel.digits import is_number
from faultrun.simkernel.file_values import READ, Flags, OpenFile, Stat
from faultrun.simkernel.pipes import PIPE_LIMIT, Duplicate
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

_OPEN_TO_ALL = ("/proc/", "/sys/", "/tmp/", "/dev/null")  # noqa: S108 - a path of the simulated machine
"""Where files have modes of their own, or anybody may write."""

_CHUNK = 131_072
_CALL_NS = 500
_BYTES_A_NS = 8


class TimedOut(Exception):
    """The command's time is up: its whole process group is killed."""


class Stopped(TimedOut):
    """The user asked to stop: killed in the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When a running program is stopped: by the engine, or with a signal by ``timeout``.

    ``outer`` is the deadline that holds once this one has passed; ``signal`` 0 is the engine's.
    """

    at_ns: int
    signal: int = 0
    outer: "Deadline | None" = None


class ExitNow(Exception):
    """The program ends with this status, from wherever it is."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Process:
    """What a program sees of the machine."""

    __slots__ = ("argv", "cwd", "env", "fds", "machine", "task")

    def __init__(
        self,
        machine: "Machine",
        task: SimTask,
        *,
        argv: tuple[str, ...],
        env: dict[str, str],
        fds: dict[int, OpenFile],
        cwd: str = "/",
    ) -> None:
        self.machine = machine
        self.task = task
        self.argv = argv
        self.env = env
        self.fds = fds
        self.cwd = cwd

    @property
    def name(self) -> str:
        """The program's name as it prefixes its messages."""
        return self.argv[0].rpartition("/")[2]

    def path(self, name: str) -> str:
        """The absolute path of a name given to the program."""
        if name.startswith("/"):
            return name
        return f"{self.cwd.rstrip('/')}/{name}"

    def fork(self) -> "Process":
        """A child with the same files. Raises SimErrno("ENOMEM") or EAGAIN."""
        self.machine.kernel.tasks.room()
        points.check(self.machine.kernel, self.task, "clone")
        task = self.machine.kernel.tasks.spawn(self.task.comm, self.task)
        self.machine.pids.append(task.pid)
        return Process(
            self.machine, task, argv=self.argv, env=self.env, fds=dict(self.fds), cwd=self.cwd
        )

    def thread(self) -> "Process":
        """Another thread (CLONE_THREAD). Raises SimErrno("ENOMEM") or EAGAIN."""
        self.machine.kernel.tasks.room()
        points.check(self.machine.kernel, self.task, "clone")
        task = self.machine.kernel.tasks.thread(self.task)
        self.machine.pids.append(task.pid)
        return Process(self.machine, task, argv=self.argv, env=self.env, fds=self.fds, cwd=self.cwd)

    def exec(self, argv: tuple[str, ...]) -> None:
        """Become another program. Raises SimErrno before the point of no return, Killed after."""
        points.check(self.machine.kernel, self.task, "execve")
        self.argv = argv
        self.task.comm = self.name[:15]
        points.check_fatal(self.machine.kernel, self.task, "load")

    def open(self, name: str, flags: Flags = READ) -> OpenFile:
        """open(2)."""
        own = self._own_file(name)
        if own is not None:
            return own
        points.check(self.machine.kernel, self.task, "openat")
        if not name:
            raise SimErrno("ENOENT")
        path = self.path(name)
        if self.task.uid and flags.write and not path.startswith(_OPEN_TO_ALL):
            raise Unmodelled(f"writing to {path} as another user than root")
        return self.machine.files.open(path, flags, self.task)

    def close(self, file: OpenFile) -> None:
        """close(2)."""
        file.close()

    def read(self, file: OpenFile, size: int = _CHUNK) -> bytes:
        """read(2). A control file has its own copy_to_user(), which it passes itself."""
        if not _copies_itself(file):
            points.check(self.machine.kernel, self.task, "read")
        data = file.read(size)
        self.machine.spend(_CALL_NS + len(data) // _BYTES_A_NS)
        return data

    def write(self, file: OpenFile, data: bytes) -> int:
        """write(2). A control file has its own copy_from_user(), which it passes itself."""
        if not _copies_itself(file):
            points.check(self.machine.kernel, self.task, "write")
        self.machine.spend(_CALL_NS + len(data) // _BYTES_A_NS)
        return file.write(data)

    def write_all(self, file: OpenFile, data: bytes) -> None:
        """write(2) until everything is written."""
        while data:
            data = data[self.write(file, data) :]

    def read_all(self, name: str) -> bytes:
        """A whole file, by open, read and close."""
        file = self.open(name)
        try:
            return self.drain(file)
        finally:
            self.close(file)

    def drain(self, file: OpenFile) -> bytes:
        """Everything up to the end of an open file."""
        out = bytearray()
        while True:
            data = self.read(file)
            if not data:
                return bytes(out)
            out += data
            if len(out) > PIPE_LIMIT:
                raise Unmodelled(f"'{self.name}' reading more than 64 MiB at once")

    def stdin(self) -> bytes:
        """Everything on standard input."""
        return self.drain(self.fd(0))

    def fd(self, number: int) -> OpenFile:
        """An open descriptor. Raises SimErrno("EBADF")."""
        file = self.fds.get(number)
        if file is None:
            raise SimErrno("EBADF")
        return file

    def stat(self, name: str) -> Stat:
        """stat(2)."""
        own = self._own_file(name)
        if own is not None:
            return own.stat()
        points.check(self.machine.kernel, self.task, "newfstatat")
        if not name:
            raise SimErrno("ENOENT")
        return self.machine.files.stat(self.path(name), self.task)

    def exists(self, name: str) -> bool:
        """Whether stat(2) finds it."""
        try:
            self.stat(name)
        except SimErrno:
            return False
        return True

    def list(self, name: str) -> tuple[str, ...]:
        """The names in a directory, sorted: open(2), getdents64(2), close(2)."""
        points.check(self.machine.kernel, self.task, "openat")
        points.check(self.machine.kernel, self.task, "getdents64")
        return self.machine.files.list(self.path(name), self.task)

    def mkdir(self, name: str) -> None:
        """mkdir(2)."""
        points.check(self.machine.kernel, self.task, "mkdir")
        self.machine.files.mkdir(self.path(name), self.task)

    def remove(self, name: str, *, directory: bool) -> None:
        """unlink(2) or rmdir(2)."""
        points.check(self.machine.kernel, self.task, "unlinkat")
        self.machine.files.remove(self.path(name), self.task, directory=directory)

    def rename(self, old: str, new: str) -> None:
        """rename(2)."""
        points.check(self.machine.kernel, self.task, "renameat2")
        self.machine.files.rename(self.path(old), self.path(new), self.task)

    def touch(self, name: str) -> None:
        """utimensat(2)."""
        points.check(self.machine.kernel, self.task, "newfstatat")
        self.machine.files.touch(self.path(name), self.task)

    def out(self, text: str | bytes) -> None:
        """Put text on standard output, in one write(2)."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        if data:
            self.write_all(self.fd(1), data)

    def err(self, text: str) -> None:
        """Put text on standard error; what cannot be written is lost."""
        file = self.fds.get(2)
        if file is not None:
            try:
                self.write_all(file, text.encode("utf-8", "surrogateescape"))
            except SimErrno:
                return

    def complain(self, text: str) -> None:
        """A message on standard error behind the program's name."""
        self.err(f"{self.name}: {text}\n")

    def fail(self, what: str, error: SimErrno) -> None:
        """``name: what: message of the errno``."""
        self.complain(f"{what}: {message_of(error.name)}")

    def spend(self, duration_ns: int) -> None:
        """Use up time. Raises TimedOut."""
        self.machine.spend(duration_ns)

    def _own_file(self, name: str) -> OpenFile | None:
        if name.startswith("/dev/"):
            number = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}.get(name, -1)
            if number < 0 and name.startswith("/dev/fd/") and is_number(name[8:]):
                number = int(name[8:])
                if number not in self.fds:
                    raise SimErrno("ENOENT")
            if number >= 0:
                return Duplicate(self.fd(number))
        return None


def _copies_itself(file: OpenFile) -> bool:
    """Whether it is a control file, behind whatever descriptor."""
    return isinstance(file.same if isinstance(file, Duplicate) else file, OpenControl)
