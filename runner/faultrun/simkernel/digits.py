"""The one way in which workloads' decimal numbers are read.

Python's own ``int`` takes blanks, underscores, other scripts' digits and more digits than it will
convert; ``str.isdigit`` takes superscripts that ``int`` then refuses. Programs take none of these.
"""

import re

DIGITS = frozenset("0123456789")
_WHOLE = re.compile(r"[0-9]{1,40}\Z")
_SIGNED = re.compile(r"[-+]?[0-9]{1,40}\Z")


def is_number(text: str) -> bool:
    """Whether it is nothing but one to forty ASCII digits."""
    return _WHOLE.match(text) is not None


def whole(text: str) -> int | None:
    """The value of ASCII digits; None if there is anything else, or nothing."""
    return int(text) if _WHOLE.match(text) else None


def signed(text: str) -> int | None:
    """The same with an optional sign."""
    return int(text) if _SIGNED.match(text) else None


def leading(text: str) -> str:
    """The digits that the text begins with."""
    end = next((at for at, char in enumerate(text) if char not in DIGITS), len(text))
    return text[:end]
