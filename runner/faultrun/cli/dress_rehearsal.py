"""A dry run with the fault armed: what the arithmetic of a forecast cannot know.

A fault changes what a workload does next: a driver tries again, a script stops at its first error,
a program arms itself. Where nothing is left to chance, the step is performed on the simulated kernel
just as a run would, and its injections are counted. See ``runner/decisions/0005-forecast.md``.
"""

from dataclasses import dataclass, field

from faultrun.engine.execute import Machine, Surroundings, execute
from faultrun.model.event import Event
from faultrun.model.plan import Plan, Task
from faultrun.model.target import TargetBroken
from faultrun.model.verdict import Verdict
from faultrun.targets.simulated import SimulatedTarget

NOTE = "counted in a dry run with the fault armed, on the simulated kernel"


class _Nowhere:
    """A sink that keeps nothing."""

    def emit(self, event: Event) -> None:
        """Let it go."""


def _never() -> bool:
    return False


_AROUND = Surroundings(sink=_Nowhere(), oracles={}, stop=_never)


@dataclass(slots=True)
class DressRehearsal:
    """Machines on which the steps of a plan are performed in its order, each group on its own."""

    plan: Plan
    shared: dict[str, Machine] = field(default_factory=dict[str, Machine])

    def perform(self, task: Task, *, alone: bool) -> int | None:
        """The injections that the step had; None if it came to no count.

        ``alone``: no other step runs on its machine, so that it gets one of its own.
        """
        try:
            machine = self._open(task) if alone else self.shared.get(task.machine)
            if machine is None:
                machine = self.shared[task.machine] = self._open(task)
            result = execute(task, machine, _AROUND, slot=0, at_ns=0)
        except TargetBroken:
            return None
        if result.verdict in (None, Verdict.SKIP):
            return None
        return result.injected

    def _open(self, task: Task) -> Machine:
        target = SimulatedTarget(
            self.plan.campaign.target, seed=self.plan.seed, machine=task.machine
        )
        return Machine(target=target, facts=target.probe(), renew=None)
