"""Suspend and hibernation: what the files take, what is done in which order, what is counted."""

import pytest

from data.sim_machine import machine, run

STATS = "/sys/power/suspend_stats"
PM = "/sys/kernel/debug/notifier-error-inject/pm/actions"
SECOND_NS = 1_000_000_000


def log(target, cursor=0):
    return [record.text for record in target.log(cursor)[0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("standby", "Invalid argument"),
        ("MEM", "Invalid argument"),
        (" mem", "Invalid argument"),
        ("mem ", "Invalid argument"),
        ("m", "Invalid argument"),
        ("off", "Invalid argument"),
        ("disk", "No such device"),
    ],
)
def test_what_the_state_file_refuses(text, message):
    target = machine()
    done = run(target, f"echo '{text}' > /sys/power/state")
    assert (done.exit_code, done.stderr) == (1, f"bash: line 1: echo: write error: {message}\n")


def test_a_script_shell_names_its_line_and_the_rest_is_as_the_document_prints_it():
    target = machine()
    script = f"cd {PM}/..\necho -12 > actions/PM_SUSPEND_PREPARE/error\necho mem > /sys/power/state"
    done = run(target, script)
    assert done.exit_code == 1
    assert done.stderr == "bash: line 3: echo: write error: Cannot allocate memory\n"


@pytest.mark.parametrize("number", [1, 5, 12, 16, 22, 133, 4095])
@pytest.mark.parametrize(("word", "name"), [("mem", "deep"), ("freeze", "s2idle")])
def test_a_refused_suspend_has_frozen_nobody(word, name, number):
    target = machine()
    done = run(
        target, f"echo -{number} > {PM}/PM_SUSPEND_PREPARE/error; echo {word} > /sys/power/state"
    )
    assert done.exit_code == 1
    assert log(target) == [
        f"PM: suspend entry ({name})",
        "Filesystems sync: 0.000 seconds",
        f"Injecting error (-{number}) to PM_SUSPEND_PREPARE",
        "PM: suspend exit",
    ]
    counts = {each: target.read(f"{STATS}/{each}").decode().strip() for each in target.list(STATS)}
    assert counts.pop("fail") == "1"
    assert counts.pop("last_failed_errno") == f"-{number}"
    assert set(counts.values()) == {"0", ""}


def test_without_sync_on_suspend_nothing_is_synced():
    target = machine()
    script = "echo 0 > /sys/power/sync_on_suspend; echo freezer > /sys/power/pm_test; echo mem > /sys/power/state"
    assert run(target, script).exit_code == 0
    assert not [line for line in log(target) if line.startswith("Filesystems sync")]


@pytest.mark.parametrize("level", ["freezer", "devices", "platform", "processors", "core"])
def test_a_test_level_waits_five_seconds_and_comes_back(level):
    target = machine()
    done = run(target, f"echo {level} > /sys/power/pm_test; echo mem > /sys/power/state")
    assert done.exit_code == 0
    assert done.elapsed_ns > 5 * SECOND_NS
    lines = log(target)
    waiting = lines.index("PM: suspend debug: Waiting for 5 second(s).")
    assert lines.index("OOM killer disabled.") < waiting < lines.index("OOM killer enabled.")
    assert target.read(f"{STATS}/success") == b"1\n"


@pytest.mark.parametrize("level", ["processors", "core"])
def test_suspend_to_idle_knows_no_test_of_processors(level):
    target = machine()
    done = run(target, f"echo {level} > /sys/power/pm_test; echo freeze > /sys/power/state")
    assert done.exit_code == 1
    assert "Resource temporarily unavailable" in done.stderr
    assert "Unsupported test mode for suspend to idle" in log(target)[1]


def test_mem_means_what_mem_sleep_says():
    target = machine()
    script = (
        "cat /sys/power/mem_sleep; echo s2idle > /sys/power/mem_sleep; cat /sys/power/mem_sleep"
    )
    assert run(target, script).stdout == "s2idle [deep]\n[s2idle] deep\n"
    run(target, "echo freezer > /sys/power/pm_test; echo mem > /sys/power/state")
    assert log(target)[0] == "PM: suspend entry (s2idle)"
    assert "Invalid" in run(target, "echo shallow > /sys/power/mem_sleep").stderr


