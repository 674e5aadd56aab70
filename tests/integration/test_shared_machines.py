"""Whole runs on machines that others use: this one, and one over SSH; the bad days of both."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from data.ssh_server import must_be_there, program, server

PATIENCE_S = 60

CAMPAIGN = """\
campaign: shared
target: {{local: {{}}, ssh: {{host: lab}}}}
steps:
  first:
    run: {first}
    expect: {{exit: 0}}
  second:
    needs: [first]
    run: echo second
    expect: {{exit: 0, stdout: second}}
  other:
    run: echo other
    expect: {{exit: 0, stdout: other}}
"""

CRASH = """\
campaign: crash
target:
  {kind}: {target}
steps:
  crash:
    inject: {{lkdtm: {{cpoint_name: DIRECT, cpoint_type: PANIC}}}}
    run: echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT
    expect: {{fate: panic}}
  everybody:
    inject: {{failslab: {{task-filter: false, probability: 100, times: -1}}}}
    run: ls /
    expect: {{exit: 0}}
"""


def faultrun(*words, home=None, **more):
    env = {**os.environ, "NO_COLOR": "1", **({"HOME": str(home)} if home else {})}
    return subprocess.Popen(
        [sys.executable, "-m", "faultrun", *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        **more,
    )


def done(process):
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def until(true):
    give_up = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def running(word):
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and word.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture
def lab(tmp_path):
    """A home with a configuration in which ``lab`` is a real sshd of this machine."""
    if program() is None and not must_be_there():
        pytest.skip("there is no sshd (apt-get install openssh-server)")
    folder = tmp_path / "sshd"
    folder.mkdir()
    with server(folder) as sshd:
        (tmp_path / ".ssh").mkdir()
        (tmp_path / ".ssh/config").write_text(sshd.config.read_text())
        yield sshd


def campaign(tmp_path, first="echo first"):
    path = tmp_path / "shared.yaml"
    path.write_text(CAMPAIGN.format(first=first))
    return path


def test_a_campaign_runs_on_this_machine_if_the_command_line_names_it(tmp_path):
    path = campaign(tmp_path)
    code, out, err = done(faultrun("run", path, "--out", tmp_path / "run"))
    assert (code, out) == (2, "")
    assert "say so with --target local" in err
    code, out, err = done(faultrun("run", path, "--out", tmp_path / "run", "--target", "local"))
    assert code == 0, out + err
    assert "3 PASS" in out


def test_a_campaign_runs_over_ssh_and_the_record_names_the_machine(tmp_path, lab):
    words = ("run", campaign(tmp_path), "--target", "ssh", "--out", tmp_path / "run")
    code, out, err = done(faultrun(*words, home=tmp_path))
    assert code == 0, out + err
    assert "3 PASS" in out
    told = json.loads((tmp_path / "run/run.json").read_text())
    assert told["target"]["name"] == "ssh:lab"
    assert told["target"]["release"] == os.uname().release


def test_a_link_that_is_cut_in_a_step_is_our_error_and_the_rest_runs(tmp_path, lab):
    word = f"600.{time.monotonic_ns()}"
    path = campaign(tmp_path, first=f"sleep {word}")

    def cut():
        until(lambda: running(word))
        lab.drop()

    thread = threading.Thread(target=cut)
    thread.start()
    words = ("run", path, "--target", "ssh:lab", "--out", tmp_path / "run", "--json")
    code, out, err = done(faultrun(*words, home=tmp_path))
    thread.join()
    assert code == 3, out + err
    steps = {step["id"]: step for step in json.loads(out)["steps"]}
    assert steps["first"]["verdict"] == "ERROR"
    assert "the link to lab was lost" in steps["first"]["reasons"][0]
    assert steps["other"]["verdict"] == "PASS"
    until(lambda: not running(word))


def test_two_runs_on_one_machine_are_refused_and_the_holder_named(tmp_path, lab):
    word = f"600.{time.monotonic_ns()}"
    first = faultrun(
        "run", campaign(tmp_path, first=f"sleep {word}"), "--target", "ssh:lab",
        "--out", tmp_path / "one", home=tmp_path,
    )  # fmt: skip
    try:
        until(lambda: running(word))
        words = ("run", campaign(tmp_path), "--target", "ssh:lab", "--out", tmp_path / "two")
        code, _out, err = done(faultrun(*words, home=tmp_path))
        assert code == 3
        assert "lab is being used by faultrun run" in err
        assert str(tmp_path / "one") in err
        # This machine is that machine.
        words = ("run", campaign(tmp_path), "--target", "local", "--out", tmp_path / "three")
        code, _out, err = done(faultrun(*words, home=tmp_path))
        assert code == 3
        assert "is being used by faultrun run" in err
    finally:
        first.kill()
        first.communicate()
    until(lambda: not running(word))
    words = ("run", campaign(tmp_path), "--target", "ssh:lab", "--out", tmp_path / "four")
    until(lambda: done(faultrun(*words, home=tmp_path))[0] == 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lab: lab.known_hosts.write_text(""), "the host key of lab is not known"),
        (lambda lab: lab.stop(), "lab cannot be reached"),
        (lambda lab: (lab.folder / "authorized_keys").write_text(""), "refuses to let"),
    ],
    ids=["unknown key", "nobody there", "not let in"],
)
def test_a_machine_that_cannot_be_had_is_our_error(tmp_path, lab, change, said):
    change(lab)
    words = ("run", campaign(tmp_path), "--target", "ssh:lab", "--out", tmp_path / "run")
    code, out, err = done(faultrun(*words, home=tmp_path))
    assert (code, out) == (3, "")
    assert said in err


@pytest.mark.parametrize("kind", ["local", "ssh"])
def test_what_may_crash_the_machine_is_refused_whole_with_both_words_that_it_takes(
    tmp_path, kind, request
):
    if kind == "ssh":
        request.getfixturevalue("lab")
    path = tmp_path / "crash.yaml"
    host = "host: lab, " if kind == "ssh" else ""
    words = ("run", path, "--target", kind, "--out", tmp_path / "run")
    for disposable, flag, missing in (
        ("false", (), "`disposable: true` under"),
        ("true", (), "--yes-crash-this-machine on the command line"),
        ("false", ("--yes-crash-this-machine",), "`disposable: true` under"),
    ):
        path.write_text(CRASH.format(kind=kind, target=f"{{{host}disposable: {disposable}}}"))
        code, out, err = done(faultrun(*words, *flag, home=tmp_path))
        assert (code, out) == (2, "")
        assert "crash.yaml:6:" in err
        assert err.count("error[FR180]") == 2
        assert err.count("error[FR182]") == 1
        assert missing in err
        assert not (tmp_path / "run").exists()


def test_a_command_under_failing_allocations_of_everybody_is_refused_here(tmp_path):
    words = ("exec", "--target", "local", "--task-filter=N", "--probability=100", "--times=-1")
    code, out, err = done(faultrun(*words, "--", "ls", "/", cwd=tmp_path))
    assert code == 2, out + err
    assert "every process of the machine is refused memory" in err


def test_a_doctor_asks_the_other_machine_itself(tmp_path, lab):
    words = ("doctor", "--target", "ssh:lab", "--json")
    code, out, err = done(faultrun(*words, home=tmp_path))
    (told,) = json.loads(out)["targets"]
    assert told["release"] == os.uname().release, err
    usable = [name for name, one in told["capabilities"].items() if one["usable"]]
    assert code == (0 if usable else 3)
