"""Random plans on the threaded driver: every task has one end, and nothing shared is used twice."""

import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from data.engine_plans import MemoryMachine, plan, task
from data.threaded import Farm, Guest, go
from faultrun.model.target import Finished, TargetBroken, TargetDied
from faultrun.model.verdict import Verdict

FATES = ("well", "well", "well", "fails", "broken", "dead")


@st.composite
def plans(draw):
    tasks = []
    for order in range(draw(st.integers(1, 12))):
        needs = draw(st.sets(st.integers(0, order - 1), max_size=2)) if order else set()
        tasks.append(
            task(
                f"t{order:02d}",
                order,
                needs=tuple(f"t{need:02d}" for need in sorted(needs)),
                group=draw(st.sampled_from([None, None, "g", "h"])),
                locks=tuple(sorted(draw(st.sets(st.sampled_from("xyz"), max_size=2)))),
                script=f"t{order:02d} {draw(st.sampled_from(FATES))}",
                inject=draw(st.booleans()),
            )
        )
    return plan(*tasks)


class Watched:
    """What runs at this moment, by machine."""

    def __init__(self, made):
        self.by_id = {item.id: item for item in made.tasks}
        self.turn = threading.Lock()
        self.running = {}
        self.problems = []
        self.ran = []

    def work(self, machine, command):
        name, fate = command.script.split()
        with self.turn:
            for other, home in self.running.items():
                if home is machine:
                    self.problems.append(f"{other} and {name} on one machine")
                if self.by_id[other].machine == self.by_id[name].machine:
                    self.problems.append(f"{other} and {name} of one group")
            self.running[name] = machine
            self.ran.append(name)
        time.sleep(0.0005)
        with self.turn:
            del self.running[name]
        if fate == "broken":
            raise TargetBroken("the link is down")
        if fate == "dead":
            raise TargetDied("kernel panic")
        return Finished(exit_code=int(fate == "fails"), stdout="", stderr="", elapsed_ns=1)


def check(made, summary, events, watched):
    assert not watched.problems
    names = {item.id for item in made.tasks}
    assert set(summary.verdicts) | set(summary.not_run) == names
    assert not set(summary.verdicts) & set(summary.not_run)
    ends = [event.step for event in events.of("step.verdict") + events.of("step.skip")]
    assert sorted(ends) == sorted(summary.verdicts)
    assert len(watched.ran) == len(set(watched.ran))
    position = {event.step: at for at, event in enumerate(events.events) if event.step}
    starts = {}
    for at, event in enumerate(events.events):
        starts.setdefault(event.step, at)
    for item in made.tasks:
        if item.id in summary.verdicts:
            for need in item.needs:
                assert position[need] < starts[item.id]
                if summary.verdicts[need] is not Verdict.PASS:
                    assert summary.verdicts[item.id] is Verdict.SKIP
    announced = {event.step for event in events.of("attr.intent")}
    assert announced == {event.step for event in events.of("attr.restored")}


@settings(max_examples=60, deadline=None, print_blob=True)
@given(plans(), st.integers(1, 4))
def test_every_task_has_one_end_on_guests(made, slots):
    watched = Watched(made)
    farm = Farm(Guest, work=watched.work)
    summary, events = go(made, farm, slots=slots)
    check(made, summary, events, watched)
    assert not summary.not_run
    assert not summary.failure
    farm.check_ended()


@settings(max_examples=30, deadline=None, print_blob=True)
@given(plans())
def test_every_task_has_one_end_on_one_machine(made):
    watched = Watched(made)
    machine = MemoryMachine(work=watched.work)
    summary, events = go(made, lambda _name: machine, slots=4)
    check(made, summary, events, watched)
    assert summary.not_run == () or summary.failure


@settings(max_examples=40, deadline=None, print_blob=True)
@given(plans(), st.integers(0, 30), st.integers(1, 4))
def test_a_stop_at_any_moment_leaves_one_end_or_none(made, looks, slots):
    watched = Watched(made)
    farm = Farm(Guest, work=watched.work)
    left = iter(range(looks))
    asked = threading.Event()

    def stop():
        if next(left, None) is None:
            asked.set()
        return asked.is_set()

    summary, events = go(made, farm, slots=slots, stop=stop)
    check(made, summary, events, watched)
    assert summary.interrupted or not summary.not_run
    assert events.events[-1].kind.value == "run.end"
    farm.check_ended()
