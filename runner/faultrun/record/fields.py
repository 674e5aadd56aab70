"""Typed, forgiving access to the plain JSON of a record.

A reader has to open on records that are older, newer, cut short or damaged: a field that is
missing or of another type is the default, never an exception. Objects and lists are what the
json module makes of them: asking for dict and list is much quicker than for their protocols.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from faultrun.model.data import Json

Fields: TypeAlias = Mapping[str, Json]

EMPTY: Fields = {}


def text(data: Fields, key: str, default: str = "") -> str:
    """The string under that key; numbers and booleans as their text."""
    value = data.get(key)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else default


def maybe(data: Fields, key: str) -> int | None:
    """The integer under that key, or None."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def whole(data: Fields, key: str, default: int = 0) -> int:
    """The integer under that key, or the default."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def real(data: Fields, key: str) -> float:
    """The number under that key, or 0."""
    value = data.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def flag(data: Fields, key: str, default: bool = False) -> bool:
    """The boolean under that key, or the default."""
    value = data.get(key)
    return value if isinstance(value, bool) else default


def part(data: Fields, key: str) -> Fields:
    """The object under that key, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, dict) else EMPTY


def items(data: Fields, key: str) -> Sequence[Json]:
    """The list under that key, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, list) else ()


def parts(data: Fields, key: str) -> list[Fields]:
    """The objects of the list under that key; anything else in it is passed over."""
    return [item for item in items(data, key) if isinstance(item, dict)]


def texts(data: Fields, key: str) -> tuple[str, ...]:
    """The strings of the list under that key."""
    return tuple(item for item in items(data, key) if isinstance(item, str))
