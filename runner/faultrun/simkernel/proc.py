"""``/proc/<pid>/make-it-fail`` and ``fail-nth``: how a task arms itself.

Kernel: fs/proc/base.c:proc_fault_inject_write(), proc_fail_nth_write(), proc_fail_nth_read().
"""

import re

from faultrun.kernel.control_file import parse
from faultrun.kernel.numbers import Refused, kstrtoll
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask, TaskTable

_PATH = re.compile(
    r"/proc/(?P<pid>\d+)(?:/task/(?P<tid>\d+))?/(?P<name>make-it-fail|fail-nth|comm)\Z"
)
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
            value = kstrtoll(text[:_FLAG_BYTES].strip())
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
    task = tasks.by_pid.get(int(found["tid"] or found["pid"]))
    return None if task is None else TaskFile(task, found["name"], version)


def names(path: str, tasks: TaskTable) -> tuple[str, ...] | None:
    """What a directory under /proc holds, or None if it is none of a task's."""
    pid = path.removeprefix("/proc/")
    if path.startswith("/proc/") and pid.isdigit() and int(pid) in tasks.by_pid:
        return ("comm", "fail-nth", "make-it-fail")
    return None
