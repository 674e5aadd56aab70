"""How diagnostics speak of values, bounds and names: one spelling for all of them."""

from collections.abc import Iterable
from difflib import get_close_matches

from faultrun.spec.nodes import Leaf, Node, Row, Table

MAX_SHOWN = 60
MAX_LISTED = 12


def shown(value: object) -> str:
    """A value as a person would type it, cut if it is long."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    return _cut(str(value))


def quoted(text: str) -> str:
    """A text in single quotes, on one line."""
    return f"'{_cut(printable(text))}'"


def printable(text: str) -> str:
    """The text with everything that a terminal could obey or hide written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def kind_of(node: Node) -> str:
    """What a node is, with its value if it has one."""
    if isinstance(node, Table):
        return "a mapping"
    if isinstance(node, Row):
        return "a list"
    return leaf_kind(node) if isinstance(node, Leaf) else "wrong"


def leaf_kind(leaf: Leaf) -> str:
    """What a scalar is, with its value as written."""
    value = leaf.value
    if value is None:
        return "empty"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return _cut(leaf.raw)


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` if something is near, otherwise what there is."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1) or [
        other for other in names if other.lower() == name.lower()
    ]
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {listed(names)}" if names else ""


def listed(names: Iterable[str]) -> str:
    """Names with commas, cut if there are many."""
    every = list(names)
    if len(every) <= MAX_LISTED:
        return ", ".join(every)
    return f"{', '.join(every[:MAX_LISTED])} and {len(every) - MAX_LISTED} more"


def bounds(low: int | None, high: int | None) -> str:
    """A range in words."""
    if low is None:
        return f"at most {high}"
    if high is None:
        return f"{low} or more"
    return f"{low} to {high}"


def joined(*hints: str) -> str:
    """Hints that are not empty, one after the other."""
    return " ".join(hint for hint in hints if hint)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."
