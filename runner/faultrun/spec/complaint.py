"""What a broken rule of a schema means to the author: code, place, value, bound and hint.

The schemas carry the words: ``x-of`` names a mapping, ``x-key`` what its keys are, ``x-code`` the
code of an unknown one, ``x-form`` the right form of a value, ``x-unit`` its unit, ``x-who`` who
set the range.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from faultrun.model.data import Json
from faultrun.model.mark import Mark
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Broken, Entry, Leaf, Node, Path, Table, at
from faultrun.spec.scalars import surprise
from faultrun.spec.words import bounds, joined, kind_of, listed, nearest, quoted, shown

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One broken rule: the schema's keyword and its value, and what broke it, where."""

    keyword: str
    limit: Json
    schema: Mapping[str, Json]
    value: object
    path: Path

    def word(self, name: str, default: str = "") -> str:
        """One of the schema's words."""
        value = self.schema.get(name)
        return value if isinstance(value, str) else default


@dataclass(frozen=True, slots=True)
class _Place:
    mark: Mark
    length: int
    node: Node
    subject: str


def complain(complaint: Complaint, root: Node, findings: Findings) -> list[Path]:
    """Make the findings, and return the paths of everything that must not be looked at again."""
    node = at(root, complaint.path)
    if isinstance(node, Broken):
        return [complaint.path]
    if complaint.keyword == "additionalProperties" and isinstance(node, Table):
        return _unknown(complaint, node, findings)
    if complaint.keyword == "required" and isinstance(node, Table):
        return _missing(complaint, root, node, findings)
    entry = _entry(root, complaint.path)
    if entry is not None and isinstance(complaint.value, str) and _is_name(complaint, node):
        return _name(complaint, entry, findings)
    place = _place(root, complaint.path, entry)
    if place is None or findings.blames(place.mark):
        return [complaint.path]
    handler = _HANDLERS.get(complaint.keyword, _other)
    handler(complaint, place, findings)
    return [complaint.path]


def _is_name(complaint: Complaint, node: Node | None) -> bool:
    """Whether the complaint is about a key: its value is the key's text, not the node's."""
    is_key = bool(complaint.path) and complaint.path[-1] == complaint.value
    return is_key and not (isinstance(node, Leaf) and node.value == complaint.value)


def _entry(root: Node, path: Path) -> Entry | None:
    if not path or not isinstance(path[-1], str):
        return None
    parent = at(root, path[:-1])
    return parent.entries.get(path[-1]) if isinstance(parent, Table) else None


def _place(root: Node, path: Path, entry: Entry | None) -> _Place | None:
    node = at(root, path)
    if node is None:
        return None
    if not path:
        subject = "the document"
    elif entry is not None:
        subject = quoted(str(path[-1])) if " " in str(path[-1]) else str(path[-1])
    else:
        subject = f"item {int(path[-1]) + 1} of '{path[-2]}'" if len(path) > 1 else "an item"
    if isinstance(node, Leaf):
        if node.value is None and entry is not None:
            return _Place(entry.mark, len(entry.name), node, subject)
        return _Place(node.mark, node.length, node, subject)
    if entry is not None:
        return _Place(entry.mark, len(entry.name), node, subject)
    return _Place(node.mark, 1, node, subject)


def _unknown(complaint: Complaint, table: Table, findings: Findings) -> list[Path]:
    known = complaint.schema.get("properties")
    names = list(known) if isinstance(known, Mapping) else []
    former = complaint.schema.get("x-former")
    gone = former if isinstance(former, Mapping) else {}
    noun = complaint.word("x-key", "key")
    of = complaint.word("x-of")
    code = complaint.word("x-code", "FR011")
    paths: list[Path] = []
    for name, entry in table.entries.items():
        if name in names:
            continue
        owner = f" for {of}" if of and noun == "attribute" else f" in {of}" if of else ""
        findings.add(
            code,
            entry.mark,
            f"unknown {noun} {quoted(name)}{owner}",
            hint=str(gone.get(name) or _near_or_listed(name, names, complaint.word("x-hint"))),
            length=len(name),
        )
        paths.append((*complaint.path, name))
    return paths


def _near_or_listed(name: str, names: list[str], where: str) -> str:
    near = nearest(name, names)
    return where if where and near.startswith("known") else joined(near, where)


def _missing(complaint: Complaint, root: Node, table: Table, findings: Findings) -> list[Path]:
    wanted = _words(complaint.limit)
    entry = _entry(root, complaint.path)
    of = complaint.word("x-of", "the mapping")
    owner = f"{of.removeprefix('a ')} {quoted(entry.name)}" if entry is not None else of
    mark = table.mark if entry is None else entry.mark
    for name in wanted:
        if name not in table.entries:
            length = 1 if entry is None else len(entry.name)
            message = f"{owner} has no '{name}'"
            findings.add("FR013", mark, message, hint=f"add `{name}:`", length=length)
    return []


def _name(complaint: Complaint, entry: Entry, findings: Findings) -> list[Path]:
    form = complaint.word("x-form", "shorter")
    findings.add(
        "FR015",
        entry.mark,
        f"the name {quoted(entry.name)} is not {form}",
        length=len(entry.name),
    )
    return [complaint.path]


