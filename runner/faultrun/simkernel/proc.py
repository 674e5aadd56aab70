"""``/proc/<pid>/make-it-fail`` and ``fail-nth``: how a task arms itself.

Kernel: fs/proc/base.c:proc_fault_inject_write(), proc_fail_nth_write(), proc_fail_nth_read().
"""

import re

from faultrun.kernel.control_file import parse
from faultrun.kernel.numbers import BLANKS, Refused, c_string, kstrtoint
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask, TaskTable

_FILES = ("comm", "fail-nth", "make-it-fail")
_PATH = re.compile(
    rf"/proc/(?P<pid>[0-9]{{1,9}})(?:/task/(?P<tid>[0-9]+))?/(?P<name>{'|'.join(_FILES)})\Z"
)
_DIRECTORY = re.compile(r"/proc/(?P<pid>[0-9]{1,9})(?P<below>|/task|/task/[0-9]+)\Z")
_FLAG_BYTES = 12
"""fs/proc/base.c: PROC_NUMBUF is 13 with the terminator."""

_ALL = 1 << 20


class TaskFile:
    """One of the files of a task."""

    __slots__ = ("_name", "_task", "_version")

    def __init__(self, task: SimTask, name: str, version: KernelVersion) -> None:
        self._task = task
        self._name = name
        self._version = version

    @property
    def gone(self) -> bool:
        """A dead task's files answer ESRCH, which they do themselves."""
        return False

    @property
    def takes(self) -> int:
        """How many bytes of one write are taken, which is what write(2) then returns."""
        return _FLAG_BYTES if self._name == "make-it-fail" else _ALL

    def read(self, _reader: SimTask | None) -> str:
        """The number now. Raises SimErrno ESRCH if the task is gone."""
        self._alive()
        if self._name == "comm":
            return f"{self._task.comm}\n"
        if self._name == "fail-nth":
            return f"{self._task.fail_nth}\n"
        return f"{int(self._task.make_it_fail)}\n"

    def write(self, text: str, writer: SimTask | None) -> None:
        """Take a number. Raises SimErrno EINVAL or ERANGE, or ESRCH if the task is gone.

        EPERM comes before all else: make-it-fail needs CAP_SYS_RESOURCE, fail-nth does not.
        """
        if self._name == "make-it-fail" and writer is not None and writer.uid:
            raise SimErrno("EPERM")
        self._alive()
        try:
            if self._name == "fail-nth":
                self._task.fail_nth = parse(AttrKind.COUNT, text, self._version, 0)
                return
            if self._name == "comm":
                self._task.comm = text.strip()[:15]
                return
            value = kstrtoint(c_string(text[:_FLAG_BYTES]).strip(BLANKS))
        except Refused as refused:
            raise SimErrno(refused.name) from None
        if value not in (0, 1):
            raise SimErrno("EINVAL")
        self._task.make_it_fail = bool(value)

    def _alive(self) -> None:
        if not self._task.alive:
            raise SimErrno("ESRCH")


def resolve(path: str, tasks: TaskTable, version: KernelVersion) -> TaskFile | None:
    """The task file at a path, or None. ``/proc/self`` is resolved by whoever knows the task.

    A thread has its files below its process, and under its own number too
    (fs/proc/base.c:proc_pid_lookup()); the process' own are those of the main thread.
    """
    found = _PATH.match(path)
    if found is None:
        return None
    task = tasks.by_pid.get(int(found["pid"]))
    if task is not None and found["tid"] is not None:
        task = _thread(tasks, task, int(found["tid"]))
    return None if task is None else TaskFile(task, found["name"], version)


def names(path: str, tasks: TaskTable) -> tuple[str, ...] | None:
    """What a directory under /proc holds, or None if it is none of a task's."""
    found = _DIRECTORY.match(path)
    task = None if found is None else tasks.by_pid.get(int(found["pid"]))
    if found is None or task is None:
        return None
    below = found["below"]
    if below == "/task":
        return tuple(str(thread.pid) for thread in tasks.threads(task.leader))
    if below == "":
        return (*_FILES, "task")
    return _FILES if _thread(tasks, task, int(below.rpartition("/")[2])) is not None else None


def _thread(tasks: TaskTable, task: SimTask, tid: int) -> SimTask | None:
    """fs/proc/base.c:proc_task_lookup(): only a thread of the same process."""
    thread = tasks.by_pid.get(tid)
    return thread if thread is not None and thread.leader is task.leader else None


def may_open(path: str, tasks: TaskTable, task: SimTask, *, write: bool) -> bool:
    """Whether file modes let a task open a control file: all of them belong to root but a task's.

    Kernel: fs/proc/base.c:tid_base_stuff and tgid_base_stuff (0644, the task's own user),
    fs/debugfs/inode.c:DEBUGFS_DEFAULT_MODE (0700).
    """
    if task.uid == 0:
        return True
    if path.startswith("/sys/kernel/debug/"):
        return False
    found = _PATH.match(path)
    if not write or found is None:
        return not write
    owner = tasks.by_pid.get(int(found["tid"] or found["pid"]))
    return owner is None or owner.uid == task.uid
