"""Every counted capability, through its control files and its own hook, against a second reading.

The filters that a capability has of its own are written here again, from the kernel's sources as
prose, and the decision behind them is the naive one of ``data.naive_attr``.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.naive_attr import Naive
from faultrun.capabilities.registry import builtin
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.hooks import Gfp, RpcSide
from faultrun.simkernel.kernel import DEBUGFS, SimKernel

STACK = ("site",)
FLAGS = st.sets(st.sampled_from(["DIRECT_RECLAIM", "NOFAIL", "NOWARN", "HIGHMEM"]))
YES_NO = st.sampled_from(["Y", "N"])


def gfp(names):
    bits = Gfp.ATOMIC
    for name in names:
        bits |= Gfp[name]
    return bits


def slab_spares(files, call):
    if "NOFAIL" in call["gfp"]:
        return True
    if files["ignore-gfp-wait"] == "Y" and "DIRECT_RECLAIM" in call["gfp"]:
        return True
    return files["cache-filter"] == "Y" and call["cache"] != "dentry"


def page_spares(files, call):
    return (
        call["order"] < int(files["min-order"])
        or "NOFAIL" in call["gfp"]
        or (files["ignore-gfp-highmem"] == "Y" and "HIGHMEM" in call["gfp"])
        or (files["ignore-gfp-wait"] == "Y" and "DIRECT_RECLAIM" in call["gfp"])
    )


class Case:
    """How one capability is asked, what its own filters spare, and what a call's size is."""

    def __init__(self, call, ask, spares=lambda *_: False, size=lambda _: 1, files=None):
        self.call, self.ask, self.spares, self.size = call, ask, spares, size
        self.files = st.fixed_dictionaries(files or {})


def plain(ask):
    return Case(st.fixed_dictionaries({}), ask)


def device_attr(directory, name):
    def ask(kernel, task, _call):
        attr = kernel.adopt(directory, builtin()[name])
        return kernel.should_fail(attr, 1, task, STACK)

    return ask


def overridden(kernel, task, _call):
    kernel.injected["open_ctree"] = 2**64 - 12
    answer = kernel.overridden("open_ctree", task, STACK)
    assert answer in (None, -12)
    return answer is not None


DEVICES = {
    name: re.sub(r"\{[a-z_]+\}", "device0", table.directory.removeprefix(f"{DEBUGFS}/"))
    for name, table in builtin().items()
    if table.counted and "{" in table.directory and table.directory.startswith(DEBUGFS)
}
"""Directories that a driver makes for each of its devices: all are asked alike."""
CASES = {
    "failslab": Case(
        st.fixed_dictionaries(
            {"size": st.integers(8, 40), "gfp": FLAGS, "cache": st.sampled_from(["dentry", "filp"])}
        ),
        lambda kernel, task, call: kernel.slab(
            task, call["size"], gfp(call["gfp"]), STACK, call["cache"]
        ),
        slab_spares,
        lambda call: call["size"],
        {"ignore-gfp-wait": YES_NO, "cache-filter": YES_NO},
    ),
    "fail_page_alloc": Case(
        st.fixed_dictionaries({"order": st.integers(0, 4), "gfp": FLAGS}),
        lambda kernel, task, call: kernel.pages(task, call["order"], gfp(call["gfp"]), STACK),
        page_spares,
        lambda call: 2 ** call["order"],
        {
            "ignore-gfp-wait": YES_NO,
            "ignore-gfp-highmem": YES_NO,
            "min-order": st.sampled_from(["0", "1", "2", "4"]),
        },
    ),
    "fail_usercopy": plain(lambda kernel, task, _call: kernel.usercopy(task, STACK)),
    "fail_futex": Case(
        st.fixed_dictionaries({"private": st.booleans()}),
        lambda kernel, task, call: kernel.futex(task, STACK, private=call["private"]),
        lambda files, call: files["ignore-private"] == "Y" and call["private"],
        files={"ignore-private": YES_NO},
    ),
    "fail_sunrpc": Case(
        st.fixed_dictionaries({"side": st.sampled_from(list(RpcSide))}),
        lambda kernel, task, call: kernel.rpc(task, call["side"], STACK),
        lambda files, call: (
            files[
                {"CLIENT": "ignore-client-disconnect", "SERVER": "ignore-server-disconnect"}.get(
                    call["side"].name, "ignore-cache-wait"
                )
            ]
            == "Y"
        ),
        files=dict.fromkeys(
            ["ignore-client-disconnect", "ignore-server-disconnect", "ignore-cache-wait"], YES_NO
        ),
    ),
    "fail_skb_realloc": Case(
        st.fixed_dictionaries({"device": st.sampled_from(["lo", "eth0"])}),
        lambda kernel, task, call: kernel.packet(task, call["device"], STACK),
        lambda files, call: files["devname"] not in ("", call["device"]),
        files={"devname": st.sampled_from(["", "lo", "eth1"])},
    ),
    "fail_mempool_alloc": plain(lambda kernel, task, _call: kernel.mempool(task, "bio_alloc")),
    "fail_make_request": Case(
        st.fixed_dictionaries({"size": st.integers(0, 20)}),
        lambda kernel, task, call: kernel.bio(task, "sda", call["size"], STACK),
        size=lambda call: call["size"],
    ),
    "fail_io_timeout": plain(lambda kernel, task, _call: kernel.io_timeout(task, STACK)),
    "fail_function": plain(overridden),
} | {name: plain(device_attr(directory, name)) for name, directory in DEVICES.items()}
NOT_HERE = {"fail_mempool_alloc_bulk"}
"""Without a hook, and says so."""

