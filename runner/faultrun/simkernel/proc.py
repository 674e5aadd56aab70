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

    def read(self, _reader: SimTask | None) -> str:
        """The number now. Raises SimErrno ESRCH if the task is gone."""
        self._alive()
        if self._name == "comm":
            return f"{self._task.comm}\n"
        if self._name == "fail-nth":
            return f"{self._task.fail_nth}\n"
        return f"{int(self._task.make_it_fail)}\n"

    def write(self, text: str, _writer: SimTask | None) -> None:
        """Take a number. Raises SimErrno EINVAL or ERANGE, or ESRCH if the task is gone."""
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
    """The task file at a path, or None. ``/proc/self`` is resolved by whoever knows the task."""
    found = _PATH.match(path)
    if found is None:
        return None
    if found["tid"] not in (None, found["pid"]):
        return None
    task = tasks.by_pid.get(int(found["pid"]))
    return None if task is None else TaskFile(task, found["name"], version)


def names(path: str, tasks: TaskTable) -> tuple[str, ...] | None:
    """What a directory under /proc holds, or None if it is none of a task's."""
    found = _DIRECTORY.match(path)
    if found is None or int(found["pid"]) not in tasks.by_pid:
        return None
    if found["below"] == "/task":
        return (found["pid"],)
    if found["below"] == "":
        return (*_FILES, "task")
    return _FILES if found["below"] == f"/task/{found['pid']}" else None
