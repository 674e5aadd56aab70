"""`faultrun exec` from outside: the command's own exit status, and everything as it was."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from faultrun.cli.main import main

ATTRS = "sys/kernel/debug/failslab"
FILES = {
    f"{ATTRS}/probability": "7",
    f"{ATTRS}/times": "5",
    f"{ATTRS}/interval": "3",
    f"{ATTRS}/space": "0",
    f"{ATTRS}/verbose": "1",
    f"{ATTRS}/task-filter": "N",
    f"{ATTRS}/ignore-gfp-wait": "Y",
    f"{ATTRS}/cache-filter": "N",
    "proc/sys/vm/oom_kill_allocating_task": "0",
    "proc/sys/kernel/osrelease": "6.12.95",
    "proc/thread-self/make-it-fail": "0",
    "proc/thread-self/fail-nth": "0",
}


@pytest.fixture
def machine(tmp_path):
    root = tmp_path / "machine"
    for name, text in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    return root


def content(root):
    # The command's own task is marked, and goes with the task.
    kept = [name for name in FILES if "thread-self" not in name]
    return {name: (root / name).read_text().strip() for name in kept}


@pytest.fixture
def inside(tmp_path, monkeypatch, capsys):
    """The same command line without a process of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        try:
            code = main(["exec", *map(str, words)])
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def events(folder):
    folder = folder / "faultrun-runs/failcmd/0001"
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def test_the_command_ends_as_it_would_by_itself(cli):
    done = cli("exec", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.code, done.out) == (7, "out\n")
    assert done.err.startswith("err\n")
    assert "failslab: 0 injected (at most 1)" in done.err
    assert "exit status 7; everything put back; record in" in done.err


def test_a_signal_is_told_as_a_shell_tells_it(cli):
    done = cli("exec", "-q", "--", "sh", "-c", "kill -9 $$")
    assert (done.code, done.err) == (137, "")


def test_arguments_are_data(cli):
    done = cli("exec", "-q", "--", "printf", "%s|", "a  b", "$HOME", "", "-x", "*")
    assert (done.code, done.out) == (0, "a  b|$HOME||-x|*|")


def test_without_dashes_options_end_at_the_command(cli):
    done = cli("exec", "-q", "-p", "0", "echo", "-p", "--times=4", "--")
    assert done.out == "-p --times=4 --\n"


def test_it_injects_what_it_says(cli):
    done = cli("exec", "-p", "100", "--require", "function=do_one_initcall", "modprobe", "dummy")
    assert done.code == 1
    assert done.err.startswith(
        "modprobe: ERROR: could not insert 'dummy': Cannot allocate memory\n"
    )
    assert "failslab: 1 injected (at most 1), 1 of them logged in its tasks" in done.err


def test_defaults_are_those_of_the_script(cli):
    cli("exec", "true")
    (intent,) = [one for one in events(cli.cwd) if one["kind"] == "attr.intent"]
    written = {row["path"].rpartition("/")[2]: row["new"] for row in intent["data"]["writes"]}
    assert written == {
        "oom_kill_allocating_task": "1",
        "probability": "1",
        "task-filter": "Y",
        "times": "1",
    }


