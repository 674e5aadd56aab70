"""failcmd.sh as a program of the simulated machine, and the selftests that it is used on."""

import pytest

from data.sim_machine import machine, run
from faultrun.kernel.log import injections

SCRIPT = "./tools/testing/fault-injection/failcmd.sh"
SLAB = "/sys/kernel/debug/failslab"
NAMES = ("probability", "times", "interval", "space", "verbose", "task-filter", "ignore-gfp-wait")


def state(target, folder=SLAB):
    return {name: target.read(f"{folder}/{name}").decode().strip() for name in NAMES}


def test_the_command_runs_with_what_the_script_armed():
    target = machine()
    shown = " ".join(f"{SLAB}/{name}" for name in ("probability", "times", "task-filter"))
    done = run(target, f"{SCRIPT} -p 0 --times=7 -- cat {shown} /proc/self/make-it-fail; echo $?")
    assert done.stdout == "0\n7\nY\n1\n0\n"
    done = run(target, f"{SCRIPT} -- cat /proc/sys/vm/oom_kill_allocating_task {SLAB}/probability")
    assert done.stdout == "1\n1\n"
    assert target.read("/proc/sys/vm/oom_kill_allocating_task") == b"0\n"


def test_it_forgets_what_was_set_before_and_leaves_what_it_wrote_at_once():
    target = machine()
    run(target, f"echo 50 > {SLAB}/probability; echo 9 > {SLAB}/times; echo 5 > {SLAB}/space")
    done = run(target, f"{SCRIPT} --interval=4 -v 1 --ignore-gfp-wait=N -- true")
    assert done.exit_code == 0
    assert state(target) == {
        "probability": "0", "times": "1", "interval": "4", "space": "5", "verbose": "1",
        "task-filter": "N", "ignore-gfp-wait": "N",
    }  # fmt: skip


def test_arguments_are_split_again():
    done = run(machine(), f"{SCRIPT} -- echo 'a   b' '$HOME'")
    assert done.stdout == "a b /root\n"


@pytest.mark.parametrize(
    ("command", "status"), [("true", 0), ("false", 1), ("sh -c 'exit\\ 7'", 7)]
)
def test_the_exit_status_is_the_commands(command, status):
    assert run(machine(), f"{SCRIPT} -- {command}").exit_code == status


def test_without_a_command_defaults_are_written_and_that_is_all():
    target = machine()
    run(target, f"echo 50 > {SLAB}/probability")
    assert run(target, f"{SCRIPT} -p 5").exit_code == 0
    assert state(target)["probability"] == "0"


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ("--nonsense true", 1, "unrecognized option '--nonsense'"),
        ("-x true", 1, "invalid option -- 'x'"),
        ("-p", 1, "option requires an argument -- 'p'"),
        ("--times", 1, "option '--times' requires an argument"),
        ("--min-order=1 -- true", 1, "unrecognized option '--min-order'"),
        ("--help", 0, "FAILCMD_TYPE"),
        ("-h", 0, "Usage: ./tools/testing/fault-injection/failcmd.sh"),
        ("--require-start=10 -- true", 1, "'10' is not a valid hexadecimal number"),
        ("--cache-filter=Y -- true", 0, f"{SLAB}/cache_filter: Permission denied"),
        ("--interval=x -- true", 0, "write error: Invalid argument"),
    ],
)
def test_refusals_in_the_scripts_manner(words, status, told):
    done = run(machine(), f"{SCRIPT} {words}")
    assert done.exit_code == status
    assert told in done.stderr


def test_before_6_12_addresses_are_not_looked_at():
    done = run(machine(kernel="6.8"), f"{SCRIPT} --require-start=10 -- true")
    assert (done.exit_code, done.stderr) == (0, "")


def test_the_type_comes_from_the_environment():
    target = machine()
    done = run(target, f"FAILCMD_TYPE=fail_page_alloc {SCRIPT} --min-order=0 -- true")
    assert done.exit_code == 0
    assert target.read("/sys/kernel/debug/fail_page_alloc/min-order") == b"0\n"
    done = run(target, f"FAILCMD_TYPE=moon {SCRIPT} -- true")
    assert (done.exit_code, done.stderr) == (1, "moon is not available\n")


def test_the_script_puts_back_when_its_command_is_killed_but_not_when_it_is_itself():
    target = machine()
    done = run(target, f"{SCRIPT} -p 50 -- sh -c 'kill\\ -9\\ \\$\\$'")
    assert (done.exit_code, state(target)["probability"]) == (137, "0")
    done = run(target, f"{SCRIPT} -p 50 -t -1 -- sleep 100", timeout_ns=10**9)
    assert (done.timed_out, state(target)["probability"]) == (True, "50")


def test_selftests_report_as_ktap():
    done = run(machine(), "make -C tools/testing/selftests/ run_tests")
    lines = done.stdout.splitlines()
    assert lines[0] == "make: Entering directory '/tools/testing/selftests'"
    assert lines.count("TAP version 13") == 5
    results = [line for line in lines if line.startswith(("ok ", "not ok "))]
    assert results == [
        "ok 1 selftests: size: get_size",
        "ok 1 selftests: net: socket",
        "ok 1 selftests: sigaltstack: sas",
        "ok 1 selftests: timers: posix_timers",
        "ok 1 selftests: proc: read",
    ]
    assert done.exit_code == 0


def test_a_selftest_that_meets_a_fault_is_not_ok():
    target = machine()
    for name, text in (("ignore-gfp-wait", "N"), ("task-filter", "Y"), ("space", "400000")):
        target.write(f"{SLAB}/{name}", f"{text}\n".encode())
    target.write(f"{SLAB}/probability", b"100\n")
    make = "make -s -C /tools/testing/selftests TARGETS=net run_tests"
    done = run(target, argv=tuple(make.split()), mark=True)
    assert "not ok 1 selftests: net: socket # exit=1" in done.stdout
    assert "make: Entering" not in done.stdout
    assert done.exit_code == 0
    (hit,) = injections(target.log(0)[0])
    assert hit.comm == "socket"


def test_what_is_not_modelled_of_make_is_named():
    from faultrun.model.target import Command

    for script in ("make", "make -C /src", "make -C tools/testing/selftests all"):
        done = machine().run(Command(script=script, timeout_ns=10**9))
        assert done.unmodelled, script


def test_other_scripts_of_the_kernels_sources_are_named():
    from faultrun.model.target import Command

    script = "tools/testing/selftests/cpu-hotplug/cpu-on-off-test.sh"
    done = machine().run(Command(script=script, timeout_ns=10**9))
    assert done.unmodelled == f"'{script}' of the kernel's sources"
    assert "No such file" in run(machine(), "tools/other.sh").stderr
