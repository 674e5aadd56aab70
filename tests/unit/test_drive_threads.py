"""The threaded driver: slots that really overlap, groups, needs, stops, and everything that breaks."""

import signal
import threading
import time

import pytest

from data.engine_plans import (
    DEFAULTS,
    SLAB,
    Events,
    MemoryMachine,
    expect,
    meet_the_fault,
    never,
    plan,
    succeed,
    task,
)
from data.machine_tree import content, grow
from data.threaded import Farm, Guest, RealClock, go
from faultrun.engine.drive_threads import drive
from faultrun.gate.policy import decide
from faultrun.model.capability import AttrKind
from faultrun.model.failure import RecordError
from faultrun.model.plan import Write
from faultrun.model.target import Finished, TargetBroken, TargetDied
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin
from faultrun.targets.local import LocalTarget

PASS, ERROR, SKIP = Verdict.PASS, Verdict.ERROR, Verdict.SKIP
DONE = Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1)


def test_slots_are_side_by_side():
    together = threading.Barrier(4)

    def meet(_machine, _command):
        together.wait(timeout=60)
        return DONE

    farm = Farm(work=meet)
    summary, events = go(plan(*(task(f"t{n}", n) for n in range(8))), farm)
    assert summary.counts[PASS] == 8
    assert {event.data["slot"] for event in events.of("step.start")} == {0, 1, 2, 3}
    assert len(farm.used) == 4
    farm.check_ended()


def test_machines_boot_side_by_side_in_the_threads_of_their_slots():
    together = threading.Barrier(3)
    farm = Farm(enter=lambda _guest: together.wait(timeout=60))
    summary, _ = go(plan(*(task(f"t{n}", n) for n in range(3))), farm, slots=3)
    assert summary.counts[PASS] == 3
    assert {name for guest in farm.used for name in guest.threads} == {"slot 0", "slot 1", "slot 2"}
    farm.check_ended()


def test_real_processes_of_renewable_folders_meet(tmp_path):
    class Folder(LocalTarget):
        """A folder that can become a clean machine again."""

        def __init__(self, name):
            self.tree = tmp_path / name
            super().__init__(grow(self.tree))

        def renew(self, name):
            for file, value in DEFAULTS.items():
                (self.tree / file.lstrip("/")).write_text(f"{value}\n")

    meeting = tmp_path / "meeting"
    meeting.mkdir()
    script = f"echo > {meeting}/$$; while [ $(ls {meeting} | wc -l) -lt 3 ]; do sleep 0.02; done"
    tasks = [task(f"t{n}", n, script=script, timeout_ns=60_000_000_000) for n in range(3)]
    names = iter("abcdefgh")
    summary, _ = go(plan(*tasks), lambda _name: Folder(next(names)), slots=3)
    assert summary.counts[PASS] == 3


def test_the_events_of_a_step_are_in_order_and_their_times_never_go_back():
    farm = Farm(work=meet_the_fault)
    tasks = [task(f"t{n:02d}", n, inject=True, cleanup="c") for n in range(24)]
    summary, events = go(plan(*tasks), farm)
    assert len(summary.verdicts) == 24
    assert events.events[0].kind.value == "run.start"
    assert events.events[-1].kind.value == "run.end"
    for item in tasks:
        mine = [event for event in events.events if event.step == item.id]
        assert [event.kind.value for event in mine] == [
            "step.start", "attr.intent", "attr.armed", "command", "attr.disarmed",
            "evidence", "cleanup", "attr.restored", "step.verdict",
        ]  # fmt: skip
        times = [event.t_ns for event in mine]
        assert times == sorted(times)
        assert times[0] >= 0
        assert 0 <= mine[-1].data["elapsed_ns"] <= summary.elapsed_ns
    assert summary.elapsed_ns >= max(event.t_ns for event in events.events[:-1])


def test_one_thread_at_a_time_reaches_the_sink():
    class Strict(Events):
        inside = threading.Lock()

        def emit(self, event):
            assert self.inside.acquire(blocking=False), "two events at once"
            time.sleep(0.0005)
            super().emit(event)
            self.inside.release()

    sink = Strict()
    summary, _ = go(plan(*(task(f"t{n}", n, inject=True) for n in range(16))), Farm(), sink=sink)
    assert not summary.failure
    assert len(sink.of("step.verdict")) == 16


