"""What is written for an injection, in which order, and why."""

import pytest

from data.plan_campaigns import at, fault, nvme, one, plan, step
from faultrun.capabilities.registry import builtin
from faultrun.model.campaign import Injection
from faultrun.model.capability import AttrKind
from faultrun.plan.build import make_plan
from faultrun.plan.errors import PlanError
from faultrun.plan.select import Selection
from faultrun.plan.values import text_of
from faultrun.plan.writes import BUDGET

SLAB = "/sys/kernel/debug/failslab"


def written(task):
    return [(write.path.rpartition("/")[2], write.value) for write in task.writes]


def test_the_order_is_the_capabilitys_with_the_trigger_last():
    task = one(
        fault("failslab", probability=10, times=5, interval=3, ignore_gfp_wait=False, space=0)
    )
    names = [name for name, _ in written(task)]
    order = builtin()["failslab"].arm_order
    assert names == [name for name in order if name in names]
    assert [write.trigger for write in task.writes] == [False] * (len(names) - 1) + [True]


def test_the_task_filter_is_added_where_the_hook_runs_in_a_task():
    task = one(fault("failslab", probability=1))
    assert ("task-filter", "Y") in written(task)
    assert task.command.make_it_fail
    added = next(write for write in task.writes if write.path.endswith("task-filter"))
    assert added.origin.startswith("faultrun:")


def test_the_campaigns_own_task_filter_wins():
    task = one(fault("failslab", probability=1, task_filter=False))
    assert ("task-filter", "N") in written(task)
    assert not task.command.make_it_fail
    asked = one(nvme(probability=1, task_filter=True))
    assert asked.command.make_it_fail


def test_interrupt_context_gets_no_task_filter():
    task = one(nvme(probability=100))
    assert written(task) == [("times", "1"), ("probability", "100")]
    assert not task.command.make_it_fail


def test_times_is_always_written_and_counted():
    task = one(nvme(probability=100))
    (counter,) = task.counters
    assert counter.path == "/sys/kernel/debug/nvme0n1/fault_inject/times"
    assert (counter.budget, counter.unlimited) == (1, False)
    times = next(write for write in task.writes if write.path == counter.path)
    assert times.volatile
    assert "default" in times.origin


def test_no_limit_becomes_a_budget_that_can_be_counted():
    task = one(nvme(probability=100, times=-1))
    (counter,) = task.counters
    assert (counter.budget, counter.unlimited) == (BUDGET, True)
    assert ("times", str(BUDGET)) in written(task)
    assert "-1" in next(w.origin for w in task.writes if w.path.endswith("/times"))
    assert BUDGET < 2**31


def test_what_the_campaign_says_names_its_place():
    task = one(nvme(line=30, status=0x281, probability=100))
    status = task.writes[0]
    assert (status.value, status.reads_back) == ("0x0281", "0x0281")
    assert status.origin == "campaign, made.yaml:31"


def test_switch_of_a_disk_comes_before_the_trigger():
    task = one(fault("fail_make_request", {"disk": "sda/sda1"}, probability=100))
    assert [write.path for write in task.writes[-2:]] == [
        "/sys/block/sda/sda1/make-it-fail",
        "/sys/kernel/debug/fail_make_request/probability",
    ]


def test_all_triggers_of_a_step_come_last():
    task = one(nvme(probability=100), fault("failslab", probability=1))
    assert [write.trigger for write in task.writes][-2:] == [True, True]
    assert not any(write.trigger for write in task.writes[:-2])


def test_controller_and_namespace_are_two_directories():
    task = one(nvme("nvme0", probability=100), nvme("nvme0n1", probability=50, times=3))
    assert {counter.path for counter in task.counters} == {
        "/sys/kernel/debug/nvme0/fault_inject/times",
        "/sys/kernel/debug/nvme0n1/fault_inject/times",
    }


def test_a_file_named_twice_is_written_once_and_counted_once():
    task = one(fault("failslab", probability=1, times=2), fault("failslab", probability=5, times=9))
    assert len({write.path for write in task.writes}) == len(task.writes)
    assert [counter.budget for counter in task.counters] == [9]
    assert written(task)[-1] == ("probability", "5")


def test_fail_nth_is_the_childs_own_write():
    task = one(fault("fail-nth", nth=7))
    assert task.writes == ()
    assert task.counters == ()
    assert task.command.fail_nth == 7


def test_a_cleanup_is_never_marked():
    task = one(fault("failslab", probability=1), cleanup="umount /mnt")
    assert task.cleanup.script == "umount /mnt"
    assert not task.cleanup.make_it_fail


def test_a_capability_that_does_not_exist_is_refused_with_its_place():
    unknown = Injection(capability="nope", where=(), settings=(), mark=at(9, 5))
    with pytest.raises(PlanError, match=r"made.yaml:9:5.*'nope'"):
        one(unknown)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (AttrKind.BOOL, True, "Y"),
        (AttrKind.BOOL, "on", "Y"),
        (AttrKind.BOOL, 0, "N"),
        (AttrKind.BOOL, "off", "N"),
        (AttrKind.X16, 1, "0x0001"),
        (AttrKind.X16, "0x281", "0x0281"),
        (AttrKind.XUL, 16, "0x0000000000000010"),
        (AttrKind.ATOMIC, -1, "-1"),
        (AttrKind.ULONG, True, "1"),
        (AttrKind.ULONG, "maybe", "maybe"),
        (AttrKind.FLAG, 1, "1"),
    ],
)
def test_values_are_written_as_the_kernel_prints_them(kind, value, text):
    assert text_of(kind, value) == text


def test_hexadecimal_ranges_read_back_by_the_rule_of_the_version():
    from data.plan_campaigns import campaign
    from faultrun.model.campaign import TargetSpec

    def back(kernel):
        made = campaign(
            step("only", inject=[fault("failslab", **{"require-start": 16, "probability": 1})]),
            target=TargetSpec(kernel=kernel),
        )
        built = make_plan(made, builtin(), selection=Selection(), seed=None)
        return next(w.reads_back for w in built.tasks[0].writes if "require" in w.path)

    assert back("6.12") == "0x0000000000000010"
    assert back("6.1") == "16"


def test_equal_writes_of_cells_are_one_value():
    first, second = plan(
        step("a", inject=[nvme(probability=100)]), step("b", inject=[nvme(probability=100)])
    ).tasks
    assert first.writes[0] is second.writes[0]
