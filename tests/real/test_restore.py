"""The runner is killed before every act of a campaign; the record alone puts the kernel back.

The kernel is a real one, and outlives the runner: whoever restores finds it as it was left, and
every control file of the machine has to read as before. Where nobody restores, the agent in the
guest does, once it hears nothing any more.
"""

import os
import signal
import traceback
from dataclasses import replace

import pytest

from data.fuse import Fuse, Fused
from data.held_guest import Kernel, control_paths, uml_spec, values
from faultrun.capabilities.registry import known
from faultrun.engine.drive_threads import drive
from faultrun.gate.policy import decide
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.record.header import Circumstances
from faultrun.record.restore import pending, restore
from faultrun.record.writer import Recorder
from faultrun.spec.load import load
from faultrun.targets.clock import MonotonicClock

pytestmark = pytest.mark.real

WHEN = Circumstances(
    version="0", started="2026-01-01T00:00:00+00:00", host="h", command=(), file="f", slots=1
)
FOREVER = 10**9
ACTS = 6
"""Events are acts as well: even a step that writes nothing has some."""

DEVICES = """\
campaign: devices
target:
  uml:
    devices:
      nvme0: {kind: nvme, namespaces: 1, size_mib: 16}
      nullb0: {kind: null_blk, size_mib: 16}
      sda: {kind: scsi_debug, size_mib: 16}
defaults: {timeout: 30s, expect: {kernel_log: no-oops}}
steps:
  request:
    inject: {fail_make_request: {disk: nullb0, probability: 100, times: 1}}
    run: dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct
  two:
    inject:
      failslab: {probability: 1, times: 1}
      nvme: {device: nvme0n1, status: 0x281, probability: 100, times: 1}
    run: dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
  admin:
    # Keep-alive commands are admin commands, too: a hit would take the controller away.
    inject: {nvme: {device: nvme0, status: 0x2, probability: 100, interval: 1000000, times: 1}}
    run: cat /sys/class/nvme/nvme0/state
  null-blk:
    inject: {null_blk_requeue: {disk: nullb0, probability: 100, times: 2}}
    run: dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct
  notifier:
    inject: {netdev_notifier: {event: NETDEV_CHANGEMTU, error: -ENOMEM}}
    run: ip link set dev lo mtu 1400
  rule:
    inject: {blk_error_injection: {disk: nullb0, op: READ, status: MEDIUM}}
    run: dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct
  scsi:
    inject: {scsi_debug: {every_nth: 3, opts: 0x8}}
    run: dd if=/dev/sda of=/dev/null bs=4k count=4 iflag=direct
  nth:
    inject: {fail-nth: {nth: 20}, failslab: {probability: 100, interval: 1000000, times: 100}}
    run: ls /
  crash:
    inject: {lkdtm: {cpoint_name: DIRECT, cpoint_type: WARNING}}
    run: echo WARNING > /sys/kernel/debug/provoke-crash/DIRECT
"""

MEMORY = """\
campaign: memory
target: {uml: {}}
defaults: {timeout: 30s, expect: {kernel_log: no-oops}}
steps:
  slab:
    inject: {failslab: {probability: 100, interval: 3, times: 2, ignore-gfp-wait: false}}
    run: ls /
  everybody:
    inject: {failslab: {probability: 100, times: -1, ignore-gfp-wait: false, task-filter: false}}
    run: ls /
  pages:
    inject:
      fail_page_alloc: {probability: 100, times: -1, min-order: 0, ignore-gfp-wait: false,
                        ignore-gfp-highmem: false, task-filter: false}
    run: ls /
"""


@pytest.fixture(scope="module", params=[DEVICES, MEMORY], ids=["devices", "memory"])
def campaign(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("campaign") / "campaign.yaml"
    file.write_text(request.param)
    read = load(file, overrides={})
    assert read.campaign is not None, read.diagnostics
    return read.campaign


@pytest.fixture(scope="module")
def kernel(uml_kernel, campaign):
    held = Kernel(uml_kernel, uml_spec(campaign))
    yield held
    held.end()


@pytest.fixture(scope="module")
def watched_kernel(uml_kernel, campaign):
    held = Kernel(uml_kernel, uml_spec(campaign), silence_s=0.5)
    yield held
    held.end()


def plans(campaign):
    whole = make_plan(campaign, known(), selection=Selection(), seed=None)
    for task in whole.tasks:
        yield replace(whole, tasks=(replace(task, needs=(), order=0),))


def until_armed(plan):
    """Acts until all is armed, and that is not recorded yet: the starts of run and step, the intent."""
    return 4 + len(plan.tasks[0].writes)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def perform(kernel, plan, folder, acts):
    """Run in a process of its own until the fuse is burnt: (whether it was killed, acts used)."""
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            fuse = Fuse(acts, die)
            target = Fused(kernel.attach(), fuse)
            with Recorder.start(folder, plan, target.info, WHEN) as recorder:
                summary = drive(
                    plan,
                    lambda _name: target,
                    Fused(recorder, fuse),
                    oracles=builtin(),
                    gate=decide,
                    slots=1,
                    stop=lambda: False,
                    clock=MonotonicClock(),
                )
            assert summary.restored, summary
            os.write(tell, str(acts - fuse.left).encode())
        except BaseException:  # noqa: BLE001  # a child must not go on as a test
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(tell)
    status = os.waitpid(pid, 0)[1]
    with os.fdopen(told) as used:
        text = used.read()
    assert text or os.WIFSIGNALED(status), "the run failed"
    return os.WIFSIGNALED(status), int(text or 0)


def test_a_kill_before_every_act_is_undone_from_the_record(kernel, campaign, tmp_path):
    target = kernel.attach()
    paths = control_paths(target)
    before = values(target, paths)
    were_armed = set()
    for plan in plans(campaign):
        name = plan.tasks[0].id
        died, acts = perform(kernel, plan, tmp_path / name, FOREVER)
        assert not died
        assert acts >= ACTS, name
        target = kernel.attach()
        assert control_paths(target) == paths, name
        assert values(target, paths) == before, name
        print(f"{name}: killed before each of {acts} acts")
        for number in range(1, acts + 1):
            folder = tmp_path / f"{name}-{number}"
            assert perform(kernel, plan, folder, number)[0], (name, number)
            target = kernel.attach()
            if values(target, paths) != before:
                were_armed.add(name)
                assert pending(folder), (name, number)
            result = restore(folder, target)
            assert result.complete, (name, number, result)
            assert values(target, paths) == before, (name, number)
            assert pending(folder) == ()
    assert were_armed == {plan.tasks[0].id for plan in plans(campaign) if plan.tasks[0].writes}


def test_a_kill_is_undone_by_the_guest_itself_if_nobody_comes(watched_kernel, campaign, tmp_path):
    target = watched_kernel.attach()
    paths = control_paths(target)
    before = values(target, paths)
    for plan in plans(campaign):
        name = plan.tasks[0].id
        if not plan.tasks[0].writes:
            continue
        died, _acts = perform(watched_kernel, plan, tmp_path / name, until_armed(plan))
        assert died, name
        assert pending(tmp_path / name), name
        watched_kernel.guest.wait_for_the_next_agent(20)
        assert values(watched_kernel.attach(), paths) == before, name