@pytest.mark.parametrize(
    ("words", "file", "value"),
    [
        (["-p", "5"], "probability", "5"),
        (["--probability=5"], "probability", "5"),
        (["-t", "-1"], "times", "2000000000"),
        (["--times", "100"], "times", "100"),
        (["-i", "3"], "interval", "3"),
        (["--interval=0x10"], "interval", "16"),
        (["-s", "9"], "space", "9"),
        (["-v", "0"], "verbose", "0"),
        (["--task-filter=0"], "task-filter", "N"),
        (["--stacktrace-depth=5"], "stacktrace-depth", "5"),
        (["--require-start=0x10"], "require-start", "0x0000000000000010"),
        (["--require-end=0xFF"], "require-end", "0x00000000000000ff"),
        (["--reject-start=0x1"], "reject-start", "0x0000000000000001"),
        (["--reject-end=0x2"], "reject-end", "0x0000000000000002"),
        (["--oom-kill-allocating-task=0"], "oom_kill_allocating_task", "0"),
        (["--ignore-gfp-wait=N"], "ignore-gfp-wait", "N"),
        (["--cache-filter=Y"], "cache-filter", "Y"),
        (["--type=fail_page_alloc", "--ignore-gfp-highmem=N"], "ignore-gfp-highmem", "N"),
        (["--type=fail_page_alloc", "--min-order=2"], "min-order", "2"),
    ],
)
def test_every_option_is_written(inside, tmp_path, words, file, value):
    code, _, err = inside(*words, "--", "true")
    assert code == 0, err
    (intent,) = [one for one in events(tmp_path) if one["kind"] == "attr.intent"]
    written = {row["path"].rpartition("/")[2]: row["new"] for row in intent["data"]["writes"]}
    assert written[file] == value
    (restored,) = [one for one in events(tmp_path) if one["kind"] == "attr.restored"]
    assert restored["data"]["complete"] is True


def test_the_environment_chooses_the_type(cli):
    done = cli("exec", "true", env={"FAILCMD_TYPE": "fail_page_alloc"})
    assert "fail_page_alloc: 0 injected" in done.err
    done = cli("exec", "--type", "failslab", "true", env={"FAILCMD_TYPE": "fail_page_alloc"})
    assert "failslab: 0 injected" in done.err


def test_any_directory_below_debugfs_is_a_type(cli, campaigns):
    words = ["-p", "100", "--set", "status=0x281", "--machine", campaigns / "smoke.yaml"]
    # The script's default of Y never matches where completions run in interrupts.
    words += ["--task-filter=N"]
    read = ["dd", "if=/dev/nvme0n1", "of=/dev/null", "bs=4k", "count=1", "iflag=direct"]
    done = cli("exec", *words, "--", *read, env={"FAILCMD_TYPE": "nvme0n1/fault_inject"})
    assert done.code == 1
    assert "No data available" in done.err
    assert "nvme: 1 injected (at most 1)" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "no command to run"),
        (["--"], "no command to run"),
        (["-p", "101", "true"], "probability is 101, the kernel accepts 0 to 100"),
        (["-p", "x", "true"], "probability is 'x', must be a whole number"),
        (["-p", "1.5", "true"], "must be a whole number"),
        (["-t", "-2", "true"], "times is -2"),
        (["--task-filter=maybe", "true"], "task-filter is 'maybe', which the kernel would ignore"),
        (["--require-start=16", "true"], "require-start is '16', must be a hexadecimal number"),
        (["--require-start=0x", "true"], "must be a hexadecimal number"),
        (["--min-order=1", "true"], "option '--min-order' means nothing to failslab"),
        (["--type=fail_page_alloc", "--cache-filter=Y", "true"], "means nothing to"),
        (["--type=nonsense", "true"], "FAILCMD_TYPE 'nonsense' is not available; there are"),
        (["--type=fail-nth", "true"], "is not available"),
        (["--type=nvme", "true"], "has to be told where: --place device="),
        (["--place", "moon=1", "true"], "has no parameter 'moon'"),
        (["--set", "moon=1", "true"], "means nothing to failslab"),
        (["--require", "moon=1", "true"], "is no range of callers"),
        (["--require", "section=.text", "true"], "does not say one range"),
        (["--require", "module=../x", "true"], "cannot be the name of one"),
        (["--kernel", "six", "true"], "is not a kernel version"),
        (["--kernel", "6.1", "--require", "symbol=f", "true"], "which x86_64 has since 6.8"),
        (["--timeout", "5", "true"], "must be a whole number and one of"),
        (["--target", "moon", "true"], "target 'moon' is not known"),
        (["--machine", "none.yaml", "true"], "none.yaml cannot be read"),
        (
            ["--type=fail_usercopy", "-p", "100", "-t", "-1", "--task-filter=N", "true"],
            "could not be disarmed",
        ),
    ],
)
def test_mistakes_are_told_and_nothing_is_run(inside, tmp_path, words, told):
    code, out, err = inside(*words)
    assert code == 2
    assert told in err
    assert out == ""
    assert not (tmp_path / "faultrun-runs").exists()


