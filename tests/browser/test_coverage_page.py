"""The coverage page in a browser: widths, schemes, without script, and an accessibility checker."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WIDER = "return document.documentElement.scrollWidth > innerWidth"
VIOLATIONS = (
    "const done = arguments[0]; axe.run().then((r) => done(r.violations.map((v) =>"
    " v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', '))));"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coverage")
    for words in (
        ("run", "--quiet", str(ROOT / "campaigns" / "smoke.yaml")),
        ("coverage", "--out", "coverage.html"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "faultrun", *words],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return folder / "coverage.html"


@pytest.mark.parametrize("width", [420, 900, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_accessible(browser, page, axe, width, scheme):
    browser.look(width=width, scheme=scheme)
    browser.open(page, wait=False)
    assert browser.complaints() == []
    assert not browser.run(WIDER)
    browser.cdp("Runtime.evaluate", expression=axe)
    assert browser.driver.execute_async_script(VIOLATIONS) == []


def test_a_square_leads_to_its_table_and_the_theme_changes(browser, page):
    browser.open(page, wait=False)
    before = browser.run("return getComputedStyle(document.body).backgroundColor")
    browser.run("document.getElementById('theme').click()")
    browser.run("document.getElementById('theme').click()")
    assert browser.run("return getComputedStyle(document.body).backgroundColor") != before
    browser.run("document.getElementById('theme').click()")
    target = browser.run("return document.querySelector('.plot a').hash.slice(1)")
    assert browser.run("return document.getElementById(arguments[0]).tagName", target) == "DETAILS"
    fired = browser.run("return document.querySelectorAll('.squares .square.fired title').length")
    assert fired >= 4
