"""Sizes and habits that a linter does not know."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "runner" / "faultrun").rglob("*.py"))
MAX_FILE = 400
MAX_FUNCTION = 60
TOP = {
    "pyproject.toml", "campaigns", "schemas", "runner", "reports", "tests", "README.md",
    "LICENSE", "CHANGELOG.md",
}  # fmt: skip


def name(path):
    return str(path.relative_to(ROOT))


def is_table(tree):
    """A file without a single `if` is data."""
    return not any(isinstance(node, ast.If | ast.IfExp) for node in ast.walk(tree))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_file_is_small(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert is_table(tree) or text.count("\n") <= MAX_FILE
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > MAX_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_file_says_what_it_is(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


def test_only_the_agreed_names_stand_at_the_top():
    import subprocess

    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    tops = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert {top for top in tops if not top.startswith(".")} <= TOP


def test_names_say_what_they_hold():
    banned = {"utils", "helpers", "common_utils", "manager", "misc"}
    assert not [name(path) for path in SOURCES if path.stem in banned]
