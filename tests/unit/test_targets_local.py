"""A folder that mirrors a machine, behind the same members as any target."""

import os
import time
from pathlib import Path

import pytest

from data.engine_plans import SLAB, Events, never, plan, task
from data.machine_tree import content, grow
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.target import AttrRefused, Command, TargetBroken
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin
from faultrun.targets.kmsg import records
from faultrun.targets.local import LocalTarget

SECOND = 1_000_000_000


@pytest.fixture
def root(tmp_path):
    return grow(tmp_path / "machine")


def test_the_machine_itself_is_refused():
    with pytest.raises(TargetBroken, match="does not arm the machine it runs on"):
        LocalTarget(Path("/"))
    with pytest.raises(TargetBroken, match="No such file"):
        LocalTarget(Path("/no/such/folder"))
    with pytest.raises(TargetBroken, match="not a directory"):
        LocalTarget(Path("/etc/passwd"))


def test_files_are_those_under_the_root(root):
    with LocalTarget(root) as target:
        assert target.read(f"{SLAB}/times") == b"1\n"
        target.write(f"{SLAB}/times", b"25\n")
        target.write(f"{SLAB}/times", b"5\n")
        assert (root / "sys/kernel/debug/failslab/times").read_bytes() == b"5\n"
        assert "probability" in target.list(SLAB)
        for act in (
            lambda: target.read("/none"),
            lambda: target.write(f"{SLAB}/none", b"1"),
            lambda: target.list("/none"),
            lambda: target.hold(["/none"]),
        ):
            with pytest.raises(AttrRefused, match="ENOENT"):
                act()
        with pytest.raises(AttrRefused, match="EPERM"):
            target.read("/sys/../../secret")


def test_a_held_file_is_written_through_its_descriptor(root):
    path = f"{SLAB}/probability"
    with LocalTarget(root) as target:
        target.hold([path])
        file = root / path.lstrip("/")
        kept = file.with_suffix(".kept")
        os.link(file, kept)
        file.unlink()
        target.write(path, b"100\n")
        target.write(path, b"0\n")
        assert target.read(path) == b"0\n"
        assert kept.read_bytes() == b"0\n"
        target.release()
        with pytest.raises(AttrRefused, match="ENOENT"):
            target.read(path)


def test_scripts_and_arguments_travel_as_data(root):
    with LocalTarget(root) as target:
        script = 'printf "%s|" "$PWD" "$FAULTRUN_ROOT" "$X"; cat; echo "e" >&2; exit 3'
        done = target.run(
            Command(timeout_ns=9 * SECOND, script=script, stdin="in", env=(("X", "a b'c"),))
        )
        assert done.stdout == f"{root}|{root}|a b'c|in"
        assert (done.stderr, done.exit_code) == ("e\n", 3)
        done = target.run(Command(timeout_ns=9 * SECOND, argv=("printf", "%s.", "a b", "$(x)")))
        assert done.stdout == "a b.$(x)."
        done = target.run(Command(timeout_ns=9 * SECOND, argv=("/no/such/program",)))
        assert done.exit_code == 127
        done = target.run(Command(timeout_ns=9 * SECOND, script=r"printf '\377'; kill -9 $$"))
        assert (done.stdout, done.signal, done.exit_code) == ("\\xff", 9, None)


def test_a_timeout_kills_the_whole_process_group(root):
    with LocalTarget(root) as target:
        script = "sleep 60 & echo $! > child; sleep 60"
        began = time.monotonic()
        done = target.run(Command(timeout_ns=SECOND // 3, script=script))
        assert done.timed_out
        assert done.exit_code is None
        assert time.monotonic() - began < 4
        child = int((root / "child").read_text())
        for _ in range(100):
            if not alive(child):
                break
            time.sleep(0.02)
        assert not alive(child)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_stop_ends_the_workload(root):
    with LocalTarget(root) as target:
        asked = []
        target.stop_when(lambda: asked.append(1) or len(asked) > 2)
        began = time.monotonic()
        done = target.run(Command(timeout_ns=60 * SECOND, script="sleep 60"))
        assert (done.exit_code, done.timed_out, done.signal) == (None, False, 9)
        assert time.monotonic() - began < 5


def test_the_child_arms_itself(root):
    with LocalTarget(root) as target:
        script = "cat proc/thread-self/make-it-fail proc/thread-self/fail-nth; echo 0 > proc/thread-self/fail-nth"
        done = target.run(
            Command(timeout_ns=9 * SECOND, script=script, make_it_fail=True, fail_nth=7)
        )
        assert done.stdout == "17"
        assert done.fail_nth_left == 0
        done = target.run(Command(timeout_ns=9 * SECOND, argv=("true",), fail_nth=7))
        assert done.fail_nth_left == 7
        (root / "proc/thread-self/make-it-fail").unlink()
        with pytest.raises(AttrRefused, match="/proc/thread-self/make-it-fail: ENOENT"):
            target.run(Command(timeout_ns=9 * SECOND, script="true", make_it_fail=True))


def test_probing_tells_every_reason(root, tmp_path):
    with LocalTarget(root) as target:
        facts = target.probe()
    assert {"failslab", "fail-nth"} <= facts.capabilities
    assert "nvme" in facts.missing
    assert "sh" in facts.programs
    (tmp_path / "bare").mkdir()
    with LocalTarget(tmp_path / "bare") as target:
        assert len(target.probe().missing["failslab"]) == 3
        assert target.log(0) == ((), 0, 0)
        with pytest.raises(TargetBroken):
            target.recover("it crashed")


def test_kernel_log_records_have_numbers_that_tell_loss():
    raw = b"5,301,5295601,-;FAULT_INJECTION: forcing a failure.\\x0aname x\n SUBSYSTEM=a\n"
    raw += b"6,302,5295700,-;next; with semicolon\nbroken\n4,305,5295800,c;late\n"
    found, cursor, lost = records(raw, 0)
    assert [line.text for line in found] == [
        "FAULT_INJECTION: forcing a failure.\nname x",
        "next; with semicolon",
        "late",
    ]
    assert found[0].t_ns == 5_295_601_000
    assert (found[0].level, cursor, lost) == (5, 306, 2)
    assert records(raw, 303)[1:] == (306, 2)
    assert records(raw, 306) == ((), 306, 0)


def test_a_stopped_run_ends_the_workload_but_lets_the_cleanup_finish(root):
    before = content(root)
    machine = plan(
        task(
            "a", script="echo > started; sleep 60", inject=True, cleanup="sleep 0.2; echo > clean"
        ),
        task("b", 1),
    )
    events = Events()
    summary = drive(
        machine,
        lambda _name: LocalTarget(root),
        events,
        oracles=builtin(),
        gate=decide,
        slots=1,
        stop=(root / "started").exists,
    )
    assert summary.interrupted
    assert summary.not_run == ("a", "b")
    assert (root / "clean").exists()
    assert content(root) == before
    assert events.of("cleanup")[0].data["exit"] == 0


def test_a_real_timeout_is_a_hang(root):
    before = content(root)
    script = "echo 0 > sys/kernel/debug/failslab/times; sleep 60"
    summary = drive(
        plan(task("a", script=script, inject=True, timeout_ns=SECOND // 3)),
        lambda _name: LocalTarget(root),
        events := Events(),
        oracles=builtin(),
        gate=decide,
        slots=1,
        stop=never,
    )
    assert summary.verdicts["a"] is Verdict.FAIL
    assert events.of("step.verdict")[0].data["outcome"] == "hang"
    assert content(root) == before
