"""YAML text to nodes with places: PyYAML as an event source, everything else done here.

Why not a loader: keys and scalars both need places, duplicate keys must be refused, and scalars are
read by YAML 1.2. Why events and not PyYAML's composer: its recursion is as deep as the document, so
that a file of 20,000 brackets would end the process, and events are several times faster.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import yaml

from faultrun.model.diagnostic import Related
from faultrun.model.mark import Mark
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Broken, Entry, Leaf, Node, Row, Table
from faultrun.spec.scalars import resolve
from faultrun.spec.words import quoted

MAX_DEPTH = 32
MAX_ALIASES = 1000
MAX_BORROWED = 200_000
"""Nodes that aliases may stand for, counted as often as they are repeated."""
_REWORD = 200_000
"""Texts up to this many characters are parsed again by the pure parser, which words better."""
_TOO_DEEP = "exceeded maximum nesting depth"
"""libyaml reads ahead, and has a limit of its own that it may meet before ours is seen."""
_WEIGHT = 64
"""Characters of a scalar that count as one node more."""

try:
    from yaml import CSafeLoader as _Fast
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as _Fast  # type: ignore[assignment]  # the same members

_HINTS = {
    "found character '\\t' that cannot start any token": "indent with blanks, not with tabs",
    "mapping values are not allowed": "a value that contains ': ' must be quoted",
    "found character '@'": "a value that starts with @ must be quoted",
    "found character '`'": "a value that starts with ` must be quoted",
    "found character '%'": "a value that starts with % must be quoted",
    "found undefined alias": "`*name` needs an `&name` before it",
    "expected ',' or '}'": "a bracket or brace is not closed, or a comma is missing",
    "expected ',' or ']'": "a bracket or brace is not closed, or a comma is missing",
    "expected <block end>": "the indentation does not fit the lines above",
    "could not find expected ':'": "a key needs a ':' and a blank after it",
}


class _Refused(Exception):
    """The rest of the document cannot be read; the finding has been made."""


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been seen."""

    mark: Mark
    anchor: str | None
    is_table: bool
    is_key: bool = False
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    items: list[Node] = field(default_factory=list[Node])
    key: Leaf | None = None
    skip_value: bool = False
    is_odd: bool = False
    awaits_value: bool = False
    weight: int = 1
    height: int = 1


def parse(text: str, name: str, findings: Findings) -> Node | None:
    """The document in ``text``, or None after findings. ``name`` is the file of all places.

    Findings that concern one key only leave that key out and go on.
    """
    reader = _Reader(name, findings)
    try:
        return reader.read(_events(_Fast(text)))
    except _Refused:
        return None
    except yaml.YAMLError as error:
        if getattr(error, "problem", None) == _TOO_DEEP:
            findings.add("FR006", _place(error, name), f"more than {MAX_DEPTH} levels deep")
        else:
            _syntax(_reworded(text, error), name, findings)
        return None


def _events(loader: yaml.CSafeLoader | yaml.SafeLoader) -> Iterator[yaml.Event]:
    while (event := cast("yaml.Event | None", loader.get_event())) is not None:  # pyright: ignore[reportUnknownMemberType]  # no stub
        yield event