def _types(complaint: Complaint) -> list[str]:
    return _words(complaint.schema.get("type"))


def _words(limit: Json) -> list[str]:
    """The texts of a rule's value: one, or a list of them."""
    if isinstance(limit, str):
        return [limit]
    return [str(word) for word in limit] if isinstance(limit, Sequence) else []


def _form(complaint: Complaint) -> str:
    form = complaint.word("x-form")
    if form:
        return form
    names = [_TYPES[name] for name in _types(complaint) if name in _TYPES]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def _wrong_type(complaint: Complaint, place: _Place, findings: Findings) -> None:
    types = _types(complaint)
    node = place.node
    if isinstance(node, Leaf) and isinstance(node.value, float) and "integer" in types:
        who = "the kernel takes" if complaint.word("x-who") else "it takes"
        whole = node.value.is_integer()
        hint = f"write {int(node.value)}" if whole else ""
        message = f"{place.subject} is {kind_of(node)}, {who} whole numbers"
        findings.add("FR022", place.mark, message, hint=hint, length=place.length)
        return
    hint = ""
    if isinstance(node, Leaf):
        hint = _type_hint(node, types, complaint)
    message = f"{place.subject} is {kind_of(node)}, must be {_form(complaint)}"
    findings.add("FR014", place.mark, message, hint=hint, length=place.length)


def _type_hint(leaf: Leaf, types: list[str], complaint: Complaint) -> str:
    if isinstance(leaf.value, str):
        if not leaf.plain:
            numeric = leaf.value.lstrip("-").isdigit() and "integer" in types
            return "leave out the quotes" if numeric else ""
        told = surprise(leaf.raw)
        if not told or not {"integer", "boolean"} & set(types):
            return ""
        if "boolean" not in types and not any(letter.isdigit() for letter in leaf.raw):
            return ""
        return f"YAML 1.2 reads {leaf.raw} as a text: {told.partition(', or quote')[0]}"
    if leaf.value is None or not leaf.plain or "string" not in types:
        return ""
    form = complaint.word("x-number")
    if form and isinstance(leaf.value, int):
        return f"write {form.format(leaf.raw)}"
    pattern = complaint.word("pattern")
    if pattern and not re.search(pattern, leaf.raw):
        return ""
    return f'put it into quotes: "{leaf.raw}"'


def _out_of_range(complaint: Complaint, place: _Place, findings: Findings) -> None:
    low, high = complaint.schema.get("minimum"), complaint.schema.get("maximum")
    unit = complaint.word("x-unit")
    message = (
        f"{place.subject} is {kind_of(place.node)},"
        f" {complaint.word('x-who', 'must be')}"
        f" {bounds(_int(low), _int(high))}{f' ({unit})' if unit else ''}"
    )
    hint = complaint.word("x-hint")
    findings.add("FR021", place.mark, message, hint=hint, length=place.length)


def _int(value: Json) -> int | None:
    return value if isinstance(value, int) else None


def _pattern(complaint: Complaint, place: _Place, findings: Findings) -> None:
    if {"integer", "boolean"} & set(_types(complaint)):
        _wrong_type(complaint, place, findings)
        return
    message = f"{place.subject} is {quoted(str(complaint.value))}, must be {_form(complaint)}"
    findings.add("FR015", place.mark, message, length=place.length)


def _enum(complaint: Complaint, place: _Place, findings: Findings) -> None:
    words = _words(complaint.limit)
    message = f"{place.subject} is {shown(complaint.value)}, must be {' or '.join(words)}"
    if len(words) > 4:
        message = f"{place.subject} is {shown(complaint.value)}, must be one of {listed(words)}"
    hint = nearest(str(complaint.value), words)
    if not hint.startswith("did"):
        hint = ""
    findings.add("FR015", place.mark, message, hint=hint, length=place.length)


def _size(complaint: Complaint, place: _Place, findings: Findings) -> None:
    what = {
        "minItems": f"is an empty list, needs {complaint.limit} item or more",
        "maxItems": f"has more than {complaint.limit} items",
        "minProperties": "is an empty mapping",
        "maxProperties": f"has more than {complaint.limit} keys",
        "minLength": "is an empty text",
        "maxLength": f"has more than {complaint.limit:,} characters",
    }[complaint.keyword]
    findings.add("FR016", place.mark, f"{place.subject} {what}", length=place.length)


def _other(complaint: Complaint, place: _Place, findings: Findings) -> None:
    message = f"{place.subject} is {kind_of(place.node)}: breaks the rule '{complaint.keyword}'"
    findings.add("FR015", place.mark, message, length=place.length)


_HANDLERS: dict[str, Callable[[Complaint, _Place, Findings], None]] = {
    "type": _wrong_type,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "pattern": _pattern,
    "enum": _enum,
    "minItems": _size,
    "maxItems": _size,
    "minProperties": _size,
    "maxProperties": _size,
    "minLength": _size,
    "maxLength": _size,
}
