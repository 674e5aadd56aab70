"""Notifier campaigns from outside: those that must not pass, the forecast, and a run that was killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

HEAD = 'campaign: test\nsummary: A test.\nseed: 3\ntarget: {simulated: {kernel: "6.12"}}\nsteps:\n'
ERROR = "sys/kernel/debug/notifier-error-inject/pm/actions/PM_SUSPEND_PREPARE/error"

VACUOUS = """\
  never-asked:
    inject: {netdev_notifier: {event: NETDEV_CHANGEMTU, error: -22}}
    run: ip link set eth0 down
    expect: {exit: 0}
  same-mtu:
    inject: {netdev_notifier: {event: NETDEV_PRECHANGEMTU, error: -22}}
    run: ip link set eth0 mtu 1500
    expect: {exit: 0}
  zero:
    inject: {pm_notifier: {event: PM_SUSPEND_PREPARE, error: 0}}
    run: |
      echo freezer > /sys/power/pm_test
      echo mem > /sys/power/state
    expect: {exit: 0}
  fails-before:
    inject: {memory_notifier: {event: MEM_GOING_OFFLINE, error: -12}}
    run: echo offline > /sys/devices/system/memory/memory0/state
    expect: {exit: 1}
"""


def verdicts(cli, run="run"):
    lines = (cli.cwd / run / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    return {
        event["step"]: (event["data"]["verdict"], event["data"]["outcome"])
        for event in events
        if event["kind"] == "step.verdict"
    }


def test_a_step_that_never_gets_to_its_event_is_vacuous(cli):
    ended = cli(cli.write("c.yaml", HEAD + VACUOUS), "--out", "run")
    assert ended.code == 1, ended.out + ended.err
    assert {step: verdict for step, (verdict, _) in verdicts(cli).items()} == dict.fromkeys(
        ["never-asked", "same-mtu", "zero", "fails-before"], "VACUOUS"
    )


def test_the_plan_says_beforehand_that_it_will_be_vacuous(cli):
    ended = cli("plan", cli.write("c.yaml", HEAD + VACUOUS))
    assert ended.code == 0, ended.err
    steps = re.split(r"\nStep \d+ of \d+: ", ended.out)[1:]
    told = {
        step.split("\n")[0]: re.search(r"chance of a vacuous run (\d+) %", step) for step in steps
    }
    assert {name: found and found[1] for name, found in told.items()} == dict.fromkeys(
        ["never-asked", "same-mtu", "fails-before", "zero"], "100"
    )
    assert ended.err.count("FR121") >= 3
    assert "never gets to" in ended.err


@pytest.mark.parametrize(
    ("capability", "event", "run", "mean"),
    [
        ("pm_notifier", "PM_SUSPEND_PREPARE", "echo mem > /sys/power/state", 1),
        ("pm_notifier", "PM_HIBERNATION_PREPARE", "echo disk > /sys/power/state", 1),
        ("pm_notifier", "PM_RESTORE_PREPARE", ": > /dev/snapshot", 1),
        (
            "memory_notifier",
            "MEM_GOING_OFFLINE",
            "for n in 4 5 6; do echo offline > /sys/devices/system/memory/memory$n/state; done",
            3,
        ),
        ("netdev_notifier", "NETDEV_PRE_UP", "ip link add d type dummy up", 1),
        ("netdev_notifier", "NETDEV_REGISTER", "for n in 1 2; do ip link add type dummy; done", 2),
    ],
)
def test_the_plan_expects_as_many_as_the_event_is_passed(cli, capability, event, run, mean):
    step = f"""\
  one:
    inject: {{{capability}: {{event: {event}, error: -12}}}}
    run: "{run}"
    expect: {{exit: nonzero}}
"""
    path = cli.write("c.yaml", HEAD + step)
    planned = cli("plan", path)
    assert f"expects {mean}.0 injections (spread 0.0)" in planned.out, planned.out
    ended = cli(path, "--out", "run")
    assert ended.code == 0, ended.out + ended.err
    assert f"({mean} injected)" in ended.out + ended.err


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        # bond_enslave() says EBUSY; a campaign that expects the injected errno is wrong.
        (
            """\
    inject: {netdev_notifier: {event: NETDEV_PRE_TYPE_CHANGE, error: -12}}
    run: |
      ip link add bond0 type bond
      ip tuntap add tun0 mode tun
      ip link set tun0 master bond0
    expect: {exit: 2, errno: ENOMEM}
