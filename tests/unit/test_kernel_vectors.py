"""The fault core and the control files against the kernel's own compiled code."""

import json
from pathlib import Path

import pytest

from faultrun.kernel import blk_status, setup_string
from faultrun.kernel.control_file import parse, parse_config, show
from faultrun.kernel.fault_attr import FaultAttr, decide, spend, stack_allows
from faultrun.kernel.numbers import Refused
from faultrun.kernel.nvme_status import STATUSES, status_of
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind
from faultrun.simkernel.tasks import SimTask

VECTORS = Path(__file__).resolve().parents[1] / "data" / "vectors"
DECISIONS = [json.loads(line) for line in (VECTORS / "decisions.jsonl").read_text().splitlines()]
FILES = json.loads((VECTORS / "control-files.json").read_text())
NVME = [json.loads(line) for line in (VECTORS / "nvme-status.jsonl").read_text().splitlines()]
VERSIONS = ("6.1", "6.8", "6.12", "6.19", "7.3")
FIELDS = {
    "verbose_ratelimit_interval_ms": "ratelimit_interval",
    "verbose_ratelimit_burst": "ratelimit_burst",
}
CASES = [
    pytest.param(vector, version, id=f"{vector['name']}-{version}")
    for vector in DECISIONS
    for version in vector["kernels"]
]


def test_all_vectors_are_here():
    assert len(DECISIONS) == 101
    assert len(NVME) == 109


class Walker:
    """Stands where the kernel asks for the callers, and counts the stack traces it saves."""

    def __init__(self, attr, new):
        self.attr, self.new, self.walks, self.stack = attr, new, 0, ()

    def save(self):
        self.walks += 1
        return self.stack

    def __call__(self):
        return stack_allows(self.attr, self.save, stack_first=self.new)


@pytest.mark.parametrize(("vector", "version"), CASES)
def test_decision(vector, version):
    new = KernelVersion.parse(version).has("6.8", None)
    attr = FaultAttr(**{FIELDS.get(key, key): value for key, value in vector["attr"].items()})
    task = SimTask(1, "t", None)
    task.make_it_fail = bool(vector.get("task_make_it_fail", 0))
    task.fail_nth = vector.get("fail_nth", 0)
    walker = Walker(attr, new) if vector["stack_filter"] else None
    decided, trace, walks = [], [], []
    for call in vector["calls"]:
        for key, value in call.get("set", {}).items():
            setattr(attr, FIELDS.get(key, key), value)
        if "task_make_it_fail" in call:
            task.make_it_fail = bool(call["task_make_it_fail"])
        task.fail_nth = call.get("fail_nth", task.fail_nth)
        draws = []
        if walker:
            walker.walks, walker.stack = 0, call.get("stack", vector.get("stack", ()))
        failed = decide(
            attr,
            call["size"],
            task if call.get("in_task", True) else None,
            lambda draws=draws, call=call: draws.append(1) or call.get("rnd", 0),
            walker,
            stack_first=new,
        )
        if failed:
            spend(attr)
        decided.append(failed)
        trace.append([attr.times, attr.space, attr.count, task.fail_nth, len(draws)])
        walks.append(walker.walks if walker else 0)
    assert decided == vector["expect"]
    final = vector["final"]
    assert trace[-1][:4] == [final[key] for key in ("times", "space", "count", "fail_nth")]
    if "trace" in vector:
        assert trace == vector["trace"]
    if "stack_walks" in vector:
        assert walks == vector["stack_walks"]


KINDS = {
    "probability": (AttrKind.ULONG, 0),
    "times": (AttrKind.ATOMIC, 1),
    "verbose_ratelimit_interval_ms": (AttrKind.U32, 0),
    "stacktrace-depth": (AttrKind.DEPTH, 32),
    "require-start": (AttrKind.XUL, 0),
    "status_x16": (AttrKind.X16, 1),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KINDS)
def test_debugfs_number(name, version):
    kind, initial = KINDS[name]
    release = KernelVersion.parse(version)
    for row in FILES["files"][name]:
        try:
            stored, answer = parse(kind, row["write"], release, initial), len(row["write"])
        except Refused as refused:
            stored, answer = initial, f"-{refused.name}"
        assert answer == row["ret"], row
        new = release.has("6.8", None)
        back = row.get("back_6.8+", row["back"]) if new else row["back"]
        assert show(kind, stored, release) + "\n" == back, row


@pytest.mark.parametrize("version", VERSIONS)
def test_debugfs_bool(version):
    release = KernelVersion.parse(version)
    for row in FILES["bool"]:
        for before in "NY":
            key = f"from_{before}"
            new = release.has("6.19", None)
            expected = row.get(f"{key}_6.19", row[key]) if new else row[key]
            stored = parse(AttrKind.BOOL, row["write"], release, int(before == "Y"))
            assert show(AttrKind.BOOL, stored, release) == expected, row


CONFIG_KINDS = {
    "ulong": AttrKind.ULONG, "int": AttrKind.ATOMIC, "uint": AttrKind.U32, "bool": AttrKind.BOOL,
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS[1:])
@pytest.mark.parametrize("name", FILES["configfs"])
def test_configfs(name, version):
    release = KernelVersion.parse(version)
    kind = CONFIG_KINDS[name.split("(")[0]]
    for row in FILES["configfs"][name]:
        try:
            answer, value = "ok", parse_config(kind, row["write"], release)
        except Refused as refused:
            answer, value = f"-{refused.name}", None
        new = release.has("6.19", None)
        assert answer == (row.get("6.19", row["ret"]) if new else row["ret"]), row
        if answer == "ok" and "value" in row:
            assert value == row["value"], row


def test_fail_nth_file():
    for row in FILES["proc"]["fail-nth"]:
        try:
            value = parse(AttrKind.COUNT, row["write"], KernelVersion.parse("6.12"), 0)
        except Refused as refused:
            assert f"-{refused.name}" == row["ret"], row
        else:
            assert row["ret"] == "ok", row
            assert value == row["value"], row


@pytest.mark.parametrize("version", VERSIONS)
def test_setup_string(version):
    for row in FILES["setup"]:
        expected = {**row, **(row.get("7.3", {}) if version == "7.3" else {})}
        told = setup_string.read(row["str"], KernelVersion.parse(version))
        if not row["ret"]:
            assert isinstance(told, setup_string.Refusal), row
            assert row["log"] == f"<4>{setup_string.FAILED}\n"
        else:
            keys = ("interval", "probability", "space", "times")
            assert told.setup.values() == {key: expected[key] for key in keys}, row


def test_every_nvme_status():
    release = KernelVersion.parse("6.1")
    assert [status.value for status in STATUSES] == [row["status"] for row in NVME]
    for row in NVME:
        status = status_of(row["status"], release)
        assert status.name == row["name"]
        assert status.text == row["text"]
        block = blk_status.BY_NAME[status.blk_status]
        assert f"BLK_STS_{block.name}" == row["blk_status"]
        assert (block.errno or "0") == row["errno"]
        assert block.text == row["blk_text"]
