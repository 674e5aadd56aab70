"""Campaigns for the tests of planning, written as values."""

from faultrun.capabilities.registry import builtin
from faultrun.model.campaign import (
    Campaign,
    DeviceSpec,
    Expectation,
    Injection,
    Need,
    Setting,
    Step,
    TargetSpec,
    Workload,
)
from faultrun.model.mark import Mark
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection

DEVICES = (
    DeviceSpec(
        name="nvme0",
        kind="nvme",
        options=(("namespaces", 1), ("size_mib", 64)),
        mark=Mark("made.yaml", 7, 7),
    ),
)


def at(line=1, column=1, file="made.yaml"):
    return Mark(file, line, column)


def fault(capability, where=None, line=1, **settings):
    """An injection; `_` in a keyword stays, except where the kernel spells `-`."""
    spelled = {"task_filter": "task-filter", "ignore_gfp_wait": "ignore-gfp-wait"}
    return Injection(
        capability=capability,
        where=tuple(
            Setting(name=name, value=value, mark=at(line)) for name, value in (where or {}).items()
        ),
        settings=tuple(
            Setting(name=spelled.get(name, name), value=value, mark=at(line + number))
            for number, (name, value) in enumerate(settings.items(), 1)
        ),
        mark=at(line),
    )


def nvme(device="nvme0n1", **settings):
    return fault("nvme", {"device": device}, **settings)


def step(name, *, run="true", needs=(), inject=(), expect=None, cleanup=None, line=1, **more):
    return Step(
        id=name,
        origin=name.partition("[")[0],
        mark=at(line, 3),
        workload=Workload(mark=at(line + 1), script=run),
        needs=tuple(Need(id=need, mark=at(line)) for need in needs),
        injections=tuple(inject),
        expectations=tuple(
            Expectation(oracle=oracle, params=params, mark=at(line))
            for oracle, params in (expect or {}).items()
        ),
        cleanup=None if cleanup is None else Workload(mark=at(line), script=cleanup),
        **more,
    )


def cells(name, axis, values, **more):
    return tuple(step(f"{name}[{axis}={value}]", cell=((axis, value),), **more) for value in values)


def campaign(*steps, name="made", **more):
    more.setdefault("target", TargetSpec(devices=DEVICES))
    return Campaign(name=name, mark=at(), steps=steps, **more)


def plan(*steps, selection=None, seed=None, **more):
    return make_plan(
        campaign(*steps, **more), builtin(), selection=selection or Selection(), seed=seed
    )


def one(*inject, **more):
    """The only task of a campaign with one step that injects these."""
    return plan(step("only", inject=inject, **more)).tasks[0]