WRITES = {
    "probability": st.sampled_from([0, 1, 50, 99, 100, 101]),
    "interval": st.sampled_from([0, 1, 2, 3, 7]),
    "times": st.sampled_from([-2, -1, 0, 1, 2, 5]),
    "space": st.integers(-3, 60),
    "task-filter": YES_NO,
}
START = st.fixed_dictionaries(WRITES)


@st.composite
def calls(draw, case):
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "call": case.call,
                    "draw": st.integers(0, 99),
                    "who": st.sampled_from(["plain", "marked", "interrupt"]),
                    "nth": st.one_of(st.none(), st.integers(0, 4)),
                    "write": st.one_of(
                        st.none(),
                        *[st.tuples(st.just(name), values) for name, values in WRITES.items()],
                    ),
                }
            ),
            min_size=1,
            max_size=30,
        )
    )


def put(kernel, directory, name, value):
    kernel.tree.write(f"{DEBUGFS}/{directory}/{name}", f"{value}\n", None)


def tell(oracle, name, value):
    if name == "task-filter":
        oracle.state["task_filter"] = value == "Y"
    else:
        oracle.state[name] = value


def number(kernel, directory, name):
    return int(kernel.tree.read(f"{DEBUGFS}/{directory}/{name}", None))


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_control_files_and_hook_agree_with_a_second_reading(name, data):
    case, table = CASES[name], builtin()[name]
    known = [KernelVersion.parse(text) for text in ("6.1", "6.8", "6.12", "6.19", "7.3")]
    fitting = [version for version in known if version.has(table.since, table.until)]
    release = data.draw(st.sampled_from(fitting))
    kernel = SimKernel(version=release, seed=1, name="m", devices=())
    directory = DEVICES.get(name, name)
    if name in DEVICES:
        kernel.adopt(directory, table)
    start, files = data.draw(START), data.draw(case.files)
    if name == "failslab" and release.has("6.8", None):
        kernel.tree.write("/sys/kernel/slab/dentry/failslab", "1\n", None)
    elif name == "failslab":
        files["cache-filter"] = "N"
    oracle = Naive(release.has("6.8", None))
    for key, value in {**start, **files}.items():
        put(kernel, directory, key, value)
        if key in WRITES:
            tell(oracle, key, value)
    attr = kernel.fault(directory)
    tasks = {"plain": kernel.tasks.spawn("p"), "marked": kernel.tasks.spawn("m"), "interrupt": None}
    put_mark = f"/proc/{tasks['marked'].pid}/make-it-fail"
    kernel.tree.write(put_mark, "1\n", None)
    others = {
        "plain": {"make_it_fail": False, "fail_nth": 0},
        "marked": {"make_it_fail": True, "fail_nth": 0},
        "interrupt": None,
    }
    for step in data.draw(calls(case)):
        who = step["who"]
        if step["nth"] is not None and who != "interrupt":
            kernel.tree.write(f"/proc/{tasks[who].pid}/fail-nth", f"{step['nth']}\n", None)
            others[who]["fail_nth"] = step["nth"]
        if step["write"]:
            put(kernel, directory, *step["write"])
            tell(oracle, *step["write"])
        attr._percent = lambda step=step: step["draw"]
        failed = case.ask(kernel, tasks[who], step["call"])
        expected = not case.spares(files, step["call"]) and oracle.call(
            case.size(step["call"]), others[who], lambda step=step: step["draw"]
        )
        assert failed == expected
        assert number(kernel, directory, "times") == oracle.state["times"]
        assert number(kernel, directory, "space") == oracle.state["space"]
        assert attr.core.count == oracle.state["count"]
        if who != "interrupt":
            left = kernel.tree.read(f"/proc/{tasks[who].pid}/fail-nth", None)
            assert int(left) == others[who]["fail_nth"]


def test_no_counted_capability_is_forgotten():
    counted = {
        name
        for name, table in builtin().items()
        if table.counted and table.directory.startswith(DEBUGFS) and name not in DEVICES
    }
    assert counted <= set(CASES) | NOT_HERE
