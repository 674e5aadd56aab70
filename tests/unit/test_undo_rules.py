"""Files that are not simply a value: what stands in the way, what is undone, and from the record."""

from dataclasses import replace

import pytest

from data.engine_plans import MARK, Events, MemoryMachine, never, plan, task
from data.killed_run import WHEN
from faultrun.capabilities.fail_function import FAIL_FUNCTION
from faultrun.capabilities.registry import builtin as capabilities
from faultrun.capabilities.scsi_debug import SCSI_DEBUG_ERROR
from faultrun.engine.drive_virtual import drive
from faultrun.engine.requirements import not_listed
from faultrun.gate.policy import decide
from faultrun.kernel.control_file import seen
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Injection, Setting
from faultrun.model.event import Event, Kind
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin
from faultrun.plan.digest import digest_of
from faultrun.plan.document import task_document
from faultrun.plan.writes import Arsenal
from faultrun.record.restore import pending, restore
from faultrun.record.writer import Recorder

INJECT = "/sys/kernel/debug/fail_function/inject"
ERRORS = "/sys/kernel/debug/scsi_debug/0:0:0:0/error"


class Lists(MemoryMachine):
    """Two lists as kernels keep them, of which one prints the module of a function."""

    def write(self, path, data):
        text = data.decode().strip()
        if path not in (INJECT, ERRORS):
            super().write(path, data)
            return
        self._check("write", path)
        self.acts.append(("write", path, text))
        lines = self.files[path].splitlines()
        if path == INJECT:
            name = f"{text.removeprefix('!')} [btrfs]"
            lines = [line for line in lines if line != name]
            lines += [] if text.startswith("!") else [name]
        elif text.startswith("- "):
            kind, command = text.removeprefix("- ").split()
            lines = [
                line
                for line in lines
                if not line.endswith(f"0x{command}") or not line.startswith(kind)
            ]
        else:
            kind, count, command = text.split()
            lines.append(f"{kind}\t{count}\t0x{command}")
        self.files[path] = "\n".join(lines)


def place(**names):
    return tuple(Setting(name=name, value=value, mark=MARK) for name, value in names.items())


def injection(capability, where, **values):
    return Injection(
        capability=capability, where=place(**where), settings=place(**values), mark=MARK
    )


def writes(*injections):
    arsenal = Arsenal(capabilities(), KernelVersion.parse("6.12"))
    return arsenal.arm(injections).writes


def function_writes():
    first = writes(injection("fail_function", {"function": "open_ctree"}))
    return tuple(write for write in first if write.path == INJECT)


def rules(*commands):
    where = {"unit": "0:0:0:0", "type": "0"}
    return writes(
        *[
            injection(SCSI_DEBUG_ERROR.name, {**where, "command": command}, error=-1)
            for command in commands
        ]
    )


def run(machine, wanted):
    events = Events()
    summary = drive(
        plan(task("a", writes=wanted)),
        lambda _name: machine,
        events,
        oracles=builtin(),
        gate=decide,
        slots=1,
        stop=never,
    )
    return summary, events


def test_a_module_s_function_shows_with_its_module_and_is_taken_off_the_list():
    machine = Lists(files={INJECT: ""})
    summary, _ = run(machine, function_writes())
    assert summary.restored
    assert machine.files[INJECT] == ""
    assert ("write", INJECT, "!open_ctree") in machine.acts


@pytest.mark.parametrize("listed", ["open_ctree\tERRNO", "open_ctree [btrfs]\tERRNO"])
def test_a_function_is_found_in_the_list_with_or_without_its_module(listed):
    machine = MemoryMachine(files={"/sys/kernel/debug/fail_function/injectable": listed})
    where = {"function": "open_ctree"}
    assert not_listed(FAIL_FUNCTION.look_for(where, {"retval": -12}), machine) == ""
    refused = not_listed(FAIL_FUNCTION.look_for(where, {"retval": 1}), machine)
    assert "does not take the return value 1" in refused


