"""A step from announcement to verdict, on a small machine in memory."""

from dataclasses import replace

import pytest

from data.engine_plans import (
    DEFAULTS,
    SLAB,
    Events,
    MemoryMachine,
    RenewableMachine,
    expect,
    failslab_writes,
    injection_text,
    meet_the_fault,
    never,
    plan,
    task,
)
from faultrun.engine.drive_virtual import drive
from faultrun.engine.requirements import unmet
from faultrun.gate.policy import decide
from faultrun.model.failure import RecordError
from faultrun.model.target import AttrRefused, Finished, TargetBroken, TargetDied
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin

NONZERO = expect("exit", {"nonzero": True})
ONCE = expect("injected", {"min": 1, "max": 1})


def run(machine, *tasks, stop=never, sink=None, slots=1):
    events = sink or Events()
    summary = drive(
        plan(*tasks),
        lambda _name: machine,
        events,
        oracles=builtin(),
        gate=decide,
        slots=slots,
        stop=stop,
    )
    return summary, events


def verdict(events, step="a"):
    return events.of("step.verdict", step)[0].data


def test_acts_and_events_come_in_the_order_that_keeps_a_kernel_safe():
    machine = MemoryMachine(work=meet_the_fault)
    summary, events = run(
        machine, task("a", inject=True, expectations=(NONZERO, ONCE), cleanup="clean up")
    )
    assert summary.verdicts == {"a": Verdict.PASS}
    assert machine.files == DEFAULTS
    assert events.kinds("a") == [
        "step.start",
        "attr.intent",
        "attr.armed",
        "command",
        "attr.disarmed",
        "evidence",
        "cleanup",
        "attr.restored",
        "step.verdict",
    ]
    assert machine.acts == [
        ("write", f"{SLAB}/ignore-gfp-wait", "N"),
        ("write", f"{SLAB}/space", "0"),
        ("write", f"{SLAB}/task-filter", "Y"),
        ("write", f"{SLAB}/times", "1"),
        ("write", f"{SLAB}/probability", "100"),
        ("run", "true"),
        ("write", f"{SLAB}/probability", "0"),
        ("run", "clean up"),
        ("write", f"{SLAB}/times", "1"),
        ("write", f"{SLAB}/task-filter", "N"),
        ("write", f"{SLAB}/ignore-gfp-wait", "Y"),
    ]
    seen = verdict(events)
    assert seen["outcome"] == "right-errno"
    assert seen["injected"] == 1


def test_every_event_has_its_keys_sorted_so_that_encoding_is_cheap_and_canonical():
    machine = MemoryMachine(work=meet_the_fault)
    _, events = run(machine, task("a", inject=True, cleanup="c", expectations=(ONCE,)))

    def check(value):
        if isinstance(value, dict):
            assert list(value) == sorted(value)
            for item in value.values():
                check(item)
        elif isinstance(value, list):
            for item in value:
                check(item)

    for event in events.events:
        check(dict(event.data))


def test_the_intent_is_announced_before_the_first_write():
    machine = MemoryMachine(work=meet_the_fault)
    seen = []

    class Watch:
        def emit(self, event):
            if event.kind.value == "attr.intent":
                seen.append((list(machine.acts), set(machine.held)))

    run(machine, task("a", inject=True), sink=Watch())
    assert seen == [([], {f"{SLAB}/probability"})]


def test_a_fault_that_never_fired_is_vacuous_and_excuses_the_missing_reaction():
    summary, events = run(MemoryMachine(), task("a", inject=True, expectations=(NONZERO,)))
    assert summary.verdicts["a"] is Verdict.VACUOUS
    seen = verdict(events)
    assert seen["outcome"] == "not-activated"
    assert "never met the fault" in seen["reasons"][0]
    assert "nothing to react to" in seen["reasons"][1]


def test_injected_none_turns_a_fault_that_did_not_fire_into_a_pass():
    summary, _ = run(
        MemoryMachine(),
        task("a", inject=True, expectations=(expect("injected", {"min": 0, "max": 0}),)),
    )
    assert summary.verdicts["a"] is Verdict.PASS