def test_a_write_follows_its_intent_whatever_the_other_slots_do():
    seen = []

    class Telling(Guest):
        def write(self, path, data):
            seen.append(("write", self.task_now()))
            super().write(path, data)

        def task_now(self):
            return threading.current_thread().name

    class Slow(Events):
        def emit(self, event):
            if event.kind.value == "attr.intent":
                time.sleep(0.002)
                seen.append(("intent", threading.current_thread().name))
            super().emit(event)

    go(plan(*(task(f"t{n}", n, inject=True) for n in range(8))), Farm(Telling), sink=Slow())
    for name in {name for _, name in seen}:
        acts = [act for act, thread in seen if thread == name]
        assert acts[0] == "intent"
    assert sum(act == "intent" for act, _ in seen) == 8


def test_a_group_stays_on_its_machine_and_others_get_a_clean_one():
    farm = Farm()
    tasks = []
    for n in range(12):
        tasks.append(task(f"g{n}", 3 * n, group="g", script=f"g{n}"))
        tasks.append(task(f"h{n}", 3 * n + 1, group="h", script=f"h{n}"))
        tasks.append(task(f"s{n}", 3 * n + 2, script=f"s{n}"))
    summary, _ = go(plan(*tasks), farm, slots=3)
    assert summary.counts[PASS] == 36
    for group in "gh":
        wanted = [("run", f"{group}{n}") for n in range(12)]
        (home,) = [guest for guest in farm.guests if wanted[0] in guest.history]
        start = home.history.index(wanted[0])
        assert home.history[start : start + 12] == wanted
    for guest in farm.used:
        for before, after in zip(guest.history, guest.history[1:], strict=False):
            if after[0] == "run" and after[1][0] == "s":
                assert before == ("renew", after[1])
    farm.check_ended()


def test_a_machine_on_which_nothing_has_happened_is_not_renewed():
    farm = Farm()
    tasks = [task("a", 0), task("b", 1, requires=("nvme",)), task("c", 2, requires=("nvme",))]
    tasks += [task("d", 3), task("e", 4, requires=("nvme",)), task("f", 5)]
    summary, _ = go(plan(*tasks), farm, slots=1)
    assert [summary.verdicts[name] for name in "abcdef"] == [PASS, SKIP, SKIP, PASS, SKIP, PASS]
    (guest,) = farm.used
    assert guest.renewed == ["b", "e"]


def test_needs_are_met_before_a_task_starts_and_bad_ones_skip_it():
    ended = []

    def work(_machine, command):
        time.sleep(0.003)
        ended.append(command.script)
        return Finished(exit_code=int(command.script == "b"), stdout="", stderr="", elapsed_ns=1)

    tasks = [
        task("a", 0, script="a"), task("b", 1, script="b"),
        task("c", 2, script="c", needs=("a",)), task("d", 3, script="d", needs=("a", "c")),
        task("e", 4, script="e", needs=("b",)), task("f", 5, script="f", needs=("e",)),
    ]  # fmt: skip
    summary, events = go(plan(*tasks), Farm(work=work))
    assert ended.index("a") < ended.index("c") < ended.index("d")
    assert {name for name, verdict in summary.verdicts.items() if verdict is SKIP} == {"e", "f"}
    assert not {"e", "f"} & set(ended)
    assert len(events.of("step.skip")) == 2


def test_one_machine_that_cannot_be_renewed_has_one_slot():
    machine = MemoryMachine()
    summary, events = go(plan(*(task(f"t{n}", n) for n in range(5))), lambda _name: machine)
    assert summary.counts[PASS] == 5
    assert {event.data["slot"] for event in events.of("step.start")} == {0}


