"""Sizes as people type them: ``4k``, ``1M``, ``2x512``."""

import re

_FORM = re.compile(r"([0-9]{1,40})([a-zA-Z]*)\Z")
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_SMALL = {"": 1, "c": 1, "w": 2, "b": 512}


def size_of(text: str) -> int | None:
    """The number of bytes; None if it is no size. ``K`` and ``KiB`` are 1024, ``kB`` is 1000."""
    result = 1
    for factor in text.split("x"):
        found = _FORM.match(factor)
        if found is None:
            return None
        scale = _scale(found[2])
        if scale is None:
            return None
        result *= int(found[1]) * scale
    return result


def _scale(unit: str) -> int | None:
    if unit in _SMALL:
        return _SMALL[unit]
    power: int | None = _POWERS.get(unit[:1].upper())
    if power is None:
        return None
    if unit[1:] in ("", "iB"):
        return int(1024**power)
    return int(1000**power) if unit[1:] == "B" else None
