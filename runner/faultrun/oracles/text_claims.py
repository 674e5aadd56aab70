"""Claims about a text (output, log, file): contains, lacks, matches, equals."""

import re
from collections.abc import Mapping

from faultrun.model.data import Json
from faultrun.oracles.params import listed, texts

_SHOWN = 200


def claims(params: Mapping[str, Json]) -> str:
    """What is claimed, in words."""
    words = [
        f"{verb} {listed(texts(params, key))}"
        for key, verb in (
            ("contains", "containing"),
            ("has", "containing"),
            ("lacks", "without"),
            ("matches", "matching"),
        )
        if texts(params, key)
    ]
    equals = params.get("equals")
    if isinstance(equals, str):
        words.append(f"equal to {shown(equals)}")
    return " and ".join(words) or "anything"


def violations(params: Mapping[str, Json], text: str) -> list[str]:
    """Every claim that the text does not keep, in words; empty if all hold.

    ``equals`` does not mind one newline at the end, since every command prints one.
    """
    broken = [
        f"'{part}' is not in it"
        for key in ("contains", "has")
        for part in texts(params, key)
        if part not in text
    ]
    broken += [f"'{part}' is in it" for part in texts(params, "lacks") if part in text]
    for pattern in texts(params, "matches"):
        try:
            if re.search(pattern, text, re.MULTILINE) is None:
                broken.append(f"nothing matches '{pattern}'")
        except re.error as bad:
            broken.append(f"'{pattern}' is no regular expression: {bad}")
    equals = params.get("equals")
    if isinstance(equals, str) and text.removesuffix("\n") != equals.removesuffix("\n"):
        broken.append("it is not equal")
    return broken


def shown(text: str) -> str:
    """The text, quoted on one line and cut to a length that a person reads."""
    if not text:
        return "nothing"
    flat = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
    return flat if len(text) <= _SHOWN else f"{flat} ({len(text)} characters)"