def test_the_name_of_a_longer_function_is_another_one():
    (rule,) = [write.rule for write in function_writes()]
    assert seen(rule.seen_as, "other\nopen_ctree [btrfs]")
    assert not seen(rule.seen_as, "open_ctree_more\nre_open_ctree [btrfs]")


@pytest.mark.parametrize("refusal", ["ENOENT", "EACCES"])
def test_nothing_is_written_if_the_file_that_tells_cannot_be_read(refusal):
    (write,) = rules("28")
    machine = Lists(files={ERRORS: ""}, refuse={})
    moved = write.rule.seen_in + "s"
    elsewhere = replace(write, rule=replace(write.rule, seen_in=moved))
    if refusal != "ENOENT":
        machine.files[moved] = ""
        machine.refuse = {("read", moved): refusal}
    summary, events = run(machine, (elsewhere,))
    assert summary.verdicts["a"] is Verdict.ERROR
    assert summary.restored
    assert machine.acts == []
    reason = events.of("step.verdict")[0].data["reasons"][0]
    assert f"{moved} cannot be read before arming: {refusal}" in reason


def test_a_file_that_tells_no_more_once_armed_is_an_error_that_says_what_to_type():
    (write,) = rules("28")
    machine = Lists(files={ERRORS: ""})

    class Hides(Lists):
        def write(self, path, data):
            super().write(path, data)
            self.refuse[("read", ERRORS)] = "EIO"

    machine = Hides(files={ERRORS: ""})
    summary, _ = run(machine, (write,))
    assert summary.verdicts["a"] is Verdict.ERROR
    assert not summary.restored
    assert summary.commands() == (f"echo '- 0 28' > {ERRORS}",)


def test_two_lines_of_one_list_that_show_alike_are_undone_live_and_from_the_record(tmp_path):
    wanted = rules("28", "2a")
    machine = Lists(files={ERRORS: ""})
    summary, events = run(machine, wanted)
    assert summary.restored
    assert machine.files[ERRORS] == ""

    intent = events.of("attr.intent")[0]
    made = plan(task("a", writes=wanted))
    recorder = Recorder.start(tmp_path, made, machine.info, WHEN)
    recorder.emit(Event(Kind.INTENT, 1, "a", intent.data))
    recorder.close()
    killed = Lists(files={ERRORS: "0\t-1\t0x28\n0\t-1\t0x2a"})
    result = restore(tmp_path, killed)
    assert result.complete
    assert killed.files[ERRORS] == ""
    assert pending(tmp_path) == ()


def test_a_trigger_of_another_name_is_told_without_the_plan(tmp_path):
    wanted = rules("28")
    machine = Lists(files={ERRORS: ""})
    _, events = run(machine, wanted)
    recorder = Recorder.start(tmp_path, plan(task("a", writes=wanted)), machine.info, WHEN)
    recorder.emit(events.of("attr.intent")[0])
    recorder.close()
    (tmp_path / "plan.json").unlink()
    assert [undo.trigger for undo in pending(tmp_path)] == [True]


def test_cells_that_differ_in_a_parameter_only_are_different_writes():
    assert [write.value for write in rules("28", "2a")] == ["0 -1 28", "0 -1 2a"]


def test_the_digest_covers_how_it_is_undone_and_what_is_looked_for_first():
    (write,) = rules("28")
    step = task("a", writes=(write,))
    look = FAIL_FUNCTION.look_for({"function": "open_ctree"}, {})
    others = (
        replace(step, writes=(replace(write, rule=replace(write.rule, undo="- 0 2a")),)),
        replace(step, writes=(replace(write, rule=replace(write.rule, seen_as="x")),)),
        replace(step, writes=(replace(write, disarm="0x0"),)),
        replace(step, look_for=look),
    )
    campaign = plan(step).campaign
    assert len({digest_of(campaign, [one], 1) for one in (step, *others)}) == 5


def test_the_plan_as_data_says_how_it_is_undone():
    (write,) = rules("28")
    row = task_document(task("a", writes=(write,)), {})["writes"][0]
    assert row["undo"] == "- 0 28"
    assert row["seen_in"] == ERRORS