def test_the_alarm_clock_wakes_the_machine():
    target = machine()
    done = run(target, "echo +10 > /sys/class/rtc/rtc0/wakealarm; echo mem > /sys/power/state")
    assert done.exit_code == 0
    assert 9 * SECOND_NS < done.elapsed_ns < 11 * SECOND_NS
    assert run(target, "cat /sys/class/rtc/rtc0/wakealarm").stdout == ""


def test_a_second_alarm_is_refused_until_the_first_is_cleared():
    target = machine()
    script = """
        cd /sys/class/rtc/rtc0
        echo +10 > wakealarm; echo +20 > wakealarm; echo 0 > wakealarm; echo +20 > wakealarm
    """
    assert run(target, script).stderr.count("Device or resource busy") == 1


def test_without_an_alarm_the_machine_sleeps_until_its_command_is_ended():
    target = machine()
    done = run(target, "echo mem > /sys/power/state; echo woken", timeout_ns=60 * SECOND_NS)
    assert done.timed_out
    assert done.stdout == ""
    assert target.read(f"{STATS}/success") == b"0\n"


@pytest.mark.parametrize(
    ("kernel", "frozen", "thawed"),
    [
        (
            "6.1",
            ["Freezing user space processes ... (elapsed 0.001 seconds) done."],
            ["Restarting tasks ... done."],
        ),
        (
            "6.12",
            [
                "Freezing user space processes",
                "Freezing user space processes completed (elapsed 0.001 seconds)",
            ],
            ["Restarting tasks ... done."],
        ),
        (
            "7.3",
            [
                "Freezing user space processes",
                "Freezing user space processes completed (elapsed 0.001 seconds)",
            ],
            ["Restarting tasks: Starting", "Restarting tasks: Done"],
        ),
    ],
)
def test_the_words_of_the_freezer_are_those_of_the_kernel(kernel, frozen, thawed):
    target = machine(kernel)
    run(target, "echo freezer > /sys/power/pm_test; echo mem > /sys/power/state")
    lines = log(target)
    assert lines[2 : 2 + len(frozen)] == frozen
    assert lines[-1 - len(thawed) :] == [*thawed, "PM: suspend exit"]


def test_hibernation_asks_before_it_syncs():
    target = machine()
    done = run(target, f"echo -5 > {PM}/PM_HIBERNATION_PREPARE/error; echo disk > /sys/power/state")
    assert done.exit_code == 1
    assert "Input/output error" in done.stderr
    assert log(target) == [
        "PM: hibernation: hibernation entry",
        "Injecting error (-5) to PM_HIBERNATION_PREPARE",
        "PM: hibernation: hibernation exit",
    ]
    assert target.read(f"{STATS}/fail") == b"0\n"


def test_without_swap_an_image_has_nowhere_to_go():
    target = machine()
    done = run(target, "echo disk > /sys/power/state")
    assert "No such device" in done.stderr
    assert "PM: Cannot find swap device, try swapon -a" in log(target)
    run(target, "echo freezer > /sys/power/pm_test")
    assert run(target, "echo disk > /sys/power/state").exit_code == 0


@pytest.mark.parametrize(
    ("event", "redirect"), [("PM_RESTORE_PREPARE", ">"), ("PM_HIBERNATION_PREPARE", "<")]
)
def test_opening_the_snapshot_device_asks_the_notifiers(event, redirect):
    target = machine()
    done = run(target, f"echo -11 > {PM}/{event}/error; : {redirect} /dev/snapshot")
    assert done.exit_code == 1
    assert done.stderr == "bash: line 1: /dev/snapshot: Resource temporarily unavailable\n"
    assert log(target) == [f"Injecting error (-11) to {event}"]
    assert run(target, f"echo 0 > {PM}/{event}/error; : {redirect} /dev/snapshot").exit_code == 0


def test_who_has_the_snapshot_device_open_keeps_others_from_hibernating():
    target = machine()
    done = run(target, "exec 3< /dev/snapshot; echo disk > /sys/power/state; : < /dev/snapshot")
    assert done.stderr.count("Device or resource busy") == 2
    assert run(target, "stat -c %F /dev/snapshot").stdout == "character special file\n"


def test_restoring_an_image_is_said_not_to_be_modelled():
    target = machine()
    from faultrun.model.target import Command

    done = target.run(Command(script="echo 8:1 > /sys/power/resume", timeout_ns=SECOND_NS))
    assert "restoring a hibernation image" in done.unmodelled
