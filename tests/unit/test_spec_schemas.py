"""The schema files: valid, complete for an editor, equal to the tables, and without oneOf."""

import json

import pytest
from jsonschema import Draft202012Validator

from faultrun.capabilities.registry import builtin
from faultrun.resources import tree
from faultrun.spec.forms import ORACLES
from faultrun.spec.schema_gen import schemas, write_schemas

FOLDER = tree("schemas")
OURS = ["campaign.v1.json", "library.v1.json"]
FILES = [FOLDER / name for name in OURS] + sorted((FOLDER / "capability").glob("*.json"))


def nodes(value):
    yield value
    children = value.values() if isinstance(value, dict) else value
    if isinstance(value, (dict, list)):
        for child in children:
            yield from nodes(child)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_schema_is_valid_and_dispatches_by_key(path):
    document = json.loads(path.read_text())
    Draft202012Validator.check_schema(document)
    keywords = {key for node in nodes(document) if isinstance(node, dict) for key in node}
    assert not keywords & {"oneOf", "anyOf", "allOf", "if", "$id"}
    for node in nodes(document):
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str):
            name, _, pointer = reference.partition("#")
            target = json.loads((path.parent / name if name else path).resolve().read_text())
            for step in pointer.split("/")[1:]:
                target = target[step]


def test_capability_schemas_are_what_the_tables_say(tmp_path):
    write_schemas(tmp_path, builtin())
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in (FOLDER / "capability").iterdir()}
    assert written == committed, (
        "run `faultrun explain --write-schemas schemas/capability` and commit the result"
    )


def test_every_capability_can_be_injected():
    index = schemas(builtin())["index"]
    assert set(builtin()) | {"use", "with"} == set(index["properties"])


def test_every_oracle_can_be_expected():
    document = json.loads((FOLDER / "campaign.v1.json").read_text())
    names = set(document["$defs"]["expect"]["properties"]) - {"use", "with"}
    assert names == set(ORACLES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_property_has_a_hover_text(path):
    document = json.loads(path.read_text())
    bare = [
        name
        for node in nodes(document)
        if isinstance(node, dict) and isinstance(node.get("properties"), dict)
        for name, below in node["properties"].items()
        if isinstance(below, dict) and not below.get("description") and "$ref" not in below
    ]
    assert bare == []


@pytest.mark.parametrize("name", OURS)
def test_what_ships_is_valid_for_editors_too(name):
    """Editors use the files as they are, with references and without our reading of types."""
    import yaml
    from referencing import Registry, Resource

    registry = Registry().with_resources(
        (path.relative_to(FOLDER).as_posix(), Resource.from_contents(json.loads(path.read_text())))
        for path in FILES
    )
    validator = Draft202012Validator({"$ref": name}, registry=registry)
    folder = tree("campaigns")
    files = folder.glob("*.yaml") if name == OURS[0] else (folder / "library").glob("*.yaml")
    for path in files:
        assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == []
