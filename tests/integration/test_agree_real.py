"""The simulated kernel held against a real one: sixty random settings, and no decision differs."""

import json

import pytest

pytestmark = pytest.mark.real


def test_they_agree(cli, uml_kernel):
    done = cli(
        "agree", "--settings", "60", "--seed", "20261124", "--kernel", uml_kernel.path,
        "--out", "both", "--json", timeout=300,
    )  # fmt: skip
    told = json.loads(done.out)
    assert done.code == 0, [step for step in told["steps"] if step["agreement"] == "differ"]
    assert told["disagreements"] == 0
    assert told["settings"] >= 60
    assert told["counts"]["differ"] == 0


def test_what_does_not_agree_is_found(cli, uml_kernel):
    """The simulated kernel as another version: 7.3 knows bools that 6.12 does not."""
    done = cli(
        "agree", "--settings", "700", "--seed", "9", "--kernel", uml_kernel.path, "--version",
        "6.12", "--out", "both", "--json", timeout=300,
    )  # fmt: skip
    if not uml_kernel.release.startswith("7.3"):
        pytest.skip(f"the kernel that is there is {uml_kernel.release}, this asks for 7.3")
    told = json.loads(done.out)
    assert done.code == 1
    assert told["disagreements"] > 0
