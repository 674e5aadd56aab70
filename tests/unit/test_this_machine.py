"""This machine itself as a target: what a bad workload may do to it, and what is left of a run."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from faultrun.model.campaign import DeviceSpec
from faultrun.model.mark import NOWHERE
from faultrun.model.target import Command, TargetBroken
from faultrun.model.undo import Undo
from faultrun.targets.agent_target import AgentTarget
from faultrun.targets.guest.pen import MOST_TASKS, Pen
from faultrun.targets.shared import SharedTarget
from faultrun.targets.this_machine import ThisMachine

SECOND_NS = 1_000_000_000
PATIENCE_S = 30


def command(script, seconds=20):
    return Command(timeout_ns=seconds * SECOND_NS, script=script)


def with_word(word):
    """Process numbers of all that have the word on their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in words:
                found.append(int(folder.name))
    return found


def gone(word):
    give_up = time.monotonic() + PATIENCE_S
    while with_word(word):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def groups(agent):
    """The control groups of an agent that exist."""
    return set(Path("/sys/fs/cgroup").glob(f"**/faultrun-{agent}"))


def child_of(pid):
    """The agent of a runner."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.fixture
def word():
    return f"faultrun-test-{os.getpid()}-{time.monotonic_ns()}"


def test_a_workload_starts_in_a_folder_of_its_own_that_goes(word):
    with AgentTarget(ThisMachine()) as target:
        done = target.run(command(f"touch {word}; pwd"))
        where = Path(done.stdout.strip())
        assert (where / word).exists()
    assert not where.exists()


def test_who_leaves_the_session_is_ended_too(word):
    with AgentTarget(ThisMachine()) as target:
        script = (
            f"setsid sh -c 'sleep 600; : {word}' & setsid -f sh -c 'sleep 600; : {word}'; exit 4"
        )
        assert target.run(command(script)).exit_code == 4
        assert gone(word)


def test_who_leaves_the_session_is_ended_at_the_timeout_too(word):
    with AgentTarget(ThisMachine()) as target:
        done = target.run(command(f"setsid -f sh -c 'sleep 600; : {word}'; sleep 600", seconds=1))
        assert (done.timed_out, done.exit_code) == (True, None)
        assert gone(word)


def test_a_workload_that_forks_for_ever_ends_at_its_timeout(word):
    life = ThisMachine()
    with AgentTarget(life) as target:
        bomb = f"f() {{ f | f & : {word}; }}; f; sleep 600"
        if os.geteuid():
            bomb = f"ulimit -u 2000; {bomb}"
        done = target.run(Command(timeout_ns=2 * SECOND_NS, argv=("bash", "-c", bomb)))
        assert (done.timed_out, done.exit_code) == (True, None)
        assert gone(word)
        assert target.run(command("echo still there")).stdout == "still there\n"
        agent = life._agent.pid
    assert not groups(agent)


def test_a_workload_that_prints_a_gigabyte_keeps_its_ends():
    with AgentTarget(ThisMachine()) as target:
        script = "echo first; head -c 1073741824 /dev/zero | tr '\\0' x; echo; echo last"
        done = target.run(command(script, seconds=120))
    assert done.exit_code == 0
    assert done.stdout.startswith("first\nxxx")
    assert done.stdout.endswith("xxx\nlast\n")
    assert "bytes of output are left out here" in done.stdout
    assert len(done.stdout) < 16 << 20


def test_a_workload_that_prints_without_end_ends_at_its_timeout():
    with AgentTarget(ThisMachine()) as target:
        done = target.run(command("yes", seconds=1))
    assert done.timed_out
    assert done.stdout.startswith("y\ny\n")


def test_signals_reach_a_workload_as_the_kernel_has_them():
    with AgentTarget(ThisMachine()) as target:
        for name in ("TERM", "INT", "HUP", "PIPE"):
            done = target.run(command(f"kill -{name} $$; sleep 5"))
            assert done.signal == getattr(signal, f"SIG{name}"), done


RUNNER = """
    import sys
    from faultrun.model.target import Command
    from faultrun.model.undo import Undo
    from faultrun.targets.agent_target import AgentTarget
    from faultrun.targets.this_machine import ThisMachine

    path, word = sys.argv[1:]
    target = AgentTarget(ThisMachine())
    with target:
        target.hold([path])
        target.guard([Undo(step="s", path=path, value="700", trigger=True, armed="100")])
        target.write(path, b"100\\n")
        target.run(Command(timeout_ns=600_000_000_000, script=f"echo; setsid -f sleep 600.{word}; sleep 600.{word}"))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_a_runner_that_is_killed_leaves_nothing_armed_or_running(tmp_path, number):
    path = tmp_path / "probability"
    path.write_text("700\n")
    word = str(time.monotonic_ns())
    runner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUNNER), str(path), word], stdin=subprocess.DEVNULL
    )
    try:
        give_up = time.monotonic() + PATIENCE_S
        while len(with_word(f"600.{word}")) < 2:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        assert path.read_text() == "100\n"
        agent = child_of(runner.pid)
        runner.send_signal(number)
    finally:
        runner.kill()
        runner.wait()
    assert gone(f"600.{word}")
    give_up = time.monotonic() + PATIENCE_S
    while path.read_text() != "700\n" or groups(agent):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_an_agent_that_is_killed_is_our_fault_and_the_next_one_puts_back(tmp_path):
    path = tmp_path / "probability"
    path.write_text("0\n")
    life = ThisMachine()
    with AgentTarget(life) as target:
        target.guard([Undo(step="s", path=str(path), value="0", trigger=True)])
        target.write(str(path), b"100\n")
        folder = Path(target.run(command("pwd")).stdout.strip())
        assert folder.exists()
        killed = life._agent.pid
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(TargetBroken, match="the agent on this machine is lost"):
            target.run(command("true"))
        target.recover("the agent was lost")
        assert target.read(str(path)) == b"100\n"
        target.write(str(path), b"0\n")
        assert not groups(killed)
        assert not folder.exists()


