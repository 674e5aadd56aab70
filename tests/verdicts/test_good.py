"""A hundred good campaigns, none of which may be accused of anything."""

import pytest

from data.verdicts import run
from faultrun.spec.load import load
from verdicts.good_campaigns import FAMILIES, GOOD


def test_there_are_a_hundred():
    assert len(GOOD) >= 100
    assert sum(len(tuple(family())) for family in FAMILIES) == len(GOOD)


@pytest.fixture
def written(tmp_path):
    def write(name):
        path = tmp_path / f"{name}.yaml"
        path.write_text(GOOD[name].text())
        return path

    return write


@pytest.mark.parametrize("name", sorted(GOOD))
def test_it_passes_without_a_word_against_it(name, written):
    path = written(name)
    assert load(path, overrides={}).diagnostics == ()
    ran = run(path)
    assert ran.diagnostics == ()
    assert ran.restored
    assert ran.steps["step"].verdict == "PASS", ran.steps["step"].why
    assert ran.steps["step"].injected
    assert run(path) == ran