def test_too_few_injections_fail_and_none_at_all_is_vacuous():
    twice = expect("injected", {"min": 2, "max": 2})
    summary, _ = run(
        MemoryMachine(work=meet_the_fault), task("a", inject=True, expectations=(twice,))
    )
    assert summary.verdicts["a"] is Verdict.FAIL
    summary, _ = run(MemoryMachine(), task("a", inject=True, expectations=(twice,)))
    assert summary.verdicts["a"] is Verdict.VACUOUS


def test_a_step_without_fault_must_succeed():
    def fail(_machine, _command):
        return Finished(exit_code=3, stdout="", stderr="", elapsed_ns=1)

    summary, events = run(MemoryMachine(work=fail), task("a"))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert "exit status 3" in verdict(events)["reasons"][0]
    assert verdict(events)["outcome"] == "no-fault"


def test_injections_that_never_lie_on_the_path_are_vacuous_and_say_where_they_fell():
    def elsewhere(machine, _command):
        machine.files[f"{SLAB}/times"] = "0"
        machine.say(injection_text("w", 100, ("should_failslab", "create_object", "kmalloc")))
        return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1, pids=(100,))

    summary, events = run(MemoryMachine(work=elsewhere), task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.VACUOUS
    assert "kmemleak" in verdict(events)["reasons"][0]
    hit = events.of("evidence", "a")[0].data["hits"][0]
    assert hit["on_path"] is False


def test_one_silent_injection_is_enough_to_doubt_that_all_fell_elsewhere():
    def elsewhere(machine, _command):
        machine.files[f"{SLAB}/times"] = "0"
        machine.say(injection_text("other", 7))
        return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1, pids=(100,))

    off = task("a", inject=True, times=1)
    summary, events = run(MemoryMachine(work=elsewhere), off)
    assert summary.verdicts["a"] is Verdict.VACUOUS
    assert "other[7]" in verdict(events)["reasons"][0]
    summary, _ = run(MemoryMachine(work=elsewhere), task("a", inject=True, times=2))
    assert summary.verdicts["a"] is Verdict.PASS


def test_an_oops_fails_a_step_that_says_nothing_about_it():
    def oops(machine, command):
        machine.say("BUG: kernel NULL pointer dereference, address: 0000000000000008", level=1)
        return meet_the_fault(machine, command)

    summary, events = run(MemoryMachine(work=oops), task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert verdict(events)["outcome"] == "oops"
    allowed = expect("outcome", {"classes": ["oops"]})
    summary, _ = run(MemoryMachine(work=oops), task("a", inject=True, expectations=(allowed,)))
    assert summary.verdicts["a"] is Verdict.PASS


def test_exit_0_with_lost_data_is_latent_and_fails():
    def lose(machine, _command):
        machine.files[f"{SLAB}/times"] = "0"
        machine.files["/mnt/data"] = "old"
        return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1)

    claim = expect("file", {"/mnt/data": {"equals": "new"}})
    summary, events = run(MemoryMachine(work=lose), task("a", inject=True, expectations=(claim,)))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert verdict(events)["outcome"] == "latent"
    assert events.of("evidence")[0].data["files"]["/mnt/data"]["text"] == "old\n"


