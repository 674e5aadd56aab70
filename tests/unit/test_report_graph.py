"""The picture of the plan: readable for any plan, quick for every size."""

import itertools

import pytest

from data.sample_run import write
from faultrun.report import layers
from faultrun.report.graph import LIMIT, graph_view, worst
from faultrun.report.render import open_run
from faultrun.report.timeline import WHOLE
from faultrun.report.words import duration, listed, short


def apart(first, second):
    return (
        first.x + first.width <= second.x or second.x + second.width <= first.x
        or first.y + first.height <= second.y or second.y + second.height <= first.y
    )  # fmt: skip


@pytest.mark.parametrize("steps", [1, 50, 700])
def test_boxes_do_not_overlap_and_stay_inside(tmp_path, steps):
    graph = open_run(write(tmp_path / "run", steps)).graph
    for first, second in itertools.combinations(graph.nodes, 2):
        assert apart(first, second)
    for node in graph.nodes:
        assert node.x >= 0
        assert node.y >= 0
        assert node.x + node.width <= graph.width
        assert node.y + node.height <= graph.height


def test_a_box_counts_its_runs_and_shows_the_worst(tmp_path):
    graph = open_run(write(tmp_path / "run", 50)).graph
    box = next(node for node in graph.nodes if node.label == "never-retried")
    assert (box.count, box.verdict, box.step) == (5, "FAIL", "never-retried[nth=2]")
    assert [pip.verdict for pip in box.pips] == ["PASS", "FAIL", "PASS", "PASS", "PASS"]
    assert {node.label for node in graph.nodes if node.critical} == {
        "baseline", "reset-harmless", "reset-dies", "recovery", "after-all"
    }  # fmt: skip


def test_thousands_of_steps_become_a_picture(tmp_path):
    graph = open_run(write(tmp_path / "run", 10_000)).graph
    assert 5 < len(graph.nodes) <= LIMIT
    assert sum(node.count for node in graph.nodes) == 10_000
    assert "1,092 steps as written are drawn as" in graph.note


def test_a_chain_of_a_thousand_is_folded(tmp_path):
    steps = open_run(write(tmp_path / "run", 1)).steps
    from dataclasses import replace

    chain = [
        replace(
            steps[0], index=at, id=f"s{at}", origin=f"s{at}",
            asked=replace(steps[0].asked, needs=(f"s{at - 1}",) if at else ()),
        )
        for at in range(1000)
    ]  # fmt: skip
    graph = graph_view(chain, frozenset())
    assert len(graph.nodes) <= LIMIT
    assert sum(node.count for node in graph.nodes) == 1000


def test_edges_that_others_imply_are_left_out():
    assert layers.reduced(3, [(0, 1), (1, 2), (0, 2)]) == [(0, 1), (1, 2)]


def test_a_cycle_in_a_damaged_record_is_drawn_without_it():
    assert layers.ranks(3, [(0, 1), (1, 2), (2, 1)]) == [0, 1, 0]
    layers.draw([10.0] * 3, layers.reduced(3, [(0, 1), (1, 2), (2, 1)]), passing=4)


def test_lanes_hold_every_step_within_their_length(tmp_path):
    view = open_run(write(tmp_path / "run", 50, slots=3))
    assert [lane.name for lane in view.timeline.lanes] == ["slot 0", "slot 1", "slot 2"]
    bars = [bar for lane in view.timeline.lanes for bar in lane.bars]
    assert len(bars) == 49
    assert all(bar.x >= 0 and bar.x + bar.width <= WHOLE + 1 for bar in bars)
    assert sum(len(lane.faults) for lane in view.timeline.lanes) == 45


def test_a_fault_on_another_clock_is_marked_within_its_command(tmp_path):
    from dataclasses import replace

    from faultrun.report.timeline import timeline_view

    view = open_run(write(tmp_path / "run", 1))
    step = view.steps[0]
    late = replace(step.evidence.hits[0], t_ns=10**15)
    moved = replace(step, evidence=replace(step.evidence, hits=(late,)))
    (lane,) = timeline_view([moved]).lanes
    assert len(lane.faults) == 1
    assert 0 <= lane.faults[0] <= WHOLE


def test_words():
    assert [duration(n) for n in (0, 999, 1_500, 60_000_000_000)] == [
        "0 ns",
        "999 ns",
        "1.5 us",
        "1 min",
    ]
    assert [short(n) for n in (999, 9_484, 12_345, 2_000_000)] == ["999", "9.5k", "12k", "2.0M"]
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert worst(["PASS", "SKIP", "FAIL"]) == "FAIL"