""",
            "right-errno",
        ),
        # A workload that swallows the error and reports another.
        (
            """\
    inject: {pm_notifier: {event: PM_SUSPEND_PREPARE, error: -12}}
    run: |
      echo mem 2> /dev/null > /sys/power/state || { echo "sleep: No such device" >&2; exit 1; }
    expect: {errno: ENOMEM}
""",
            "wrong-errno",
        ),
        # One change of the MTU injects twice.
        (
            """\
    inject: {netdev_notifier: {event: NETDEV_CHANGEMTU, error: -22}}
    run: ip link set eth0 mtu 1024
    expect: {exit: 2, injected: exactly 1}
""",
            "right-errno",
        ),
        # The suspend is refused; it cannot have succeeded.
        (
            """\
    inject: {pm_notifier: {event: PM_SUSPEND_PREPARE, error: -16}}
    run: echo mem > /sys/power/state
    expect: {exit: 0}
""",
            "right-errno",
        ),
        # Nothing was written to the block that it looks at.
        (
            """\
    inject: {memory_notifier: {event: MEM_GOING_OFFLINE, error: -12}}
    run: echo offline > /sys/devices/system/memory/memory7/state
    expect: {exit: 1, file: {/sys/devices/system/memory/memory7/state: {equals: "offline\\n"}}}
""",
            "right-errno",
        ),
    ],
)
def test_a_wrong_expectation_fails(cli, body, outcome):
    ended = cli(cli.write("c.yaml", f"{HEAD}  one:\n{body}"), "--out", "run")
    assert ended.code == 1, ended.out
    assert verdicts(cli)["one"] == ("FAIL", outcome)


def test_an_event_that_the_simulated_machine_cannot_send_is_skipped_with_its_reason(cli):
    step = """\
  one:
    inject: {of_reconfig_notifier: {event: OF_RECONFIG_ADD_PROPERTY, error: -ENOMEM}}
    run: echo hello
    expect: {exit: 0}
"""
    ended = cli(cli.write("c.yaml", HEAD + step), "--out", "run")
    assert ended.code == 1
    assert "no device tree" in ended.out + ended.err
    assert "nothing was written" not in ended.out
    assert '"attr.intent"' not in (cli.cwd / "run" / "events.jsonl").read_text()


def test_after_the_step_the_file_reads_zero_also_for_the_next_step_of_the_group(cli):
    steps = f"""\
  armed:
    group: g
    inject: {{pm_notifier: {{event: PM_SUSPEND_PREPARE, error: -EBUSY}}}}
    run: cat /{ERROR}; echo mem > /sys/power/state
    expect: {{exit: 1, stdout: {{equals: "-16\\n"}}, file: {{"/{ERROR}": {{equals: "0\\n"}}}}}}
  after:
    needs: [armed]
    group: g
    run: cat /{ERROR}
    expect: {{stdout: {{equals: "0\\n"}}}}
"""
    ended = cli(cli.write("c.yaml", HEAD + steps), "--out", "run")
    assert ended.code == 0, ended.out + ended.err


LONG = """\
campaign: long
summary: A step that lasts.
steps:
  one:
    inject: {pm_notifier: {event: PM_SUSPEND_PREPARE, error: -ENOMEM}}
    run: sleep 30
    expect: {exit: 0, injected: at least 0}
"""


def tree(root, value):
    file = root / ERROR
    file.parent.mkdir(parents=True)
    file.write_text(f"{value}\n")
    (root / "proc/thread-self").mkdir(parents=True)
    return file


def start_and_wait(cli, root, file):
    process = subprocess.Popen(
        [sys.executable, "-m", "faultrun", "run", str(cli.write("c.yaml", LONG)),
         "--target", f"local:{root}", "--out", "run"],
        cwd=cli.cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    for _ in range(600):
        if file.read_text() == "-12\n":
            return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("value", [0, -5])
def test_a_killed_run_is_undone_from_its_record(cli, value):
    root = cli.cwd / "machine"
    file = tree(root, value)
    process = start_and_wait(cli, root, file)
    process.kill()
    process.communicate(timeout=60)
    assert file.read_text() == "-12\n"
    ended = cli("restore", "run")
    assert ended.code == 0, ended.err
    assert file.read_text() == f"{value}\n"
    assert cli("restore", "run").code == 0


@pytest.mark.parametrize("value", [0, -5])
def test_an_interrupted_run_puts_the_old_error_back(cli, value):
    root = cli.cwd / "machine"
    file = tree(root, value)
    process = start_and_wait(cli, root, file)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert file.read_text() == f"{value}\n"
