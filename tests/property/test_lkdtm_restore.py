"""A crash point is disarmed once and never armed by the undoing, wherever the run died."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from data.engine_plans import never
from data.killed_run import WHEN
from faultrun.capabilities.registry import builtin as capabilities
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.target import AttrRefused
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.record.restore import pending, restore
from faultrun.record.writer import Recorder
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

KPROBES = "/sys/kernel/debug/kprobes/list"
ROOT = "/sys/kernel/debug/provoke-crash"
COUNT = "/sys/module/lkdtm/parameters/cpoint_count"
TEXT = """\
campaign: restore
summary: A test.
target:
  simulated:
    kernel: "6.12"
    devices: {{nvme0: {{kind: nvme, size_mib: 16}}, sda: {{kind: scsi_debug, size_mib: 16}}}}
steps:
  s:
    inject: {{lkdtm: {{cpoint_name: {point}, cpoint_type: {crash}, cpoint_count: 3}}}}
    run: |
      dd if=/dev/nvme0n1 of=/dev/null bs=4k count={reads} iflag=direct
      dd if=/dev/sda of=/dev/null bs=4k count={reads} iflag=direct
    expect: {{injected: some}}
"""


class Gone(BaseException):
    """The process is dead: it does nothing any more."""


class Fuse:
    def __init__(self, acts):
        self.left = acts

    def burn(self):
        if self.left <= 0:
            raise Gone
        self.left -= 1


class Dying:
    """A target or a sink that a dead process no longer reaches."""

    def __init__(self, inner, fuse):
        self.inner = inner
        self.fuse = fuse

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found):
            return found

        def call(*args, **named):
            self.fuse.burn()
            return found(*args, **named)

        return call

    def __enter__(self):
        return self

    def __exit__(self, *_ignored):
        pass


def armed(target):
    return target.read(KPROBES) != b""


@settings(max_examples=60, deadline=None)
@given(
    point=st.sampled_from(["INT_HW_IRQ_EN", "SCSI_QUEUE_RQ", "FS_SUBMIT_BH"]),
    crash=st.sampled_from(["WARNING", "BUG", "PANIC", "REFCOUNT_INC_ZERO", "LOOP"]),
    reads=st.integers(1, 25),
    acts=st.integers(0, 70),
)
def test_whenever_the_run_dies_its_record_disarms_the_point(point, crash, reads, acts):
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "c.yaml"
        file.write_text(TEXT.format(point=point, crash=crash, reads=reads))
        loaded = load(file, overrides={})
        assert loaded.campaign is not None, loaded.diagnostics
        plan = make_plan(loaded.campaign, capabilities(), selection=Selection(), seed=None)
        inner = SimulatedTarget(plan.campaign.target, seed=1, machine="s")
        fuse = Fuse(acts)
        folder = Path(place) / "run"
        with Recorder.start(folder, plan, inner.info, WHEN) as recorder:
            with suppress(Gone):
                drive(
                    plan, lambda _name: Dying(inner, fuse), Dying(recorder, fuse),
                    oracles=builtin(), gate=decide, slots=1, stop=never,
                )  # fmt: skip
        was = armed(inner)
        undos = pending(folder)
        assert undos or not was
        assert restore(folder, inner).complete
        assert not armed(inner)
        assert inner.read(COUNT) == b"10\n"
        assert pending(folder) == ()
        assert restore(folder, inner).results == ()
        assert not armed(inner)


def test_a_point_that_somebody_else_armed_is_left_to_them(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(TEXT.format(point="SCSI_QUEUE_RQ", crash="WARNING", reads=1))
    campaign = load(file, overrides={}).campaign
    plan = make_plan(campaign, capabilities(), selection=Selection(), seed=None)
    target = SimulatedTarget(campaign.target, seed=1, machine="s")
    target.write(f"{ROOT}/SCSI_QUEUE_RQ", b"BUG\n")

    class Kept(Dying):
        def renew(self, _name):
            pass

    with Recorder.start(tmp_path / "run", plan, target.info, WHEN) as recorder:
        summary = drive(
            plan, lambda _name: Kept(target, Fuse(10_000)), recorder,
            oracles=builtin(), gate=decide, slots=1, stop=never,
        )  # fmt: skip
    assert summary.verdicts["s"].value == "ERROR"
    assert armed(target)
    try:
        target.write(f"{ROOT}/SCSI_QUEUE_RQ", b"BUG\n")
    except AttrRefused as refused:
        assert refused.errno_name == "EINVAL"
    assert not armed(target)
