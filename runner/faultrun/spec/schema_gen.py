"""Writes the JSON Schemas of capabilities from their tables: editors need files, people no copies.

``faultrun explain --write-schemas schemas/capability`` calls this; a test compares the result with
what is committed.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter
from faultrun.model.data import Json
from faultrun.spec.device_schema import device_schema
from faultrun.spec.ranges import SIDES, has_ranges

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEMPLATE = r"\{\{"
"""Any text with a template may stand where a number is wanted: its value is checked later."""
INDEX = "index"
DEVICE = "device"


def write_schemas(folder: Path, capabilities: Mapping[str, Capability]) -> None:
    """Write ``NAME.json`` for every capability, ``index.json`` for all, and ``device.json``.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in schemas(capabilities).items():
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def schemas(capabilities: Mapping[str, Capability]) -> dict[str, Json]:
    """By name: every capability, ``index`` (what one injection may hold), ``device``."""
    made: dict[str, Json] = {name: schema(table) for name, table in capabilities.items()}
    made[INDEX] = index(capabilities)
    made[DEVICE] = device_schema(KINDS, DIALECT)
    return made


def schema(table: Capability) -> Json:
    """The schema of one capability's mapping under ``inject:``."""
    properties: dict[str, Json] = {item.name: _parameter(item) for item in table.parameters}
    properties.update({spec.name: _attribute(spec) for spec in table.attrs})
    if has_ranges(table):
        properties.update({side: _range(side) for side in SIDES})
    return {
        "$schema": DIALECT,
        "title": f"inject: {table.name}",
        "description": f"{table.summary} {table.description}",
        "type": "object",
        "x-of": f"capability '{table.name}'",
        "x-key": "attribute",
        "x-code": "FR012",
        "x-hint": f"`faultrun explain {table.name}` lists the attributes",
        "additionalProperties": False,
        "properties": properties,
        "examples": [_example(table)],
    }


def index(capabilities: Mapping[str, Capability]) -> Json:
    """The schema of what stands under ``inject:``: any of these, and fragments."""
    properties: dict[str, Json] = {
        "use": {"$ref": "../campaign.v1.json#/$defs/fragment"},
        "with": {"$ref": "../campaign.v1.json#/$defs/with"},
    }
    for name, table in capabilities.items():
        properties[name] = {"$ref": f"{name}.json", "description": table.summary}
    return {
        "$schema": DIALECT,
        "title": "inject",
        "description": "Capabilities with their attributes, or a fault of a library.",
        "x-key": "capability",
        "x-code": "FR017",
        "x-hint": "`faultrun explain` lists all",
        "x-former": {name: hint for table in capabilities.values() for name, hint in table.former},
        "additionalProperties": False,
        "properties": properties,
    }


def _parameter(item: Parameter) -> Json:
    made: dict[str, Json] = {
        "description": item.summary,
        "type": "string",
        "pattern": f"{item.pattern}|{TEMPLATE}",
        "x-form": f"a {item.name} such as {item.example}",
        "examples": [item.example],
    }
    if item.choices:
        # For completion only: which of them there are is told at load, with the nearest one.
        made["examples"] = list(item.choices)
    return made


def _attribute(spec: AttrSpec) -> Json:
    made: dict[str, Json] = {"description": _description(spec)}
    made["markdownDescription"] = _markdown(spec)
    if spec.kind is AttrKind.BOOL:
        made["type"] = ["boolean", "string"]
        made["pattern"] = f"^[YyNn]$|{TEMPLATE}"
        made["x-form"] = "true or false (or the kernel's Y and N)"
    elif spec.kind in (AttrKind.ERRNO, AttrKind.RETVAL):
        made["type"] = ["integer", "string"]
        made["pattern"] = f"^-?E[A-Z0-9]+$|{TEMPLATE}"
        made["x-form"] = "a negative errno, as a number or as a name such as -ENOMEM"
        made["minimum"], made["maximum"] = spec.minimum, spec.maximum
        made["x-hint"] = "it is negative, as kernel functions return it: -12 is ENOMEM"
    elif spec.kind is AttrKind.TEXT:
        made["type"] = ["string", "integer"]
        made["x-form"] = f"a text such as {spec.examples[0]}" if spec.examples else "a text"
    else:
        made["type"] = ["integer", "string"]
        made["pattern"] = TEMPLATE
        made["x-form"] = "a whole number"
        if spec.minimum is not None:
            made["minimum"] = spec.minimum
        if spec.maximum is not None:
            made["maximum"] = spec.maximum
    made["default"] = spec.default
    made["x-unit"] = spec.unit
    made["x-who"] = "the kernel accepts"
    if spec.examples or spec.choices:
        made["examples"] = list(spec.choices or spec.examples)
    return made


def _range(side: str) -> Json:
    """Callers by name; the forms that fit together are checked by ``spec.ranges``."""
    wanted = "must lie" if side == "require" else "may not lie"
    return {
        "description": (
            f"Callers by name: some caller {wanted} in the range, whose addresses are looked up"
            f" before arming and written to {side}-start and {side}-end."
        ),
        "type": "object",
        "x-of": f"'{side}'",
        "additionalProperties": False,
        "properties": {
            "symbol": _name("A symbol of /proc/kallsyms, up to the next one.", "ext4_lookup"),
            "function": _name("A function, up to the next symbol.", "do_one_initcall"),
            "module": _name("A loaded module.", "dummy"),
            "section": _name("A section of the module; its code by default.", ".text"),
            "from": _name("The section at which the range starts.", ".text"),
            "to": _name("The section at whose start the range ends.", ".data"),
        },
    }


def _name(description: str, example: str) -> Json:
    return {
        "description": description,
        "type": "string",
        "x-form": f"a name such as {example}",
        "examples": [example],
    }


def _facts(spec: AttrSpec) -> list[str]:
    facts = [f"Unit: {spec.unit}."]
    if spec.kind is not AttrKind.BOOL and spec.minimum is not None:
        facts.append(f"Range: {spec.minimum} to {spec.maximum}.")
    facts.append(f"Kernel default: {spec.default}.")
    if spec.volatile:
        facts.append("The kernel changes it while armed.")
    if spec.since is not None:
        facts.append(f"Since Linux {spec.since}.")
    if spec.until is not None:
        facts.append(f"Gone in Linux {spec.until}.")
    return facts


def _description(spec: AttrSpec) -> str:
    return f"{spec.summary} {' '.join(_facts(spec))}"


def _markdown(spec: AttrSpec) -> str:
    facts = "\n".join(f"- {fact}" for fact in _facts(spec))
    return f"{spec.summary}\n\n{facts}\n- Kernel: `{spec.kernel_ref}`"


def _example(table: Capability) -> Json:
    made: dict[str, Json] = {item.name: item.example for item in table.parameters}
    for name in ("probability", "times", table.trigger):
        spec = table.attr(name)
        if spec is not None and spec.examples:
            made[name] = spec.examples[0]
    return made
