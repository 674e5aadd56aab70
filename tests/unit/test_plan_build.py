"""Ids, order, groups, machines, locks, digest."""

import pytest

from data.plan_campaigns import campaign, cells, fault, nvme, plan, step
from faultrun.capabilities.registry import builtin
from faultrun.model.campaign import GatePolicy, TargetSpec
from faultrun.plan.build import make_plan
from faultrun.plan.errors import CycleError, PlanError
from faultrun.plan.explain import as_json
from faultrun.plan.select import Selection


def ids(built):
    return [task.id for task in built.tasks]


def test_repeats_have_numbers_and_single_runs_none():
    built = plan(step("a"), step("b", repeat=3))
    assert ids(built) == ["a", "b#1", "b#2", "b#3"]
    assert [task.order for task in built.tasks] == [0, 1, 2, 3]


def test_a_need_means_all_cells_and_repeats():
    built = plan(*cells("m", "n", (1, 2), repeat=2), step("z", needs=["m"]))
    assert built.tasks[-1].needs == ("m[n=1]#1", "m[n=1]#2", "m[n=2]#1", "m[n=2]#2")


def test_a_need_may_name_a_cell():
    built = plan(*cells("m", "n", (1, 2)), step("z", needs=["m[n=2]"]))
    assert built.tasks[-1].needs == ("m[n=2]",)


def test_order_is_the_documents_as_far_as_needs_allow():
    built = plan(step("c", needs=["a"]), step("b"), step("a"), step("d"))
    assert ids(built) == ["b", "a", "c", "d"]


def test_joints_do_not_disturb_the_order():
    built = plan(*cells("m", "n", (1, 2)), step("x", needs=["m"]), step("y"))
    assert ids(built) == ["m[n=1]", "m[n=2]", "x", "y"]


def test_groups_share_a_machine_and_others_have_their_own():
    built = plan(step("a", group="g"), step("b"), step("c", group="g", repeat=2))
    assert [task.machine for task in built.tasks] == ["g", "b", "g", "g"]


def test_a_group_called_like_a_step_is_another_machine():
    built = plan(step("a"), step("b", group="a"))
    assert built.tasks[0].machine != built.tasks[1].machine


def test_group_order_against_the_document_follows_needs():
    built = plan(step("late", group="g", needs=["early"]), step("early", group="g"))
    assert ids(built) == ["early", "late"]


def test_critical_path_goes_through_needs_and_groups():
    built = plan(
        step("a"),
        step("b", needs=["a"]),
        *cells("m", "n", (1, 2), needs=["b"]),
        step("g1", group="g"),
        step("g2", group="g"),
        step("end", needs=["m"]),
    )
    assert built.critical_path == ("a", "b", "m[n=1]", "end")
    chain = plan(*(step(f"g{n}", group="g") for n in range(3)), step("x"))
    assert chain.critical_path == ("g0", "g1", "g2")


def test_no_steps_make_an_empty_plan():
    built = plan()
    assert built.tasks == ()
    assert built.critical_path == ()


def test_a_circle_is_named():
    with pytest.raises(CycleError) as caught:
        plan(step("a", needs=["c"]), step("b", needs=["a"]), step("c", needs=["b"]), step("x"))
    assert sorted(caught.value.ids) == ["a", "b", "c"]


def test_a_long_circle_is_named():
    steps = [step(f"s{n}", needs=[f"s{(n + 1) % 1000}"]) for n in range(1000)]
    with pytest.raises(CycleError) as caught:
        plan(*steps)
    assert len(caught.value.ids) == 1000


def test_a_step_that_needs_itself_is_a_circle():
    with pytest.raises(CycleError) as caught:
        plan(step("a", needs=["a"]))
    assert caught.value.ids == ("a",)


def test_an_unknown_need_is_refused():
    with pytest.raises(PlanError, match="'nowhere'"):
        plan(step("a", needs=["nowhere"]))


def test_locks_are_the_directory_and_the_device():
    (task,) = plan(step("a", inject=[nvme(probability=1)])).tasks
    assert task.locks == ("/sys/kernel/debug/nvme0n1/fault_inject", "device:nvme0")


def test_a_workload_locks_the_devices_it_names():
    built = plan(
        step("a", run="dd if=/dev/nvme0n1p2 of=/dev/null"),
        step("b", run="echo 1 > /sys/class/nvme/nvme0/reset_controller"),
        step("c", run="cat /dev/zero"),
        step("d", run="true", cleanup="nvme reset /dev/nvme0"),
    )
    assert [task.locks for task in built.tasks] == [
        ("device:nvme0",),
        ("device:nvme0",),
        (),
        ("device:nvme0",),
    ]


def test_fail_nth_locks_every_attribute_it_could_meet():
    built = plan(
        step("a", inject=[fault("fail-nth", nth=1)]),
        step("b", inject=[fault("failslab", probability=1)]),
        step("c", inject=[nvme(probability=1)]),
    )
    assert built.tasks[0].locks == ("/sys/kernel/debug/failslab",)


def test_crash_points_lock_the_module_because_it_has_one_probe_and_one_counter():
    built = plan(
        step("a", inject=[fault("lkdtm", {"cpoint_name": "FS_SUBMIT_BH"}, cpoint_type="BUG")]),
        step("b", inject=[fault("lkdtm", {"cpoint_name": "TIMERADD"}, cpoint_type="BUG")]),
    )
    assert {task.locks for task in built.tasks} == {("/sys/kernel/debug/provoke-crash",)}


def test_seed_of_the_command_line_wins():
    made = campaign(step("a"), seed=5)
    assert make_plan(made, builtin(), selection=Selection(), seed=None).seed == 5
    assert make_plan(made, builtin(), selection=Selection(), seed=0).seed == 0


def base(**more):
    return step("a", run="true", inject=[nvme(probability=1)], **more)


@pytest.mark.parametrize(
    "other",
    [
        plan(base(), seed=9),
        plan(step("a", run="false", inject=[nvme(probability=1)])),
        plan(step("a", inject=[nvme(probability=2)])),
        plan(step("a", inject=[nvme("nvme0", probability=1)])),
        plan(base(timeout_ns=1)),
        plan(base(cleanup="true")),
        plan(base(expect={"exit": 0})),
        plan(base(group="g")),
        plan(base(repeat=2)),
        plan(base(requires=("fio",))),
        plan(base(), gate=GatePolicy(min_passed=2)),
        plan(base(), target=TargetSpec(kernel="6.1")),
        plan(base(), name="other"),
    ],
)
def test_whatever_decides_changes_the_digest(other):
    assert other.digest != plan(base()).digest


def test_what_decides_nothing_does_not():
    assert plan(base(line=99, summary="Words.", tags=("t",))).digest == plan(base()).digest
    assert plan(base(), sources=(("/home/me/a.yaml", "x"),)).digest == plan(base()).digest


def test_a_matrix_that_needs_a_matrix_stays_linear():
    count = 2000
    built = plan(*cells("a", "n", range(count)), *cells("b", "n", range(count), needs=["a"]))
    assert len(built.tasks) == 2 * count
    assert built.tasks[-1].needs is built.tasks[-2].needs
    told = as_json(built)["tasks"]
    assert told[-1]["needs"] == [f"a[n={count - 1}]"]
