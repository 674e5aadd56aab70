"""What the terminal can do, and what the user wants of it."""

import os
from typing import TextIO


def is_live(stream: TextIO) -> bool:
    """Whether a person watches the stream on a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def wants_color(stream: TextIO, choice: str) -> bool:
    """Colour by ``--color``, NO_COLOR (any non-empty value switches it off) and the terminal."""
    if choice != "auto":
        return choice == "always"
    return not os.environ.get("NO_COLOR") and is_live(stream)
