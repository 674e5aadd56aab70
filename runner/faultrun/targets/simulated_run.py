"""One command on a simulated machine, from fork to exit."""

from collections.abc import Callable

from faultrun.kernel.errno import message_of
from faultrun.model.target import Command, Finished
from faultrun.simkernel.fates import Late, Unkillable, Wedged
from faultrun.simkernel.launch import run_shell
from faultrun.simkernel.machine import Machine
from faultrun.simkernel.pipes import Buffer
from faultrun.simkernel.process import Process, Stopped, TimedOut
from faultrun.simkernel.signals import SIGKILL, Killed
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_ENV = (
    ("HOME", "/root"),
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    ("PWD", "/"),
    ("LC_ALL", "C"),
)
_SHELL = ("bash", "-c")


def run_command(machine: Machine, command: Command, stop: Callable[[], bool] | None) -> Finished:
    """Fork, arm the child as its last act before exec, run, and collect."""
    kernel = machine.kernel
    began = kernel.clock.now_ns()
    task = kernel.tasks.spawn("bash")
    task.first = True
    machine.pids = [task.pid]
    out, err = Buffer(), Buffer()
    env = dict((*_ENV, *command.env))
    stdin = Buffer(command.stdin.encode("utf-8", "surrogateescape"))
    process = Process(machine, task, argv=_SHELL, env=env, fds={0: stdin, 1: out, 2: err})
    machine.limit(command.timeout_ns, task.pid)
    machine.stop = stop
    task.make_it_fail = command.make_it_fail
    task.fail_nth = command.fail_nth
    status: int | None = None
    signal: int | None = None
    timed_out = False
    unmodelled = ""
    try:
        status = _run(process, command)
        machine.jobs.close()
    except Killed as killed:
        signal = killed.number
    except TimedOut as over:
        signal, timed_out = SIGKILL, not isinstance(over, Stopped)
    except Unkillable as stuck:
        # The command's time passes, and killing its tasks has no effect (see simkernel/fates.py).
        _wait_out(machine, stuck.late)
        signal, timed_out = SIGKILL, True
    except Wedged as wedged:
        _wait_out(machine, wedged.late)
        raise
    except Unmodelled as unknown:
        status, unmodelled = None, str(unknown)
    finally:
        machine.jobs.end()
        machine.unlimit()
    left = task.fail_nth if command.fail_nth else None
    pids = tuple(machine.pids)
    for pid in pids:
        leftover = kernel.tasks.by_pid.get(pid)
        if leftover is not None:
            kernel.tasks.exit(leftover)
    return Finished(
        exit_code=status,
        stdout=_text(out),
        stderr=_text(err),
        elapsed_ns=kernel.clock.now_ns() - began,
        signal=signal,
        timed_out=timed_out,
        pids=pids,
        fail_nth_left=left,
        unmodelled=unmodelled,
    )


def _wait_out(machine: Machine, late: tuple[Late, ...]) -> None:
    """Time passes up to the command's timeout; the kernel says what it has to say meanwhile."""
    clock = machine.kernel.clock
    began = clock.now_ns()
    for after, level, text in late:
        if began + after < machine.deadline_ns():
            clock.advance(max(0, began + after - clock.now_ns()))
            machine.kernel.log.emit(level, text)
    machine.wait_out()


def _run(process: Process, command: Command) -> int:
    argv = (*_SHELL, command.script) if not command.argv else command.argv
    try:
        if command.argv:
            return process.machine.execute(process, argv)
        process.exec(argv)
    except SimErrno as refused:
        process.err(f"{argv[0]}: {message_of(refused.name)}\n")
        return 127 if refused.name == "ENOENT" else 126
    return run_shell(process, command.script)


def _text(buffer: Buffer) -> str:
    return buffer.data.decode("utf-8", "backslashreplace")
