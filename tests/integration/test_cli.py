"""Every verb, typed as a user types it."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

MIXED = """\
campaign: mixed
summary: One step for each verdict.
target:
  simulated: {kernel: "6.12", devices: {nvme0: {kind: nvme}}}
steps:
  passes:
    run: "true"
    expect: {exit: 0}
  fails:
    run: "false"
    expect: {exit: 0}
  vacuous:
    inject: {nvme: {device: nvme0, probability: 100, times: 1}}
    run: dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
    expect: {exit: 0}
  after-failure:
    needs: [fails]
    run: "true"
  unmodelled:
    run: frobnicate --hard
"""


@pytest.mark.parametrize("name", ["smoke", "nvme-admin", "nvme-io"])
def test_shipped_campaign_passes(cli, campaigns, name):
    ended = cli(campaigns / f"{name}.yaml", "--out", "run")
    assert ended.code == 0, ended.err + ended.out
    assert (cli.cwd / "run" / "report.html").stat().st_size > 10_000
    assert "VACUOUS" not in ended.err


def test_verdicts_are_told_apart(cli):
    path = cli.write("c.yaml", MIXED)
    ended = cli("run", path, "--out", "run", "--json")
    assert ended.code == 1, ended.err
    document = json.loads(ended.out)
    verdicts = {step["id"]: step["verdict"] for step in document["steps"]}
    assert verdicts == {
        "passes": "PASS",
        "fails": "FAIL",
        "vacuous": "VACUOUS",
        "after-failure": "SKIP",
        "unmodelled": "SKIP",
    }
    reasons = {step["id"]: " ".join(step["reasons"]) for step in document["steps"]}
    assert "'fails'" in reasons["after-failure"]
    assert "frobnicate" in reasons["unmodelled"]
    assert document["gate"]["passed"] is False


def test_selection_brings_the_needs_along(cli):
    path = cli.write("c.yaml", MIXED)
    ended = cli("run", path, "--out", "run", "--only", "after-failure", "--json")
    ids = {step["id"] for step in json.loads(ended.out)["steps"]}
    assert ids == {"fails", "after-failure"}
    ended = cli("run", path, "--only", "afterfailure")
    assert ended.code == 2
    assert "after-failure" in ended.err


def test_plan_writes_nothing_and_says_every_write(cli, campaigns):
    ended = cli("plan", campaigns / "smoke.yaml")
    assert ended.code == 0
    assert "/sys/kernel/debug/nvme0n1/fault_inject/probability" in ended.out
    assert "dd if=/dev/nvme0n1" in ended.out
    assert list(cli.cwd.iterdir()) == []


def test_check_finds_everything_at_once(cli):
    text = MIXED.replace("probability: 100", "probability: 300, stauts: 1")
    ended = cli("check", cli.write("c.yaml", text))
    assert ended.code == 2
    assert "did you mean 'status'" in ended.err
    assert "300" in ended.err
    assert "2 errors" in ended.err
    ended = cli("check", cli.cwd / "c.yaml", "--json")
    assert len(json.loads(ended.out)["diagnostics"]) >= 2


def test_report_is_rendered_again_from_the_record(cli, campaigns):
    assert cli(campaigns / "smoke.yaml", "--out", "run").code == 0
    first = (cli.cwd / "run" / "report.html").read_bytes()
    (cli.cwd / "run" / "report.html").unlink()
    ended = cli("report", "run")
    assert ended.code == 0, ended.err
    assert (cli.cwd / "run" / "report.html").read_bytes() == first
    (cli.cwd / "run").rename(cli.cwd / "moved")
    assert cli("report", "moved", "--out", "elsewhere.html").code == 0
    assert len((cli.cwd / "elsewhere.html").read_bytes()) > 10_000
    assert "PASS" in cli("report", "moved", "--text").out


@pytest.mark.parametrize(
    ("word", "needle"),
    [
        ("nvme", "dont_retry"),
        ("probability", "percent"),
        ("FR101", "times"),
        ("failslab", "mm/failslab.c"),
        ("injected", "exactly"),
        ("require", "{module: NAME, section: .exit.text}"),
    ],
)
def test_explain(cli, word, needle):
    ended = cli("explain", word)
    assert ended.code == 0, ended.err
    assert needle in ended.out


def test_explain_lists_everything_and_knows_near_words(cli):
    assert "failslab" in cli("explain").out
    ended = cli("explain", "nvem")
    assert ended.code == 2
    assert "nvme" in ended.err


def test_words_of_the_command_line(cli):
    assert re.fullmatch(r"faultrun \d+\.\d+\.\d+\n", cli("--version").out)
    ended = cli("rnu", "c.yaml")
    assert ended.code == 2
    assert "did you mean 'run'" in ended.err
    assert cli("--help").code == 0
    assert cli().code == 2
    for verb in ("run", "plan", "check", "report", "restore", "explain", "completion"):
        assert f"faultrun {verb}" in cli(verb, "--help").out


def test_completion_scripts(cli):
    script = cli("completion", "bash")
    assert script.code == 0
    (cli.cwd / "faultrun.sh").write_text(script.out)
    done = subprocess.run(["bash", "-n", str(cli.cwd / "faultrun.sh")], check=False)
    assert done.returncode == 0
    assert "--only" in script.out


def test_no_control_codes_away_from_a_terminal(cli, campaigns):
    ended = cli(campaigns / "smoke.yaml", "--out", "run")
    assert "\x1b" not in ended.out + ended.err
    ended = cli("check", cli.write("c.yaml", "campaign: [\n"), "--color", "always")
    assert "\x1b[" in ended.err


def test_only_from_a_variable(cli, campaigns):
    ended = cli("plan", campaigns / "nvme-admin.yaml", "--set", "controller=nvme7")
    assert "nvme7" in ended.out + ended.err


LONG = """\
campaign: long
steps:
  a:
    inject: {failslab: {probability: 100, times: -1, ignore-gfp-wait: N}}
    run: |
      sleep 30
    expect: {injected: at least 0}
    timeout: 60s
  b:
    needs: [a]
    run: "true"
