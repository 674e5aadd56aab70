"""The scheduler against a plain reading of its rules, on random plans."""

from hypothesis import given, settings
from hypothesis import strategies as st

from data.engine_plans import Events, MemoryMachine, RenewableMachine, never, plan, task
from faultrun.engine.drive_virtual import drive
from faultrun.engine.scheduler import Scheduler
from faultrun.gate.policy import decide
from faultrun.model.target import Finished
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin


@st.composite
def plans(draw):
    size = draw(st.integers(1, 14))
    tasks = []
    for order in range(size):
        needs = draw(st.sets(st.integers(0, order - 1), max_size=3)) if order else set()
        group = draw(st.sampled_from([None, None, "g", "h"]))
        locks = tuple(sorted(draw(st.sets(st.sampled_from("xyz"), max_size=2))))
        names = tuple(f"t{need:02d}" for need in sorted(needs))
        tasks.append(task(f"t{order:02d}", order, needs=names, group=group, locks=locks))
    return plan(*tasks)


@settings(max_examples=300, deadline=None)
@given(plans(), st.booleans(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_every_task_gets_its_turn_and_never_before_its_needs(made, shared, slots, random):
    scheduler = Scheduler(made, shared=shared)
    by_id = {item.id: item for item in made.tasks}
    verdicts, running = {}, []
    for _ in range(10 * len(made.tasks)):
        while len(running) < slots:
            ready = scheduler.next()
            if ready is None:
                break
            item = ready.task
            assert all(need in verdicts for need in item.needs)
            bad = [need for need in item.needs if verdicts[need] is not Verdict.PASS]
            assert len(ready.skip) == len(bad)
            for other in running:
                assert by_id[other].machine != item.machine
                if shared and not ready.skip:
                    assert not set(by_id[other].locks) & set(item.locks)
            earlier = [t for t in made.tasks if t.machine == item.machine and t.order < item.order]
            assert all(t.id in verdicts for t in earlier)
            if ready.skip:
                verdicts[item.id] = Verdict.SKIP
                scheduler.finish(item.id, Verdict.SKIP)
            else:
                running.append(item.id)
        if not running:
            break
        name = running.pop(random.randrange(len(running)))
        verdicts[name] = random.choice(list(Verdict))
        scheduler.finish(name, verdicts[name])
    assert set(verdicts) == set(by_id)
    assert scheduler.unfinished == ()


@settings(max_examples=100, deadline=None)
@given(plans())
def test_no_slot_stays_idle_while_a_task_could_run(made):
    scheduler = Scheduler(made, shared=True)
    running, verdicts = [], set()
    while len(verdicts) < len(made.tasks):
        while (ready := scheduler.next()) is not None:
            running.append(ready.task)
        for item in made.tasks:
            if item.id in verdicts or item in running:
                continue
            blocked = (
                any(need not in verdicts for need in item.needs)
                or any(set(item.locks) & set(other.locks) for other in running)
                or any(
                    other.machine == item.machine
                    and other.order < item.order
                    and other.id not in verdicts
                    for other in made.tasks
                )
            )
            assert blocked, item.id
        assert running
        item = running.pop(0)
        verdicts.add(item.id)
        scheduler.finish(item.id, Verdict.PASS)


def work_for(seconds):
    def work(machine, command):
        spent = seconds[command.script]
        machine.clock.sleep_ns(spent)
        code = 1 if spent % 5 == 0 else 0
        return Finished(exit_code=code, stdout="", stderr="", elapsed_ns=spent)

    return work


@settings(max_examples=100, deadline=None)
@given(plans(), st.lists(st.integers(1, 50), min_size=14, max_size=14), st.integers(1, 5))
def test_verdicts_do_not_depend_on_slots_and_the_record_depends_on_nothing_else(made, spans, slots):
    tasks = [task(t.id, t.order, needs=t.needs, script=t.id) for t in made.tasks]
    seconds = {t.id: span for t, span in zip(tasks, spans, strict=False)}

    def run(number):
        events = Events()
        summary = drive(
            plan(*tasks),
            lambda _name: RenewableMachine(work=work_for(seconds)),
            events,
            oracles=builtin(),
            gate=decide,
            slots=number,
            stop=never,
        )
        return summary, events.events

    first, events = run(slots)
    again, same = run(slots)
    single, _ = run(1)
    assert first.verdicts == single.verdicts == again.verdicts
    assert events == same
    assert first.elapsed_ns <= single.elapsed_ns


def test_parallel_lanes_overlap_in_time():
    seconds = {"a": 40, "b": 30, "c": 20}
    tasks = [task(name, order, script=name) for order, name in enumerate(seconds)]
    for item in seconds:
        seconds[item] += 1
    events = Events()
    summary = drive(
        plan(*tasks),
        lambda _name: RenewableMachine(work=work_for(seconds)),
        events,
        oracles=builtin(),
        gate=decide,
        slots=2,
        stop=never,
    )
    starts = {event.step: (event.t_ns, event.data["slot"]) for event in events.of("step.start")}
    assert starts == {"a": (0, 0), "b": (0, 1), "c": (31, 1)}
    assert summary.elapsed_ns == 52


def test_on_a_machine_that_cannot_be_renewed_one_slot_is_used():
    machine = MemoryMachine()
    events = Events()
    drive(
        plan(task("a", 0), task("b", 1)),
        lambda _name: machine,
        events,
        oracles=builtin(),
        gate=decide,
        slots=4,
        stop=never,
    )
    assert {event.data["slot"] for event in events.of("step.start")} == {0}


def test_a_long_chain_and_a_wide_matrix_cost_no_recursion_and_no_square():
    chain = [task(f"c{n}", n, needs=(f"c{n - 1}",) if n else ()) for n in range(3_000)]
    scheduler = Scheduler(plan(*chain), shared=False)
    first = scheduler.next()
    scheduler.finish(first.task.id, Verdict.FAIL)
    skipped = 0
    while (ready := scheduler.next()) is not None:
        assert ready.skip
        scheduler.finish(ready.task.id, Verdict.SKIP)
        skipped += 1
    assert skipped == 2_999
    left = tuple(f"l{n}" for n in range(1_000))
    wide = [task(name, n) for n, name in enumerate(left)]
    wide += [task(f"r{n}", 1_000 + n, needs=left) for n in range(1_000)]
    scheduler = Scheduler(plan(*wide), shared=False)
    for name in left:
        assert scheduler.next().task.id == name
        scheduler.finish(name, Verdict.FAIL)
    ready = scheduler.next()
    assert len(ready.skip) == 21
    assert "980 more" in ready.skip[-1]
