"""Which check of a futex call fails with what, and which of them a private futex is spared."""

import pytest

from data.sim_machine import machine, run
from faultrun.simkernel.futexes import OPERATIONS
from faultrun.simkernel.kernel import DEBUGFS


def checks(operation, *, private):
    """What each check of an operation answers: the errno, or "again" where the kernel retries."""
    return [
        "again" if site.retried else site.errno
        for site in OPERATIONS[operation]
        if not (site.shared_only and private)
    ]


@pytest.mark.parametrize(
    ("operation", "private", "shared"),
    [
        ("wait", ["EFAULT"], ["EFAULT"] * 3),
        ("wait-timeout", ["EFAULT"] * 2, ["EFAULT"] * 4),
        ("wake", ["EFAULT"], ["EFAULT"] * 3),
        ("cmp-requeue", ["EFAULT"] * 2, ["EFAULT"] * 6),
        (
            "lock-pi",
            ["EFAULT", "again", "EDEADLK", "again"],
            ["EFAULT", "EFAULT", "EFAULT", "again", "EDEADLK", "again"],
        ),
        ("unlock-pi", ["EFAULT"], ["EFAULT"] * 3),
        ("unlock-pi-contended", ["EFAULT", "again"], ["EFAULT", "EFAULT", "EFAULT", "again"]),
    ],
)
def test_the_checks_of_a_call(operation, private, shared):
    assert checks(operation, private=True) == private
    assert checks(operation, private=False) == shared


@pytest.mark.parametrize("operation", OPERATIONS)
def test_ignore_private_spares_lookups_only(operation):
    spared = [site for site in OPERATIONS[operation] if site.spared]
    assert spared
    assert all(site.function in ("get_futex_key", "__do_sys_futex") for site in spared)


def armed(**values):
    target = machine()
    for name, value in {"probability": 100, "times": 1, **values}.items():
        path = f"{DEBUGFS}/fail_futex/{name.replace('_', '-')}"
        target.write(path, f"{value}\n".encode())
    return target


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (1, "Could not lock pi-lock for 0x5588c0a2e0c0 (-1): Bad address"),
        (2, ""),
        (3, "Could not lock pi-lock for 0x5588c0a2e0c0 (-1): Resource deadlock avoided"),
        (4, ""),
        (5, "Could not unlock pi-lock for 0x5588c0a2e0c0 (-1): Bad address"),
    ],
)
def test_perf_tells_of_each(check, told):
    done = run(armed(space=check), "perf bench futex lock-pi -t 1 -r 1")
    assert done.exit_code == 0
    assert (told in done.stderr) if told else not done.stderr


def test_threads_are_tasks_that_inherit_the_mark():
    target = armed(task_filter="Y")
    done = run(target, "perf bench futex hash -t 3 -r 1", mark=True)
    assert "Non-expected futex return call: Bad address" in done.stderr
    assert len(done.pids) >= 4
    assert not run(armed(task_filter="Y"), "perf bench futex hash -t 3 -r 1").stderr
