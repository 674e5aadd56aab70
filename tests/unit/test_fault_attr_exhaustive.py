"""All small settings, every one: the decision against second, naive readings of the rules."""

import itertools

from data.naive_attr import Naive
from faultrun.kernel.batch import decide_batch, decide_many
from faultrun.kernel.fault_attr import FaultAttr, decide, spend
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.tasks import SimTask


def positions(calls, size, interval, times, space):
    """Which calls fail at probability 100, told in another way: by filtering positions."""
    suppressed = 0
    while space > size and suppressed < calls:
        if size == 0:
            suppressed = calls
            break
        space -= size
        suppressed += 1
    candidates = list(range(suppressed, calls))
    every = candidates if interval <= 1 else candidates[interval - 1 :: interval]
    return every if times < 0 else every[:times]


SPACE = itertools.product(range(7), (0, 1, 2), (0, 1, 2, 3), (-1, 0, 1, 2, 3), (0, 1, 2, 3, 4))


def test_every_small_setting():
    tried = 0
    for calls, size, interval, times, space in SPACE:
        expected = positions(calls, size, interval, times, space)
        settings = {"probability": 100, "interval": interval, "times": times, "space": space}
        one = FaultAttr(**settings)
        failed = []
        for place in range(calls):
            if decide(one, size, None, lambda: 99):
                spend(one)
                failed.append(place)
        assert failed == expected
        many = FaultAttr(**settings)
        assert decide_many(many, [size] * calls, lambda: 99) == expected
        bulk = FaultAttr(**settings)
        assert decide_batch(bulk, size, calls, Prng(1)) == len(expected)
        assert one == many == bulk, (calls, size, settings)
        tried += 1
    assert tried == 7 * 3 * 4 * 5 * 5


TASKS = (*tuple(itertools.product((False, True), range(4))), None)
WITH_TASKS = itertools.product(
    TASKS, (0, 50, 100), (0, 1, 2, 3), (-1, 0, 1, 2, 3), (0, 1, 2), (False, True)
)
DRAWS = tuple(itertools.product((0, 99), repeat=3))


def test_every_small_setting_with_a_task():
    """Marked or not, with fail-nth or not, or in interrupt context; with every pattern of luck."""
    tried = 0
    for who, probability, interval, times, space, filtered in WITH_TASKS:
        settings = {
            "probability": probability, "interval": interval, "times": times, "space": space,
            "task_filter": filtered,
        }  # fmt: skip
        for luck in DRAWS if probability == 50 else DRAWS[:1]:
            oracle, other = Naive(new=True, **settings), None
            attr, task = FaultAttr(**settings), None
            if who is not None:
                task = SimTask(1, "t", None)
                task.make_it_fail, task.fail_nth = who
                other = {"make_it_fail": who[0], "fail_nth": who[1]}
            mine, theirs = itertools.cycle(luck), itertools.cycle(luck)
            for _ in range(6):
                failed = decide(attr, 1, task, lambda feed=mine: next(feed))
                if failed:
                    spend(attr)
                assert failed == oracle.call(1, other, lambda feed=theirs: next(feed))
                state = oracle.state
                assert (attr.times, attr.space, attr.count) == (
                    state["times"], state["space"], state["count"],
                )  # fmt: skip
            assert task is None or task.fail_nth == other["fail_nth"]
            tried += 1
    assert tried == 9 * 4 * 5 * 3 * 2 * (1 + 8 + 1)
