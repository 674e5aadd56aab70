"""The whole command line on a machine that is not the run's own: two at once, kills, full disks."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from data.machine_tree import content, grow

LONG = """\
campaign: long
steps:
  a:
    inject: {failslab: {probability: 100, times: 3}}
    run: "echo $$ > workload; sleep 60"
    timeout: 90s
  b:
    run: "true"
"""
QUICK = "campaign: quick\nsteps:\n  a:\n    run: 'true'\n"
MANY = """\
campaign: many
steps:
  a:
    matrix: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}
    inject: {failslab: {probability: 100, times: 2}}
    run: "echo 1 > sys/kernel/debug/failslab/times; head -c 6000 /dev/zero | tr '\\\\0' x"
    expect: {injected: some}
"""


@pytest.fixture
def machine(tmp_path):
    root = grow(tmp_path / "machine")
    failslab = root / "sys/kernel/debug/failslab"
    for name, value in {"verbose": "2", "cache-filter": "N"}.items():
        (failslab / name).write_text(f"{value}\n")
    return root


def start(cli, *words, **how):
    return subprocess.Popen(
        [sys.executable, "-m", "faultrun", *map(str, words)],
        cwd=cli.cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def wait_for(path):
    for _ in range(1_200):
        if path.exists() and path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


def end_workload(machine):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(int((machine / "workload").read_text()), signal.SIGKILL)


def test_two_runs_on_one_machine_at_once(cli, machine):
    before = content(machine)
    first = start(
        cli, "run", cli.write("l.yaml", LONG), "--target", f"local:{machine}", "--out", "first"
    )
    wait_for(machine / "workload")
    quick = cli.write("q.yaml", QUICK)
    second = cli("run", quick, "--target", f"local:{machine}", "--out", "second")
    assert second.code == 3
    assert "the machine is being used by faultrun run" in second.err
    assert f"{cli.cwd}/first (pid {first.pid} of " in second.err
    assert not (cli.cwd / "second").exists()
    as_json = cli("run", quick, "--target", f"local:{machine}", "--json")
    assert as_json.code == 3
    assert "being used by" in json.loads(as_json.out)["error"]
    command = cli("exec", "--target", f"local:{machine}", "--", "true")
    assert command.code == 3
    assert "being used by" in command.err
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=60)
    assert first.returncode == 130, out + err
    assert content(machine) == before
    after = cli("run", quick, "--target", f"local:{machine}", "--out", "third")
    assert after.code == 0, after.err


def test_nothing_of_a_killed_run_holds_the_machine(cli, machine):
    before = content(machine)
    files = cli.cwd / "tmp"
    files.mkdir()
    first = start(
        cli, "run", cli.write("l.yaml", LONG), "--target", f"local:{machine}", "--out", "first",
        env={**os.environ, "TMPDIR": str(files)},
    )  # fmt: skip
    wait_for(machine / "workload")
    first.kill()
    first.communicate(timeout=60)
    # Its workload still runs, and must not keep the machine from being restored.
    assert content(machine) != before
    ended = cli("restore", "first")
    assert ended.code == 0, ended.err
    assert content(machine) == before
    after = cli("run", cli.write("q.yaml", QUICK), "--target", f"local:{machine}", "--out", "next")
    assert after.code == 0, after.err
    assert list(files.iterdir()) == []
    end_workload(machine)


def test_restoring_a_dead_run_waits_for_nobody_and_disturbs_nobody(cli, machine):
    path = cli.write("l.yaml", LONG)
    dead = start(cli, "run", path, "--target", f"local:{machine}", "--out", "dead")
    wait_for(machine / "workload")
    dead.kill()
    dead.communicate(timeout=60)
    end_workload(machine)
    (machine / "workload").unlink()
    living = start(cli, "run", path, "--target", f"local:{machine}", "--out", "living")
    wait_for(machine / "workload")
    armed = content(machine)
    refused = cli("restore", "dead")
    assert refused.code == 4
    assert "being used by faultrun run" in refused.err
    assert f"{cli.cwd}/living" in refused.err
    assert content(machine) == armed
    living.send_signal(signal.SIGTERM)
    living.communicate(timeout=60)
    assert living.returncode == 130
    assert cli("restore", "dead").code == 0


def test_a_disk_that_fills_while_a_real_machine_is_armed(cli, machine):
    before = content(machine)
    path = cli.write("m.yaml", MANY)

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    process = start(
        cli, "run", path, "--target", f"local:{machine}", "--out", "run", preexec_fn=small_files
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, out + err
    assert "Traceback" not in err
    assert "run/events.jsonl: the record cannot be written: File too large" in err
    assert "already failed" not in err
    assert content(machine) == before
    assert cli("restore", "run").code == 0
    assert content(machine) == before
    assert cli("report", "run").code == 0


def test_a_display_that_nobody_watches_any_more_is_no_reason_to_stop(cli, machine):
    before = content(machine)
    path = cli.write("m.yaml", MANY)
    words = ["run", path, "--target", f"local:{machine}", "--out", "run", "--no-report"]
    process = start(cli, *words)
    assert process.stderr.readline()
    process.stderr.close()
    out = process.stdout.read()
    assert process.wait(timeout=120) == 0, out
    process.stdout.close()
    assert "12 PASS" in out
    assert content(machine) == before
    events = (cli.cwd / "run/events.jsonl").read_text().splitlines()
    assert json.loads(events[-1])["kind"] == "run.end"
