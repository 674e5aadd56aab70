"""LKDTM campaigns from outside: what passes, what must not, and what is said before anything runs."""

import json
from collections import Counter

import pytest

HEAD = """\
campaign: crashes
summary: A test.
target: {simulated: {kernel: "6.12", devices: {nvme0: {kind: nvme, size_mib: 16}}}}
steps:
"""
DIRECT = "/sys/kernel/debug/provoke-crash/DIRECT"


def step(crash, expect, script=f"cat <(echo {{}}) > {DIRECT}", point="DIRECT", more=""):
    return (
        f"  s:\n    timeout: 30s\n"
        f"    inject: {{lkdtm: {{cpoint_name: {point}, cpoint_type: {crash}{more}}}}}\n"
        f"    run: {script.format(crash)}\n    expect: {expect}\n"
    )


@pytest.fixture
def outcome(cli):
    """The exit code, and the verdict event, of a campaign of one step."""

    def run(text):
        cli.write("c.yaml", HEAD + text)
        done = cli("run", "c.yaml", "--out", "record", "--no-report")
        lines = (cli.cwd / "record" / "events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        (verdict,) = [event["data"] for event in events if event["kind"] == "step.verdict"]
        return done.code, verdict, events

    return run


def test_the_campaign_of_the_document_passes_with_every_fault_fired(cli, campaigns):
    done = cli("run", campaigns / "lkdtm.yaml", "--out", "record")
    assert done.code == 0, done.out
    lines = (cli.cwd / "record" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    verdicts = {e["step"]: e["data"] for e in events if e["kind"] == "step.verdict"}
    assert {data["verdict"] for data in verdicts.values()} == {"PASS"}
    direct = {
        name: data
        for name, data in verdicts.items()
        if "[type=" in name or name == "kill-double-free"
    }
    assert len(direct) == 92
    assert all(data["injected"] == 1 for data in direct.values())
    assert Counter(data["outcome"] for data in direct.values()) == {
        "tolerated": 32, "oops": 50, "crash": 3, "hang": 7,
    }  # fmt: skip
    assert all(e["data"]["complete"] for e in events if e["kind"] == "attr.restored")


@pytest.mark.parametrize("crash", ["WARNING", "BUG", "PANIC", "LOOP", "HUNG_TASK"])
@pytest.mark.parametrize("fate", ["survives", "task-killed", "panic", "hang"])
def test_only_the_right_fate_passes(outcome, crash, fate):
    right = {
        "WARNING": "survives", "BUG": "task-killed", "PANIC": "panic", "LOOP": "hang",
        "HUNG_TASK": "hang",
    }  # fmt: skip
    code, verdict, _events = outcome(step(crash, f"{{fate: {fate}}}"))
    held = right[crash] == fate
    assert (code, verdict["verdict"]) == ((0, "PASS") if held else (1, "FAIL"))


@pytest.mark.parametrize("crash", ["WARNING", "BUG", "PANIC", "LOOP", "HUNG_TASK"])
def test_without_a_stated_fate_no_crash_passes(outcome, crash):
    code, verdict, _events = outcome(step(crash, "{injected: some}"))
    assert (code, verdict["verdict"]) == (1, "FAIL")


def test_a_point_that_is_never_hit_is_vacuous_and_disarmed(outcome):
    read = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=9 iflag=direct"
    code, verdict, events = outcome(step("PANIC", "{fate: panic}", read, "INT_HW_IRQ_EN"))
    assert (code, verdict["verdict"]) == (1, "VACUOUS")
    assert verdict["injected"] == 0
    (restored,) = [event["data"] for event in events if event["kind"] == "attr.restored"]
    assert restored["complete"] is True


def test_a_crash_that_nobody_writes_is_vacuous(outcome):
    code, verdict, _events = outcome(step("PANIC", "{fate: panic}", "'true'"))
    assert (code, verdict["verdict"]) == (1, "VACUOUS")


def test_another_crash_than_the_named_one_does_not_count(outcome):
    script = f"cat <(echo WARNING_MESSAGE) > {DIRECT}"
    code, verdict, _events = outcome(step("WARNING", "{fate: survives}", script))
    assert (code, verdict["verdict"], verdict["injected"]) == (1, "VACUOUS", 0)


def test_a_refused_point_says_what_the_kernel_said(outcome):
    code, verdict, _events = outcome(step("BUG", "{exit: 0}", "'true'", "TIMERADD"))
    assert (code, verdict["verdict"]) == (3, "ERROR")
    (finding,) = verdict["findings"]
    assert finding["oracle"] == "arming"
    assert "refused 'BUG' with ENOENT" in finding["found"]
    assert "lkdtm: Couldn't register kprobe hrtimer_start" in finding["found"]


def test_a_panic_keeps_its_last_words_and_the_run_goes_on(cli):
    crash = step("PANIC", "{fate: panic}").replace("  s:", "  first:")
    cli.write("c.yaml", HEAD + crash + "  second:\n    needs: [first]\n    run: uptime -p\n")
    text = (cli.cwd / "c.yaml").read_text().replace("uptime -p", "echo alive")
    cli.write("c.yaml", text)
    done = cli("run", "c.yaml", "--out", "record")
    assert done.code == 0, done.out
    events = (cli.cwd / "record" / "events.jsonl").read_text()
    assert "Kernel panic - not syncing: dumptest" in events
    assert (cli.cwd / "record" / "report.html").exists()


def test_mistakes_are_told_before_anything_runs(cli):
    cli.write("c.yaml", HEAD + step("WRITE_R0", "{fate: killed}"))
    done = cli("check", "c.yaml")
    assert done.code == 2
    assert "there is no cpoint_type 'WRITE_R0'" in done.err
    assert "WRITE_RO, with the letter O" in done.err
    assert "must be survives, task-killed, panic, or hang" in done.err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (step("BUG", "{exit: 0}", "'true'", "INT_HARDWARE_ENTRY"), "FR160"),
        (step("BUG", "{exit: 0}", "'true'", "INT_TASKLET_ENTRY"), "FR161"),
        (step("BUG", "{exit: 0}", "echo WRITE_RO"), "FR161"),
        (step("BUG", "{exit: 0}", more=", cpoint_count: 3"), "FR162"),
        (step("BUG", "{exit: 0}", "'true'", "FS_SUBMIT_BH", ", recur_count: 3"), "FR162"),
        (step("PANIC_IN_HARDIRQ", "{fate: panic}"), "FR163"),
    ],
)
def test_what_cannot_work_is_warned_of(cli, text, code):
    cli.write("c.yaml", HEAD + text)
    assert f"warning[{code}]" in cli("check", "c.yaml").err
    right = step("BUG", "{fate: task-killed}")
    cli.write("d.yaml", HEAD + right)
    done = cli("check", "d.yaml")
    assert (done.code, done.err) == (0, "")


