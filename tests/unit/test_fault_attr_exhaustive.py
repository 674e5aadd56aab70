"""All small settings, every one: the decision against a second, naive reading of the rules.

The oracle below is written from the prose of the rules with explicit lists, not from the code.
"""

import itertools

from faultrun.kernel.batch import decide_batch, decide_many
from faultrun.kernel.fault_attr import FaultAttr, decide, spend
from faultrun.simkernel.prng import Prng


def naive(calls, size, interval, times, space):
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
        expected = naive(calls, size, interval, times, space)
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
