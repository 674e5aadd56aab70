"""Random steps for two kernels: made from the seed alone, by the ordinary front end, and exact."""

import json
import subprocess
import sys

import pytest

from faultrun.agree.campaign import families, write
from faultrun.agree.draw import Draw
from faultrun.agree.texts import number, truth
from faultrun.capabilities.registry import known
from faultrun.cli.agree import figures_of
from faultrun.gate.compare import Agreement, compare
from faultrun.gate.seen import seen
from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.model.diagnostic import Severity
from faultrun.record.reader import open_lines
from faultrun.resources import tree
from faultrun.simkernel.programs.compiled import RUNS
from faultrun.simkernel.programs.compiling import SOURCES, folded
from faultrun.spec.load import load

MODERN = [kernel for kernel in KNOWN if kernel != "6.1"]


def faultrun(cwd, *words):
    done = subprocess.run(
        [sys.executable, "-m", "faultrun", *map(str, words)],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_the_seed_makes_the_campaign():
    one = write(settings=80, seed=5, kernel="7.3", target="uml")
    assert one == write(settings=80, seed=5, kernel="7.3", target="uml")
    assert one.text != write(settings=80, seed=6, kernel="7.3", target="uml").text


def test_more_settings_keep_the_steps_that_fewer_made():
    def runs(settings):
        text = write(settings=settings, seed=5, kernel="7.3", target="uml").text
        return set(text.partition("steps:\n")[2].split("\n    group: "))

    assert len(runs(60) - runs(300)) <= 40
    few = write(settings=60, seed=5, kernel="7.3", target="uml").steps
    many = write(settings=300, seed=5, kernel="7.3", target="uml").steps
    assert few.items() <= many.items()


def test_three_hundred_settings_try_more_than_a_dozen_capabilities():
    written = write(settings=300, seed=1, kernel="7.3", target="uml")
    assert written.settings >= 300
    assert len({capability for capability, _ in written.steps.values()}) >= 18


@pytest.mark.parametrize("kernel", KNOWN)
def test_every_family_is_of_a_capability_of_that_kernel(kernel):
    version = KernelVersion.parse(kernel)
    for family in families(version):
        table = known()[family.capability]
        assert version.has(table.since, table.until), family.name
        assert family.make(Draw(1, family.name), 0, version).script


@pytest.mark.parametrize("kernel", MODERN)
def test_the_campaign_is_one_that_the_front_end_takes(kernel, tmp_path):
    written = write(settings=400, seed=3, kernel=kernel, target="uml")
    (tmp_path / "agree.yaml").write_text(written.text)
    loaded = load(tmp_path / "agree.yaml", overrides={})
    assert not [each for each in loaded.diagnostics if each.severity is Severity.ERROR]
    names = [step.id for step in loaded.campaign.steps]
    assert set(written.steps) <= set(names)
    assert {target.kind for target in loaded.campaign.targets} == {"simulated", "uml"}


@pytest.mark.parametrize("kernel", MODERN)
def test_the_simulated_kernel_models_all_of_it(kernel, tmp_path):
    written = write(settings=300, seed=4, kernel=kernel, target="")
    (tmp_path / "agree.yaml").write_text(written.text)
    done = faultrun(tmp_path, "agree.yaml", "--out", "run", "--no-report", "--json")
    told = json.loads(done.stdout)["steps"]
    odd = [step for step in told if step["verdict"] not in ("PASS", "VACUOUS")]
    assert not odd
    found = seen(open_lines(tmp_path / "run"))
    assert all(found.steps[name].ended.said for name in written.steps)


def test_kernels_that_differ_are_found_out(tmp_path):
    """Kernel: lib/kstrtox.c:kstrtobool() takes enable and disable since 6.19."""
    for kernel in ("6.12", "6.19"):
        text = write(settings=1200, seed=9, kernel="6.12", target="").text
        (tmp_path / "agree.yaml").write_text(text.replace('"6.12"', f'"{kernel}"'))
        faultrun(tmp_path, "agree.yaml", "--out", kernel, "--no-report", "--quiet")
    written = write(settings=1200, seed=9, kernel="6.12", target="")
    found = compare(*(seen(open_lines(tmp_path / kernel)) for kernel in ("6.12", "6.19")))
    differing = [(step.id, point) for step in found.steps for point in step.of(Agreement.DIFFER)]
    assert differing
    for name, point in differing:
        assert name.startswith("texts-"), point
    assert figures_of(found, written).disagreements == len(differing)


def test_numbers_and_truths_reach_the_edges():
    draw = Draw(1, "texts")
    numbers = {number(draw) for _ in range(4000)}
    assert {"", "0x", "-1", "18446744073709551616", "4294967295", "08"} <= numbers
    assert {"Y", "maybe", "on", "E", ""} - {""} <= {truth(draw) for _ in range(2000)}


def test_the_program_is_one_that_the_simulated_compiler_knows():
    source = (tree("campaigns") / "library" / "checks.c").read_text()
    assert SOURCES[folded(source)] == "checks"
    assert RUNS["checks"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--target", "simulated"), "one side already"),
        (("--target", "toaster"), "toaster"),
        (("--settings", "0"), "is not 1 to"),
        (("--seed", "x"), "is not a number"),
        (("--kernel", "/no/such/kernel"), "/no/such/kernel"),
    ],
)
def test_what_is_no_real_kernel_is_said(words, says, tmp_path):
    done = faultrun(tmp_path, "agree", *words)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert not list(tmp_path.rglob("*.jsonl"))
