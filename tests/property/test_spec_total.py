"""Loading is total: whatever stands in a file, there is a campaign or a diagnostic, no exception."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultrun.cli.diagnostics import render_json, render_text
from faultrun.model.diagnostic import Severity
from faultrun.spec.load import load

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = (ROOT / "campaigns" / "library" / "nvme.yaml").read_text()
KEYS = [
    "campaign", "summary", "tags", "seed", "use", "vars", "defaults", "target", "steps", "gate",
    "simulated", "kernel", "devices", "nvme0", "kind", "namespaces", "size_mib", "needs", "group",
    "timeout", "repeat", "matrix", "requires", "inject", "run", "expect", "cleanup", "with",
    "script", "argv", "stdin", "env", "nvme", "failslab", "fail_make_request", "fail-nth", "device",
    "disk", "status", "probability", "times", "space", "interval", "task-filter", "nth", "opcode",
    "exit", "signal", "stdout", "errno", "injected", "kernel_log", "attributes", "file", "duration",
    "outcome", "contains", "lacks", "matches", "equals", "under", "over", "min_passed", "vacuous",
    "a", "b", "x", "/tmp/x", "nvme.times", "exactly", "no_oops", "exists", "sha256",
    "uml", "qemu", "local", "ssh", "targets", "memory_mib", "cpus", "files", "host", "disposable",
]  # fmt: skip
TEXTS = [
    "a", "b", "x", "{{ x }}", "{{ a + 1 }}", "{{ x | upper }}", "{{ nope }}", "{{ x.y }}", "{{",
    "nvme", "nvme0", "nvme0n1", "nvme0n1/nvme0n1p1", "6.12", "6.1", "7.3", "30s", "1h", "1.5s",
    "nonzero", "zero", "none", "some", "exactly 1", "exactly {{ x }}", "between 3 and 1", "EIO",
    "EWHAT", "SIGSEGV", "no-oops", "live", "tolerated", "(", "nvme.admin-nth", "nvme.reset",
    "nvme.fired-once", "nvme.nope", "library/nvme.yaml", "../x", "true", "Y", "on", "010", "0x1",
    "program:fio", "fail", "allow", "simulated", "uml", "qemu", "", "\0", "\u202e", "日本", "dd if=/dev/nvme0n1", "a\nb",
]  # fmt: skip
NUMBERS = [0, 1, 2, 3, 100, 101, -1, 2**31, 2**64, 10**30, 1.0, 1.5, True, False, None]
leaves = st.sampled_from(TEXTS) | st.sampled_from(NUMBERS)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)
injections = st.fixed_dictionaries(
    {},
    optional={
        name: st.dictionaries(
            st.sampled_from(["device", "disk", "probability", "times", "nth", "task-filter"]),
            leaves,
            max_size=5,
        )
        for name in ("nvme", "failslab", "fail_make_request", "fail-nth", "fail_usercopy")
    }
    | {
        "use": st.sampled_from(["nvme.admin-nth", "nvme.io-status", "nvme.reset", "x.y"]),
        "with": st.dictionaries(
            st.sampled_from(["nth", "status", "times", "controller", "what"]), leaves, max_size=3
        ),
    },
)
runs = (
    st.sampled_from(TEXTS)
    | st.lists(leaves, min_size=1, max_size=3)
    | st.fixed_dictionaries(
        {},
        optional={
            "use": st.sampled_from(["nvme.reset", "nvme.admin-nth"]),
            "script": leaves,
            "argv": st.lists(leaves, max_size=2),
            "stdin": leaves,
            "env": st.dictionaries(st.sampled_from(["a", "b"]), leaves),
            "with": st.dictionaries(st.sampled_from(["controller"]), leaves),
        },
    )
)
oracles = st.dictionaries(
    st.sampled_from(
        [
            "exit",
            "signal",
            "stdout",
            "errno",
            "injected",
            "kernel_log",
            "attributes",
            "file",
            "device",
            "duration",
            "outcome",
            "use",
            "with",
        ]
    ),
    trees,
    max_size=4,
)
steps = st.fixed_dictionaries(
    {"run": runs},
    optional={
        "needs": st.lists(st.sampled_from(["a", "b", "c", "a[x=1]"]), max_size=3),
        "matrix": st.dictionaries(st.sampled_from(["x", "n"]), st.lists(leaves, max_size=3)),
        "inject": injections | st.lists(injections, max_size=3),
        "expect": oracles,
        "cleanup": runs,
        "group": leaves,
        "timeout": leaves,
        "repeat": leaves,
        "requires": st.lists(st.sampled_from(TEXTS), max_size=2),
    },
)
campaigns = st.fixed_dictionaries(
    {"campaign": st.just("x"), "steps": st.dictionaries(st.sampled_from("abc"), steps, max_size=3)},
    optional={
        "use": st.just(["library/nvme.yaml"]),
        "vars": st.dictionaries(st.sampled_from(["x", "y"]), leaves),
        "defaults": st.fixed_dictionaries({}, optional={"expect": oracles, "timeout": leaves}),
        "target": st.just(
            {"simulated": {"kernel": "6.12", "devices": {"nvme0": {"kind": "nvme"}}}}
        ),
        "gate": trees,
    },
)
common = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_total(path, content):
    path.write_bytes(content)
    loaded = load(path, overrides={"x": 1})
    errors = [found for found in loaded.diagnostics if found.severity is Severity.ERROR]
    assert (loaded.campaign is None) == bool(errors)
    lines = content.decode("utf-8", "replace").split("\n")
    for found in loaded.diagnostics:
        assert 1 <= found.mark.line <= len(lines) + 1
        assert found.mark.column >= 1
        assert "\n" not in found.message
    text = render_text(loaded.diagnostics, color=False, closing="nothing was run")
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    json.dumps(render_json(loaded.diagnostics))
    return loaded


@pytest.fixture
def path(tmp_path):
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "nvme.yaml").write_text(LIBRARY)
    return tmp_path / "c.yaml"


@common
@given(content=st.binary(max_size=300))
def test_random_bytes(path, content):
    is_total(path, content)


@common
@given(content=st.text(string.printable + "é日\u202e\x85", max_size=300))
def test_random_text(path, content):
    is_total(path, content.encode())


@common
@given(tree=trees)
def test_random_documents(path, tree):
    is_total(path, json.dumps(tree).encode())


@common
@given(tree=campaigns)
def test_nearly_right_campaigns(path, tree):
    is_total(path, json.dumps(tree).encode())


@common
@given(
    tree=st.dictionaries(
        st.sampled_from(["faults", "workloads", "expectations", "summary", "use"]),
        st.dictionaries(
            st.sampled_from(["admin-nth", "reset", "fired-once"]),
            st.dictionaries(
                st.sampled_from(["inject", "run", "expect", "parameters", "summary"]),
                injections
                | runs
                | oracles
                | st.dictionaries(
                    st.sampled_from(["nth", "x"]),
                    st.dictionaries(
                        st.sampled_from(["type", "minimum", "maximum", "pattern", "default"]),
                        st.sampled_from(["integer", "string", "boolean", "(", "^n", 1, 5, True]),
                    ),
                ),
            ),
            max_size=3,
        )
        | trees,
    )
)
def test_nearly_right_libraries(path, tree):
    (path.parent / "library" / "nvme.yaml").write_text(json.dumps({"library": "nvme", **tree}))
    is_total(
        path,
        b"campaign: x\nuse: [library/nvme.yaml]\nsteps:\n  a:\n"
        b"    matrix: {n: [1, 70]}\n"
        b'    inject: {use: nvme.admin-nth, with: {nth: "{{ n }}"}}\n'
        b"    run: {use: nvme.reset}\n    expect: {use: nvme.fired-once}\n",
    )
