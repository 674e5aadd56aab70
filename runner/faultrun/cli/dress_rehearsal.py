"""A dry run with the fault armed: what the arithmetic of a forecast cannot know.

A fault changes what a workload does next: a driver tries again, a script stops at its first error,
a program arms itself. Where nothing is left to chance, the step is performed on the simulated kernel
just as a run would, and its injections are counted. See ``runner/decisions/0005-forecast.md``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from faultrun.engine.execute import execute
from faultrun.engine.surroundings import Machine, Surroundings
from faultrun.model.event import Event, Kind
from faultrun.model.plan import Plan, Task
from faultrun.model.target import TargetBroken
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin
from faultrun.targets.simulated import SimulatedTarget

NOTE = "counted in a dry run with the fault armed, on the simulated kernel"


@dataclass(slots=True)
class _Elsewhere:
    """A sink that keeps how many injections are known to have hit somebody else."""

    hits: int = 0

    def emit(self, event: Event) -> None:
        """Look at the evidence, and let everything else go."""
        hits = event.data.get("hits") if event.kind is Kind.EVIDENCE else None
        if isinstance(hits, Sequence):
            self.hits = sum(
                isinstance(hit, Mapping) and hit.get("on_path") is False for hit in hits
            )


def _never() -> bool:
    return False


@dataclass(slots=True)
class DressRehearsal:
    """Machines on which the steps of a plan are performed in its order, each group on its own."""

    plan: Plan
    shared: dict[str, Machine] = field(default_factory=dict[str, Machine])

    def perform(self, task: Task, *, alone: bool) -> int | None:
        """The injections that the step had, 0 if all of them hit others; None without a count.

        ``alone``: no other step runs on its machine, so that it gets one of its own.
        """
        try:
            machine = self._open(task) if alone else self.shared.get(task.machine)
            if machine is None:
                machine = self.shared[task.machine] = self._open(task)
            elsewhere = _Elsewhere()
            around = Surroundings(sink=elsewhere, oracles=builtin(), stop=_never)
            # Whether it runs on the plan's kind of target was asked before; this one stands in for it.
            anywhere = replace(task, step=replace(task.step, targets=()))
            result = execute(anywhere, machine, around, slot=0, at_ns=0)
        except TargetBroken:
            return None
        if result.verdict in (None, Verdict.SKIP, Verdict.ERROR):
            return None
        return 0 if elsewhere.hits >= result.injected else result.injected

    def _open(self, task: Task) -> Machine:
        # What the boot armed must not fire here either, as in every other dry run.
        spec = replace(self.plan.campaign.target, cmdline="")
        target = SimulatedTarget(spec, seed=self.plan.seed, machine=task.machine)
        return Machine(target=target, facts=target.probe(), renew=None)