def test_an_agent_that_is_asked_to_end_puts_back_first(tmp_path):
    path = tmp_path / "probability"
    path.write_text("0\n")
    life = ThisMachine()
    with AgentTarget(life) as target:
        target.guard([Undo(step="s", path=str(path), value="0", trigger=True)])
        target.write(str(path), b"100\n")
        os.kill(life._agent.pid, signal.SIGTERM)
        life._agent.wait(PATIENCE_S)
    assert path.read_text() == "0\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make control groups here")
def test_a_pen_bounds_what_is_inside_and_ends_it():
    pen = Pen()
    if not pen.there:
        pytest.skip("this machine has no control groups that can be made")
    folders = list(pen._folders)
    child = subprocess.Popen(["sleep", "600"])
    try:
        pen.take(child.pid)
        inside = [Path(folder, "cgroup.procs").read_text().split() for folder in folders]
        assert all(str(child.pid) in pids for pids in inside)
        limits = [Path(folder, "pids.max") for folder in folders]
        assert any(limit.exists() and int(limit.read_text()) == MOST_TASKS for limit in limits)
        pen.kill()
        assert child.wait(PATIENCE_S) == -signal.SIGKILL
    finally:
        child.kill()
        child.wait()
        pen.remove()
    assert not any(Path(folder).exists() for folder in folders)


def device(name, kind):
    return DeviceSpec(name=name, kind=kind, mark=NOWHERE)


def test_devices_of_the_campaign_that_the_machine_lacks_are_told_by_every_name():
    wanted = (device("nvme77", "nvme"), device("nullb77", "null_blk"), device("mmc77", "mmc"))
    with SharedTarget(ThisMachine(), wanted) as target:
        facts = target.probe()
    assert facts.devices == ()
    assert {"nvme77", "nvme77n1", "nullb77", "mmc77", "mmcblk77"} <= facts.lacking.keys()
    assert set(facts.lacking.values()) == {"this machine has no such device"}


def test_a_real_disk_is_not_taken_for_one_that_is_made_up():
    disks = [path.name for path in Path("/sys/block").iterdir() if not (path / "loop").exists()]
    if not disks:
        pytest.skip("this machine has no block device")
    name = disks[0]
    model = Path(f"/sys/block/{name}/device/model")
    if model.exists() and model.read_text().strip() == "scsi_debug":
        pytest.skip("this machine has made-up disks only")
    with SharedTarget(ThisMachine(), (device(name, "scsi_debug"),)) as target:
        facts = target.probe()
    assert facts.devices == ()
    assert "it is no scsi_debug disk here" in facts.lacking[name]
    with SharedTarget(ThisMachine(), (device(name, "loop"),)) as target:
        assert [one.name for one in target.probe().devices] == [name]
