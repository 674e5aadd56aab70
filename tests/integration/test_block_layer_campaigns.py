"""SD cards, SCSI disks, arrays, mapped devices: their campaigns, what must not pass, and forecasts."""

import json

import pytest

from faultrun.capabilities.registry import builtin as capabilities
from faultrun.cli.forecast import forecast
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.spec.load import load

HEAD = """\
campaign: c
summary: A campaign.
defaults: {{timeout: 300s}}
target:
  simulated:
    kernel: "{kernel}"
    devices: {{sda: {{kind: scsi_debug, size_mib: 8}}, mmc0: {{kind: mmc, size_mib: 8}}}}
steps:
"""
READ = "dd if=/dev/sda of=/dev/null bs=4k iflag=direct status=none"


def steps(text, kernel="6.12"):
    return HEAD.format(kernel=kernel) + text


@pytest.mark.parametrize("name", ["mmc", "scsi-debug", "md-faulty", "device-mapper"])
def test_campaign_passes_and_every_injecting_step_fires(cli, campaigns, name):
    ended = cli(campaigns / f"{name}.yaml", "--out", "run", "--json")
    assert ended.code == 0, ended.err + ended.out
    document = json.loads(ended.out)
    for step in document["steps"]:
        elsewhere = [reason for reason in step["reasons"] if "this is simulated" in reason]
        assert step["verdict"] == ("SKIP" if elsewhere else "PASS"), step


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        # Without the noise bit the kernel logs no timeout: nothing proves that it fired.
        (
            f"{{inject: {{scsi_debug: {{every_nth: 2, opts: 0x4}}}}, run: {READ} count=2}}",
            "VACUOUS",
        ),
        # The bad sectors are elsewhere.
        (f"{{inject: {{scsi_debug: {{opts: 0x2}}}}, run: {READ} count=1}}", "VACUOUS"),
        (
            f"{{inject: {{scsi_debug: {{opts: 0x2}}}}, run: {READ} count=1 skip=582,"
            " expect: {exit: 1, errno: EIO}}",
            "FAIL",
        ),
        (
            f"{{inject: {{scsi_debug_error: {{unit: '0:0:0:0', type: '0', command: 2a, error: 1}}}},"
            f" run: {READ} count=1}}",
            "VACUOUS",
        ),
        # There is no such unit: nothing can be armed.
        (
            f"{{inject: {{scsi_debug_error: {{unit: '7:0:0:0', type: '0', command: '28', error: 1}}}},"
            f" run: {READ} count=1}}",
            "ERROR",
        ),
        (
            "{inject: {fail_mmc_request: {host: mmc0, probability: 100, times: 1}},"
            f" run: {READ} count=1}}",
            "VACUOUS",
        ),
        (
            "{inject: {fail_mmc_request: {host: mmc0, probability: 100, times: 1}},"
            " run: dd if=/dev/mmcblk0 of=/dev/null count=1 iflag=direct, expect: {exit: 1}}",
            "FAIL",
        ),
        ("{inject: {dm_dust: {mapping: dm-0}}, run: dmsetup ls}", "VACUOUS"),
    ],
)
def test_what_must_not_pass(cli, step, verdict):
    ended = cli(cli.write("c.yaml", steps(f"  a: {step}\n")), "--out", "run", "--json")
    (found,) = json.loads(ended.out)["steps"]
    assert found["verdict"] == verdict, found
    assert ended.code != 0


def test_an_array_that_is_not_there_cannot_be_armed(cli):
    text = steps("  a: {inject: {md_faulty: {array: md0, layout: 0}}, run: 'true'}\n", "6.1")
    ended = cli(cli.write("c.yaml", text), "--out", "run", "--json")
    (found,) = json.loads(ended.out)["steps"]
    assert found["verdict"] == "ERROR"
    assert "/sys/block/md0/md/layout" in " ".join(found["reasons"])


def test_a_layout_that_only_clears_is_not_taken_for_an_armed_one(cli):
    text = steps(
        "  a: {group: g, run: mdadm --create /dev/md0 --level=faulty --raid-devices=1 /dev/sda}\n"
        "  b: {group: g, inject: {md_faulty: {array: md0, layout: 31}}, run: 'true'}\n",
        "6.1",
    )
    ended = cli(cli.write("c.yaml", text), "--out", "run", "--json")
    found = {step["id"]: step for step in json.loads(ended.out)["steps"]}
    assert found["a"]["verdict"] == "PASS"
    assert found["b"]["verdict"] == "ERROR"
    assert "/proc/mdstat" in " ".join(found["b"]["reasons"])


def test_the_error_rules_of_a_unit_are_no_part_of_6_1(cli):
    text = steps(
        "  a: {inject: {scsi_debug_error: {unit: '0:0:0:0', type: '0', command: '28', error: 1}},"
        " run: 'true'}\n",
        "6.1",
    )
    ended = cli("check", cli.write("c.yaml", text))
    assert ended.code == 2
    assert "FR024" in ended.err + ended.out


@pytest.mark.parametrize(
    ("inject", "run", "expected"),
    [
        ("scsi_debug: {every_nth: 2, opts: 0x8}", f"{READ} count=7", 3),
        ("scsi_debug: {opts: 0x2}", f"{READ} count=1 skip=582", 1),
        (
            "scsi_debug_error: {unit: '0:0:0:0', type: '2', command: '28 0 0 2 1 5d 0', error: 1}",
            f"{READ} count=4",
            4,
        ),
        (
            "fail_mmc_request: {host: mmc0, probability: 100, times: 1}",
            "dd if=/dev/mmcblk0 of=/dev/null bs=4k count=3 iflag=direct",
            1,
        ),
    ],
)
def test_the_forecast_is_what_happens(cli, inject, run, expected):
    path = cli.write(
        "c.yaml",
        steps(f"  a:\n    inject: {{{inject}}}\n    run: {run}\n    expect: {{injected: some}}\n"),
    )
    loaded = load(path, overrides={})
    assert loaded.campaign is not None, loaded.diagnostics
    plan = make_plan(loaded.campaign, capabilities(), selection=Selection(), seed=None)
    (task,) = forecast(plan).plan.tasks
    assert (task.prediction.known, task.prediction.mean) == (True, expected)
    ended = cli(path, "--out", "run", "--json")
    (found,) = json.loads(ended.out)["steps"]
    assert found["injected"] == expected, found
