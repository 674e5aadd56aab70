"""Each oracle alone: pure functions of parameters and evidence, total on any parameters."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.engine_plans import expect
from faultrun.model.evidence import Count, Evidence, FileSeen
from faultrun.model.target import Finished, LogLine
from faultrun.model.verdict import Finding, Verdict
from faultrun.oracles.registry import builtin


def seen(exit_code=0, *, stdout="", stderr="", signal=None, timed_out=False, elapsed_ns=1, **rest):
    finished = Finished(
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
        elapsed_ns=elapsed_ns,
        signal=signal,
        timed_out=timed_out,
    )
    fields = {"log": (), "log_lost": 0, "counts": (), "hits": (), "armed": True, **rest}
    return Evidence(finished=finished, **fields)


def log(*texts):
    return tuple(LogLine(t_ns=n, level=5, text=text) for n, text in enumerate(texts))


def count(injected, left=0):
    path = "/sys/kernel/debug/nvme0/fault_inject/times"
    return Count(capability="nvme", path=path, budget=9, left=left, injected=injected)


def logged(injected, *, at_least=False):
    return Count(
        capability="lkdtm", path="/p", budget=0, left=None, injected=injected, at_least=at_least
    )


TIMES = "/sys/kernel/debug/nvme0/fault_inject/times"
NAMED = {"nvme.times": (TIMES,)}
DATA = FileSeen(content=b"hello\n", errno_name="")
GONE = FileSeen(content=None, errno_name="ENOENT")
SHA = hashlib.sha256(b"hello\n").hexdigest()
PASS, FAIL, ERROR, VACUOUS = Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.VACUOUS

CASES = [
    ("exit", {"code": 0}, seen(0), PASS),
    ("exit", {"code": 0}, seen(1), FAIL),
    ("exit", {"zero": True}, seen(0), PASS),
    ("exit", {"nonzero": True}, seen(5), PASS),
    ("exit", {"nonzero": True}, seen(0), FAIL),
    ("exit", {"nonzero": True}, seen(None, signal=9, timed_out=True), FAIL),
    ("exit", {"code": 0}, seen(None, died="panic"), FAIL),
    ("exit", {}, seen(0), ERROR),
    ("signal", {"name": "SIGSEGV"}, seen(None, signal=11), PASS),
    ("signal", {"name": "SEGV"}, seen(139), PASS),
    ("signal", {"name": "11"}, seen(None, signal=11), PASS),
    ("signal", {"name": "SIGKILL"}, seen(None, signal=9, timed_out=True), FAIL),
    ("signal", {"name": "SIGSEGV"}, seen(0), FAIL),
    ("signal", {"name": "SIGWHAT"}, seen(0), ERROR),
    ("stdout", {"contains": ["a", "b"]}, seen(stdout="xaxb"), PASS),
    ("stdout", {"contains": ["a", "b"]}, seen(stdout="xa"), FAIL),
    ("stdout", {"lacks": ["a"]}, seen(stdout="xa"), FAIL),
    ("stdout", {"matches": [r"^b\d$"]}, seen(stdout="a\nb1\n"), PASS),
    ("stdout", {"matches": ["("]}, seen(stdout="("), FAIL),
    ("stdout", {"equals": "one"}, seen(stdout="one\n"), PASS),
    ("stdout", {"equals": "one"}, seen(stdout="one\n\n"), FAIL),
    ("stderr", {"contains": ["e"]}, seen(stdout="e", stderr=""), FAIL),
    ("stderr", {"contains": ["e"], "equals": None}, seen(stderr="e"), PASS),
    ("errno", {"names": ["EIO"]}, seen(1, stderr="dd: error: Input/output error"), PASS),
    ("errno", {"names": ["EIO", "ENOSPC"]}, seen(1, stderr="No space left on device"), PASS),
    ("errno", {"names": ["EIO"]}, seen(1, stderr="Cannot allocate memory"), FAIL),
    ("errno", {"names": ["EIO"]}, seen(1, stdout="Input/output error"), PASS),
    ("errno", {"names": ["EIO"]}, seen(1), FAIL),
    ("injected", {"min": 2, "max": 2}, seen(counts=(logged(2),)), PASS),
    ("injected", {"min": 2, "max": 2}, seen(counts=(logged(2, at_least=True),)), ERROR),
    ("injected", {"min": 2}, seen(counts=(logged(2, at_least=True),)), PASS),
    ("injected", {"min": 3}, seen(counts=(logged(2, at_least=True),)), ERROR),
    ("injected", {"min": 1, "max": 1}, seen(counts=(logged(2, at_least=True),)), FAIL),
    ("injected", {"min": 1, "max": 1}, seen(counts=(logged(0, at_least=True),)), VACUOUS),
    ("injected", {"min": 0, "max": 0}, seen(counts=(logged(0),)), PASS),
    ("injected", {"min": 0, "max": 0}, seen(counts=(logged(0, at_least=True),)), ERROR),
    ("injected", {"min": 0, "max": 0}, seen(counts=(logged(None),)), ERROR),
    ("injected", {"min": 1, "max": 1}, seen(counts=(count(1),)), PASS),
    ("injected", {"min": 1, "max": 1}, seen(counts=(count(1), count(1))), FAIL),
    ("injected", {"min": 1, "max": None}, seen(counts=(count(7),)), PASS),
    ("injected", {"min": 2, "max": None}, seen(counts=(count(0),)), VACUOUS),
    ("injected", {"min": 2, "max": 4}, seen(counts=(count(None, None),)), VACUOUS),
    ("injected", {"min": 0, "max": 0}, seen(counts=(count(1),)), FAIL),
    ("injected", {"min": 0, "max": 0}, seen(armed=False), PASS),
    ("injected", {"min": 1, "max": None}, seen(armed=False), FAIL),
    ("kernel_log", {"no_oops": True}, seen(log=log("fine")), PASS),
    ("kernel_log", {"no_oops": True}, seen(log=log("x"), oops="kernel BUG at x.c:1!"), FAIL),
    ("kernel_log", {"no_oops": False}, seen(log=log("x"), oops="kernel BUG at x.c:1!"), PASS),
    ("kernel_log", {"has": ["I/O error"]}, seen(log=log("x", "I/O error, dev a")), PASS),
    ("kernel_log", {"has": ["I/O error"]}, seen(log=log("x")), FAIL),
    ("kernel_log", {"lacks": ["x"]}, seen(log=log("x")), FAIL),
    ("kernel_log", {"matches": [r"^nvme\d: .*$"]}, seen(log=log("a", "nvme0: Ident")), PASS),
    (
        "attributes",
        {"nvme.times": "0"},
        seen(named=NAMED, after={TIMES: "0"}),
        PASS,
    ),
    (
        "attributes",
        {"nvme.status": "0x1"},
        seen(named={"nvme.status": ("/n/status",)}, after={"/n/status": "0x0001"}),
        PASS,
    ),
    ("attributes", {"nvme.times": "0"}, seen(named=NAMED, after={}), FAIL),
    ("attributes", {"nvme.times": "0"}, seen(after={TIMES: "0"}), FAIL),
    (
        "attributes",
        {"nvme.times": "0"},
        seen(named=NAMED, after={"/sys/kernel/debug/failslab/times": "0"}),
        FAIL,
    ),
    ("file", {"/m/f": {"equals": "hello"}}, seen(files={"/m/f": DATA}), PASS),
    ("file", {"/m/f": {"sha256": SHA.upper()}}, seen(files={"/m/f": DATA}), PASS),
    ("file", {"/m/f": {"sha256": "0" * 64}}, seen(files={"/m/f": DATA}), FAIL),
    ("file", {"/m/f": {"contains": ["bye"]}}, seen(files={"/m/f": DATA}), FAIL),
    ("file", {"/m/f": {"exists": True}}, seen(files={"/m/f": DATA}), PASS),
    ("file", {"/m/f": {"exists": False}}, seen(files={"/m/f": DATA}), FAIL),
    ("file", {"/m/f": {"exists": False}}, seen(files={"/m/f": GONE}), PASS),
    ("file", {"/m/f": {"exists": True}}, seen(files={"/m/f": GONE}), FAIL),
    (
        "file",
        {"/m/f": {"exists": False}},
        seen(files={"/m/f": FileSeen(content=None, errno_name="EIO")}),
        FAIL,
    ),
    (
        "device",
        {"nvme0": "live"},
        seen(files={"/sys/class/nvme/nvme0/state": FileSeen(content=b"live\n", errno_name="")}),
        PASS,
    ),
    ("device", {"nvme0": "gone"}, seen(files={"/sys/class/nvme/nvme0/state": GONE}), PASS),
    ("device", {"nvme0": "live"}, seen(files={"/sys/class/nvme/nvme0/state": GONE}), FAIL),
    ("duration", {"under_ns": 10}, seen(elapsed_ns=9), PASS),
    ("duration", {"under_ns": 10}, seen(elapsed_ns=10), FAIL),
    ("duration", {"over_ns": 10, "under_ns": None}, seen(elapsed_ns=11), PASS),
    ("duration", {"over_ns": 10}, seen(elapsed_ns=10), FAIL),
    ("outcome", {"classes": ["tolerated", "latent"]}, seen(outcome="latent"), PASS),
    ("outcome", {"classes": ["tolerated"]}, seen(outcome="oops"), FAIL),
    ("outcome", {}, seen(outcome="oops"), ERROR),
    ("fate", {"fate": "survives"}, seen(1, log=log("WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1")), PASS),
    ("fate", {"fate": "survives"}, seen(139, log=log("Oops: invalid opcode: 0000 [#1] SMP")), FAIL),
    ("fate", {"fate": "task-killed"}, seen(0, log=log("x", "kernel BUG at mm/slub.c:1!")), PASS),
    ("fate", {"fate": "task-killed"}, seen(0, log=log("BUG: TASK stack guard page was hit")), PASS),
    ("fate", {"fate": "task-killed"}, seen(None, signal=9), PASS),
    ("fate", {"fate": "task-killed"}, seen(139), FAIL),
    ("fate", {"fate": "panic"}, seen(None, died="kernel panic: dumptest"), PASS),
    ("fate", {"fate": "panic"}, seen(None, died="the machine hangs", hung=True), FAIL),
    ("fate", {"fate": "hang"}, seen(None, died="the machine hangs", hung=True), PASS),
    ("fate", {"fate": "hang"}, seen(None, signal=9, timed_out=True), PASS),
    ("fate", {"fate": "hang"}, seen(0, log=log("rcu: INFO: rcu_sched detected stalls")), FAIL),
    ("fate", {"fate": "dead"}, seen(0), ERROR),
    ("fate", {}, seen(0), ERROR),
]


@pytest.mark.parametrize(("name", "params", "evidence", "verdict"), CASES)
def test_ruling(name, params, evidence, verdict):
    finding = builtin()[name].judge(expect(name, params), evidence)
    assert finding.verdict is verdict, finding
    assert finding.oracle == name
    assert finding.expected
    assert finding.found
    assert finding.place == "test.yaml:1:1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["code", "min", "max", "names", "name", "has", "lacks", "matches", "classes", "under_ns", "/f"]
)


@given(st.sampled_from(sorted(builtin())), JSON | st.dictionaries(KEYS, JSON, max_size=3))
def test_oracles_are_total(name, params):
    oracle = builtin()[name]
    evidence = seen(1, stderr="x: Input/output error", log=log("a"), counts=(count(1),))
    assert isinstance(oracle.judge(expect(name, params), evidence), Finding)
    assert all(isinstance(path, str) for path in oracle.looks_at(params))
    assert all(isinstance(path, str) for path in oracle.reads_back(params))


def test_every_oracle_is_listed_under_its_own_name_with_a_summary():
    assert all(oracle.name == name and oracle.summary for name, oracle in builtin().items())
    assert list(builtin()) == sorted(builtin())


def test_what_was_printed_is_shown_cut_and_quoted():
    finding = builtin()["stdout"].judge(
        expect("stdout", {"equals": "x"}), seen(stdout="\x1b[31m" + "y" * 5_000)
    )
    assert "\x1b" not in finding.found
    assert "(5005 characters)" in finding.found
    assert len(finding.found) < 400
