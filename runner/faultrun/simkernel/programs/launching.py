"""Programs that run other programs: env, timeout, xargs, nice and their kin."""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.digits import is_number, whole
from faultrun.simkernel.process import Deadline, ExitNow, Process
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.programs.simple import duration
from faultrun.simkernel.signals import SIGKILL, Killed, signal_of
from faultrun.simkernel.sim_errno import SimErrno

_KILLED = 124
_USERS = {"root": 0, "daemon": 1, "nobody": 65534}


def _become(process: Process, argv: tuple[str, ...]) -> int:
    """Run in this very process."""
    own = process.name
    try:
        return process.machine.execute(process, argv)
    except SimErrno as refused:
        process.err(f"{own}: '{argv[0]}': {message_of(refused.name)}\n")
        return 127 if refused.name == "ENOENT" else 126


def _child(process: Process, argv: tuple[str, ...]) -> int:
    """fork, exec, wait. Raises Killed if a signal ended it."""
    own = process.name
    child: Process | None = None
    try:
        child = process.fork()
        return process.machine.execute(child, argv)
    except SimErrno as refused:
        process.err(f"{own}: failed to run command '{argv[0]}': {message_of(refused.name)}\n")
        return 127 if refused.name == "ENOENT" else 126
    finally:
        if child is not None:
            process.machine.kernel.tasks.exit(child.task)


def _env(process: Process) -> int:
    found = parse(process, "i0", "uC", ("ignore-environment", "unset="), strict=True)
    env = {} if found.has("i", "ignore-environment") else dict(process.env)
    words = list(found.operands)
    for name, value in found.every:
        if name in ("u", "unset"):
            env.pop(value, None)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        env[name] = value
    if not words:
        process.out("".join(f"{name}={env[name]}\n" for name in sorted(env)))
        return 0
    process.env = env
    return _become(process, tuple(words))


def _nice(process: Process) -> int:
    found = parse(process, "", "n", ("adjustment=",), strict=True)
    return _become(process, tuple(found.operands)) if found.operands else 0


def _plain(process: Process) -> int:
    words = parse(process, "EnHb", "uc", strict=True).operands
    return _become(process, tuple(words)) if words else 0


def _drop(process: Process, user: str) -> None:
    """Become another user for good. Raises ExitNow if there is none, or it may not be."""
    uid = int(user) if is_number(user) else _USERS.get(user)
    if uid is None:
        process.complain(f"unknown user {user}")
        raise ExitNow(1)
    if process.task.uid not in (0, uid):
        process.complain("setresuid failed: Operation not permitted")
        raise ExitNow(127)
    process.task.uid = uid


def _sudo(process: Process) -> int:
    found = parse(process, "EnHb", "u", strict=True)
    if found.has("u"):
        _drop(process, found.value("u").removeprefix("#"))
    return _become(process, tuple(found.operands)) if found.operands else 0


def _setpriv(process: Process) -> int:
    long = ("reuid=", "regid=", "clear-groups", "init-groups")
    found = parse(process, "", "", long, strict=True)
    if found.has("reuid"):
        _drop(process, found.value("reuid"))
    return _become(process, tuple(found.operands)) if found.operands else 0


def _timeout(process: Process) -> int:
    found = parse(process, "v", "ks", ("kill-after=", "signal=", "preserve-status"), strict=True)
    if len(found.operands) < 2:
        process.complain("missing operand")
        return 125
    limit = duration(found.operands[0])
    number = signal_of(found.value("s", "signal", default="TERM"))
    again = duration(found.value("k", "kill-after", default="0"))
    if limit is None or again is None or number is None:
        process.complain(f"invalid time interval or signal '{found.operands[0]}'")
        return 125
    job = process.machine.jobs.current
    outer = job.deadline
    at = process.machine.kernel.clock.now_ns() + limit
    if limit == 0 or at >= outer.at_ns:
        return _status(process, tuple(found.operands[1:]))
    # After the signal, ``-k`` gives the command that long before the one that nobody can catch.
    last = Deadline(at_ns=at + again, signal=SIGKILL, outer=outer) if again else outer
    job.deadline = Deadline(at_ns=at, signal=number, outer=last)
    try:
        status = _status(process, tuple(found.operands[1:]))
    finally:
        fired, job.deadline = job.deadline.at_ns != at, outer
    if not fired or found.has("preserve-status"):
        return status
    if status == 128 + SIGKILL:
        # It ends by the same signal, so that its caller sees the same.
        raise Killed(SIGKILL)
    return _KILLED


def _status(process: Process, argv: tuple[str, ...]) -> int:
    try:
        return _child(process, argv)
    except Killed as signal:
        if signal.pid > 0:
            raise
        return 128 + signal.number


def _xargs(process: Process) -> int:
    found = parse(process, "0rt", "nIPd", ("no-run-if-empty", "null", "max-args="), strict=True)
    data = process.stdin().decode("utf-8", "surrogateescape")
    words = [word for word in data.split("\0") if word] if found.has("0", "null") else data.split()
    command = tuple(found.operands) or ("echo",)
    mark = found.value("I")
    status = 0
    if mark:
        for line in data.splitlines():
            argv = tuple(word.replace(mark, line) for word in command)
            status = max(status, _status(process, argv))
    elif words or not found.has("r", "no-run-if-empty"):
        size = whole(found.value("n", "max-args", default=str(len(words) or 1)))
        if not size:
            process.complain("value for -n option should be >= 1")
            return 1
        for begin in range(0, max(len(words), 1), size):
            status = max(status, _status(process, (*command, *words[begin : begin + size])))
    return 0 if status == 0 else 123 if status <= 125 else status


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    "env": _env, "nice": _nice, "ionice": _plain, "sudo": _sudo, "setpriv": _setpriv, "nohup": _plain,
    "setsid": _plain, "stdbuf": _plain, "timeout": _timeout, "xargs": _xargs,
}  # fmt: skip