"""


def tree(root):
    folder = root / "sys/kernel/debug/failslab"
    folder.mkdir(parents=True)
    values = {
        "probability": "0", "interval": "1", "times": "1", "space": "0", "verbose": "2",
        "task-filter": "N", "ignore-gfp-wait": "Y", "cache-filter": "N",
        "verbose_ratelimit_interval_ms": "0", "verbose_ratelimit_burst": "10",
    }  # fmt: skip
    for name, value in values.items():
        (folder / name).write_text(value + "\n")
    (root / "proc/thread-self").mkdir(parents=True)
    (root / "proc/thread-self/make-it-fail").write_text("0\n")
    return {path: path.read_bytes() for path in folder.iterdir()}


def wait_until_armed(root):
    probability = root / "sys/kernel/debug/failslab/probability"
    for _ in range(600):
        if probability.read_text().startswith("100"):
            return
        time.sleep(0.05)
    raise AssertionError("never armed")


def start(cli, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "faultrun", *map(str, words)],
        cwd=cli.cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_restores_first(cli, number):
    root = cli.cwd / "machine"
    before = tree(root)
    path = cli.write("c.yaml", LONG)
    process = start(cli, "run", path, "--target", f"local:{root}", "--out", "run")
    wait_until_armed(root)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert {path: path.read_bytes() for path in before} == before
    events = (cli.cwd / "run" / "events.jsonl").read_text()
    assert '"interrupted":true' in events
    assert '"not_run":["a","b"]' in events


def test_restore_after_kill_9(cli):
    root = cli.cwd / "machine"
    before = tree(root)
    path = cli.write("c.yaml", LONG)
    process = start(cli, "run", path, "--target", f"local:{root}", "--out", "run")
    wait_until_armed(root)
    process.kill()
    process.communicate(timeout=60)
    assert {path: path.read_bytes() for path in before} != before
    shown = cli("restore", "run", "--dry-run")
    assert "probability" in shown.out
    assert {path: path.read_bytes() for path in before} != before
    ended = cli("restore", "run")
    assert ended.code == 0, ended.err
    assert {path: path.read_bytes() for path in before} == before
    again = cli("restore", "run")
    assert again.code == 0
    assert {path: path.read_bytes() for path in before} == before


def test_one_step_of_a_campaign_can_pass_the_gate(cli, campaigns):
    ended = cli(campaigns / "nvme-admin.yaml", "--only", "recovery", "--out", "run")
    assert ended.code == 0, ended.out
    assert "gate passed" in ended.out


def test_a_campaign_of_which_nothing_ran_does_not_pass(cli):
    ended = cli(cli.write("c.yaml", "campaign: x\nsteps:\n  a:\n    run: frobnicate\n"))
    assert ended.code == 1
    assert "SKIP" in ended.err


def test_a_machine_that_cannot_be_put_back_is_exit_code_4(cli):
    """The workload puts a directory where a control file was: nothing can be written back there."""
    root = cli.cwd / "machine"
    tree(root)
    text = LONG.replace(
        "sleep 30",
        "rm $FAULTRUN_ROOT/sys/kernel/debug/failslab/ignore-gfp-wait\n"
        "      mkdir $FAULTRUN_ROOT/sys/kernel/debug/failslab/ignore-gfp-wait",
    )
    ended = cli("run", cli.write("c.yaml", text), "--target", f"local:{root}", "--out", "run")
    assert ended.code == 4, ended.err
    assert "may still be armed" in ended.err
    assert "echo Y > /sys/kernel/debug/failslab/ignore-gfp-wait" in ended.err
    assert (root / "sys/kernel/debug/failslab/probability").read_text() == "0\n"
    assert cli("restore", "run").code == 4


def test_our_failure_is_not_theirs(cli):
    """A target that is not there is exit code 2 or 3, never a failed gate."""
    path = cli.write("c.yaml", LONG)
    assert cli("run", path, "--target", "local:/no/such/folder").code == 3
    assert cli("run", path, "--target", "local:/").code == 3
    assert cli("run", path, "--target", "moon").code == 2


def test_a_bug_of_the_simulator_is_ours(cli):
    """Whatever a script makes of the simulator, it is no traceback and no verdict on the kernel."""
    text = "campaign: x\nsteps:\n  a:\n    run: 'cut -c1\u00b2 /proc/self/comm; cat <&1e3'\n"
    ended = cli(cli.write("c.yaml", text), "--out", "run")
    assert ended.code in (1, 3), ended.err
    if ended.code == 3:
        assert "ERROR" in ended.err
