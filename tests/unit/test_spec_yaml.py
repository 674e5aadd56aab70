"""Scalars by the core schema, refusals of YAML, and files that are no campaigns."""

import os
import time

import pytest

from faultrun.spec.findings import Findings
from faultrun.spec.load import load
from faultrun.spec.nodes import Table, at, plain
from faultrun.spec.scalars import resolve, surprise
from faultrun.spec.yaml_tree import MAX_ALIASES, parse


def read(text):
    findings = Findings()
    node = parse(text, "c.yaml", findings)
    return node, findings.sorted("c.yaml")


def codes(path, text=None):
    if isinstance(text, str):
        path.write_text(text)
    elif text is not None:
        path.write_bytes(text)
    loaded = load(path, overrides={})
    assert loaded.campaign is None
    return [found.code for found in loaded.diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x281", 641), ("0o17", 15), ("12", 12), ("-1", -1), ("+3", 3), ("0", 0), ("true", True),
        ("False", False), ("null", None), ("~", None), ("", None), ("1.5", 1.5), ("1e3", 1000.0),
        ("100.0", 100.0), (".5", 0.5), ("on", "on"), ("NO", "NO"), ("yes", "yes"), ("010", "010"),
        ("1:30", "1:30"), ("1_000", "1_000"), ("2024-01-01", "2024-01-01"), ("0b1", "0b1"),
        ("-0x1", "-0x1"), ("1.2.3", "1.2.3"), ("9" * 2000, "9" * 2000), ("-", "-"), (".", "."),
        ("6.12", 6.12), ("=", "="), ("99999999999999999999", 99999999999999999999),
    ],
)  # fmt: skip
def test_scalars_are_read_by_yaml_1_2(text, value):
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_and_infinity():
    assert resolve(".inf") == float("inf")
    assert resolve("-.INF") == float("-inf")
    assert resolve(".nan") != resolve(".nan")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("on", "true"), ("Yes", "true"), ("OFF", "false"), ("no", "false"), ("010", "8"),
        ("1:30", "90"), ("-1:30", "-90"), ("1_000", "1000"), ("0b101", "5"), ("abc", ""),
        ("10", ""), ("08", ""), ("1:99", ""), ("true", ""),
    ],
)  # fmt: skip
def test_what_yaml_1_1_would_have_read(text, told):
    assert told in surprise(text)
    assert bool(surprise(text)) == bool(told)


def test_quoted_scalars_are_texts_and_keys_always_are():
    node, findings = read("on: '1'\n0x10: \"true\"\nnull: |\n  2\n")
    assert findings == ()
    assert plain(node) == {"on": "1", "0x10": "true", "null": "2\n"}


def test_aliases_share_a_node_and_keep_the_place_of_the_anchor():
    node, findings = read("a: &v [1, 2]\nb: *v\n")
    assert findings == ()
    assert plain(node) == {"a": [1, 2], "b": [1, 2]}
    assert isinstance(node, Table)
    assert at(node, ("b", 0)) is at(node, ("a", 0))


def test_duplicate_keys_are_told_at_both_places_and_the_rest_is_read():
    node, findings = read("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n")
    assert plain(node) == {"a": 1, "b": 2, "c": {"d": 1}}
    assert [(f.code, f.mark.line, f.related[0].mark.line) for f in findings] == [
        ("FR005", 3, 1),
        ("FR005", 4, 4),
    ]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: &a [*a]", "FR007", (1, 8)),
        ("a: *b", "FR007", (1, 4)),
        ("a: &x {b: {c: *x}}", "FR007", (1, 15)),
        ("[" * 33, "FR006", (1, 33)),
        ("- " * 40 + "x", "FR006", (1, 65)),
        ("a: 1\n<<: {b: 2}", "FR008", (2, 1)),
        ("a: !!int 5", "FR008", (1, 4)),
        ("a: !mine {}", "FR008", (1, 4)),
        ("? [a]\n: b", "FR008", (1, 3)),
        ("a: {{ x }}", "FR008", (1, 5)),
        ("a: 1\n---\nb: 2", "FR008", (2, 1)),
        ("a: b: c", "FR004", (1, 5)),
        ("a: [1", "FR004", (1, 6)),
        ("a: 'x", "FR004", (1, 6)),
        ("a: @x", "FR004", (1, 4)),
        ("\ta: 1", "FR004", (1, 1)),
        ("a: 1\n b: 2", "FR004", (2, 3)),
        ("", "FR010", (1, 1)),
        ("# nothing\n", "FR010", (1, 1)),
        ("---\n", "FR010", (1, 1)),
        ("null", "FR010", (1, 1)),
    ],
)
def test_what_campaigns_do_not_use_of_yaml(text, code, place):
    _, findings = read(text)
    assert code in [found.code for found in findings]
    first = findings[0]
    assert (first.code, first.mark.line, first.mark.column) == (code, *place)


