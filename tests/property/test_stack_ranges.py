"""Ranges of callers by name: what is looked up, and what is refused before anything is written."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sim_machine import machine, run
from faultrun.engine.ranges import resolved, symbols
from faultrun.model.campaign import Injection, Setting
from faultrun.model.mark import NOWHERE
from faultrun.model.stack_range import Side, StackRange
from faultrun.model.target import AttrRefused
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.simkernel import symbols as layout
from faultrun.simkernel.module_table import MODULES
from faultrun.spec.load import load
from faultrun.spec.ranges import FILES
from faultrun.targets.local import LocalTarget

SLAB = "/sys/kernel/debug/failslab"
STEP = """
campaign: c
target: {simulated: {kernel: "6.12"}}
steps:
  s:
    inject: {failslab: {probability: 100, times: 1}}
    run: "true"
    expect: {exit: 0}
"""


def task_of(tmp, builtin, *ranges):
    path = tmp / "c.yaml"
    path.write_text(STEP)
    campaign = load(path, overrides={}).campaign
    step = campaign.steps[0]
    armed = Injection(
        capability="failslab",
        where=(),
        settings=(Setting(name="probability", value=100, mark=NOWHERE),),
        mark=NOWHERE,
        ranges=ranges,
    )
    campaign = replace(campaign, steps=(replace(step, injections=(armed,)),))
    return make_plan(campaign, builtin, selection=Selection(), seed=0).tasks[0]


@pytest.fixture(scope="module")
def make_task(tmp_path_factory):
    from faultrun.capabilities.registry import builtin

    folder = tmp_path_factory.mktemp("ranges")
    return lambda *ranges: task_of(folder, builtin(), *ranges)


def span(side=Side.REQUIRE, **given):
    return StackRange(side=side, mark=NOWHERE, **given)


def found(task, target):
    got = resolved(task, target)
    values = {write.path.rpartition("/")[2]: write.value for write in got.task.writes}
    return got, values


@given(data=st.data())
def test_a_function_of_a_module_holds_its_own_frames_and_no_others(data, make_task):
    name = data.draw(st.sampled_from([name for name, spec in MODULES.items() if spec.text]))
    spec = MODULES[name]
    function = data.draw(st.sampled_from(spec.text + spec.exit_text))
    target = machine()
    if not spec.boot:
        run(target, f"modprobe {name}")
    got, values = found(make_task(span(symbol=function, function=True, module=name)), target)
    assert got.problem == ""
    start, end = int(values["require-start"], 16), int(values["require-end"], 16)
    inside = [
        other
        for other in spec.text + spec.exit_text
        if start
        <= layout.address(f"{other} [{name}]") + layout.offsets(f"{other} [{name}]")[0]
        < end
    ]
    assert inside == [function]


@given(data=st.data(), side=st.sampled_from(Side))
def test_sections_of_a_module_in_any_order(data, side, make_task):
    name = data.draw(st.sampled_from(["dummy", "ext4", "null_blk", "nvme", "crc16"]))
    places = layout.sections(name)
    first, second = data.draw(
        st.tuples(st.sampled_from(sorted(places)), st.sampled_from(sorted(places)))
    )
    target = machine()
    run(target, f"modprobe {name}")
    got, values = found(make_task(span(side, module=name, begin=first, until=second)), target)
    if places[second][0] > places[first][0]:
        assert got.problem == ""
        assert int(values[f"{side.value}-start"], 16) == places[first][0]
        assert int(values[f"{side.value}-end"], 16) == places[second][0]
    else:
        assert "is not above its start" in got.problem
        assert (
            got.task.writes == make_task(span(side, module=name, begin=first, until=second)).writes
        )


@given(
    st.lists(
        st.tuples(st.integers(1, 2**64 - 1), st.sampled_from("tTdD"), st.sampled_from("abcdef")),
        min_size=1,
        max_size=12,
    )
)
def test_kallsyms_of_any_kernel(make_task, tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("tree")
    text = "".join(f"{address:016x} {kind} {name}\n" for address, kind, name in rows)
    for name in FILES:
        file = folder / f"{SLAB}/{name}".lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("0\n")
    (folder / "proc").mkdir()
    (folder / "proc/kallsyms").write_text(text)
    assert [(one.address, one.kind, one.name) for one in symbols(text)] == rows
    wanted = rows[0][2]
    got, values = found(make_task(span(symbol=wanted)), LocalTarget(folder))
    starts = {address for address, _, name in rows if name == wanted}
    above = [address for address, _, _ in rows if address > min(starts)]
    if len(starts) > 1:
        assert "have that name" in got.problem
    elif not above:
        assert "the last symbol" in got.problem
    else:
        assert int(values["require-start"], 16) == min(starts)
        assert int(values["require-end"], 16) == min(above)


@pytest.mark.parametrize(
    ("wanted", "script", "told"),
    [
        ({"module": "dummy", "begin": ".text"}, "", "module dummy is not loaded"),
        ({"symbol": "no_such_thing"}, "", "there is no such symbol"),
        ({"symbol": "dummy_init_one", "module": "dummy"}, "modprobe dummy", "no such symbol"),
        ({"symbol": "err_inject_exit"}, "modprobe -a pm-notifier-error-inject", "add `module:`"),
        ({"symbol": "__this_module", "function": True, "module": "nvme"}, "", "no function"),
        ({"module": "nvme", "begin": ".tex"}, "", "has no section .tex; it has .bss, .data"),
        (
            {"module": "nvme", "begin": ".text"},
            "echo 2 > /proc/sys/kernel/kptr_restrict",
            "shows 0 instead of addresses",
        ),
        (
            {"symbol": "do_one_initcall"},
            "echo 2 > /proc/sys/kernel/kptr_restrict",
            "shows 0 instead of addresses",
        ),
    ],
)
def test_what_cannot_be_looked_up_is_said(make_task, wanted, script, told):
    target = machine()
    if script:
        run(target, script)
    got = resolved(make_task(span(**wanted)), target)
    assert told in got.problem
    assert got.problem.startswith(f"{SLAB}/require-start: the start of ")


def test_a_kernel_without_the_filter_is_said(make_task):
    got = resolved(make_task(span(symbol="do_one_initcall")), machine(kernel="6.1"))
    assert "CONFIG_FAULT_INJECTION_STACKTRACE_FILTER" in got.problem


def test_the_last_section_ends_with_its_module(make_task):
    # .init.text is the last: what is freed after init is no part of the size that is told.
    got = resolved(make_task(span(module="nvme", begin=".init.text")), machine())
    assert "is not above its start" in got.problem
    got, values = found(make_task(span(module="nvme", begin=".rodata")), machine())
    assert got.problem == ""
    assert int(values["require-end"], 16) == layout.sections("nvme")[".init.text"][0]


def test_looking_up_writes_nothing(make_task):
    target = machine()
    names = target.list(SLAB)
    before = {name: target.read(f"{SLAB}/{name}") for name in names}
    got, _ = found(
        make_task(span(symbol="do_one_initcall"), span(Side.REJECT, module="nvme", begin=".text")),
        target,
    )
    assert got.problem == ""
    assert len(got.notes) == 4
    assert {name: target.read(f"{SLAB}/{name}") for name in names} == before
    with pytest.raises(AttrRefused):
        target.read(f"{SLAB}/no-such")
    values = [write.value for write in got.task.writes if write.path.rpartition("/")[2] in FILES]
    pairs = list(itertools.pairwise(int(value, 16) for value in values))[::2]
    assert len(pairs) == 2
    assert all(start < end for start, end in pairs)
