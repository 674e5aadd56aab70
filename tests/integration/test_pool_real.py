"""Several real guests side by side: groups keep theirs, a stop and a kill leave nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

LONG = """\
campaign: pool
target: {uml: {}}
steps:
  a:
    matrix: {n: [1, 2, 3]}
    inject: {failslab: {probability: 100, times: 200}}
    run: sleep 6{{ n }}
    timeout: 90s
    expect: {exit: 0}
"""
GROUPS = """\
campaign: groups
target: {uml: {}}
steps:
  leave: {group: g, run: echo mine > /tmp/mark}
  other:
    matrix: {n: [1, 2, 3]}
    run: test ! -e /tmp/mark && echo {{ n }} > /tmp/mark
  look: {group: g, needs: [other], run: cat /tmp/mark, expect: {stdout: mine}}
"""


@pytest.fixture
def pool(cli, uml_kernel):
    folder = cli.cwd / "tmp"
    folder.mkdir()
    started = []

    def start(text, *words):
        process = subprocess.Popen(
            [sys.executable, "-m", "faultrun", "run", cli.write("c.yaml", text), "--target", "uml",
             "--kernel", uml_kernel.path, "--out", "run", *words],
            cwd=cli.cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )  # fmt: skip

        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def events(cli):
    try:
        lines = (cli.cwd / "run/events.jsonl").read_text().split("\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def until(happened):
    for _ in range(1_200):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


def processes(folder):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words and str(os.getpid()) != path.parent.name:
            found.append(words)
    return found


def intents(cli):
    return [event["step"] for event in events(cli) if event["kind"] == "attr.intent"]


def test_a_stop_restores_and_ends_every_guest(cli, pool):
    process = pool(LONG, "--slots", "3")
    # The intents of three steps, and no end of any: all of them are at work at once.
    until(lambda: len(intents(cli)) == 3)
    assert not [event for event in events(cli) if event["kind"] == "step.verdict"]
    assert len(list((cli.cwd / "tmp").iterdir())) == 3
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    told = events(cli)
    restored = [event for event in told if event["kind"] == "attr.restored"]
    assert {event["step"] for event in restored} == set(intents(cli))
    assert all(event["data"]["complete"] for event in restored)
    assert told[-1]["data"]["restored"] is True
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
    assert list((cli.cwd / "tmp").iterdir()) == []
    assert processes(cli.cwd / "tmp") == []


def test_a_killed_runner_takes_its_guests_along(cli, pool):
    process = pool(LONG, "--slots", "3")
    until(lambda: len(intents(cli)) == 3)
    assert processes(cli.cwd / "tmp")
    process.kill()
    process.communicate(timeout=60)
    until(lambda: not list((cli.cwd / "tmp").iterdir()))
    until(lambda: not processes(cli.cwd / "tmp"))


def test_a_group_keeps_its_guest_and_others_get_a_clean_one(cli, pool):
    process = pool(GROUPS, "--slots", "2")
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, out + err
    assert "5 PASS" in out
    assert list((cli.cwd / "tmp").iterdir()) == []