def test_a_stop_ends_running_workloads_and_restores_every_machine():
    asked = threading.Event()
    together = threading.Barrier(3, action=asked.set)

    class Waiting(Guest):
        stopper = None

        def stop_when(self, stop):
            self.stopper = stop

    def work(machine, _command):
        together.wait(timeout=60)
        while not machine.stopper():
            time.sleep(0.005)
        return Finished(exit_code=None, stdout="", stderr="", elapsed_ns=1, signal=9)

    farm = Farm(Waiting, work=work)
    tasks = [task(f"t{n}", n, inject=True) for n in range(9)]
    summary, events = go(plan(*tasks), farm, slots=3, stop=asked.is_set)
    assert summary.interrupted
    assert summary.restored
    assert not summary.failure
    assert len(summary.not_run) == 9
    assert len(events.of("attr.restored")) == 3
    assert all("the user stopped" in event.data["text"] for event in events.of("note"))
    assert all(guest.files == DEFAULTS for guest in farm.used)
    assert events.events[-1].kind.value == "run.end"
    farm.check_ended()


def test_a_bug_restores_its_step_and_the_others_and_ends_the_run():
    together = threading.Barrier(2)

    class Waiting(Guest):
        def stop_when(self, stop):
            self.stopper = stop

    def work(machine, command):
        together.wait(timeout=60)
        if command.script == "bug":
            raise ZeroDivisionError("boom")
        while not machine.stopper():
            time.sleep(0.005)
        return Finished(exit_code=None, stdout="", stderr="", elapsed_ns=1, signal=9)

    farm = Farm(Waiting, work=work)
    tasks = [task("a", 0, script="bug", inject=True), task("b", 1, script="x", inject=True)]
    tasks += [task(f"t{n}", n) for n in range(2, 8)]
    summary, events = go(plan(*tasks), farm, slots=2)
    assert "ZeroDivisionError: boom" in summary.failure
    assert "step 'a'" in summary.failure
    assert not summary.interrupted
    assert summary.restored
    assert set(summary.not_run) == {item.id for item in tasks}
    assert all(guest.files == DEFAULTS for guest in farm.used)
    assert {event.step for event in events.of("attr.restored")} == {"a", "b"}
    assert "ZeroDivisionError" in events.of("note")[-1].data["text"]
    assert events.events[-1].kind.value == "run.end"
    farm.check_ended()


@pytest.mark.parametrize("where", ["write", "log", "renew", "probe", "enter", "exit", "release"])
def test_a_bug_anywhere_in_a_target_hangs_nothing_and_hides_nothing(where):
    class Buggy(Guest):
        left = 2

        def bug(self, place):
            if place == where:
                self.left -= 1
                if not self.left:
                    raise LookupError(place)

        def write(self, path, data):
            self.bug("write")
            super().write(path, data)

        def log(self, since):
            self.bug("log")
            return super().log(since)

        def renew(self, name):
            self.left = 1
            self.bug("renew")
            super().renew(name)

        def probe(self):
            self.left = 1
            self.bug("probe")
            return super().probe()

        def __enter__(self):
            super().__enter__()
            self.left = 1
            try:
                self.bug("enter")
            except LookupError:
                self.opened = 0
                raise
            self.left = 2
            return self

        def __exit__(self, *_ignored):
            super().__exit__()
            self.left = 1
            self.bug("exit")

        def release(self):
            self.left = 1
            self.bug("release")
            super().release()

    farm = Farm(Buggy, work=meet_the_fault)
    summary, events = go(plan(*(task(f"t{n}", n, inject=True) for n in range(6))), farm, slots=2)
    assert "LookupError" in summary.failure
    assert events.events[-1].kind.value == "run.end"
    assert all(guest.files == DEFAULTS for guest in farm.used) or not summary.restored
    farm.check_ended()


def test_a_machine_that_broke_is_replaced_and_only_its_step_is_an_error():
    def work(machine, command):
        if command.script == "break":
            raise TargetBroken("the link is down")
        return succeed(machine, command)

    farm = Farm(work=work)
    tasks = [task("a", 0), task("b", 1, script="break"), task("c", 2), task("d", 3, script="break")]
    summary, _ = go(plan(*tasks, task("e", 4)), farm, slots=1)
    assert [summary.verdicts[name] for name in "abcde"] == [PASS, ERROR, PASS, ERROR, PASS]
    assert not summary.failure
    assert len(farm.used) == 3
    farm.check_ended()


