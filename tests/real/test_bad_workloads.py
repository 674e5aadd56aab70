"""Workloads that misbehave on a real kernel: what became of them is told, and nothing of them stays."""

import pytest

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.guest_process import PYTHON
from faultrun.targets.uml import UmlLife

pytestmark = pytest.mark.real

SECOND_NS = 1_000_000_000
TRIGGER = "/sys/kernel/debug/failslab/probability"
EATER = "x = []\nwhile True: x.append(bytearray(b'x' * (1 << 20)))"


@pytest.fixture
def guest(uml_kernel):
    life = UmlLife(uml_kernel.path, TargetSpec(kind="uml"), release=uml_kernel.release)
    with RenewableTarget(life) as machine:
        yield machine


def processes(guest):
    """Those with a program: kernel threads have no command line."""
    script = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done 2> /dev/null"
    done = guest.run(Command(timeout_ns=20 * SECOND_NS, script=script))
    return sorted(line for line in done.stdout.splitlines() if line and "cmdline" not in line)


def run(guest, script, seconds, argv=()):
    """With a trigger armed; the machine has to be as before, and to answer."""
    before = processes(guest)
    guest.hold([TRIGGER])
    guest.write(TRIGGER, b"1\n")
    finished = guest.run(Command(timeout_ns=seconds * SECOND_NS, script=script, argv=argv))
    guest.write(TRIGGER, b"0\n")
    assert guest.read(TRIGGER) == b"0\n"
    guest.release()
    assert processes(guest) == before
    return finished


@pytest.mark.parametrize(
    "script",
    [
        "kill -STOP $$",
        "trap '' TERM INT HUP; while :; do sleep 1; done",
        "f() { f | f & }; f; sleep 100",
    ],
    ids=["stops-itself", "ignores-signals", "forks-for-ever"],
)
def test_what_does_not_end_is_ended(guest, script):
    finished = run(guest, script, 3)
    assert finished.timed_out
    assert finished.signal == 9


def test_what_is_left_running_is_ended_and_not_waited_for(guest):
    finished = run(guest, "setsid sh -c 'setsid sleep 1000 & setsid sleep 1001 &' & echo away", 60)
    assert (finished.exit_code, finished.stdout) == (0, "away\n")


def test_memory_that_is_eaten_kills_the_eater(guest):
    finished = run(guest, "", 100, (PYTHON, "-c", EATER))
    assert not finished.timed_out
    assert finished.signal == 9


def test_a_full_disk_is_the_workloads_own(guest):
    finished = run(guest, "head -c 2G /dev/zero > /tmp/big", 100)
    assert finished.exit_code == 1
    assert "No space left on device" in finished.stderr
    guest.renew("clean")
    assert run(guest, "test ! -e /tmp/big", 20).exit_code == 0


def test_a_flood_of_output_is_kept_in_part(guest):
    finished = run(guest, "echo first; head -c 64M /dev/zero | tr '\\0' x; echo last", 100)
    assert finished.exit_code == 0
    assert finished.stdout.startswith("first\nxxx")
    assert "bytes of output are left out here" in finished.stdout
    assert finished.stdout.endswith("last\n")
    assert len(finished.stdout) < 16 << 20


def test_noise_on_every_line_loses_nothing(guest):
    script = "head -c 4M /dev/urandom | tee /dev/console /dev/ttyS0 > /dev/null; echo over"
    finished = run(guest, script, 100)
    assert (finished.exit_code, finished.stdout) == (0, "over\n")
    lines, _cursor, _lost = guest.log(0)
    assert lines


def test_a_guest_that_stands_still_for_a_while_is_no_hang(guest):
    import os
    import signal
    import threading

    keeper = guest._life._guest.process._keeper.pid
    stopped = [keeper, *descendants(keeper)]
    assert len(stopped) > 1

    def pause():
        for pid in stopped[1:]:
            os.kill(pid, signal.SIGSTOP)
        threading.Event().wait(5)
        for pid in reversed(stopped[1:]):
            os.kill(pid, signal.SIGCONT)

    pausing = threading.Timer(0.5, pause)
    pausing.start()
    finished = run(guest, "sleep 2; echo up", 60)
    pausing.join()
    assert (finished.exit_code, finished.stdout) == (0, "up\n")


def descendants(pid):
    from pathlib import Path

    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == pid:
            found += [int(path.parent.name), *descendants(int(path.parent.name))]
    return found
