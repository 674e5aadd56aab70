"""A document against its JSON Schema: every structural mistake, each at its place.

The schemas are the files that editors use. They hold no ``oneOf``: what a mapping is about is told
by its keys, so that each error is about the one thing that was meant. References are followed once,
before validation, which makes it several times faster.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import TypeAlias, cast

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend  # pyright: ignore[reportUnknownVariableType]  # no stub

from faultrun.capabilities.registry import builtin, known, plugins
from faultrun.model.data import Json
from faultrun.resources import tree
from faultrun.spec.complaint import Complaint, complain
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import BadPaths, Node, Path, plain, without
from faultrun.spec.schema_gen import INDEX, index, schema

Schema: TypeAlias = Mapping[str, Json]

_PARTS = "capability/"
CAMPAIGN = "campaign.v1.json"
LIBRARY = "library.v1.json"
_ANNOTATIONS = frozenset(
    {"$ref", "$schema", "description", "markdownDescription", "examples", "default", "title"}
)
"""Left out: for editors only. `$schema` in a part would bring back jsonschema's own types."""
_ORDER = ("type", "additionalProperties", "propertyNames", "required", "enum", "pattern")
"""What is told first if one value breaks several rules; the rest would follow from it."""


def validate(root: Node, name: str, findings: Findings) -> Node:
    """The document with ``Broken`` in the place of everything that is wrong.

    ``name`` is the schema: ``CAMPAIGN`` or ``LIBRARY``.
    """
    bad = BadPaths()
    kept: dict[Path, ValidationError] = {}
    for error in _validator(name).iter_errors(plain(root)):
        path = _path(error)
        known = kept.get(path)
        if known is None or _rank(error) < _rank(known):
            kept[path] = error
    for path, error in kept.items():
        complaint = Complaint(
            keyword=str(error.validator),
            limit=cast("Json", error.validator_value),
            schema=_mapping(cast("Json", error.schema)),
            value=error.instance,
            path=path,
        )
        for place in complain(complaint, root, findings):
            bad.add(place)
    return without(root, bad)


def _path(error: ValidationError) -> Path:
    path = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path and isinstance(error.instance, str):
        return (*path, error.instance)
    return path


def _rank(error: ValidationError) -> int:
    keyword = str(error.validator)
    return _ORDER.index(keyword) if keyword in _ORDER else len(_ORDER)


def _mapping(schema: Json) -> Schema:
    return schema if isinstance(schema, Mapping) else {}


def _is_integer(_checker: TypeChecker, value: object) -> bool:
    """Stricter than jsonschema, for which 100.0 is an integer; the kernel takes no fraction."""
    return type(value) is int


def _is_number(_checker: TypeChecker, value: object) -> bool:
    return type(value) in (int, float)


@cache
def _validator(name: str) -> Validator:
    known: TypeChecker = Draft202012Validator.TYPE_CHECKER
    checker = known.redefine("integer", _is_integer).redefine("number", _is_number)
    strict = cast("type[Validator]", extend(Draft202012Validator, type_checker=checker))  # type: ignore[no-untyped-call]  # no stub
    return strict(_Flat().document(name))


def _with_plugins(written: Schema) -> Schema:
    """The list of what an injection may hold, with the capabilities of other distributions."""
    own = builtin()
    fresh = _mapping(index({name: table for name, table in known().items() if name not in own}))
    properties = {**_mapping(written["properties"]), **_mapping(fresh["properties"])}
    unusable = [
        f"'{item.name}' of {item.origin} {item.problem}" for item in plugins() if item.problem
    ]
    hint = "; ".join([str(written["x-hint"]), *unusable])
    return {**written, "properties": properties, "x-hint": hint}


class _Flat:
    """Reads schema files and puts what they refer to in its place."""

    def __init__(self) -> None:
        self._files: dict[str, Schema] = {}
        self._done: dict[str, Json] = {}

    def document(self, name: str) -> dict[str, Json]:
        """The schema file of that name, without references."""
        flat = self._flat({k: v for k, v in self._file(name).items() if k != "$defs"}, name)
        return dict(_mapping(flat))

    def _flat(self, node: Json, file: str) -> Json:
        if isinstance(node, list):
            return [self._flat(item, file) for item in node]
        if not isinstance(node, dict):
            return node
        made: dict[str, Json] = {}
        for key, value in node.items():
            if key == "properties":
                named = _mapping(value).items()
                made[key] = {name: self._flat(below, file) for name, below in named}
            elif key not in _ANNOTATIONS:
                made[key] = self._flat(value, file)
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return made
        return {**_mapping(self._target(reference, file)), **made}

    def _target(self, reference: str, file: str) -> Json:
        name, _, pointer = reference.partition("#")
        if name:
            folder = file.rpartition("/")[0]
            parts = [part for part in (*folder.split("/"), *name.split("/")) if part]
            while ".." in parts:
                place = parts.index("..")
                del parts[place - 1 : place + 1]
            file = "/".join(parts)
        key = f"{file}#{pointer}"
        if key not in self._done:
            node: Json = self._file(file)
            for step in pointer.split("/")[1:]:
                node = _mapping(node)[step]
            self._done[key] = self._flat(node, file)
        return self._done[key]

    def _file(self, name: str) -> Schema:
        if name not in self._files:
            plugin = known().get(name.removeprefix(_PARTS).removesuffix(".json"))
            if name.startswith(_PARTS) and plugin is not None and plugin.name not in builtin():
                self._files[name] = _mapping(schema(plugin))
                return self._files[name]
            text = tree("schemas").joinpath(*name.split("/")).read_text(encoding="utf-8")
            self._files[name] = _mapping(json.loads(text))
            if name == f"{_PARTS}{INDEX}.json":
                self._files[name] = _with_plugins(self._files[name])
        return self._files[name]