def test_a_hang_fails_unless_it_was_expected():
    def hang(machine, _command):
        machine.files[f"{SLAB}/times"] = "0"
        return Finished(
            exit_code=None, stdout="", stderr="", elapsed_ns=9, signal=9, timed_out=True
        )

    summary, events = run(MemoryMachine(work=hang), task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert verdict(events)["outcome"] == "hang"
    allowed = expect("outcome", {"classes": ["hang"]})
    summary, _ = run(MemoryMachine(work=hang), task("a", inject=True, expectations=(allowed,)))
    assert summary.verdicts["a"] is Verdict.PASS


def test_a_wrong_errno_is_told_apart_from_a_right_one():
    def wrong(machine, _command):
        machine.files[f"{SLAB}/times"] = "0"
        return Finished(exit_code=1, stdout="", stderr="m: Invalid argument\n", elapsed_ns=1)

    claim = expect("errno", {"names": ["ENOMEM"]})
    summary, events = run(MemoryMachine(work=wrong), task("a", inject=True, expectations=(claim,)))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert verdict(events)["outcome"] == "wrong-errno"


def test_what_a_simulated_target_cannot_do_is_a_skip_never_a_pass():
    def cannot(_machine, _command):
        return Finished(
            exit_code=0, stdout="", stderr="", elapsed_ns=1, unmodelled="perf: needs iron"
        )

    machine = MemoryMachine(work=cannot)
    summary, events = run(machine, task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.SKIP
    assert "perf" in verdict(events)["reasons"][0]
    assert machine.files == DEFAULTS


def test_missing_requirements_are_told_all_at_once_before_anything_runs():
    machine = MemoryMachine(programs=frozenset({"true"}))
    wanted = ("nvme", "program:fio", "device:nvme9")
    summary, events = run(machine, task("a", script="fio a | true; jq .", requires=wanted))
    assert summary.verdicts["a"] is Verdict.SKIP
    assert events.kinds("a") == ["step.skip"]
    reasons = events.of("step.skip")[0].data["reasons"]
    assert [reason for reason in reasons if "program" in reason] == [
        "needs the program 'fio', which this machine does not have",
        "needs the program 'jq', which this machine does not have",
    ]
    assert len(reasons) == 5
    assert machine.acts == []


def test_a_step_for_other_targets_is_skipped_with_that_reason_first():
    machine = MemoryMachine()
    kind = machine.info.kind
    wanted = task("a", targets=("simulated", "qemu"), requires=("nvme",))
    summary, events = run(machine, wanted)
    assert summary.verdicts["a"] is Verdict.SKIP
    assert events.kinds("a") == ["step.skip"]
    reasons = events.of("step.skip")[0].data["reasons"]
    assert reasons[0] == f"it runs on simulated and qemu only; this is {kind}"
    assert len(reasons) == 3
    assert machine.acts == []


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        (("qemu",), "qemu"),
        (("uml", "qemu"), "uml and qemu"),
        (("uml", "qemu", "local"), "uml, qemu and local"),
    ],
)
def test_all_targets_of_a_step_are_named(targets, told):
    facts = MemoryMachine().probe()
    assert unmet(task("a", targets=targets), facts, "ssh") == (
        f"it runs on {told} only; this is ssh",
    )
    for kind in targets:
        assert unmet(task("a", targets=targets), facts, kind) == ()
    assert unmet(task("a"), facts, "ssh") == ()


