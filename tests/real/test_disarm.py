"""A real kernel on which every allocation or copy fails is disarmed, by us, every time.

The control experiment beside each: what a plain program manages, which opens the file and writes.
"""

import json

import pytest

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import AttrRefused, Command, TargetDied
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.guest_process import PYTHON
from faultrun.targets.uml import UmlLife

pytestmark = pytest.mark.real

ROUNDS = 200
SECOND_NS = 1_000_000_000
EVERYTHING = {"interval": 1, "space": 0, "task-filter": "N", "times": -1, "verbose": 0}
WIDEST = {
    "failslab": {**EVERYTHING, "ignore-gfp-wait": "N"},
    "fail_page_alloc": {
        **EVERYTHING,
        "ignore-gfp-wait": "N",
        "ignore-gfp-highmem": "N",
        "min-order": 0,
    },
    "fail_usercopy": EVERYTHING,
}
HARDEST = (("failslab", 100), ("fail_page_alloc", 100), ("fail_usercopy", 90))

# What fails at once must not end it, or the guest with it: only the descriptor opened first helps.
PLAIN = """
import json, os, sys
path, how, rounds = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
held = os.open(path, os.O_WRONLY)
def disarm():
    while True:
        try:
            return os.write(held, b"0")
        except OSError:
            continue
done = 0
for _ in range(rounds):
    os.write(held, how)
    try:
        handle = os.open(path, os.O_WRONLY)
        os.write(handle, b"0")
        done += 1
    except OSError:
        disarm()
    else:
        os.close(handle)
print(json.dumps(done))
"""

# Not even a number can be told any more: the machine is switched off if no write was taken.
HOPELESS = """
import ctypes, os, sys
path, rounds = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None)
held = os.open(path, os.O_WRONLY)
refused = 0
os.write(held, b"100")
for _ in range(rounds):
    try:
        os.write(held, b"0")
    except OSError:
        refused += 1
if refused == rounds:
    libc.reboot(0x4321FEDC)
"""


@pytest.fixture
def guest(uml_kernel):
    life = UmlLife(uml_kernel.path, TargetSpec(kind="uml"), release=uml_kernel.release)
    with RenewableTarget(life) as machine:
        yield machine


def widen(machine, capability):
    """Every attribute but the trigger, so that it hits all tasks, always; the trigger's path."""
    folder = f"/sys/kernel/debug/{capability}"
    for name, value in WIDEST[capability].items():
        machine.write(f"{folder}/{name}", f"{value}\n".encode())
    return f"{folder}/probability"


def disarmed(machine, trigger):
    """As the engine does it: write until it is taken, then read."""
    for _ in range(ROUNDS):
        try:
            machine.write(trigger, b"0\n")
        except AttrRefused:
            continue
        return machine.read(trigger) == b"0\n"
    return False


@pytest.mark.parametrize(("capability", "percent"), HARDEST)
def test_what_hits_everything_is_disarmed_every_time(guest, capability, percent):
    trigger = widen(guest, capability)
    done = 0
    for _ in range(ROUNDS):
        guest.hold([trigger])
        guest.write(trigger, f"{percent}\n".encode())
        done += disarmed(guest, trigger)
        guest.release()
    assert done == ROUNDS


@pytest.mark.parametrize(("capability", "percent"), HARDEST)
def test_a_workload_under_it_ends_and_says_why(guest, capability, percent):
    trigger = widen(guest, capability)
    for _ in range(5):
        guest.hold([trigger])
        guest.write(trigger, f"{percent}\n".encode())
        finished = guest.run(Command(timeout_ns=20 * SECOND_NS, argv=("cat", "/proc/version")))
        assert disarmed(guest, trigger)
        guest.release()
        assert finished.exit_code == 126
        assert finished.stderr in ("cat: Cannot allocate memory\n", "cat: Bad address\n")
    after = guest.run(Command(timeout_ns=20 * SECOND_NS, argv=("cat", "/proc/version")))
    assert after.exit_code == 0
    assert after.stdout.startswith("Linux version ")


def test_a_plain_program_cannot_disarm_failslab(guest):
    trigger = widen(guest, "failslab")
    words = (PYTHON, "-c", PLAIN, trigger, "100", str(ROUNDS))
    finished = guest.run(Command(timeout_ns=60 * SECOND_NS, argv=words))
    assert finished.exit_code == 0, finished.stderr
    assert json.loads(finished.stdout) == 0


def test_usercopy_at_its_utmost_cannot_be_disarmed_by_anybody(guest):
    trigger = widen(guest, "fail_usercopy")
    words = (PYTHON, "-c", HOPELESS, trigger, str(ROUNDS))
    with pytest.raises(TargetDied) as died:
        guest.run(Command(timeout_ns=15 * SECOND_NS, argv=words))
    assert not died.value.hung, "a write got through"
    guest.recover("it was switched off")
    assert guest.read(trigger) == b"0\n"
