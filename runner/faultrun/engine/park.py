"""Which machine a task gets: its group's, or a clean one. What both drivers know of machines.

Nothing here waits, locks or emits: a driver with several threads calls ``find`` and ``give_back``
under its own lock, ``open`` and ``make_ready``, which may take as long as a guest boots, outside.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from faultrun.engine.surroundings import Machine
from faultrun.model.interrupt import Interruptible
from faultrun.model.plan import Plan, Task
from faultrun.model.target import Renewable, Target, TargetBroken

__all__ = ["Machines", "Park"]

Machines = Callable[[str], Target]


@dataclass(slots=True)
class Park:
    """Idle machines, those that groups keep, and how many tasks of each group are still to come.

    ``shared``: all tasks have one machine, since the target cannot be renewed. ``clean`` says
    whether a machine that was just opened needs no renewing.
    """

    plan: Plan
    machines: Machines
    stop: Callable[[], bool]
    shared: bool
    clean: bool
    idle: list[Machine] = field(default_factory=list[Machine])
    kept: dict[str, Machine] = field(default_factory=dict[str, Machine])
    left: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.left = Counter(task.machine for task in self.plan.tasks)

    def open(self, target: Target) -> Machine:
        """Enter a target and look what is there. Raises what the target raises, then closed."""
        with ExitStack() as opening:
            # Told before it is entered, too: a guest that boots can then give up in the middle.
            if isinstance(target, Interruptible):
                target.stop_when(self.stop)
            entered = opening.enter_context(target)
            stop_when = entered.stop_when if isinstance(entered, Interruptible) else None
            if stop_when is not None:
                stop_when(self.stop)
            renew = entered.renew if isinstance(entered, Renewable) else None
            machine = Machine(entered, entered.probe(), renew, stop_when, clean=self.clean)
            machine.closing.push(opening.pop_all())
            return machine

    def find(self, task: Task) -> Machine | None:
        """The machine of the task's group, or an idle one; None if one has to be opened."""
        if self.shared:
            return self.idle[-1] if self.idle else None
        machine = self.kept.pop(task.machine, None)
        if machine is None and self.idle:
            machine = self.idle.pop()
        return machine

    def make_ready(self, machine: Machine, task: Task) -> None:
        """Renew a machine unless the group keeps it or nothing has happened on it.

        Raises TargetBroken, or TargetDied.
        """
        if self.shared or machine.serves == task.machine:
            return
        if machine.renew is not None and not machine.clean:
            machine.renew(task.machine)
            machine.clean = self.clean
        machine.cursor = 0
        machine.serves = task.machine

    def begin(self, task: Task) -> None:
        """One task of the machine less to come."""
        self.left[task.machine] -= 1

    def give_back(self, task: Task, machine: Machine, *, usable: bool) -> bool:
        """Keep it for the next step of the group, or let others have it; whether it is kept at all.

        A machine that broke is not handed on, unless there is no other.
        """
        if self.shared:
            return True
        if not usable:
            return False
        if self.left[task.machine]:
            self.kept[task.machine] = machine
        else:
            machine.serves = ""
            self.idle.append(machine)
        return True

    def let_go(self, task: Task) -> None:
        """A task was skipped. If it was its group's last, nobody will give the machine back."""
        self.begin(task)
        if not self.left[task.machine] and task.machine in self.kept:
            machine = self.kept.pop(task.machine)
            machine.serves = ""
            self.idle.append(machine)

    def take(self, task: Task, stack: ExitStack) -> Machine:
        """The machine for a task, at once; ``stack`` closes it at the end. Raises TargetBroken."""
        machine = self.find(task)
        if machine is None:
            if self.shared:
                raise TargetBroken("the machine broke in an earlier step")
            machine = self.open(self.machines(task.machine))
            stack.push(machine.closing)
        self.make_ready(machine, task)
        return machine