@pytest.mark.parametrize("place", range(5))
def test_a_refused_write_disarms_what_was_armed_and_is_an_error(place):
    path = failslab_writes()[place].path
    machine = MemoryMachine()
    machine.refuse[("write", path)] = "EPERM"
    summary, events = run(machine, task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.ERROR
    assert machine.files == DEFAULTS
    assert summary.restored
    assert "EPERM" in verdict(events)["reasons"][0]
    assert not events.of("command")


def test_a_value_that_the_kernel_understands_differently_is_an_error():
    machine = MemoryMachine()
    machine.reads_instead[f"{SLAB}/task-filter"] = "N"
    summary, events = run(machine, task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.ERROR
    assert "reads 'N' after writing 'Y'" in verdict(events)["reasons"][0]


def test_a_file_that_a_kernel_may_lack_is_left_out_with_a_note():
    writes = failslab_writes()
    extra = replace(writes[0], path=f"{SLAB}/require-start", optional=True)
    summary, events = run(
        MemoryMachine(work=meet_the_fault), task("a", inject=True, writes=(extra, *writes))
    )
    assert summary.verdicts["a"] is Verdict.PASS
    assert "require-start" in events.of("note", "a")[0].data["text"]
    summary, _ = run(
        MemoryMachine(), task("a", inject=True, writes=(replace(extra, optional=False), *writes))
    )
    assert summary.verdicts["a"] is Verdict.ERROR


def test_what_cannot_be_restored_is_an_error_and_gives_the_commands():
    def lock(machine, command):
        machine.refuse[("write", f"{SLAB}/probability")] = "EFAULT"
        return meet_the_fault(machine, command)

    machine = MemoryMachine(work=lock)
    summary, events = run(machine, task("a", inject=True), task("b", 1))
    assert summary.verdicts == {"a": Verdict.ERROR}
    assert not summary.restored
    assert f"echo 0 > {SLAB}/probability" in summary.commands()
    assert events.of("attr.restored")[0].data["complete"] is False
    assert summary.not_run == ("b",)


def test_a_write_that_falls_victim_to_the_fault_is_tried_again():
    refusals = iter(range(50))

    class Unlucky(MemoryMachine):
        def write(self, path, data):
            if path.endswith("probability") and data == b"0\n" and next(refusals, None) is not None:
                self.refuse[("write", path)] = "EFAULT"
            try:
                super().write(path, data)
            finally:
                self.refuse.clear()

    machine = Unlucky(work=meet_the_fault)
    summary, _ = run(machine, task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.PASS
    assert machine.files == DEFAULTS


def test_a_directory_that_vanished_is_restored_by_that():
    def remove(machine, _command):
        machine.say(injection_text("w", 100))
        for path in list(machine.files):
            if path.startswith(SLAB):
                del machine.files[path]
        return Finished(exit_code=1, stdout="", stderr="", elapsed_ns=1, pids=(100,))

    summary, events = run(
        MemoryMachine(work=remove), task("a", inject=True, expectations=(ONCE, NONZERO))
    )
    assert summary.verdicts["a"] is Verdict.PASS
    assert summary.restored
    restored = events.of("attr.restored")[0].data
    assert restored["complete"] is True
    assert all("gone" in row["why"] for row in restored["writes"])


def test_what_was_armed_before_is_disarmed_first_and_armed_again_at_the_end():
    machine = MemoryMachine(work=meet_the_fault)
    machine.files[f"{SLAB}/probability"] = "5"
    before = dict(machine.files)
    run(machine, task("a", inject=True))
    assert machine.acts[0] == ("write", f"{SLAB}/probability", "0")
    assert machine.acts[-1] == ("write", f"{SLAB}/probability", "5")
    assert machine.files == before


def test_a_crash_is_an_outcome_and_the_machine_comes_back():
    def die(_machine, _command):
        raise TargetDied("Kernel panic - not syncing: Fatal exception")

    machine = MemoryMachine(work=die)
    summary, events = run(machine, task("a", inject=True), task("b", 1))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert verdict(events)["outcome"] == "crash"
    assert machine.recovered
    assert events.of("attr.restored", "a")[0].data["complete"] is True
    allowed = expect("outcome", {"classes": ["crash"]})
    injected = expect("injected", {"min": 0, "max": None})
    summary, _ = run(
        MemoryMachine(work=die), task("a", inject=True, expectations=(allowed, injected))
    )
    assert summary.verdicts["a"] is Verdict.PASS


def test_a_broken_target_is_an_error_of_ours():
    def broken(_machine, _command):
        raise TargetBroken("the link is down")

    machine = MemoryMachine(work=broken)
    summary, events = run(machine, task("a", inject=True))
    assert summary.verdicts["a"] is Verdict.ERROR
    assert "link is down" in verdict(events)["reasons"][0]
    assert machine.files == DEFAULTS


def test_stop_ends_the_run_after_restoring_and_judges_nothing_more():
    asked = []

    def work(_machine, _command):
        asked.append(True)
        return Finished(exit_code=None, stdout="", stderr="", elapsed_ns=1, signal=9)

    machine = MemoryMachine(work=work)
    summary, events = run(machine, task("a", inject=True), task("b", 1), stop=lambda: bool(asked))
    assert summary.interrupted
    assert summary.restored
    assert machine.files == DEFAULTS
    assert summary.not_run == ("a", "b")
    assert events.of("run.end")[0].data["interrupted"] is True
    assert not summary.gate.passed


@pytest.mark.parametrize(
    "kind", ["attr.intent", "attr.armed", "command", "evidence", "attr.restored"]
)
def test_a_record_that_fails_leaves_a_restored_machine_and_says_why(kind):
    class Full:
        def emit(self, event):
            if event.kind.value == kind:
                raise RecordError("events.jsonl: No space left on device")

    machine = MemoryMachine(work=meet_the_fault)
    summary, _ = run(machine, task("a", inject=True), task("b", 1), sink=Full())
    assert machine.files == DEFAULTS
    assert "No space left" in summary.failure
    assert summary.restored
    assert summary.not_run == ("a", "b")
    if kind == "attr.intent":
        assert machine.acts == []


def test_an_error_of_this_program_restores_before_it_is_raised():
    def bug(_machine, _command):
        raise ZeroDivisionError

    machine = MemoryMachine(work=bug)
    with pytest.raises(ZeroDivisionError):
        run(machine, task("a", inject=True))
    assert machine.files == DEFAULTS


def test_fail_nth_that_reads_0_has_fired_and_is_not_counted_twice():
    def nth(machine, _command):
        machine.files[f"{SLAB}/times"] = "0"
        machine.say(injection_text("w", 100))
        return Finished(
            exit_code=1, stdout="", stderr="", elapsed_ns=1, pids=(100,), fail_nth_left=0
        )

    summary, events = run(
        MemoryMachine(work=nth), task("a", inject=True, fail_nth=3, expectations=(ONCE,))
    )
    assert events.of("evidence")[0].data["injected"] == 1
    assert summary.verdicts["a"] is Verdict.PASS


def test_fail_nth_that_did_not_fire_says_how_many_points_were_missing():
    def nth(_machine, _command):
        return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1, fail_nth_left=5)

    summary, events = run(MemoryMachine(work=nth), task("a", fail_nth=9))
    assert summary.verdicts["a"] is Verdict.VACUOUS
    assert "5 more fault points" in verdict(events)["reasons"][0]


def test_an_oops_during_cleanup_is_latent():
    def work(machine, command):
        if command.script == "umount":
            machine.say("WARNING: CPU: 0 PID: 1 at fs/ext4/inode.c:100 ext4_x+0x1/0x2", level=4)
            return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1)
        machine.files[f"{SLAB}/times"] = "0"
        return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1)

    summary, events = run(MemoryMachine(work=work), task("a", inject=True, cleanup="umount"))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert verdict(events)["outcome"] == "latent"


