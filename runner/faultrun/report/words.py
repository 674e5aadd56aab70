"""Numbers and durations in words that a person would use."""

from collections.abc import Sequence

_UNITS = ((60_000_000_000, "min"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"))


def duration(ns: int) -> str:
    """Three significant digits and a unit: ``1.25 s``, ``340 us``."""
    for size, unit in _UNITS:
        if ns >= size:
            number = ns / size
            digits = 0 if number >= 100 else 1 if number >= 10 else 2
            text = f"{number:.{digits}f}"
            return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"
    return f"{ns} ns"


def many(count: int, noun: str, plural: str = "") -> str:
    """``1 step``, ``1,204 steps``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def short(count: int) -> str:
    """A number in at most four characters: ``999``, ``9.4k``, ``120k``."""
    if count < 1000:
        return str(count)
    size, unit = (1000, "k") if count < 1_000_000 else (1_000_000, "M")
    return f"{count / size:.1f}{unit}" if count < 10 * size else f"{count // size}{unit}"


def listed(names: Sequence[str], limit: int = 6) -> str:
    """``a, b and c``, at most ``limit`` of them by name."""
    if len(names) > limit:
        return f"{', '.join(names[:limit])} and {len(names) - limit:,} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