def test_what_was_armed_on_a_guest_that_was_thrown_away_is_gone_with_it():
    class Mute(Guest):
        def write(self, path, data):
            if self.history and data == b"0\n":
                raise TargetBroken("the link is down")
            super().write(path, data)

    farm = Farm(Mute, work=succeed)
    summary, events = go(plan(task("a", 0, inject=True), task("b", 1)), farm, slots=1)
    assert summary.verdicts == {"a": ERROR, "b": PASS}
    assert summary.restored
    assert not summary.undos
    assert any("was ended, and with it" in event.data["text"] for event in events.of("note"))
    farm = Farm(Mute, work=succeed, durable=True)
    summary, _ = go(plan(task("a", 0, inject=True), task("b", 1)), farm, slots=1)
    assert not summary.restored
    assert summary.commands()


def test_a_crash_is_an_outcome_and_its_machine_goes_on():
    def work(machine, command):
        if command.script == "panic":
            raise TargetDied("kernel panic")
        return succeed(machine, command)

    farm = Farm(work=work)
    fate = (expect("fate", {"is": "panic"}),)
    tasks = [task(f"p{n}", n, script="panic", expectations=fate) for n in range(6)]
    summary, _ = go(plan(*tasks, task("z", 9)), farm, slots=2)
    assert summary.verdicts["z"] is PASS
    assert len(farm.used) <= 2
    assert sum(len(guest.recovered) for guest in farm.used) == 6
    # What was brought back is clean: booting it once more would be for nothing.
    assert not any(guest.renewed for guest in farm.used)


def test_what_a_group_left_on_a_machine_that_died_later_is_not_handed_on():
    def work(machine, command):
        if command.script == "panic":
            raise TargetDied("kernel panic")
        if command.script == "leave":
            machine.files[f"{SLAB}/interval"] = "77"
        assert command.script != "look" or machine.files[f"{SLAB}/interval"] == "1"
        return succeed(machine, command)

    write = Write(
        path=f"{SLAB}/interval", value="5", kind=AttrKind.ULONG, reads_back="5", origin="campaign"
    )
    farm = Farm(work=work)
    tasks = [
        task("a", 0, group="g", script="leave"),
        task("b", 1, group="g", script="panic", writes=(write,)),
        task("c", 2, script="look"),
    ]
    summary, _ = go(plan(*tasks), farm, slots=1)
    assert summary.verdicts["c"] is PASS
    assert [guest.renewed for guest in farm.used] == [["c"]]


def test_three_machines_in_a_row_that_cannot_be_opened_end_the_run():
    def refuse(_guest):
        raise TargetBroken("no kernel at /nowhere")

    farm = Farm(enter=refuse)
    summary, events = go(plan(*(task(f"t{n}", n) for n in range(9))), farm, slots=1)
    assert summary.failure == (
        "3 machines in a row could not be opened; the last: no kernel at /nowhere"
    )
    assert list(summary.verdicts.values()) == [ERROR] * 3
    assert len(summary.not_run) == 6
    assert "no kernel at /nowhere" in events.of("step.verdict")[0].data["reasons"][0]


def test_a_machine_that_cannot_be_opened_now_and_then_costs_its_step_only():
    calls = iter(range(100))

    def refuse(_guest):
        if next(calls) % 3 != 2:
            raise TargetBroken("busy")

    def work(_machine, _command):
        raise TargetBroken("gone again")

    farm = Farm(enter=refuse, work=work)
    summary, _ = go(plan(*(task(f"t{n}", n) for n in range(9))), farm, slots=1)
    assert not summary.failure
    assert list(summary.verdicts.values()) == [ERROR] * 9


def test_a_machine_that_cannot_be_renewed_is_replaced_before_its_step():
    class Worn(Guest):
        def renew(self, name):
            raise TargetDied("the snapshot is gone")

    farm = Farm(Worn)
    summary, events = go(plan(task("a", 0), task("b", 1)), farm, slots=1)
    assert summary.counts[PASS] == 2
    assert len(farm.used) == 2
    assert "could not be renewed" in events.of("note")[0].data["text"]
    farm.check_ended()


