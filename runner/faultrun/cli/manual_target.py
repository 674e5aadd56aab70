"""The pages of ``faultrun explain target`` and ``explain targets``, made from the schema."""

import json
import textwrap
from collections.abc import Iterator, Mapping

from faultrun.model.data import Json
from faultrun.resources import tree
from faultrun.spec.validate import CAMPAIGN

PAGES = ("target", "targets")
_WIDTH = 96


def target_page(word: str) -> str:
    """The page about one of ``PAGES``."""
    schema = _mapping(json.loads(tree("schemas").joinpath(CAMPAIGN).read_text(encoding="utf-8")))
    defs = _mapping(schema["$defs"])
    if word == "targets":
        lines = ["targets: of a step, or of the defaults", "", *_wrapped(defs["targets"], "  ")]
        lines += ["", "  Example: targets: [simulated, qemu]"]
        return "\n".join(lines) + "\n"
    target = _mapping(_mapping(schema["properties"])["target"])
    lines = ["target: of a campaign", "", *_wrapped(target, "  ")]
    for kind, below in _mapping(target["properties"]).items():
        lines += ["", f"  {kind}", *_wrapped(below, "      ")]
        for name, value in _mapping(_mapping(below)["properties"]).items():
            lines += _key(name, _whole(value, defs))
    lines += [
        "",
        "  A step that cannot run everywhere says `targets:`; `--target` chooses one of the kinds,",
        "  or says where: local:DIR, a folder that mirrors a machine, or ssh:HOST.",
    ]
    return "\n".join(lines) + "\n"


def _key(name: str, value: Mapping[str, Json]) -> Iterator[str]:
    told: list[str] = []
    if "minimum" in value:
        told.append(f"{value['minimum']} to {value['maximum']} {value['x-unit']}")
    if "enum" in value:
        told.append(" or ".join(_texts(value["enum"])))
    if "default" in value:
        told.append(f"default {json.dumps(value['default'])}")
    yield f"      {name}" + (f" ({'; '.join(told)})" if told else "")
    yield from _wrapped(value, "          ")


def _whole(value: Json, defs: Mapping[str, Json]) -> Mapping[str, Json]:
    own = _mapping(value)
    reference = own.get("$ref")
    if not isinstance(reference, str):
        return own
    return _mapping(defs[reference.rpartition("/")[2]])


def _wrapped(value: Json, indent: str) -> list[str]:
    text = str(_mapping(value)["description"])
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Json) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