class _Reader:
    """Builds nodes from events, without recursion."""

    def __init__(self, name: str, findings: Findings) -> None:
        self._name = name
        self._findings = findings
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node | None, int, int]] = {}
        self._aliases = 0
        self._borrowed = 0
        self._root: Node | None = None
        self._documents = 0

    def read(self, events: Iterator[yaml.Event]) -> Node | None:
        """The node of the only document."""
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.MappingStartEvent):
                self._start(event, is_table=True)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._start(event, is_table=False)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._add("FR008", self._mark(event), "a second document in one file")
                    raise _Refused
        if self._documents == 0 or (isinstance(self._root, Leaf) and self._root.value is None):
            message = "the file is empty: a campaign begins with `campaign: NAME`"
            self._findings.add("FR010", Mark(self._name, 1, 1), message)
            return None
        return self._root

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        mark = self._mark(event)
        self._refuse_tag(event.tag, mark)
        value = event.value
        end = event.end_mark
        if event.style in ("|", ">") or end is None:
            length = 1
        elif end.line == mark.line - 1:
            length = max(1, end.column - mark.column + 1)
        else:
            length = max(1, len(value.split("\n", 1)[0]))
        is_plain = event.implicit[0]
        leaf = Leaf(resolve(value) if is_plain else value, value, mark, length, is_plain)
        weight = 1 + len(value) // _WEIGHT
        if event.anchor is not None:
            self._anchors[event.anchor] = (leaf, weight, 0)
        self._take(leaf, weight, 0)

    def _start(self, event: yaml.CollectionStartEvent, *, is_table: bool) -> None:
        mark = self._mark(event)
        self._refuse_tag(event.tag, mark)
        if len(self._open) >= MAX_DEPTH:
            self._add("FR006", mark, f"more than {MAX_DEPTH} levels deep")
            raise _Refused
        parent = self._open[-1] if self._open else None
        is_key = parent is not None and parent.is_table and not parent.awaits_value
        if is_key:
            hint = 'a template must stand in quotes: "{{ name }}"' if is_table else ""
            self._add("FR008", mark, "a key that is a mapping or a list", hint)
        if event.anchor is not None:
            self._anchors[event.anchor] = (None, 0, 0)
        self._open.append(_Open(mark, event.anchor, is_table, is_key))

    def _end(self) -> None:
        done = self._open.pop()
        if done.is_key:
            parent = self._open[-1]
            parent.awaits_value = parent.skip_value = parent.is_odd = True
            return
        node: Node
        if done.is_odd and not done.entries:
            node = Broken(done.mark)
        elif done.is_table:
            node = Table(done.entries, done.mark)
        else:
            node = Row(tuple(done.items), done.mark)
        if done.anchor is not None:
            self._anchors[done.anchor] = (node, done.weight, done.height)
        self._take(node, done.weight, done.height)

    def _alias(self, event: yaml.AliasEvent) -> None:
        mark = self._mark(event)
        name = event.anchor or ""
        found = self._anchors.get(name)
        if found is None:
            self._add("FR007", mark, f"alias '*{name}' has no anchor '&{name}' before it")
            raise _Refused
        node, weight, height = found
        if node is None:
            self._add("FR007", mark, f"alias '*{name}' stands inside its own anchor")
            raise _Refused
        self._aliases += 1
        self._borrowed += weight
        if self._aliases > MAX_ALIASES:
            self._add("FR006", mark, f"more than {MAX_ALIASES:,} aliases")
            raise _Refused
        if self._borrowed > MAX_BORROWED:
            self._add("FR006", mark, f"aliases stand for more than {MAX_BORROWED:,} nodes")
            raise _Refused
        if len(self._open) + height > MAX_DEPTH:
            self._add("FR006", mark, f"aliases make it more than {MAX_DEPTH} levels deep")
            raise _Refused
        self._take(node, weight, height)

    def _take(self, node: Node, weight: int, height: int) -> None:
        """Put a finished node where it belongs: a root, an item, a key or a value."""
        if not self._open:
            self._root = node
            return
        place = self._open[-1]
        place.weight += weight
        place.height = max(place.height, height + 1)
        if not place.is_table:
            place.items.append(node)
        elif not place.awaits_value:
            self._key(place, node)
        else:
            if not place.skip_value and place.key is not None:
                key = place.key
                place.entries[key.raw] = Entry(key.raw, key.mark, node)
            place.awaits_value = place.skip_value = False

    def _key(self, place: _Open, node: Node) -> None:
        place.awaits_value = True
        if not isinstance(node, Leaf):
            self._add("FR008", node.mark, "a key that is a mapping or a list")
            place.skip_value = True
            return
        place.key = node
        if node.plain and node.raw == "<<":
            hint = "put the common part into a library and take it with `use:`"
            self._add("FR008", node.mark, "merge key '<<'", hint, length=2)
            place.skip_value = True
        first = place.entries.get(node.raw)
        if first is not None:
            self._findings.add(
                "FR005",
                node.mark,
                f"key {quoted(node.raw)} stands twice in one mapping",
                related=[Related(mark=first.mark, message="the first one is here")],
                length=node.length,
            )
            place.skip_value = True

    def _refuse_tag(self, tag: str | None, mark: Mark) -> None:
        if tag is not None and tag != "!":
            self._add("FR008", mark, f"tag {quoted(tag)}", "leave it out; quotes make a text")

    def _mark(self, event: yaml.Event) -> Mark:
        start = event.start_mark
        if start is None:
            return Mark(self._name, 1, 1)
        return Mark(self._name, start.line + 1, start.column + 1)

    def _add(self, code: str, mark: Mark, what: str, hint: str = "", *, length: int = 1) -> None:
        message = f"campaigns do not use this part of YAML: {what}" if code == "FR008" else what
        self._findings.add(code, mark, message, hint=hint, length=length)


def _reworded(text: str, error: yaml.YAMLError) -> yaml.YAMLError:
    """The same error in the words of the pure parser: the C parser words it differently."""
    if len(text) > _REWORD:
        return error
    try:
        for event in _events(yaml.SafeLoader(text)):
            del event
    except yaml.YAMLError as better:
        return better
    except RecursionError:
        return error
    return error


def _place(error: yaml.YAMLError, name: str) -> Mark:
    place = getattr(error, "problem_mark", None)
    return Mark(name, place.line + 1, place.column + 1) if place else Mark(name, 1, 1)


def _syntax(error: yaml.YAMLError, name: str, findings: Findings) -> None:
    mark = _place(error, name)
    problem = str(getattr(error, "problem", None) or "the text is not YAML")
    context = getattr(error, "context", None)
    message = f"not YAML: {problem}" + (f" ({context})" if context else "")
    hint = next((hint for words, hint in _HINTS.items() if words in problem), "")
    related: list[Related] = []
    start = getattr(error, "context_mark", None)
    if start is not None and (start.line, start.column) != (mark.line - 1, mark.column - 1):
        where = Mark(name, start.line + 1, start.column + 1)
        related.append(Related(mark=where, message="it begins here"))
    findings.add("FR004", mark, message, hint=hint, related=related)
