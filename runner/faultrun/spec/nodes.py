"""A YAML document as values with places: what is left of YAML after reading it.

A ``Leaf`` is a scalar, a ``Table`` a mapping, a ``Row`` a list. Keys are always texts, exactly as
written. A node that an alias repeats is one node, with the place of its anchor.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from faultrun.model.data import Json
from faultrun.model.mark import Mark

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root of a document."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar: its value by the core schema, and its text as written.

    ``length`` counts columns on the first line; ``plain`` says that it was not quoted.
    """

    value: bool | int | float | str | None
    raw: str
    mark: Mark
    length: int
    plain: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping, where it stands, and what it leads to."""

    name: str
    mark: Mark
    node: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the order of the document."""

    entries: dict[str, Entry]
    mark: Mark

    def get(self, name: str) -> "Node | None":
        """What a key leads to, or None."""
        entry = self.entries.get(name)
        return None if entry is None else entry.node

    def table(self, name: str) -> "Table | None":
        """The mapping that a key leads to, or None if there is none."""
        node = self.get(name)
        return node if isinstance(node, Table) else None

    def leaf(self, name: str) -> Leaf | None:
        """The scalar that a key leads to, or None if there is none."""
        node = self.get(name)
        return node if isinstance(node, Leaf) else None

    def text(self, name: str, default: str = "") -> str:
        """The text that a key leads to, or the default."""
        leaf = self.leaf(name)
        return leaf.value if leaf is not None and isinstance(leaf.value, str) else default

    def leaves(self, name: str) -> tuple[Leaf, ...]:
        """The scalars of the list that a key leads to; one scalar stands for a list of one."""
        node = self.get(name)
        if isinstance(node, Leaf):
            return (node,)
        if isinstance(node, Row):
            return tuple(item for item in node.items if isinstance(item, Leaf))
        return ()


@dataclass(frozen=True, slots=True)
class Row:
    """A list."""

    items: "tuple[Node, ...]"
    mark: Mark


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands where something was found to be wrong, so that its key is not missed as well."""

    mark: Mark


Node: TypeAlias = Leaf | Table | Row | Broken


def plain(node: Node) -> Json:
    """The node without its places."""
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Table):
        return {name: plain(entry.node) for name, entry in node.entries.items()}
    if isinstance(node, Row):
        return [plain(item) for item in node.items]
    return None


def at(node: Node, path: Path) -> Node | None:
    """The node at a path, or None if there is nothing."""
    here: Node | None = node
    for step in path:
        here = _child(here, step)
        if here is None:
            return None
    return here


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, Table) and isinstance(step, str):
        return node.get(step)
    if isinstance(node, Row) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Mark | None, Node]]:
    """Every node with its path and the place of its key (None in a list), parents first."""
    yield path, None, node
    if isinstance(node, Table):
        for name, entry in node.entries.items():
            below = walk(entry.node, (*path, name))
            next(below)
            yield (*path, name), entry.mark, entry.node
            yield from below
    elif isinstance(node, Row):
        for index, item in enumerate(node.items):
            yield from walk(item, (*path, index))


def scalars(node: Node) -> Iterator[Leaf]:
    """Every scalar below a node, in the order of the document."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Table):
        for entry in node.entries.values():
            yield from scalars(entry.node)
    elif isinstance(node, Row):
        for item in node.items:
            yield from scalars(item)


def is_broken(node: Node) -> bool:
    """Whether something below the node was found to be wrong."""
    if isinstance(node, Table):
        return any(is_broken(entry.node) for entry in node.entries.values())
    if isinstance(node, Row):
        return any(is_broken(item) for item in node.items)
    return isinstance(node, Broken)


def without(node: Node, bad: "BadPaths") -> Node:
    """The node with everything that was found to be wrong replaced by ``Broken``."""
    if bad.here:
        return Broken(node.mark)
    if not bad.below:
        return node
    if isinstance(node, Table):
        entries = {
            name: Entry(name, entry.mark, _without(entry.node, bad.below.get(name)))
            for name, entry in node.entries.items()
        }
        return Table(entries, node.mark)
    if isinstance(node, Row):
        items = (_without(item, bad.below.get(index)) for index, item in enumerate(node.items))
        return Row(tuple(items), node.mark)
    return node


def _without(node: Node, bad: "BadPaths | None") -> Node:
    return node if bad is None else without(node, bad)


class BadPaths:
    """A set of paths as a tree, so that cutting them out touches only what is above them."""

    __slots__ = ("below", "here")

    def __init__(self) -> None:
        self.here = False
        self.below: dict[str | int, BadPaths] = {}

    def add(self, path: Path) -> None:
        """Take one path."""
        place = self
        for step in path:
            place = place.below.setdefault(step, BadPaths())
        place.here = True
