"""QEMU: from a panic to a clean guest that answers, beside a whole boot of the same guest."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from faultrun.kernels.finding import build_command, find
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command, TargetDied
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.qemu import QemuLife

ROUNDS = 5
SECOND_NS = 1_000_000_000
PANIC = "echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT; sleep 60"
SHARE = 20


def taken(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def answered(machine, bring_up):
    def work():
        bring_up()
        machine.read("/sys/kernel/debug/failslab/probability")

    return taken(work)


def panic(machine):
    try:
        machine.run(Command(timeout_ns=60 * SECOND_NS, script=PANIC))
    except TargetDied:
        return
    raise AssertionError("it did not panic")


def first(kernel):
    """Without a snapshot yet: a boot, the snapshot, and a start out of it."""
    with tempfile.TemporaryDirectory() as cache:
        life = QemuLife(kernel.path, TargetSpec(kind="qemu"), release="", cache=Path(cache))
        machine = RenewableTarget(life)
        try:
            return answered(machine, machine.__enter__)
        finally:
            machine.__exit__(None, None, None)


def main():
    kernel = find("qemu")
    if kernel is None:
        sys.exit(f"no kernel: {build_command('qemu', None)}")
    # Files shared by 9p rule out a snapshot: every clean guest of that kind is a boot.
    booted = RenewableTarget(QemuLife(kernel.path, TargetSpec(kind="qemu", files="9p"), release=""))
    kept = RenewableTarget(QemuLife(kernel.path, TargetSpec(kind="qemu"), release=""))
    boots, backs = [], []
    print(f"first guest of all, boot and snapshot: {first(kernel):.2f} s")
    with booted, kept:
        for _ in range(ROUNDS):
            for machine, times in ((booted, boots), (kept, backs)):
                panic(machine)
                times.append(answered(machine, lambda machine=machine: machine.recover("panic")))
    boot, back = statistics.median(boots), statistics.median(backs)
    print(f"panic to answer, by a boot:     {boot:.2f} s ({min(boots):.2f} to {max(boots):.2f})")
    print(f"panic to answer, by a snapshot: {back:.3f} s ({min(backs):.3f} to {max(backs):.3f})")
    print(f"ratio 1 : {boot / back:.0f} (claimed: at least {SHARE})")
    sys.exit(0 if boot >= SHARE * back else 1)


main()