def test_an_expectation_without_an_oracle_is_an_error_not_a_pass():
    summary, _ = run(MemoryMachine(), task("a", expectations=(expect("moon", {}),)))
    assert summary.verdicts["a"] is Verdict.ERROR


def test_attributes_are_read_back_before_they_are_restored():
    claim = expect("attributes", {"failslab.times": "0", "failslab.probability": "100"})
    summary, events = run(
        MemoryMachine(work=meet_the_fault), task("a", inject=True, expectations=(claim,))
    )
    assert summary.verdicts["a"] is Verdict.PASS
    assert events.of("evidence")[0].data["after"][f"{SLAB}/times"] == "0"


def test_renewable_machines_are_renewed_for_each_step_and_kept_for_a_group():
    machines = []

    def open_machine(_name):
        machines.append(RenewableMachine())
        return machines[-1]

    tasks = (task("a", 0), task("g1", 1, group="g"), task("b", 2), task("g2", 3, group="g"))
    summary = drive(
        plan(*tasks), open_machine, Events(), oracles=builtin(), gate=decide, slots=2, stop=never
    )
    assert summary.counts[Verdict.PASS] == 4
    renewed = [name for machine in machines for name in machine.renewed]
    assert sorted(renewed) == ["a", "b", "g"]
    assert len(machines) == 2