def test_an_unknown_option_is_no_command(cli):
    done = cli("exec", "--nonsense", "true")
    assert done.code == 2


def test_what_cannot_be_run_is_ours(cli):
    done = cli("exec", "--", "no-such-program")
    assert done.code == 3
    assert "program 'no-such-program' is not modelled" in done.err
    done = cli("exec", "--require", "module=dummy", "--", "true")
    assert done.code == 3
    assert "module dummy is not loaded" in done.err


def test_help_tells_every_option_of_the_script(cli):
    done = cli("exec", "--help")
    assert done.code == 0
    for name in (
        "-p", "--probability", "-t", "--times", "-i", "--interval", "-s", "--space", "-v",
        "--verbose", "--task-filter", "--stacktrace-depth", "--require-start", "--require-end",
        "--reject-start", "--reject-end", "--oom-kill-allocating-task", "--ignore-gfp-wait",
        "--cache-filter", "--ignore-gfp-highmem", "--min-order", "-h", "--help", "FAILCMD_TYPE",
        "default 1", "exit status", "cache_filter",
    ):  # fmt: skip
        assert name in done.out, name


def test_a_folder_is_left_as_it_was(cli, machine):
    before = content(machine)
    words = ["-p", "50", "-t", "9", "-i", "2", "-v", "0", "--ignore-gfp-wait=N"]
    done = cli("exec", "--target", f"local:{machine}", *words, "--", "sh", "-c", "exit 5")
    assert done.code == 5, done.err
    assert "everything put back" in done.err
    assert content(machine) == before


def test_a_command_that_cannot_be_found_leaves_nothing_armed(cli, machine):
    before = content(machine)
    done = cli("exec", "--target", f"local:{machine}", "-p", "50", "--", "no-such-program")
    # As on the simulated kernel: what cannot be run at all is no answer of the command's.
    assert done.code == 3, done.err
    assert "needs the program 'no-such-program', which this machine does not have" in done.err
    assert content(machine) == before


def test_a_file_that_cannot_be_put_back_is_told(cli, machine):
    script = f"rm {machine}/{ATTRS}/interval && mkdir {machine}/{ATTRS}/interval"
    done = cli("exec", "--target", f"local:{machine}", "-i", "2", "--", "sh", "-c", script)
    assert done.code == 4
    assert "a kernel may still be armed" in done.err
    assert f"{ATTRS}/interval" in done.err
    assert "NOT everything put back" in done.err


def test_a_timeout_ends_the_command_and_puts_everything_back(cli, machine):
    before = content(machine)
    done = cli("exec", "--target", f"local:{machine}", "--timeout", "300ms", "--", "sleep", "60")
    assert done.code == 137
    assert content(machine) == before


def test_what_a_killed_run_left_armed_is_put_back_from_its_record(cli, machine):
    before = content(machine)
    words = ["exec", "--target", f"local:{machine}", "-p", "50", "-i", "9", "--", "sleep", "600"]
    running = subprocess.Popen(
        [sys.executable, "-m", "faultrun", *words], cwd=cli.cwd, start_new_session=True
    )
    try:
        while content(machine)[f"{ATTRS}/probability"] != "50":
            assert running.poll() is None
            time.sleep(0.05)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    assert content(machine) != before
    done = cli("restore", cli.cwd / "faultrun-runs/failcmd/0001", "--target", f"local:{machine}")
    assert done.code == 0, done.err
    assert content(machine) == before
