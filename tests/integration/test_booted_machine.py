"""Whole runs on machines that were booted with faults armed, down to the exit code."""

import json

import pytest

from faultrun.cli.main import main

READ = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct"


def campaign(folder, cmdline, steps):
    path = folder / "c.yaml"
    path.write_text(
        f"""\
campaign: c
target:
  simulated:
    kernel: "6.12"
    cmdline: "{cmdline}"
    devices: {{nvme0: {{kind: nvme}}}}
steps:
{steps}"""
    )
    return str(path)


def ran(folder, cmdline, steps):
    """The exit code, and the record's events."""
    out = folder / "run"
    code = main([campaign(folder, cmdline, steps), "--out", str(out), "--no-report", "-q"])
    lines = (out / "events.jsonl").read_text().splitlines()
    return code, [json.loads(line) for line in lines]


def verdicts(events):
    return {
        event["step"]: event["data"]["verdict"]
        for event in events
        if event["kind"] == "step.verdict"
    }


def test_a_step_restores_what_was_booted(tmp_path, capsys):
    steps = f"""\
  armed:
    group: g
    inject:
      fail_make_request: {{disk: nvme0n1, probability: 100, times: 3, interval: 1, space: 0}}
    run: {READ}
    expect: {{exit: 1, errno: EIO, injected: exactly 1}}
  after:
    group: g
    run: cd /sys/kernel/debug/fail_make_request; echo $(cat interval probability space times)
    expect: {{stdout: {{equals: "2 50 9 7\\n"}}}}
"""
    code, events = ran(tmp_path, "fail_make_request=2,50,9,7", steps)
    assert verdicts(events) == {"armed": "PASS", "after": "PASS"}
    assert code == 0, capsys.readouterr()
    (restored,) = [event["data"] for event in events if event["kind"] == "attr.restored"]
    assert restored["complete"] is True
    told = {row["path"].rpartition("/")[2]: row["value"] for row in restored["writes"]}
    assert told["probability"] == "50"
    assert told["times"] == "7"
    assert told["interval"] == "2"
    assert told["space"] == "9"


INJECT = "inject: {nvme: {device: nvme0n1, probability: 100, times: 1}}"
BLOCKED = {
    "fail_usercopy=1,100,0,-1": "EFAULT",
    "nvme_core.fail_request=1,100,0,1": "ENOENT",
}


@pytest.mark.parametrize("cmdline", BLOCKED)
def test_what_was_booted_can_stand_in_the_engines_way(cmdline, tmp_path, capsys):
    """The machine is not one that the step can be run on: ours, with the file and the errno."""
    steps = f"  armed:\n    {INJECT}\n    run: {READ}\n    expect: {{injected: some}}\n"
    code, events = ran(tmp_path, cmdline, steps)
    assert code == 3
    assert verdicts(events) == {"armed": "ERROR"}
    capsys.readouterr()
    text = json.dumps([event for event in events if event["kind"] == "step.verdict"])
    assert f"cannot be read before arming: {BLOCKED[cmdline]}" in text
    assert not [event for event in events if event["kind"] == "attr.intent"]


def test_a_failing_disk_is_the_workloads_own_matter(tmp_path, capsys):
    steps = f"""\
  plain:
    run: {READ}
    expect: {{exit: 0}}
  switched:
    run: |
      echo 1 > /sys/block/nvme0n1/make-it-fail
      {READ}
    expect: {{exit: 1, errno: EIO, kernel_log: {{has: ["name fail_make_request"]}}}}
"""
    code, events = ran(tmp_path, "fail_make_request=1,100,0,-1", steps)
    capsys.readouterr()
    assert code == 0
    assert verdicts(events) == {"plain": "PASS", "switched": "PASS"}


def test_the_command_line_is_part_of_the_plan(tmp_path, capsys):
    steps = "  a:\n    run: 'true'\n"
    digests = set()
    for cmdline in ("", "quiet", "failslab=1,1,1,1"):
        assert main(["plan", campaign(tmp_path, cmdline, steps)]) == 0
        out = capsys.readouterr().out
        digests.add(next(line for line in out.splitlines() if line.startswith("  digest")))
        assert (f"booted with `{cmdline}`" in out) == bool(cmdline)
    assert len(digests) == 3


@pytest.mark.parametrize("cmdline", ["a\\nb", "caf\\xe9", "x" * 2048])
def test_a_command_line_is_one_line_of_ascii(cmdline, tmp_path, capsys):
    path = campaign(tmp_path, cmdline, "  a:\n    run: 'true'\n")
    assert main(["check", path]) == 2
    assert f"{path}:5:14: error[FR0" in capsys.readouterr().err


def test_forecasts_do_not_fire_what_was_booted(tmp_path, capsys):
    steps = f"  armed:\n    {INJECT}\n    run: {READ}\n    expect: {{injected: some}}\n"
    path = campaign(tmp_path, "fail_usercopy=1,100,0,-1", steps)
    assert main(["plan", "--json", path]) == 0
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert task["prediction"]["known"] is True
    assert task["prediction"]["mean"] == 1.0


def test_the_shipped_campaign_passes(cli, campaigns):
    ended = cli(campaigns / "boot-options.yaml", "--out", "run")
    assert ended.code == 0, ended.err + ended.out
    assert "8 PASS, 4 SKIP; 1 fault injected" in ended.out + ended.err


@pytest.mark.parametrize("kernel", ["6.1", "6.8", "6.12", "6.19", "7.3"])
def test_the_shipped_campaign_holds_on_every_kernel(cli, campaigns, kernel, tmp_path):
    text = (campaigns / "boot-options.yaml").read_text()
    other = tmp_path / "other.yaml"
    other.write_text(text.replace('kernel: "6.12"', f'kernel: "{kernel}"'))
    ended = cli(other, "--out", "run")
    assert ended.code == 0, ended.err + ended.out