def test_the_plan_foresees_when_a_crash_point_fires(cli):
    read = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count={} iflag=direct"
    for count, told in ((9, "FR121"), (10, "")):
        text = step("WARNING", "{fate: survives}", read.replace("{}", str(count)), "INT_HW_IRQ_EN")
        cli.write("c.yaml", HEAD + text)
        assert ("FR121" in cli("check", "c.yaml").err) == bool(told)


def test_a_point_is_used_up_once_it_was_armed(cli):
    read = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=10 iflag=direct"
    first = step("WARNING", "{fate: survives}", read, "INT_HW_IRQ_EN")
    first = first.replace("timeout: 30s", "group: one")
    text = HEAD + first.replace("  s:", "  a:") + first.replace("  s:", "  b:")
    cli.write("c.yaml", text)
    assert "warning[FR164]" in cli("check", "c.yaml").err
    done = cli("run", "c.yaml", "--out", "record", "--no-report")
    assert done.code == 3
    assert "refused 'WARNING' with EINVAL" in (cli.cwd / "record" / "events.jsonl").read_text()
    between = "  again: {group: one, run: modprobe -r lkdtm && modprobe lkdtm}\n"
    cli.write("d.yaml", text.replace("  b:", f"{between}  b:"))
    assert "FR164" not in cli("check", "d.yaml").err
    assert cli("run", "d.yaml", "--out", "other", "--no-report").code == 0