def test_depth_of_aliases_counts():
    text = "a: &a " + "[" * 20 + "]" * 20 + "\nb: " + "[" * 20 + "*a" + "]" * 20
    assert [found.code for found in read(text)[1]] == ["FR006"]


def test_aliases_are_limited():
    text = "a: &a 1\nb: [" + "*a, " * (MAX_ALIASES + 1) + "]"
    assert [found.code for found in read(text)[1]] == ["FR006"]
    text = "a: &a 1\nb: [" + "*a, " * MAX_ALIASES + "]"
    assert read(text)[1] == ()


def test_twenty_thousand_brackets_do_not_end_the_process():
    for text in ("[" * 20_000, "{a: " * 20_000, "- " * 20_000, "? " * 20_000):
        assert read(text)[1][0].code in {"FR006", "FR008"}


def test_long_syntax_errors_keep_their_place():
    text = "a: 1\n" * 60_000 + "b: [\n"
    _, findings = read("x:\n" + "".join(f"  k{n}: 1\n" for n in range(40_000)) + "  b: c: d\n")
    assert [(found.code, found.mark.line) for found in findings] == [("FR004", 40_002)]
    assert len(text) > 200_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FR010"),
        (b"\xff\xfea\0", "FR003"),
        (b"a: \x00", "FR003"),
        (b"a: \x1b[31m", "FR003"),
        (b"a: \xff", "FR003"),
        (bytes(range(256)), "FR003"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 100, "FR003"),
        (b"- 1\n", "FR014"),
        (b"just text", "FR014"),
        (b"42", "FR014"),
    ],
)
def test_files_that_are_no_campaigns(tmp_path, data, code):
    assert codes(tmp_path / "c.yaml", data) == [code]


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbfcampaign: x\nsteps: {a: {run: 'true'}}\n")
    assert load(path, overrides={}).campaign is not None


def test_windows_line_ends_are_no_mistake(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"campaign: x\r\nsteps:\r\n  a:\r\n    run: |\r\n      a\r\n      b\r\n")
    campaign = load(path, overrides={}).campaign
    assert campaign is not None
    assert campaign.steps[0].workload.script == "a\nb\n"


def test_paths_that_cannot_be_read(tmp_path):
    assert codes(tmp_path) == ["FR001"]
    assert codes(tmp_path / "no.yaml") == ["FR001"]
    assert codes(tmp_path / "no.yaml" / "deeper.yaml") == ["FR001"]
    assert codes(tmp_path / ("x" * 300)) == ["FR001"]
    assert codes(tmp_path / "a\0b") == ["FR001"]
    (tmp_path / "loop").symlink_to("loop")
    assert codes(tmp_path / "loop") == ["FR001"]
    os.mkfifo(tmp_path / "pipe")
    assert codes(tmp_path / "pipe") == ["FR001"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("campaign: x\n")
    path.chmod(0)
    assert codes(path) == ["FR001"]


def test_a_hundred_megabytes_are_not_read(tmp_path):
    path = tmp_path / "c.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    began = time.process_time()
    assert codes(path) == ["FR002"]
    # Reading them would take far longer; this is a factor of a hundred away from either side.
    assert time.process_time() - began < 0.5
