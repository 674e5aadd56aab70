"""Random settings of a ``struct fault_attr``: mostly those with which something happens."""

from faultrun.agree.draw import Draw

Pairs = tuple[tuple[str, str], ...]

_ALL = "18446744073709551615"
_ANY_CALLER: Pairs = (
    ("stacktrace-depth", "32"),
    ("require-start", "0"),
    ("require-end", _ALL),
    ("reject-start", "0"),
    ("reject-end", "0"),
)

_CALLERS: tuple[Pairs, ...] = (
    # lib/fault-inject.c:fail_stacktrace(): every caller is in the range, none, or none may be.
    (("require-start", "1"),),
    (("require-start", "1"), ("require-end", "2")),
    (("reject-start", "1"), ("reject-end", _ALL)),
    (("reject-start", "1"), ("reject-end", "2")),
    (("require-start", "1"), ("stacktrace-depth", "0")),
    (("require-start", "0"), ("require-end", "2")),
    (("reject-start", "1"), ("reject-end", _ALL), ("stacktrace-depth", "0")),
)


def settings(draw: Draw, sizes: tuple[int, ...], *, most: int = 0, marked: bool = True) -> Pairs:
    """Attribute files and texts in the order in which they are written, the trigger last.

    ``sizes`` are those of the calls; ``most`` bounds `times`, 0 leaves it free.
    """
    values = dict(_ANY_CALLER)
    if draw.chance(20):
        values.update(draw.one(_CALLERS))
    values["task-filter"] = "Y" if marked else "N"
    values["verbose"] = draw.one(("0", "0", "1"))
    values["interval"] = draw.one(("0", "1", "1", "1", "2", "2", "3", "4", "7"))
    values["space"] = _space(draw, sizes)
    values["times"] = _times(draw, most)
    values["probability"] = draw.one(("100",) * 12 + ("0", "101", "4294967396", _ALL))
    return tuple(values.items())


def by_chance(draw: Draw, *, counted: bool) -> Pairs:
    """Settings of which a share of the checks fails; nothing but the draw depends on the draw.

    Not ``counted``: the number of checks itself depends on it, so that `interval`, whose counter
    goes on into the next step, is left alone.
    """
    values = dict(_ANY_CALLER)
    values.update({"task-filter": "Y", "verbose": "0", "space": "0", "times": "1000000"})
    values["interval"] = draw.one(("1", "1", "2", "3")) if counted else "1"
    values["probability"] = str(draw.between(2, 98))
    return tuple(values.items())


def _space(draw: Draw, sizes: tuple[int, ...]) -> str:
    size = draw.one(sizes)
    usual = ("0", "0", "0", str(size), str(size - 1), str(size + 1), "-1")
    if draw.chance(50):
        return draw.one(usual)
    return str(size * draw.between(1, 6) + draw.between(0, size))


def _times(draw: Draw, most: int) -> str:
    if most:
        return str(draw.between(0 if draw.chance(10) else 1, most))
    return draw.one(("1", "1", "2", "3", "5", "8", "-1", "-1", "-2", "0", "4294967295"))
