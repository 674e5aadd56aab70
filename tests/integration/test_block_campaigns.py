"""Block campaigns from outside: those that must not pass, forecasts, restoring, and what is refused."""

import json
import re

import pytest

from faultrun.capabilities.registry import known
from faultrun.cli.forecast import forecast
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.spec.load import load

HEAD = """campaign: test
summary: A test.
seed: 5
defaults: {{timeout: 400s}}
target:
  simulated:
    kernel: "{kernel}"
    devices:
      nvme0: {{kind: nvme, namespaces: 1, size_mib: 16, partitions: 1}}
      nullb0: {{kind: null_blk, size_mib: 16}}
      nullb1: {{kind: null_blk, size_mib: 16, power: false}}
steps:
"""
READ = "dd if=/dev/{} of=/dev/null bs=4k count={} iflag=direct"


def step(name, inject, run, expect):
    return (
        f"  {name}:\n    inject: {json.dumps(inject)}\n    run: {json.dumps(run)}\n"
        f"    expect: {json.dumps(expect)}\n"
    )


def verdicts(cli, run="run"):
    lines = (cli.cwd / run / "events.jsonl").read_text().splitlines()
    return {
        event["step"]: event["data"]
        for event in map(json.loads, lines)
        if event["kind"] == "step.verdict"
    }


SURE = {"probability": 100, "times": -1}
VAIN = {
    "other-disk": ({"fail_make_request": {"disk": "nullb0", **SURE}}, READ.format("nvme0n1", 1)),
    "other-partition": (
        {"fail_make_request": {"disk": "nvme0n1/nvme0n1p1", **SURE}},
        READ.format("nvme0n1", 1),
    ),
    "flusher": (
        {"fail_make_request": {"disk": "nvme0n1", **SURE, "space": 1 << 30}},
        READ.format("nvme0n1", 1),
    ),
    "filtered": (
        {"fail_io_timeout": {"disk": "nvme0n1", **SURE, "task-filter": True}},
        READ.format("nvme0n1", 1),
    ),
    "powered": ({"null_blk_init_hctx": {"disk": "nullb0", **SURE}}, READ.format("nullb0", 1)),
    "other-device": ({"null_blk_timeout": {"disk": "nullb1", **SURE}}, READ.format("nullb0", 1)),
    "other-op": (
        {"blk_error_injection": {"disk": "nvme0n1", "op": "WRITE", "status": "IOERR"}},
        READ.format("nvme0n1", 1),
    ),
    "other-sectors": (
        {"blk_error_injection": {"disk": "nvme0n1", "op": "READ", "status": "IOERR", "start": 8}},
        READ.format("nvme0n1", 1),
    ),
    "other-opcode": (
        {"nvme": {"device": "nvme0n1", "opcode": 1, **SURE}},
        READ.format("nvme0n1", 1),
    ),
}


def test_a_fault_that_never_fires_is_vacuous(cli):
    steps = "".join(step(name, *VAIN[name], {"exit": 0}) for name in VAIN)
    ended = cli(cli.write("c.yaml", HEAD.format(kernel="7.3") + steps), "--out", "run")
    assert ended.code == 1, ended.out + ended.err
    assert {name: row["verdict"] for name, row in verdicts(cli).items()} == dict.fromkeys(
        VAIN, "VACUOUS"
    )


def test_a_flusher_s_write_is_vacuous_for_the_workload_and_the_plan_says_why(cli):
    """The task filter spares kernel threads; the words of the forecast name the way out."""
    text = """campaign: flusher
target: {simulated: {devices: {nvme0: {kind: nvme, namespaces: 1, size_mib: 64}}}}
steps:
  mount:
    group: g
    run: mkfs.ext4 -q /dev/nvme0n1; mount /dev/nvme0n1 /mnt; echo a > /mnt/f; sync
    expect: {exit: 0}
  write:
    group: g
    needs: [mount]
    timeout: 100s
    inject: {fail_make_request: {disk: nvme0n1, probability: 100, times: -1}}
    run: echo b > /mnt/f; sleep 60
    expect: {exit: 0}
"""
    path = cli.write("c.yaml", text)
    ended = cli(path, "--out", "run")
    assert ended.code == 1
    assert verdicts(cli)["write"]["verdict"] == "VACUOUS"
    told = cli("plan", path)
    assert "FR121" in told.err
    assert "from interrupts or from kernel threads: set task-filter: N" in told.err


