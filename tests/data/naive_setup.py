"""A second reading of setup strings, made of a regular expression and Python's own numbers."""

import re

_FOUR = re.compile(
    r"[ \t-\r]*(\d+),[ \t-\r]*(\d+),[ \t-\r]*(-?\d+),[ \t-\r]*(-?\d+)(.*)", re.ASCII | re.DOTALL
)


def naive_setup(text, *, saturates=False):
    """(interval, probability, space, times), or None. Numbers have to fit Python's int()."""
    found = _FOUR.match(text)
    if found is None:
        return None
    four = [int(group) for group in found.groups()[:4]]
    if saturates:
        four = [max(-(2**64) + 1, min(number, 2**64 - 1)) for number in four]
    interval, probability = (number % 2**64 for number in four[:2])
    space, times = ((number + 2**31) % 2**32 - 2**31 for number in four[2:])
    return interval, probability, space, times