@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 13, 21, 34])
def test_a_record_that_fails_restores_every_slot_and_says_the_first_reason(number):
    class Full(Events):
        left = number

        def emit(self, event):
            self.left -= 1
            if self.left < 0:
                raise RecordError("the record has already failed")
            if not self.left:
                raise RecordError("run/events.jsonl: the record cannot be written: No space left")
            super().emit(event)

    farm = Farm(work=meet_the_fault)
    tasks = [task(f"t{n}", n, inject=True) for n in range(12)]
    summary, _ = go(plan(*tasks), farm, sink=Full())
    assert summary.failure == "run/events.jsonl: the record cannot be written: No space left"
    assert summary.restored
    assert not summary.interrupted
    assert all(guest.files == DEFAULTS for guest in farm.used)
    assert len(summary.verdicts) + len(summary.not_run) == 12
    farm.check_ended()


def test_a_folder_runs_through_the_threads_and_is_as_before(tmp_path):
    root = grow(tmp_path / "machine")
    before = content(root)
    work = "echo 0 > sys/kernel/debug/failslab/times"
    tasks = [task(f"t{n}", n, script=work, inject=True, cleanup=":") for n in range(4)]
    summary, events = go(plan(*tasks), lambda _name: LocalTarget(root))
    assert content(root) == before
    assert len(events.of("attr.restored")) == 4
    assert all(event.data["complete"] for event in events.of("attr.restored"))
    assert summary.injected == 4


def test_a_plan_that_contradicts_itself_ends_with_a_note():
    tasks = [task("a", 0, needs=("b",), group="g"), task("b", 1, group="g")]
    summary, events = go(plan(*tasks), Farm())
    assert summary.not_run == ("a", "b")
    assert "can never start" in events.of("note")[0].data["text"]


def test_a_plan_without_tasks_ends():
    summary, events = go(plan(), Farm())
    assert summary.verdicts == {}
    assert [event.kind.value for event in events.events] == ["run.start", "run.end"]


def test_files_of_a_guest_are_its_own():
    homes = {}

    def work(machine, command):
        homes.setdefault(id(machine), set()).add(machine.files[f"{SLAB}/times"])
        return succeed(machine, command)

    go(plan(*(task(f"t{n}", n, inject=True, times=n + 2) for n in range(12))), Farm(work=work))
    assert {value for values in homes.values() for value in values} == {
        str(n) for n in range(2, 14)
    }


def test_threads_that_cannot_be_started_are_told():
    farm, events = Farm(), Events()
    usual = threading.stack_size(1 << 46)
    try:
        summary = drive(
            plan(task("a")), farm, events,
            oracles=builtin(), gate=decide, slots=2, stop=never, clock=RealClock(),
        )  # fmt: skip
    finally:
        threading.stack_size(usual)
    assert "the thread of a slot cannot be started" in summary.failure
    assert summary.not_run == ("a",)
    assert [event.kind.value for event in events.events] == ["run.start", "note", "run.end"]
    assert not farm.used


def test_a_wait_that_is_broken_off_ends_after_everything_is_restored():
    main = threading.current_thread()

    class Waiting(Guest):
        def stop_when(self, stop):
            self.stopper = stop

    def work(machine, _command):
        signal.pthread_kill(main.ident, signal.SIGUSR1)
        while not machine.stopper():
            time.sleep(0.005)
        return Finished(exit_code=None, stdout="", stderr="", elapsed_ns=1, signal=9)

    def interrupt(_number, _frame):
        raise KeyboardInterrupt

    farm, events = Farm(Waiting, work=work), Events()
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            drive(
                plan(task("a", inject=True)), farm, events,
                oracles=builtin(), gate=decide, slots=1, stop=never, clock=RealClock(),
            )  # fmt: skip
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert all(guest.files == DEFAULTS for guest in farm.used)
    assert events.of("attr.restored")[0].data["complete"] is True
    assert "the run ended early" in events.of("note")[0].data["text"]
    farm.check_ended()
