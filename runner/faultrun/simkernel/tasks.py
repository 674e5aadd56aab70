"""Tasks: what of them the fault-injection framework looks at."""

from faultrun.simkernel.sim_errno import SimErrno

KTHREADS = 2
FIRST_PID = 100
MOST = 1_000
"""Tasks that live at once: what /proc/sys/kernel/threads-max would say of so small a machine."""


class SimTask:
    """A task. ``make_it_fail`` is inherited by children, ``fail_nth`` is not.

    ``leader`` is the main thread of its process: the task itself unless it is another thread.

    Kernel: kernel/fork.c:copy_process() zeroes fail_nth, and copies the rest.
    """

    __slots__ = (
        "alive", "comm", "fail_nth", "first", "leader", "make_it_fail", "parent", "pid", "uid",
    )  # fmt: skip

    def __init__(self, pid: int, comm: str, parent: "SimTask | None") -> None:
        self.pid = pid
        self.comm = comm
        self.parent = parent
        self.leader: SimTask = self
        self.uid: int = parent.uid if parent is not None else 0
        self.make_it_fail: bool = parent.make_it_fail if parent is not None else False
        self.fail_nth = 0
        self.first = False
        self.alive = True


class TaskTable:
    """Every task that lives. Pids count up and are never used again."""

    def __init__(self) -> None:
        self._next = FIRST_PID
        self.by_pid: dict[int, SimTask] = {}

    def room(self) -> None:
        """Raises SimErrno("EAGAIN") if there are too many tasks (kernel/fork.c:copy_process())."""
        if len(self.by_pid) >= MOST:
            raise SimErrno("EAGAIN")

    def spawn(self, comm: str, parent: SimTask | None = None) -> SimTask:
        """A new task; ``comm`` is cut at 15 characters (include/linux/sched.h:TASK_COMM_LEN)."""
        task = SimTask(self._next, comm[:15], parent)
        self.by_pid[task.pid] = task
        self._next += 1
        return task

    def thread(self, maker: SimTask) -> SimTask:
        """Another thread of the maker's process (CLONE_THREAD): same name, same rules as a child."""
        task = self.spawn(maker.comm, maker)
        task.leader = maker.leader
        return task

    def threads(self, leader: SimTask) -> tuple[SimTask, ...]:
        """The threads of a process, the main one first."""
        return tuple(task for task in self.by_pid.values() if task.leader is leader)

    def exit(self, task: SimTask) -> None:
        """The task ends; its /proc directory goes with it."""
        task.alive = False
        self.by_pid.pop(task.pid, None)
