"""Which task may start next: a value machine without a clock, IO or threads.

It is told what started and what finished, and answers what may start or must be skipped. Every
answer depends on the plan and on those two histories only. Costs O(log n) a task: a task that is
blocked waits in the queue of one resource, and a freed resource wakes one waiter.
"""

import heapq
from dataclasses import dataclass, field

from faultrun.model.plan import Plan, Task
from faultrun.model.verdict import Verdict

_MET = frozenset({Verdict.PASS})
_TOLD = 20
"""Reasons that are told one by one: a matrix may need every cell of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A task whose turn has come. ``skip`` holds all reasons why it must not run; empty: run."""

    task: Task
    skip: tuple[str, ...]


@dataclass(slots=True)
class _Barrier:
    """One set of needs, shared by every task that names the same: open ones, and bad ends."""

    open: int
    bad: set[str] = field(default_factory=set[str])
    behind: list[str] = field(default_factory=list[str])
    reasons: tuple[str, ...] | None = None


class Scheduler:
    """The order of a plan, as far as needs, groups and locks demand one.

    A task is ready when all its needs have a verdict and the tasks before it on the same machine
    are over. It is to be skipped if any need is not PASS: what a vacuous or broken step was to
    prove is not proved. With ``shared``, all machines are one, so that locks hold between all
    tasks; otherwise a lock holds only between tasks of one machine, which never overlap anyway.
    """

    def __init__(self, plan: Plan, *, shared: bool) -> None:
        self._tasks = {task.id: task for task in plan.tasks}
        self._shared = shared
        self._verdicts: dict[str, Verdict] = {}
        self._running: dict[str, tuple[str, ...]] = {}
        self._busy: set[str] = set()
        self._waiting: dict[str, list[tuple[int, str]]] = {}
        self._barriers: dict[tuple[str, ...], _Barrier] = {}
        self._behind: dict[str, list[_Barrier]] = {}
        self._gates: dict[str, int] = {}
        self._next_on_machine: dict[str, str] = {}
        self._ready: list[tuple[int, str]] = []
        self._link(plan)

    def next(self) -> Ready | None:
        """The first task in the plan's order that may start or must be skipped now, or None.

        The task counts as running from now on; ``finish`` must follow.
        """
        while self._ready:
            order, name = heapq.heappop(self._ready)
            task = self._tasks[name]
            reasons = self._reasons(task)
            if reasons:
                self._running[name] = ()
                return Ready(task=task, skip=reasons)
            blocker = self._blocker(task)
            if blocker is None:
                self._running[name] = self._resources(task)
                self._busy.update(self._running[name])
                return Ready(task=task, skip=())
            heapq.heappush(self._waiting.setdefault(blocker, []), (order, name))
            self._wake_all_free(task)
        return None

    def finish(self, name: str, verdict: Verdict) -> None:
        """A task that ``next`` gave has its verdict."""
        self._verdicts[name] = verdict
        for resource in self._running.pop(name):
            self._busy.remove(resource)
            self._wake(resource)
        for barrier in self._behind.get(name, ()):
            barrier.open -= 1
            if verdict not in _MET:
                barrier.bad.add(name)
            if not barrier.open:
                for dependant in barrier.behind:
                    self._pass_gate(dependant)
        follower = self._next_on_machine.get(name)
        if follower is not None:
            self._pass_gate(follower)

    @property
    def unfinished(self) -> tuple[Task, ...]:
        """Tasks without a verdict, in the plan's order."""
        return tuple(task for name, task in self._tasks.items() if name not in self._verdicts)

    def _link(self, plan: Plan) -> None:
        """A task passes two gates: the barrier of its needs, and the task before it on its machine."""
        before: dict[str, str] = {}
        for task in sorted(plan.tasks, key=_order):
            gates = 1
            if task.machine in before:
                self._next_on_machine[before[task.machine]] = task.id
                gates += 1
            before[task.machine] = task.id
            self._gates[task.id] = gates
            barrier = self._barrier(task.needs)
            if barrier.open:
                barrier.behind.append(task.id)
            else:
                self._pass_gate(task.id)

    def _barrier(self, needs: tuple[str, ...]) -> _Barrier:
        barrier = self._barriers.get(needs)
        if barrier is None:
            present = dict.fromkeys(need for need in needs if need in self._tasks)
            barrier = self._barriers[needs] = _Barrier(len(present))
            barrier.bad.update(need for need in needs if need not in self._tasks)
            for need in present:
                self._behind.setdefault(need, []).append(barrier)
        return barrier

    def _pass_gate(self, name: str) -> None:
        self._gates[name] -= 1
        if not self._gates[name]:
            heapq.heappush(self._ready, (self._tasks[name].order, name))

    def _reasons(self, task: Task) -> tuple[str, ...]:
        barrier = self._barriers[task.needs]
        if barrier.reasons is None:
            bad = [need for need in dict.fromkeys(task.needs) if need in barrier.bad]
            reasons = [self._reason(need) for need in bad[:_TOLD]]
            if len(bad) > _TOLD:
                reasons.append(f"and {len(bad) - _TOLD} more of its {len(task.needs)} needs")
            barrier.reasons = tuple(reasons)
        return barrier.reasons

    def _reason(self, need: str) -> str:
        verdict = self._verdicts.get(need)
        if verdict is None:
            return f"it needs '{need}', which is not part of this run"
        return f"it needs '{need}', which {_WORDS[verdict]}"

    def _resources(self, task: Task) -> tuple[str, ...]:
        return task.locks if self._shared else ()

    def _blocker(self, task: Task) -> str | None:
        return next((lock for lock in self._resources(task) if lock in self._busy), None)

    def _wake_all_free(self, task: Task) -> None:
        # This task was the one waiter that some free resource had woken; pass the turn on.
        for resource in self._resources(task):
            if resource not in self._busy:
                self._wake(resource)

    def _wake(self, resource: str) -> None:
        queue = self._waiting.get(resource)
        if queue:
            heapq.heappush(self._ready, heapq.heappop(queue))


_WORDS: dict[Verdict, str] = {
    Verdict.VACUOUS: "was VACUOUS: what it was to prove is not proved",
    Verdict.FAIL: "failed (FAIL)",
    Verdict.ERROR: "could not be judged (ERROR)",
    Verdict.SKIP: "was skipped (SKIP)",
}


def _order(task: Task) -> tuple[int, str]:
    return task.order, task.id
