"""Whatever a shipped campaign arms, a kill before any act is undone from the record alone.

One step of each set of capabilities that the campaigns arm, on the simulated kernel: the runner dies
before its N-th write or event, for every N, and can do nothing any more. Then the record is read by
somebody else, who still reaches the machine.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from data.fuse import Fuse, Fused
from faultrun.capabilities.registry import known
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.kernel.control_file import seen
from faultrun.model.target import AttrRefused, TargetDied
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.record.header import Circumstances
from faultrun.record.restore import pending, restore
from faultrun.record.writer import Recorder
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

ROOT = Path(__file__).resolve().parents[2]
WHEN = Circumstances(
    version="0", started="2026-01-01T00:00:00+00:00", host="h", command=(), file="f", slots=1
)
FOREVER = 10**9


class Killed(BaseException):
    """The runner is gone: nothing that it would do after this happens."""


def die():
    raise Killed


def plans():
    """One plan of a single step for each set of capabilities and each campaign's target."""
    found = {}
    for file in sorted((ROOT / "campaigns").glob("*.yaml")):
        campaign = load(file, overrides={}).campaign
        whole = make_plan(campaign, known(), selection=Selection(), seed=None)
        for task in whole.tasks:
            names = tuple(sorted({item.capability for item in task.step.injections}))
            alone = task.step.group is None and task.writes
            alone = alone and not any(known()[name].not_simulated for name in names)
            if alone and names not in found:
                found[names] = (campaign, task.id)
    return [
        pytest.param(campaign, identity, id=f"{campaign.name}-{'-'.join(names)}")
        for names, (campaign, identity) in sorted(found.items())
    ]


def single(campaign, identity):
    plan = make_plan(campaign, known(), selection=Selection(only=(identity,)), seed=None)
    keep = [task for task in plan.tasks if task.id == identity]
    return replace(plan, tasks=(replace(keep[0], needs=(), order=0),))


def state(target, task):
    values = {}
    for write in task.writes:
        if write.rule.made:
            continue
        try:
            values[write.path] = target.read(write.path)
            if write.rule.seen_in:
                text = target.read(write.rule.seen_in).decode()
                values[f"{write.path} {write.value}"] = seen(write.rule.seen_as, text)
        except AttrRefused as refused:
            values[write.path] = refused.errno_name
    return values


def perform(plan, folder, acts):
    """Run until the fuse is burnt: (acts used, the machine, whether the runner died)."""
    fuse = Fuse(acts, die)
    target = SimulatedTarget(plan.campaign.target, seed=plan.seed, machine=plan.tasks[0].machine)
    died = False
    try:
        with Recorder.start(folder, plan, target.info, WHEN) as recorder:
            drive(
                plan,
                lambda _name: Fused(target, fuse),
                Fused(recorder, fuse),
                oracles=builtin(),
                gate=decide,
                slots=1,
                stop=lambda: False,
            )
    except Killed:
        died = True
    return acts - fuse.left, target, died


@pytest.mark.parametrize(("campaign", "identity"), plans())
def test_a_kill_before_every_act_is_undone(campaign, identity, tmp_path):
    plan = single(campaign, identity)
    task = plan.tasks[0]
    fresh = SimulatedTarget(campaign.target, seed=plan.seed, machine=task.machine)
    before = state(fresh, task)
    acts, _target, died = perform(plan, tmp_path / "whole", FOREVER)
    assert not died
    assert acts > 5
    was_armed = 0
    for number in range(1, acts + 1):
        folder = tmp_path / str(number)
        _used, target, died = perform(plan, folder, number)
        assert died, number
        armed = state(target, task) != before
        was_armed += armed
        undos = pending(folder)
        assert undos or not armed, number
        try:
            result = restore(folder, target)
        except TargetDied:
            continue
        assert result.complete, (number, [item for item in result.results if not item.ok])
        after = state(target, task)
        gone = {path for path, value in after.items() if value == "ENOENT"}
        assert {path: value for path, value in after.items() if path not in gone} == {
            path: value for path, value in before.items() if path not in gone
        }, number
        assert pending(folder) == ()
    assert was_armed > 1
