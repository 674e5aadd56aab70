import pytest

from faultrun.targets.console import HANGS
from faultrun.targets.emulator.hardware import cmdline
from faultrun.targets.emulator.machine import Machine


@pytest.fixture
def machine():
    made = Machine("qemu-system-x86_64", None, "tcg")
    try:
        yield made
    finally:
        made.end()


def say(machine, text):
    with (machine.folder / "console").open("ab") as file:
        file.write(text)


@pytest.mark.parametrize(
    "line",
    [
        b"[   25.1] rcu: INFO: rcu_sched self-detected stall on CPU\r\n",
        b"[   25.1] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\r\n",
        b"[  120.3] INFO: task cat:65 blocked for more than 4 seconds.\r\n",
        b"[   22.8] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [cat:64]\r\n",
    ],
)
def test_what_the_kernels_watchdogs_say_is_a_hang(line, machine):
    assert HANGS.search(line)
    say(machine, line)
    assert not machine.ended()
    assert machine.stuck_for_ns() > 0


def test_a_line_that_came_in_two_pieces_is_one(machine):
    say(machine, b"[   25.1] rcu: INFO: rcu_sched self-de")
    assert not machine.ended()
    assert not machine.stuck_for_ns()
    say(machine, b"tected stall on CPU\r\n")
    assert not machine.ended()
    assert machine.stuck_for_ns() > 0


def test_an_oops_is_no_hang_and_a_panic_is_the_end(machine):
    say(machine, b"[    5.0] Oops: Oops: 0002 [#1] SMP\r\n")
    assert not machine.ended()
    assert not machine.stuck_for_ns()
    say(machine, b"[    5.1] ---[ end Kernel panic - not syncing: dumptest ]---\r\n")
    assert machine.ended() == "kernel panic"


def test_the_guests_clock_is_one_that_a_snapshot_puts_back():
    assert "tsc=unstable" in cmdline((), ())
