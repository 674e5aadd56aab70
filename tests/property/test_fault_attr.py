"""The live attribute set of a machine and the pure decision against a second, naive reading."""

from hypothesis import given, settings
from hypothesis import strategies as st

from data.naive_attr import Naive
from faultrun.capabilities.registry import builtin
from faultrun.kernel.fault_attr import FaultAttr, decide, spend, stack_allows
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.attr import SimAttr
from faultrun.simkernel.clock import SimClock
from faultrun.simkernel.log import KernelLog
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.tasks import TaskTable

PROBABILITY = st.sampled_from([0, 1, 50, 99, 100, 101, 2**64 - 1])
INTERVAL = st.sampled_from([0, 1, 2, 3, 7])
TIMES = st.sampled_from([-(2**31), -2, -1, 0, 1, 2, 5])
SPACE = st.integers(-3, 40)
SIZE = st.integers(-2, 20)
DRAW = st.integers(0, 99)
SETTINGS = st.fixed_dictionaries(
    {
        "probability": PROBABILITY,
        "interval": INTERVAL,
        "times": TIMES,
        "space": SPACE,
        "task_filter": st.booleans(),
    }
)
ADDRESS = st.integers(0, 9)
STACK = st.fixed_dictionaries(
    {
        "require": st.one_of(st.just((0, 2**64 - 1)), st.tuples(ADDRESS, ADDRESS)),
        "reject": st.one_of(st.just((0, 0)), st.tuples(ADDRESS, ADDRESS)),
        "depth": st.sampled_from([0, 1, 2, 32]),
    }
)
CALL = st.fixed_dictionaries(
    {
        "size": SIZE,
        "draw": DRAW,
        "who": st.sampled_from(["plain", "marked", "interrupt"]),
        "nth": st.one_of(st.none(), st.integers(0, 4)),
        "write": st.one_of(
            st.none(),
            st.tuples(st.just("probability"), PROBABILITY),
            st.tuples(st.just("interval"), INTERVAL),
            st.tuples(st.just("times"), TIMES),
            st.tuples(st.just("space"), SPACE),
        ),
        "frames": st.lists(ADDRESS, max_size=4),
    }
)
CALLS = st.lists(CALL, min_size=1, max_size=40)
FIELDS = ("times", "space", "count")


def naive_tasks():
    return {
        "plain": {"make_it_fail": False, "fail_nth": 0},
        "marked": {"make_it_fail": True, "fail_nth": 0},
        "interrupt": None,
    }


def real_tasks():
    table = TaskTable()
    tasks = {"plain": table.spawn("plain"), "marked": table.spawn("marked"), "interrupt": None}
    tasks["marked"].make_it_fail = True
    return tasks


@settings(max_examples=500, deadline=None)
@given(start=SETTINGS, stack=STACK, calls=CALLS, new=st.booleans())
def test_the_pure_decision(start, stack, calls, new):
    oracle, others = Naive(new, stack=stack, **start), naive_tasks()
    attr, tasks = FaultAttr(**start), real_tasks()
    attr.require_start, attr.require_end = stack["require"]
    attr.reject_start, attr.reject_end = stack["reject"]
    attr.stacktrace_depth = stack["depth"]
    for call in calls:
        who = call["who"]
        if call["nth"] is not None and who != "interrupt":
            tasks[who].fail_nth = others[who]["fail_nth"] = call["nth"]
        if call["write"]:
            setattr(attr, *call["write"])
            oracle.state[call["write"][0]] = call["write"][1]
        failed = decide(
            attr,
            call["size"],
            tasks[who],
            lambda call=call: call["draw"],
            lambda call=call: stack_allows(attr, lambda: call["frames"], stack_first=new),
            stack_first=new,
        )
        if failed:
            spend(attr)
        expected = oracle.call(
            call["size"], others[who], lambda call=call: call["draw"], call["frames"]
        )
        assert failed == expected
        assert [getattr(attr, name) for name in FIELDS] == [oracle.state[name] for name in FIELDS]
        if who != "interrupt":
            assert tasks[who].fail_nth == others[who]["fail_nth"]


@settings(max_examples=300, deadline=None)
@given(start=SETTINGS, calls=CALLS, version=st.sampled_from(["6.1", "6.8", "6.19"]))
def test_the_live_attribute_set(start, calls, version):
    """With its early ways out, its log and its tally in between."""
    release, clock = KernelVersion.parse(version), SimClock()
    log = KernelLog(clock)
    attr = SimAttr(builtin()["fail_usercopy"], release, clock, log, Prng(1))
    attr.tally = []
    oracle, others = Naive(release.has("6.8", None), **start), naive_tasks()
    tasks, hits = real_tasks(), 0
    for name, value in start.items():
        setattr(attr.core, name, value)
    for call in calls:
        who = call["who"]
        if call["nth"] is not None and who != "interrupt":
            tasks[who].fail_nth = others[who]["fail_nth"] = call["nth"]
        if call["write"]:
            name, value = call["write"]
            attr.file(name).write(f"{value}\n", None)
            oracle.state[name] = value
        attr._percent = lambda call=call: call["draw"]
        failed = attr.should_fail(call["size"], tasks[who], ("site",))
        assert failed == oracle.call(call["size"], others[who], lambda call=call: call["draw"])
        hits += failed
        assert [getattr(attr.core, name) for name in FIELDS] == [
            oracle.state[name] for name in FIELDS
        ]
    records, _, lost = log.records(0)
    assert lost or sum(record.level == 5 for record in records) == hits
    assert sum(run.count for run in attr.tally) == len(calls)
