"""make-it-fail and fail-nth: text, rights, threads and inheritance, rule by rule."""

import pytest

from data.sim_machine import machine, run
from faultrun.kernel.version import KernelVersion
from faultrun.model.target import Command
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.programs.compiling import SOURCES, folded
from faultrun.simkernel.sim_errno import SimErrno

OTHER = 65534
SECOND = 1_000_000_000


def kernel(version="6.12"):
    return SimKernel(version=KernelVersion.parse(version), seed=7, name="m", devices=())


def answer(tree, path, text, task):
    """What a write to it gives: the errno's name, or what the file reads afterwards."""
    try:
        tree.write(path, text, task)
    except SimErrno as refused:
        return refused.name
    return tree.read(path, task)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("make-it-fail", "1\n", "1\n"),
        ("make-it-fail", "0", "0\n"),
        ("make-it-fail", "  1  \n", "1\n"),
        ("make-it-fail", "0x1\n", "1\n"),
        ("make-it-fail", "01\n", "1\n"),
        ("make-it-fail", "2\n", "EINVAL"),
        ("make-it-fail", "-1\n", "EINVAL"),
        ("make-it-fail", "", "EINVAL"),
        ("make-it-fail", "maybe\n", "EINVAL"),
        ("make-it-fail", "99999999999\n", "ERANGE"),
        ("make-it-fail", "1           x", "1\n"),
        ("fail-nth", "3\n", "3\n"),
        ("fail-nth", "+3", "3\n"),
        ("fail-nth", "0x10\n", "16\n"),
        ("fail-nth", "010\n", "8\n"),
        ("fail-nth", "4294967295\n", "4294967295\n"),
        ("fail-nth", "4294967296\n", "ERANGE"),
        ("fail-nth", "-1\n", "EINVAL"),
        ("fail-nth", " 3\n", "EINVAL"),
        ("fail-nth", "3 \n", "EINVAL"),
        ("fail-nth", "3\n\n", "EINVAL"),
        ("fail-nth", "", "EINVAL"),
    ],
)
def test_text(name, text, expected):
    owner = kernel()
    task = owner.tasks.spawn("t")
    assert answer(owner.tree, f"/proc/{task.pid}/{name}", text, None) == expected


def test_a_long_write_to_make_it_fail_is_taken_in_part():
    owner = kernel()
    task = owner.tasks.spawn("t")
    assert owner.tree.handle(f"/proc/{task.pid}/make-it-fail").takes == 12
    assert owner.tree.handle(f"/proc/{task.pid}/fail-nth").takes > 1000


def test_only_make_it_fail_takes_a_capability():
    owner = kernel()
    task = owner.tasks.spawn("t")
    task.uid = OTHER
    assert answer(owner.tree, f"/proc/{task.pid}/make-it-fail", "maybe", task) == "EPERM"
    assert answer(owner.tree, f"/proc/{task.pid}/fail-nth", "9\n", task) == "9\n"


def test_a_thread_has_files_of_its_own_below_its_process():
    owner = kernel()
    main = owner.tasks.spawn("t")
    other = owner.tasks.spawn("u")
    owner.tree.write(f"/proc/{main.pid}/make-it-fail", "1", None)
    thread = owner.tasks.thread(main)
    assert owner.tree.list(f"/proc/{main.pid}/task") == (str(main.pid), str(thread.pid))
    owner.tree.write(f"/proc/{main.pid}/task/{thread.pid}/fail-nth", "5", None)
    assert owner.tree.read(f"/proc/{main.pid}/fail-nth", None) == "0\n"
    assert owner.tree.read(f"/proc/{thread.pid}/fail-nth", None) == "5\n"
    assert owner.tree.read(f"/proc/{main.pid}/task/{thread.pid}/make-it-fail", None) == "1\n"
    assert answer(owner.tree, f"/proc/{main.pid}/task/{other.pid}/fail-nth", "1", None) == "ENOENT"
    owner.tasks.exit(thread)
    assert answer(owner.tree, f"/proc/{main.pid}/task/{thread.pid}/fail-nth", "1", None) == "ENOENT"


def test_self_is_the_process_and_thread_self_the_thread():
    script = "cat /proc/self/comm /proc/thread-self/comm; ls /proc/self/task | wc -l"
    assert run(machine(), script).stdout == "cat\ncat\n1\n"


def test_another_user_opens_only_what_file_modes_allow():
    script = (
        "setpriv --reuid=65534 bash -c 'id -u; cat /proc/self/fail-nth; "
        "echo 3 > /proc/$1/fail-nth; echo 1 > /sys/kernel/debug/failslab/times' bash $$"
    )
    done = run(machine(), script)
    assert done.stdout == "65534\n0\n"
    assert done.stderr.count("Permission denied") == 2
    assert run(machine(), "sudo -u nobody id -u").stdout == "65534\n"
    assert "unknown user" in run(machine(), "sudo -u someone id -u").stderr


def test_a_file_elsewhere_is_not_modelled_for_another_user():
    done = machine().run(
        Command(
            timeout_ns=SECOND,
            script="sudo -u nobody touch /tmp/x; setpriv --reuid=1 bash -c 'echo > /root/x'",
        )
    )
    assert "as another user than root" in done.unmodelled


def test_a_program_that_the_compiler_does_not_know_is_named():
    script = "echo 'int main(void) { return 0; }' > /tmp/a.c; gcc -o /tmp/a /tmp/a.c"
    done = machine().run(Command(timeout_ns=SECOND, script=script))
    assert "the C program '/tmp/a.c'" in done.unmodelled


def test_sources_are_recognised_white_space_aside():
    assert folded("int  main()\n{\treturn 0;\n}") == folded("int main() { return 0; }")
    assert folded("int main() { return 0; }") != folded("int main() { return 1; }")
    assert len(set(SOURCES.values())) == len(SOURCES)


@pytest.mark.parametrize(
    ("script", "says"),
    [("echo 2 >&3; echo 5 >&3", "5\n"), ("echo 1 >&3; echo 5 >&3", "0\n")],
)
def test_writing_a_control_file_is_one_fault_point(script, says):
    done = run(machine(), f"exec 3>/proc/self/fail-nth 4</proc/self/fail-nth; {script}; cat <&4")
    assert done.stdout == says


@pytest.mark.parametrize(("before", "says"), [(2, "2\n"), (1, "EFAULT")])
def test_reading_it_is_another_after_the_number_is_formatted(before, says):
    owner = kernel()
    task = owner.tasks.spawn("t")
    handle = owner.tree.handle(f"/proc/{task.pid}/fail-nth")
    handle.write(f"{before}\n", task)
    try:
        told = handle.read(task)
    except SimErrno as refused:
        told = refused.name
    assert told == says
    assert task.fail_nth == before - 1