def test_a_machine_that_died_has_lost_its_counter_and_the_log_has_to_do():
    def die(machine, _command):
        machine.say(injection_text("w", 100))
        machine.say("Kernel panic - not syncing: Fatal exception", level=0)
        raise TargetDied("panic", machine.log(0)[0])

    allowed = expect("outcome", {"classes": ["crash"]})
    summary, events = run(
        MemoryMachine(work=die), task("a", inject=True, times=9, expectations=(allowed,))
    )
    count = events.of("evidence")[0].data["counts"][0]
    assert (count["left"], count["injected"]) == (None, 1)
    assert summary.verdicts["a"] is Verdict.PASS


def test_a_crash_during_cleanup_is_no_pass():
    def work(machine, command):
        if command.script == "umount":
            raise TargetDied("panic in umount")
        return meet_the_fault(machine, command)

    machine = MemoryMachine(work=work)
    summary, events = run(machine, task("a", inject=True, cleanup="umount"))
    assert summary.verdicts["a"] is Verdict.FAIL
    assert verdict(events)["outcome"] == "crash"
    assert machine.files == DEFAULTS


def test_a_late_oops_fails_a_step_that_asked_for_none():
    def work(machine, command):
        if command.script == "umount":
            machine.say("kernel BUG at fs/inode.c:1!")
        return meet_the_fault(machine, command)

    claim = expect("kernel_log", {"has": [], "lacks": [], "matches": [], "no_oops": True})
    summary, events = run(
        MemoryMachine(work=work), task("a", inject=True, cleanup="umount", expectations=(claim,))
    )
    assert summary.verdicts["a"] is Verdict.FAIL
    assert "after the workload had ended" in verdict(events)["reasons"][0]


def test_an_oops_that_was_allowed_is_no_failure():
    def oops(machine, command):
        machine.say("kernel BUG at fs/inode.c:1!")
        return meet_the_fault(machine, command)

    claim = expect("kernel_log", {"has": ["kernel BUG"], "no_oops": False})
    summary, events = run(MemoryMachine(work=oops), task("a", inject=True, expectations=(claim,)))
    assert summary.verdicts["a"] is Verdict.PASS
    assert verdict(events)["outcome"] == "oops"


def test_a_hung_task_in_the_log_is_a_hang():
    def hang(machine, command):
        machine.say("INFO: task dd:7 blocked for more than 120 seconds.")
        return meet_the_fault(machine, command)

    _, events = run(MemoryMachine(work=hang), task("a", inject=True))
    assert verdict(events)["outcome"] == "hang"


def test_a_passed_step_says_why():
    _, events = run(
        MemoryMachine(work=meet_the_fault), task("a", inject=True, expectations=(ONCE,))
    )
    assert verdict(events)["reasons"] == [
        "the fault fired once on the workload's own path, and every expectation held"
    ]


class Controller(MemoryMachine):
    """Resetting removes the attributes and makes new ones: held descriptors are stale then."""

    stale = frozenset()

    def reset(self):
        self.stale = frozenset(self.held)
        self.files.update(DEFAULTS)

    def release(self):
        super().release()
        self.stale = frozenset()

    def _check(self, action, path):
        if path in self.stale:
            raise AttrRefused(path, "EIO", action)
        super()._check(action, path)


def test_a_directory_that_came_back_is_restored_by_its_path():
    def reset(machine, command):
        if command.script == "reset":
            machine.reset()
            return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1)
        return meet_the_fault(machine, command)

    for script, cleanup in (("reset", ""), ("true", "reset"), ("reset", "reset")):
        machine = Controller(work=reset)
        summary, events = run(machine, task("a", script=script, inject=True, cleanup=cleanup))
        assert summary.restored
        assert machine.files == DEFAULTS
        assert all(row["ok"] for row in events.of("attr.disarmed")[0].data["writes"])


def test_a_counter_that_was_made_anew_is_not_believed():
    def hit_and_reset(machine, command):
        finished = meet_the_fault(machine, command)
        machine.reset()
        return finished

    summary, events = run(
        Controller(work=hit_and_reset), task("a", inject=True, expectations=(ONCE, NONZERO))
    )
    count = events.of("evidence")[0].data["counts"][0]
    assert (count["left"], count["injected"]) == (None, 1)
    assert summary.verdicts["a"] is Verdict.PASS
