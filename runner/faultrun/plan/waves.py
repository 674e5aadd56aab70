"""How deep each run lies: what may run side by side if there are slots enough."""

from collections.abc import Sequence

from faultrun.model.plan import Task


def waves(tasks: Sequence[Task]) -> tuple[dict[str, int], ...]:
    """For each wave the steps in it as written, with their number of runs.

    A task is one wave behind the last of what it needs and of what runs before it on its machine.
    ``tasks`` are in the plan's order. Names are followed as written, not run by run, so that a
    matrix that needs a matrix costs no more than both.
    """
    depth: dict[str, int] = {}
    machines: dict[str, int] = {}
    found: list[dict[str, int]] = []
    for task in tasks:
        step = task.step
        mine = 1 + max((depth.get(need.id, 0) for need in step.needs), default=0)
        mine = max(mine, 1 + machines.get(task.machine, 0))
        machines[task.machine] = mine
        for name in {step.origin, step.id, task.id}:
            depth[name] = max(depth.get(name, 0), mine)
        if len(found) < mine:
            found.append({})
        found[mine - 1][step.origin] = found[mine - 1].get(step.origin, 0) + 1
    return tuple(found)
