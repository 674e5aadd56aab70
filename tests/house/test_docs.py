"""Every example in the documentation is run as it stands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [
    *sorted(path for path in ROOT.rglob("README.md") if ".venv" not in path.parts),
    ROOT / "CHANGELOG.md",
]


def run(words, cwd):
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def yaml_blocks(page):
    return re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)


CAMPAIGNS = [
    pytest.param(text, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, text in enumerate(yaml_blocks(page))
    if re.search(r"^campaign:", text, re.MULTILINE)
]


def test_there_are_examples():
    assert len(CAMPAIGNS) >= 2


@pytest.mark.parametrize("text", CAMPAIGNS)
def test_campaign_in_the_documentation_passes(text, tmp_path):
    (tmp_path / "first.yaml").write_text(text)
    done = run(["faultrun", "first.yaml", "--out", "run"], tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout


def commands():
    rows = re.findall(r"^\| `(faultrun [^`]+)` \|", README, re.MULTILINE)
    assert len(rows) >= 8
    return rows


@pytest.mark.parametrize("command", commands())
def test_command_in_the_readme(command, tmp_path):
    (block,) = [text for text in yaml_blocks(ROOT / "README.md") if "campaign: first" in text]
    (tmp_path / "first.yaml").write_text(block)
    words = shlex.split(command)
    for folder in {"RUN", "RUN_A", "RUN_B"} & set(words):
        assert run(["faultrun", "first.yaml", "--out", folder], tmp_path).returncode == 0
    done = run(words, tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_two_commands_are_the_ones_that_ci_runs():
    main = re.search(r"<!-- main command -->\n```sh\n(.*?)\n```", README, re.DOTALL)
    test = re.search(r"<!-- test command -->\n```sh\n(.*?)\n```", README, re.DOTALL)
    assert main.group(1).endswith("faultrun campaigns/nvme-admin.yaml")
    assert test.group(1).endswith("pytest")
    assert "test command" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), f"{page}: {link}"


CAMPAIGN_ROWS = re.findall(
    r"^\| \[([\w./-]+)\]\(\1\) \| ([\w, ]*?) ?\| ",
    (ROOT / "campaigns" / "README.md").read_text(),
    re.MULTILINE,
)


def test_every_shipped_campaign_is_listed_once():
    listed = [name for name, _ in CAMPAIGN_ROWS if not name.startswith("library/")]
    shipped = [path.name for path in (ROOT / "campaigns").glob("*.yaml")]
    assert sorted(listed) == sorted(shipped)


@pytest.mark.parametrize(("name", "runs_on"), CAMPAIGN_ROWS)
def test_the_list_says_on_which_targets_a_campaign_runs(name, runs_on):
    document = yaml.safe_load((ROOT / "campaigns" / name).read_text())
    own = ["simulated"] if "campaign" in document else []
    assert [word for word in runs_on.split(", ") if word] == list(document.get("target", own))


def test_exit_codes_are_the_ones_in_the_code():
    from faultrun.cli.exits import Exit

    table = re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)
    assert [int(code) for code in table] == [int(code) for code in Exit]