@pytest.mark.parametrize(
    ("inject", "run", "expect"),
    [
        (
            {"fail_make_request": {"disk": "nvme0n1", "probability": 100, "times": 1}},
            READ.format("nvme0n1", 1),
            {"errno": "ENODATA"},
        ),
        (
            {"fail_io_timeout": {"disk": "nvme0n1", "probability": 100, "times": 1}},
            READ.format("nvme0n1", 1),
            {"exit": 1},
        ),
        (
            {"null_blk_requeue": {"disk": "nullb0", "probability": 100, "times": 3}},
            READ.format("nullb0", 1),
            {"exit": 0, "injected": "exactly 3"},
        ),
        (
            {"blk_error_injection": {"disk": "nvme0n1", "op": "READ", "status": "MEDIUM"}},
            READ.format("nvme0n1", 1),
            {"errno": "EIO"},
        ),
    ],
)
def test_a_wrong_expectation_fails(cli, inject, run, expect):
    text = HEAD.format(kernel="7.3") + step("s", inject, run, expect)
    ended = cli(cli.write("c.yaml", text), "--out", "run")
    assert ended.code == 1, ended.out + ended.err
    assert verdicts(cli)["s"]["verdict"] == "FAIL"


EXACT = {
    "bios": (
        {"fail_make_request": {"disk": "nvme0n1", "probability": 100, "interval": 3, "times": -1}},
        "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=10 iflag=direct conv=noerror status=none; true",
    ),
    "requeue": (
        {
            "null_blk_requeue": {
                "disk": "nullb0",
                "probability": 100,
                "times": 50,
                "task-filter": False,
            }
        },
        READ.format("nullb0", 3),
    ),
    "requeue-filtered": (
        {"null_blk_requeue": {"disk": "nullb0", "probability": 100, "times": 50}},
        READ.format("nullb0", 3),
    ),
    "timeouts": (
        {"null_blk_timeout": {"disk": "nullb0", "probability": 100, "times": 2}},
        f"{READ.format('nullb0', 1)}; {READ.format('nullb0', 1)}; {READ.format('nullb0', 1)}; true",
    ),
    "queues": (
        {"null_blk_init_hctx": {"disk": "nullb1", "probability": 100, "interval": 2, "times": 9}},
        "echo 1 > /sys/kernel/config/nullb/nullb1/power; true",
    ),
    "lost": (
        {"fail_io_timeout": {"disk": "nvme0n1", "probability": 100, "times": 1}},
        READ.format("nvme0n1", 4),
    ),
    "rules": (
        {"blk_error_injection": {"disk": "nvme0n1", "op": "READ", "status": "IOERR", "chance": 3}},
        "for n in 1 2 3 4 5 6 7 8 9; do " + READ.format("nvme0n1", 1) + "; done; true",
    ),
    "opcodes": (
        {"nvme": {"device": "nvme0n1", "opcode": 1, "probability": 100, "times": 3}},
        "for n in 1 2 3 4 5; do dd if=/dev/zero of=/dev/nvme0n1 bs=4k count=1 oflag=direct;"
        + READ.format("nvme0n1", 2)
        + "; done; true",
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_the_forecast_is_what_happens(cli, name):
    inject, run = EXACT[name]
    path = cli.write("c.yaml", HEAD.format(kernel="7.3") + step(name, inject, run, {"exit": 0}))
    loaded = load(path, overrides={})
    assert loaded.campaign is not None, loaded.diagnostics
    plan = make_plan(loaded.campaign, known(), selection=Selection(), seed=None)
    told = forecast(plan).plan.tasks[0].prediction
    ended = cli(path, "--out", "run")
    happened = verdicts(cli)[name]["injected"]
    assert happened, ended.out
    assert (told.mean, told.spread) == (happened, 0.0)


def test_a_disk_that_has_rules_already_is_left_alone(cli):
    text = HEAD.format(kernel="7.3")
    text += """  by-hand:
    group: g
    run: echo add,op=WRITE,status=TARGET > /sys/kernel/debug/block/nvme0n1/error_injection
    expect: {exit: 0}
  refused:
    group: g
    needs: [by-hand]
    inject: {blk_error_injection: {disk: nvme0n1, op: READ, status: IOERR}}
    run: dd if=/dev/nvme0n1 of=/dev/null count=1
    expect: {exit: 1}
  kept:
    group: g
    run: cat /sys/kernel/debug/block/nvme0n1/error_injection
    expect: {stdout: "op=WRITE,status=TARGET,chance=1"}
"""
    ended = cli(cli.write("c.yaml", text), "--out", "run")
    found = {name: row["verdict"] for name, row in verdicts(cli).items()}
    assert found == {"by-hand": "PASS", "refused": "ERROR", "kept": "PASS"}
    assert "error_injection is armed" in ended.out + ended.err


@pytest.mark.parametrize(
    ("inject", "code", "told"),
    [
        (
            {"blk_error_injection": {"disk": "nvme0n1", "op": "READ", "status": "BAD"}},
            "FR015",
            "BAD",
        ),
        (
            {"blk_error_injection": {"disk": "nvme0n1", "op": "REED", "status": "IOERR"}},
            "FR015",
            "READ",
        ),
        ({"blk_error_injection": {"disk": "nvme0n1", "chance": 0}}, "FR021", "bios"),
        ({"null_blk_timeout": {"disk": "nullb7", "probability": 100}}, "FR", "nullb7"),
        ({"fail_io_timeout": {"disk": "nvme0n1/nvme0n1p1", "probability": 100}}, "FR015", "disk"),
    ],
)
def test_what_is_wrong_is_told_at_load(cli, inject, code, told):
    ended = cli(
        "check",
        cli.write("c.yaml", HEAD.format(kernel="7.3") + step("s", inject, "true", {"exit": 1})),
    )
    assert ended.code == 2
    assert re.search(rf"\[{code}", ended.out + ended.err)
    assert told in ended.out + ended.err


@pytest.mark.parametrize(
    ("kernel", "inject"),
    [
        ("6.19", {"blk_error_injection": {"disk": "nvme0n1", "op": "READ", "status": "IOERR"}}),
        ("6.1", {"null_blk_timeout": {"disk": "nullb0", "probability": 100}}),
        ("6.19", {"nvme": {"device": "nvme0n1", "opcode": 1, "probability": 100}}),
    ],
)
def test_what_a_kernel_lacks_is_told_with_the_version(cli, kernel, inject):
    text = HEAD.format(kernel=kernel) + step("s", inject, "true", {"exit": 1})
    ended = cli("check", cli.write("c.yaml", text))
    assert ended.code == 2
    assert kernel in ended.out + ended.err


def test_a_hang_is_no_pass(cli):
    text = """campaign: hang
target: {simulated: {devices: {loop0: {kind: loop, size_mib: 4}}}}
steps:
  hangs:
    timeout: 20s
    inject: {fail_io_timeout: {disk: loop0, probability: 100, times: 1}}
    run: dd if=/dev/loop0 of=/dev/null bs=4k count=1 iflag=direct
    expect: {injected: exactly 1}
"""
    path = cli.write("c.yaml", text)
    assert "FR140" in cli("check", path).err
    ended = cli(path, "--out", "run")
    assert ended.code == 1
    row = verdicts(cli)["hangs"]
    assert (row["verdict"], row["outcome"]) == ("FAIL", "hang")


@pytest.mark.parametrize(
    ("disk", "told"),
    [
        ("loop0", "has no timeout handler"),
        ("vda", "has no timeout handler"),
        ("mmcblk0", "only starts its timer anew"),
        ("nvme0n1", ""),
        ("sda", ""),
        ("nullb0", ""),
    ],
)
def test_a_driver_that_never_ends_a_lost_request_is_warned_of(tmp_path, disk, told):
    inject = {"fail_io_timeout": {"disk": disk, "probability": 100, "times": 1}}
    expectations = (
        ({"injected": "exactly 1"}, bool(told)),
        ({"outcome": "hang"}, False),
        ({"fate": "hang"}, False),
        ({"fate": "survives"}, bool(told)),
    )
    for expect, warned in expectations:
        path = tmp_path / "c.yaml"
        path.write_text("campaign: c\nsteps:\n" + step("s", inject, "true", expect))
        found = [item for item in load(path, overrides={}).diagnostics if item.code == "FR140"]
        assert bool(found) == warned
        assert all(told in item.message for item in found)
