"""The engine on the simulated kernel: faults that hit the engine itself, and runs that must not pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data.engine_plans import Events, never
from faultrun.capabilities.registry import builtin as capabilities
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.record.reader import load as load_record
from faultrun.record.restore import pending
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
campaign: test
summary: A test.
seed: 5
target:
  simulated: {kernel: "6.12", devices: {nvme0: {kind: nvme, namespaces: 1, size_mib: 16}}}
steps:
"""


def run(folder, steps, slots=2):
    file = folder / "test.yaml"
    file.write_text(HEAD + steps)
    loaded = load(file, overrides={})
    assert loaded.campaign is not None, loaded.diagnostics
    made = make_plan(loaded.campaign, capabilities(), selection=Selection(), seed=None)
    machines = []

    def open_machine(name):
        machines.append(SimulatedTarget(made.campaign.target, seed=made.seed, machine=name))
        return machines[-1]

    events = Events()
    summary = drive(
        made, open_machine, events, oracles=builtin(), gate=decide, slots=slots, stop=never
    )
    assert summary.restored
    return summary, events


def outcome(events, step):
    return events.of("step.verdict", step)[0].data["outcome"]


def test_failslab_on_everybody_at_100_percent_is_disarmed_through_the_held_file(tmp_path):
    summary, events = run(
        tmp_path,
        """\
  all:
    inject: {failslab: {probability: 100, times: -1, ignore-gfp-wait: N, task-filter: N}}
    run: echo hello
    expect: {injected: some}
""",
    )
    assert summary.verdicts["all"] is Verdict.PASS
    assert events.of("attr.restored")[0].data["complete"] is True


def test_fail_usercopy_at_90_percent_hits_our_own_writes_and_is_disarmed_all_the_same(tmp_path):
    summary, events = run(
        tmp_path,
        """\
  all:
    matrix: {n: [1, 2, 3, 4, 5]}
    inject: {fail_usercopy: {probability: 90, times: -1, task-filter: N, verbose: 2}}
    run: echo {{ n }}
    expect: {injected: some}
""",
    )
    assert summary.counts[Verdict.PASS] == 5
    ours = [
        hit
        for event in events.of("evidence")
        for hit in event.data["hits"]
        if hit["comm"] == "faultrun"
    ]
    assert ours
    assert all(hit["on_path"] is False for hit in ours)


def test_a_fault_on_the_controller_while_the_workload_does_io_is_vacuous(tmp_path):
    summary, events = run(
        tmp_path,
        """\
  wrong-place:
    inject: {nvme: {device: nvme0, probability: 100, times: 1}}
    run: dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1
    expect: {exit: nonzero}
""",
    )
    assert summary.verdicts["wrong-place"] is Verdict.VACUOUS
    assert outcome(events, "wrong-place") == "not-activated"
    assert not summary.gate.passed


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        ("{run: 'false'}", Verdict.FAIL),
        ("{run: 'true', expect: {exit: nonzero}}", Verdict.FAIL),
        ("{run: echo a, expect: {stdout: b}}", Verdict.FAIL),
        ("{run: no-such-program-anywhere}", Verdict.SKIP),
        ("{run: 'true', requires: [fail_skb_realloc]}", Verdict.SKIP),
        ("{run: 'true', inject: {fail-nth: {nth: 1000}}}", Verdict.VACUOUS),
        ("{run: sleep 60, timeout: 1s}", Verdict.FAIL),
        ("{run: 'true', expect: {file: {/none: {exists: true}}}}", Verdict.FAIL),
    ],
)
def test_runs_that_must_not_pass(tmp_path, step, verdict):
    summary, _ = run(tmp_path, f"  a: {step}\n  b: {{needs: [a], run: 'true'}}\n")
    assert summary.verdicts["a"] is verdict
    assert summary.verdicts["b"] is Verdict.SKIP


@pytest.mark.parametrize("name", ["smoke", "nvme-admin"])
def test_same_seed_same_bytes_and_verdicts_whatever_the_slots(tmp_path, name):
    digests, verdicts = set(), set()
    for number, (slots, seed) in enumerate(((4, "0"), (4, "7"), (1, "1"))):
        folder = tmp_path / str(number)
        words = [str(ROOT / "campaigns" / f"{name}.yaml"), "--no-report", "-q"]
        words += ["--out", str(folder), "--slots", str(slots)]
        done = subprocess.run(
            [sys.executable, "-m", "faultrun", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "runner"), "PYTHONHASHSEED": seed},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        record = load_record(folder)
        assert not record.torn
        assert pending(folder) == ()
        if slots == 4:
            digests.add(record.sha256)
        verdicts.add(
            tuple(
                sorted(
                    (event.step, event.data["verdict"], event.data["injected"])
                    for event in record.events
                    if event.kind == "step.verdict"
                )
            )
        )
    assert len(digests) == 1
    assert len(verdicts) == 1
