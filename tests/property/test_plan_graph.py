"""Order respects needs, selections are closed, ids stay whatever moves around them."""

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from data.plan_campaigns import cells, nvme, plan, step
from faultrun.plan.resonance import coprime, resonance
from faultrun.plan.select import Selection
from faultrun.plan.waves import waves


@st.composite
def documents(draw):
    """Steps, some of them matrices, repeats or members of groups, in any order of writing."""
    count = draw(st.integers(min_value=1, max_value=9))
    made = []
    for number in range(count):
        needs = draw(st.sets(st.integers(min_value=0, max_value=max(number - 1, 0)), max_size=3))
        more = {
            "needs": [f"s{need}" for need in sorted(needs) if number],
            "group": draw(st.sampled_from([None, None, "g", "h"])),
            "repeat": draw(st.sampled_from([1, 1, 2, 3])),
            "tags": tuple(draw(st.sets(st.sampled_from(["x", "y"])))),
            "inject": [nvme(probability=1)] if draw(st.booleans()) else [],
        }
        if draw(st.booleans()):
            made.append(cells(f"s{number}", "n", range(draw(st.integers(1, 3))), **more))
        else:
            made.append((step(f"s{number}", **more),))
    shuffled = draw(st.permutations(made))
    return tuple(one for part in shuffled for one in part)


@settings(max_examples=200, deadline=None)
@given(steps=documents())
def test_every_task_comes_after_all_that_it_needs(steps):
    built = plan(*steps)
    place = {task.id: task.order for task in built.tasks}
    by_origin = {}
    for task in built.tasks:
        by_origin.setdefault(task.step.origin, set()).add(task.id)
    assert len(place) == sum(item.repeat for item in steps)
    assert sorted(place.values()) == list(range(len(place)))
    for task in built.tasks:
        wanted = set().union(*(by_origin[need.id] for need in task.step.needs))
        assert set(task.needs) == wanted
        assert all(place[need] < task.order for need in task.needs)


@settings(max_examples=100, deadline=None)
@given(steps=documents())
def test_the_critical_path_is_as_long_as_any_chain(steps):
    built = plan(*steps)
    graph = nx.DiGraph()
    graph.add_nodes_from(task.id for task in built.tasks)
    last = {}
    for task in built.tasks:
        graph.add_edges_from((need, task.id) for need in task.needs)
        if task.machine in last:
            graph.add_edge(last[task.machine], task.id)
        last[task.machine] = task.id
    assert len(built.critical_path) == nx.dag_longest_path_length(graph) + 1
    assert all(
        graph.has_edge(tail, head)
        for tail, head in zip(built.critical_path, built.critical_path[1:], strict=False)
    )
    assert len(waves(built.tasks)) == len(built.critical_path)


@settings(max_examples=150, deadline=None)
@given(steps=documents(), data=st.data())
def test_a_selection_is_closed_and_changes_nothing_else(steps, data):
    full = {task.id: task for task in plan(*steps).tasks}
    names = sorted({name for item in steps for name in (item.id, item.origin)} | set(full))
    kind = data.draw(st.sampled_from(["only", "from_"]))
    asked = data.draw(st.sampled_from(names))
    part = plan(*steps, selection=Selection(**{kind: (asked,)})).tasks
    kept = {task.id for task in part}
    assert any(asked in {task.id, task.step.id, task.step.origin} for task in part)
    for task in part:
        assert set(task.needs) <= kept
        assert (task.writes, task.machine, task.needs) == (
            full[task.id].writes, full[task.id].machine, full[task.id].needs,
        )  # fmt: skip
    order = [full[task.id].order for task in part]
    assert order == sorted(order)
    for task in full.values():
        if task.step.group and task.id not in kept:
            later = [other for other in part if other.machine == task.machine]
            assert all(full[other.id].order < task.order for other in later)


@settings(max_examples=100, deadline=None)
@given(steps=documents(), data=st.data())
def test_ids_stay_when_other_steps_move(steps, data):
    moved = data.draw(st.permutations(steps))
    told = {task.id: (task.step, task.writes, task.machine) for task in plan(*steps).tasks}
    again = {task.id: (task.step, task.writes, task.machine) for task in plan(*moved).tasks}
    assert told == again


@settings(max_examples=100, deadline=None)
@given(
    before=st.lists(st.sampled_from("xyz"), max_size=5),
    loop=st.lists(st.sampled_from("abc"), min_size=1, max_size=8),
    rounds=st.integers(min_value=10, max_value=60),
    interval=st.integers(min_value=2, max_value=12),
    fresh=st.booleans(),
)
def test_what_resonance_calls_out_of_reach_is_never_hit(before, loop, rounds, interval, fresh):
    sites = before + loop * rounds
    found = resonance([(site, 1) for site in sites], interval, fresh=fresh, cap=10**9)
    if found is None:
        return
    assert set(found.reached) | set(found.missed) == set(loop)
    inside = range(len(before) + len(loop), len(sites))
    hits = [
        {sites[at] for at in inside if (at + 1 + phase) % interval == 0}
        for phase in ([0] if fresh else range(interval))
    ]
    assert set(found.reached) in hits
    better = coprime(interval, found.period)
    assert {sites[at] for at in inside if (at + 1) % better == 0} == set(loop) or (
        len(inside) < better * found.period
    )
