"""What a plain scalar means: the core schema of YAML 1.2, and what YAML 1.1 would have made of it.

Differences to YAML 1.1 are on purpose: on, no, 1:30, 1_000 and dates stay texts. A leading zero
makes a text too, since the two versions disagree about its base.
"""

import re

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_OCT = re.compile(r"0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMERIC = frozenset("0123456789+-.")
MAX_DIGITS = 1000
"""A number of more digits stays a text: nothing takes it, and Python refuses to print it."""

_YES = frozenset({"on", "yes", "y"})
_NO = frozenset({"off", "no", "n"})
_OCTAL_1_1 = re.compile(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")
_SPACED = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*")
_BINARY = re.compile(r"[-+]?0b[01_]+")


def resolve(text: str) -> bool | int | float | str | None:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC or len(text) > MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _OCT.fullmatch(text):
        return int(text, 8)
    if _LEADING_ZERO.fullmatch(text):
        return text
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def surprise(text: str) -> str:
    """What to write instead of a text that YAML 1.1 reads as something else; empty if it is not."""
    lower = text.lower()
    if lower in _YES:
        return "write true, or quote it if the text is meant"
    if lower in _NO:
        return "write false, or quote it if the text is meant"
    if _OCTAL_1_1.fullmatch(text):
        octal = int(text.replace("_", ""), 8)
        return f"write {octal} (or 0o{text.lstrip('+-0').replace('_', '')}) if octal is meant"
    if _SPACED.fullmatch(text):
        return f"write {text.replace('_', '')}"
    if _SEXAGESIMAL.fullmatch(text):
        return f"write {_sixties(text)}, or quote it if the text is meant"
    if _BINARY.fullmatch(text):
        return f"write {int(text.replace('_', ''), 2)}"
    return ""


def _sixties(text: str) -> int:
    value = 0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        value = value * 60 + int(part)
    return -value if text.startswith("-") else value
