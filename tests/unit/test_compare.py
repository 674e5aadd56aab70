"""Two records against each other: what differs, what cannot be told, and what is no comparison.

The records are those of campaigns that were run; damaged ones were damaged here.
"""

import json
import shutil
import subprocess
import sys
from itertools import product
from math import comb

import pytest

from faultrun.gate import same_chance
from faultrun.gate.compare import Agreement, compare, obstacle
from faultrun.gate.seen import seen
from faultrun.record.reader import open_lines
from faultrun.report import compare_text

CAMPAIGN = """\
campaign: agree
seed: 7
target: {simulated: {kernel: "KERNEL", devices: {nvme0: {kind: nvme, namespaces: 1, size_mib: 16}}}}
gate: {min_passed: 0, vacuous: allow}
steps:
  media:
    inject: {nvme: {device: nvme0n1, status: 0x281, probability: 100, times: TIMES}}
    run: |
      dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
      dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
    expect: {exit: FIRST}
  chance:
    group: chance
    inject: {nvme: {device: nvme0n1, status: 0x281, probability: 30, times: 1000}}
    run: |
      out=
      for i in $(seq 60); do
        if dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct 2> /dev/null
        then out=$out.; else out=${out}x; fi
      done
      echo "seen decisions $out"
    expect: {exit: 0}
  after-chance:
    group: chance
    run: cat /sys/kernel/debug/nvme0n1/fault_inject/times
    expect: {exit: 0}
  nth:
    inject: {fail-nth: {nth: 2}}
    run: cat /etc/hostname
    expect: {outcome: [tolerated, right-errno]}
  writes:
    run: |
      cd /sys/kernel/debug/failslab
      printf 'WRITTEN' > FILE; echo "seen FILE rc=$? $(cat FILE)"
    expect: {exit: 0}
  not-there:
    run: no-such-program-is-modelled
    expect: {exit: 0}
"""
FILL = {"KERNEL": "6.12", "TIMES": "1", "FIRST": "0", "WRITTEN": "7", "FILE": "space"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A maker of records; the same words give the same record."""
    base = tmp_path_factory.mktemp("compare")
    known = {}

    def make(*words, **fill):
        key = (words, tuple(sorted(fill.items())))
        if key not in known:
            text = CAMPAIGN
            for name, value in {**FILL, **fill}.items():
                text = text.replace(name, value)
            folder = base / str(len(known))
            folder.mkdir()
            (folder / "agree.yaml").write_text(text)
            faultrun(folder, "agree.yaml", "--out", "run", "--no-report", "-q", *words)
            known[key] = folder / "run"
            assert (known[key] / "events.jsonl").exists()
        return known[key]

    return make


def faultrun(cwd, *words):
    done = subprocess.run(
        [sys.executable, "-m", "faultrun", *map(str, words)],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def compared(a, b):
    return compare(seen(open_lines(a)), seen(open_lines(b)))


def differing(found):
    return {
        (step.id, point.what): (point.a, point.b)
        for step in found.steps
        for point in step.of(Agreement.DIFFER)
    }


def untold(found):
    return {
        (step.id, point.what): point.why
        for step in found.steps
        for point in step.of(Agreement.CANNOT_TELL)
    }


def test_a_record_agrees_with_itself_but_for_what_never_ran(made):
    found = compared(made(), made())
    assert found.agreement is Agreement.AGREE
    assert differing(found) == {}
    assert list(untold(found)) == [("not-there", "the step")]
    assert "no-such-program-is-modelled" in untold(found)["not-there", "the step"]
    done = faultrun(made(), "compare", made(), made())
    assert done.returncode == 0, done.stderr
    assert "6 steps in both: 5 agree, 0 differ, 1 cannot be told" in done.stdout


def test_another_seed_agrees_by_distribution_and_is_another_plan(made):
    one, other = made(), made("--seed", "8")
    refused = faultrun(one, "compare", one, other)
    assert refused.returncode == 2
    a, b = seen(open_lines(one)), seen(open_lines(other))
    assert "different seeds, 7 and 8" in refused.stderr
    assert a.plan in refused.stderr
    assert b.plan in refused.stderr
    done = faultrun(one, "compare", one, other, "--different-plans")
    assert done.returncode == 0, done.stdout
    counts = {
        point.what: (point.a, point.b, point.why)
        for step in compare(a, b).steps
        if step.id == "chance"
        for point in step.of(Agreement.AGREE)
        if "distribution" in point.why
    }
    assert set(counts) == {"injected by nvme", "seen decisions"}
    assert counts["seen decisions"][0] != counts["seen decisions"][1]
    assert same_chance.TEST in counts["seen decisions"][2]


def test_an_edited_campaign_differs_in_what_was_edited(made):
    one, other = made(), made(TIMES="2", WRITTEN="maybe")
    assert "was edited" in obstacle(seen(open_lines(one)), seen(open_lines(other)))
    assert faultrun(one, "compare", one, other).returncode == 2
    found = compared(one, other)
    told = differing(found)
    assert told["media", "injected by nvme"] == ("1", "2")
    assert told["media", "verdict"] == ("PASS", "FAIL")
    assert told["media", "end"] == ("exit status 0", "exit status 1")
    assert told["writes", "seen space"] == ("rc=0 7", "rc=1 0")
    assert {step for step, _ in told} == {"media", "writes"}
    asked = {step.id: step.asked for step in found.steps if step.asked}
    assert asked == {"media": ("injections", "writes"), "writes": ("script",)}
    done = faultrun(one, "compare", one, other, "--different-plans")
    assert done.returncode == 1
    assert "media differs:\n  verdict\n    A: PASS\n    B: FAIL\n" in done.stdout


def test_another_kernel_differs_where_kernels_do(made):
    """Kernel: lib/kstrtox.c:kstrtobool() takes an e for true since 6.19."""
    text = {"WRITTEN": "enable", "FILE": "task-filter"}
    found = compared(made(**text), made(**text, KERNEL="6.19"))
    assert (found.a.release, found.b.release) == ("6.12", "6.19")
    assert differing(found) == {("writes", "seen task-filter"): ("rc=0 N", "rc=0 Y")}


def test_what_follows_from_chance_is_no_difference(made):
    """Until it is equal, nobody can tell: a kernel whose draws fall otherwise is the same kernel."""
    text = {"FIRST": "nonzero"}
    one = made(**text)
    other = made("--seed", "9", **text)
    found = compared(one, other)
    assert not any(step == "chance" for step, _ in differing(found))


def edited(folder, to, change):
    """A copy of a record in which ``change`` has gone over every event."""
    shutil.copytree(folder, to)
    path = to / "events.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(change(row) or row) + "\n" for row in rows))
    return to


def test_decisions_too_rare_for_one_probability_differ(made, tmp_path):
    def always(row):
        if row["step"] == "chance" and row["kind"] == "command":
            row["data"]["stdout"] = f"seen decisions {'x' * 60}\n"

    told = differing(compared(made(), edited(made(), tmp_path / "b", always)))
    assert list(told) == [("chance", "seen decisions")]
    assert told["chance", "seen decisions"][1] == "60 of 60"


def test_a_count_beyond_the_forecast_differs(made, tmp_path):
    def many(row):
        if row["step"] == "chance" and row["kind"] == "evidence":
            row["data"]["counts"][0]["injected"] = 60

    told = differing(compared(made(), edited(made(), tmp_path / "b", many)))
    assert list(told) == [("chance", "injected by nvme")]


def test_a_lost_counter_is_no_difference_and_a_bound_only_beyond_it(made, tmp_path):
    def lost(row):
        if row["step"] == "media" and row["kind"] == "evidence":
            row["data"]["counts"][0]["injected"] = None

    found = compared(made(), edited(made(), tmp_path / "lost", lost))
    assert differing(found) == {}
    assert untold(found)["media", "injected by nvme"] == "a counter was lost"

    def bound(number):
        def change(row):
            if row["step"] == "media" and row["kind"] == "evidence":
                row["data"]["counts"][0].update(injected=number, at_least=True)

        return change

    for number, agreement in ((0, untold), (1, untold), (2, differing)):
        other = edited(made(), tmp_path / f"bound{number}", bound(number))
        assert ("media", "injected by nvme") in agreement(compared(made(), other))


def test_values_read_back_are_compared_and_files_on_one_side_only(made, tmp_path):
    def back(row):
        if row["step"] == "media" and row["kind"] == "attr.armed":
            row["data"]["writes"][0]["back"] = "0x0281 "
            del row["data"]["writes"][1]

    told = differing(compared(made(), edited(made(), tmp_path / "b", back)))
    assert sorted(b for _, b in told.values()) == ["0x0281 ", "not there"]


def test_a_step_after_chance_on_its_machine_cannot_be_told_if_it_differs(made, tmp_path):
    def end(row):
        if row["step"] == "after-chance" and row["kind"] == "command":
            row["data"]["exit"] = 1

    found = compared(made(), edited(made(), tmp_path / "b", end))
    assert differing(found) == {}
    assert "step 'chance'" in untold(found)["after-chance", "end"]


def test_steps_in_one_record_only_are_a_difference(made):
    one, other = made(), made("--only", "media")
    found = compared(one, other)
    assert found.only_a == ("chance", "after-chance", "nth", "writes", "not-there")
    assert found.agreement is Agreement.DIFFER
    assert "only in A: chance, after-chance" in compare_text.render(found)


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.7, 0.99])
def test_a_torn_record_is_compared_as_far_as_it_goes(made, tmp_path, keep):
    torn = tmp_path / "torn"
    shutil.copytree(made(), torn)
    raw = (torn / "events.jsonl").read_bytes()
    (torn / "events.jsonl").write_bytes(raw[: int(len(raw) * keep)])
    found = compared(made(), torn)
    assert differing(found) == {}
    done = faultrun(tmp_path, "compare", made(), torn)
    assert done.returncode == (0 if found.counts()[Agreement.AGREE] else 3)
    if keep == 0.0:
        assert found.agreement is Agreement.CANNOT_TELL
    assert "B has no verdict of it: the record ends before it" in done.stdout
    assert "B's run did not come to its end" in done.stdout


def broken_json(folder):
    (folder / "run.json").write_text("{")


def old_record(folder):
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "record": 0}))


def no_events(folder):
    (folder / "events.jsonl").unlink()


def noise(folder):
    path = folder / "events.jsonl"
    path.write_bytes(b"\xff\xfe\n" + path.read_bytes())


def other_campaign(folder):
    path = folder / "run.json"
    header = json.loads(path.read_text())
    header["campaign"]["name"] = "another"
    header["plan_digest"] = "0" * 64
    path.write_text(json.dumps(header))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (broken_json, "run.json: not JSON"),
        (old_record, "record version 0; this faultrun reads version 1"),
        (no_events, "events.jsonl: No such file"),
        (noise, "events.jsonl:1: not JSON"),
        (other_campaign, "A is of campaign 'agree', B of 'another'"),
        (shutil.rmtree, "not a run folder"),
    ],
)
def test_what_is_no_record_of_the_plan_is_said(made, tmp_path, damage, says):
    other = tmp_path / "other"
    shutil.copytree(made(), other)
    damage(other)
    done = faultrun(tmp_path, "compare", made(), other)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_fields_of_another_type_are_no_traceback(made, tmp_path):
    def nonsense(row):
        row["data"] = dict.fromkeys(row["data"], 7)

    found = compared(made(), edited(made(), tmp_path / "b", nonsense))
    assert found.agreement is Agreement.CANNOT_TELL
    assert "B does not model 7" in compare_text.render(found)


def test_a_machine_reads_the_same_as_a_person(made):
    one, other = made(), made(TIMES="2", WRITTEN="maybe")
    done = faultrun(one, "compare", one, other, "--different-plans", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["agreement"] == "differ"
    assert document["counts"] == {"agree": 3, "cannot tell": 1, "differ": 2}
    (media,) = [step for step in document["steps"] if step["id"] == "media"]
    assert {"what": "verdict", "agreement": "differ", "a": "PASS", "b": "FAIL", "why": ""} in media[
        "points"
    ]


def test_output_too_big_for_an_event_is_read_from_its_file(made, tmp_path):
    def big(row):
        if row["step"] == "writes" and row["kind"] == "command":
            row["data"]["stdout_file"] = "logs/out.txt"

    other = edited(made(), tmp_path / "b", big)
    assert untold(compared(made(), other))["writes", "what it printed"].startswith("logs/out.txt")
    (other / "logs").mkdir()
    (other / "logs" / "out.txt").write_text("seen space rc=0 8\n")
    assert differing(compared(made(), other)) == {("writes", "seen space"): ("rc=0 7", "rc=0 8")}


def naive_fisher(a, n, b, m):
    """By its definition, with fractions of all tables that have these margins."""
    tables = {
        k: comb(n, k) * comb(m, a + b - k)
        for k in range(a + b + 1)
        if 0 <= k <= n and 0 <= a + b - k <= m
    }
    return sum(w for w in tables.values() if w <= tables[a]) * 10**6 >= sum(tables.values())


def test_fisher_is_what_its_definition_says():
    for n, m in ((12, 12), (30, 30), (25, 40)):
        for a, b in product(range(n + 1), range(m + 1)):
            assert same_chance.same_share(a, n, b, m) is naive_fisher(a, n, b, m)


def test_thresholds_are_where_they_are_said_to_be():
    assert same_chance.same_share(0, 10, 10, 10)
    assert not same_chance.same_share(0, 12, 12, 12)
    assert same_chance.same_share(0, 0, 0, 0)
    assert same_chance.plausible_share(0, 19, 50)
    assert not same_chance.plausible_share(0, 22, 50)
    assert same_chance.plausible_share(3, 3, 1)
    assert not same_chance.plausible_share(4, 4, 1)
    assert same_chance.same_forecast(10, 1.0, 17, 1.0)
    assert not same_chance.same_forecast(10, 1.0, 18, 1.0)
    assert not same_chance.same_forecast(1, 0.0, 2, 0.0)
