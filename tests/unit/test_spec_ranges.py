"""`require:` and `reject:` in a campaign: what they may say, and how a plan shows it."""

import pytest

from faultrun.capabilities.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.explain import as_json, as_text
from faultrun.plan.select import Selection
from faultrun.spec.load import load

CAMPAIGN = """
campaign: c
vars: {{victim: dummy}}
target: {{simulated: {{kernel: "{kernel}"}}}}
steps:
  s:
    inject:
      failslab: {{probability: 100, times: 1, {given}}}
    run: "true"
    expect: {{exit: 0}}
"""


def read(tmp_path, given, kernel="6.12"):
    path = tmp_path / "c.yaml"
    path.write_text(CAMPAIGN.format(given=given, kernel=kernel))
    return load(path, overrides={})


def plan(tmp_path, given):
    loaded = read(tmp_path, given)
    assert loaded.campaign is not None, loaded.diagnostics
    return make_plan(loaded.campaign, builtin(), selection=Selection(), seed=None)


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ("require: {symbol: f}", "start of symbol f", "end of symbol f"),
        ("require: {function: f}", "start of function f", "end of function f"),
        (
            "require: {function: f, module: null-blk}",
            "start of function f of module null_blk",
            "end of function f of module null_blk",
        ),
        ("require: {module: m}", "start of .text of module m", "end of .text of module m"),
        (
            "require: {module: '{{ victim }}', section: .init.text}",
            "start of .init.text of module dummy",
            "end of .init.text of module dummy",
        ),
        (
            "require: {module: m, from: .text, to: .data}",
            "start of .text of module m",
            "start of .data of module m",
        ),
    ],
)
def test_forms_and_how_a_plan_shows_them(tmp_path, given, start, end):
    text = as_text(plan(tmp_path, given))
    assert f"failslab/require-start <- {start}" in text
    assert f"failslab/require-end <- {end}" in text
    told = as_json(plan(tmp_path, given))["tasks"][0]
    assert told["injections"][0]["require"] == {"start": start, "end": end}


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ("require: {}", "FR029", "does not say one range"),
        ("require: {section: .text}", "FR029", "does not say one range"),
        ("require: {symbol: a, function: b}", "FR029", "does not say one range"),
        ("require: {module: m, from: .text}", "FR029", "does not say one range"),
        ("require: {module: m, section: .text, to: .data}", "FR029", "does not say one range"),
        ("require: {symbol: 'a b'}", "FR029", "symbol is 'a b'"),
        ("require: {module: ../etc}", "FR029", "module is '../etc'"),
        ("require: {module: m, section: a/b}", "FR029", "section is 'a/b'"),
        ("reject: {symbols: a}", "FR011", "unknown key 'symbols'"),
        ("require: ext4_mount", "FR014", "must be a mapping"),
        ("require: {symbol: 3}", "FR014", "must be"),
        ("require: {symbol: a}, require-start: 1", "FR028", "given beside it"),
        ("require: {symbol: '{{ nobody }}'}", "FR030", "unknown variable 'nobody'"),
    ],
)
def test_what_is_no_range_is_said(tmp_path, given, code, told):
    loaded = read(tmp_path, given)
    assert loaded.campaign is None
    texts = [f"{found.code} {found.message}" for found in loaded.diagnostics]
    assert any(text.startswith(code) and told in text for text in texts), texts


@pytest.mark.parametrize("given", ["require: {symbol: a}", "require-start: 1", "reject-end: 1"])
def test_a_kernel_that_cannot_filter_is_said(tmp_path, given):
    loaded = read(tmp_path, given, kernel="6.1")
    assert loaded.campaign is None
    assert [found.code for found in loaded.diagnostics] == ["FR024"]
    assert "x86_64 has since 6.8" in loaded.diagnostics[0].message


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("require: {symbol: a}, stacktrace-depth: 0", "nothing will be injected"),
        ("reject: {symbol: a}, stacktrace-depth: 0", "nothing is rejected"),
        ("require-start: 1, stacktrace-depth: 0", "nothing will be injected"),
    ],
)
def test_a_depth_of_none_is_warned_about(tmp_path, given, told):
    found = [one for one in read(tmp_path, given).diagnostics if one.code == "FR117"]
    assert len(found) == 1
    assert told in found[0].message


def test_the_digest_knows_ranges(tmp_path):
    digests = {
        plan(tmp_path, given).digest
        for given in (
            "space: 0",
            "require: {symbol: a}",
            "require: {function: a}",
            "reject: {symbol: a}",
            "require: {module: a}",
            "require: {module: a, from: .text, to: .data}",
        )
    }
    assert len(digests) == 6


def test_a_capability_without_the_filter_has_no_ranges(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        CAMPAIGN.format(given="x: 1", kernel="6.12").replace(
            "failslab: {probability: 100, times: 1, x: 1}",
            "fail-nth: {fail-nth: 1, require: {symbol: a}}",
        )
    )
    codes = {found.code for found in load(path, overrides={}).diagnostics}
    assert "FR012" in codes
