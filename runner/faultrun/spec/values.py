"""Single values: attributes against their tables, durations, kernel versions."""

import re
from dataclasses import dataclass

from faultrun.kernel.errno import BY_NAME, number_of
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter
from faultrun.model.data import Scalar
from faultrun.spec.words import bounds, nearest, shown

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_DURATION = re.compile(r"([0-9]{1,18})(ns|us|ms|s|m|h)")
_FRACTION = re.compile(r"([0-9]+)\.([0-9]{1,9})\s*(us|ms|s|m|h)")
DAY_NS = 24 * _UNITS["h"]
_ERRNOS = (AttrKind.ERRNO, AttrKind.RETVAL)
"""Kinds that take an errno, and so its name."""

_TRUTH: dict[str, bool] = {"Y": True, "y": True, "N": False, "n": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value is refused."""

    code: str
    message: str
    hint: str = ""


def attribute(spec: AttrSpec, value: object) -> Scalar | Problem:
    """The value of an attribute as the plan wants it: a number, or a boolean."""
    if spec.kind is AttrKind.BOOL:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value in _TRUTH:
            return _TRUTH[value]
        told = _kind(value)
        wanted = "must be true or false (or the kernel's Y and N)"
        return Problem("FR014", f"{spec.name} is {told}, {wanted}")
    if spec.kind is AttrKind.TEXT:
        return _text(spec, value)
    if spec.kind in _ERRNOS and isinstance(value, str):
        return _errno(spec, value)
    if isinstance(value, float):
        hint = f"write {int(value)}" if value.is_integer() else ""
        return Problem("FR022", f"{spec.name} is {value}, the kernel takes whole numbers", hint)
    if isinstance(value, bool) or not isinstance(value, int):
        return Problem("FR014", f"{spec.name} is {_kind(value)}, must be a whole number")
    low, high = spec.minimum, spec.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        told = f"{spec.name} is {shown(value)}, the kernel accepts {bounds(low, high)}"
        hint = f"write {-value}" if spec.kind is AttrKind.ERRNO and value > 0 else ""
        return Problem("FR021", f"{told} ({spec.unit})", hint)
    return value


def _errno(spec: AttrSpec, text: str) -> Scalar | Problem:
    """``-ENOMEM``: the number that a file takes, by its name."""
    name = text.removeprefix("-")
    try:
        number = -number_of(name)
    except KeyError:
        message = f"{spec.name} is {shown(text)}, must be a negative errno or its name"
        return Problem("FR015", message, nearest(name, BY_NAME))
    if name == text:
        message = f"{spec.name} is {shown(text)}, must be negative"
        return Problem("FR021", message, f"write -{name} or {number}")
    return number


def _text(spec: AttrSpec, value: object) -> Scalar | Problem:
    """A word of a driver's own; a number may be meant as one."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return Problem("FR014", f"{spec.name} is {_kind(value)}, must be a text")
    text = str(value)
    if spec.choices and text not in spec.choices:
        return Problem(
            "FR015",
            f"there is no {spec.name} {shown(text)}",
            dict(spec.former).get(text) or nearest(text, spec.choices),
        )
    if spec.pattern and not re.fullmatch(spec.pattern, text):
        told = f"must be like {spec.examples[0]}" if spec.examples else f"must be {spec.unit}"
        return Problem("FR015", f"{spec.name} is {shown(text)}, {told}")
    return text


def duration(text: object, name: str, low_ns: int, high_ns: int) -> int | Problem:
    """A duration in nanoseconds."""
    if not isinstance(text, str):
        return Problem("FR023", f"{name} is {_kind(text)}, must be a duration such as 30s")
    found = _DURATION.fullmatch(text)
    if found is None:
        return Problem("FR023", f"{name} is {shown(text)}, {_DURATION_FORM}", _suggest(text))
    value = int(found[1]) * _UNITS[found[2]]
    if not low_ns <= value <= high_ns:
        low, high = _spelled(low_ns), _spelled(high_ns)
        return Problem("FR021", f"{name} is {text}, must be {low} to {high}")
    return value


_DURATION_FORM = "must be a whole number and one of ns, us, ms, s, m, h"


def _suggest(text: str) -> str:
    bare = text.strip()
    if bare.isdigit():
        return f"write {bare}s if seconds are meant"
    fraction = _FRACTION.fullmatch(bare)
    if fraction is not None:
        scale = 10 ** len(fraction[2])
        total = int(fraction[1] + fraction[2]) * _UNITS[fraction[3]]
        if total % scale == 0:
            return f"write {_spelled(total // scale)}"
    joined = "".join(bare.split())
    return f"write {joined}" if _DURATION.fullmatch(joined) else ""


def _spelled(value_ns: int) -> str:
    unit = next(name for name in reversed(_UNITS) if value_ns % _UNITS[name] == 0)
    return f"{value_ns // _UNITS[unit]}{unit}"


def exists_in(spec: AttrSpec | Capability | Parameter, kernel: str) -> bool:
    """Whether a kernel of that version has the attribute, or the capability."""
    return KernelVersion.parse(kernel).has(spec.since, spec.until)


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    return f"the text {shown(value)}" if isinstance(value, str) else shown(value)
