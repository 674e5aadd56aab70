"""tools/testing/fault-injection/failcmd.sh as a program: what it does, in its order.

Modelled by hand, statement for statement in effect, its mistakes included: earlier values are
forgotten, arguments are split again, and --cache-filter goes to a file that is not there. Messages
of the shell that runs it come without their line number.
"""

import re
from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import WRITE
from faultrun.simkernel.process import Process
from faultrun.simkernel.signals import Killed
from faultrun.simkernel.sim_errno import SimErrno

PATH = "/tools/testing/fault-injection/failcmd.sh"
_DEBUGFS = "/sys/kernel/debug"
_OOM = "/proc/sys/vm/oom_kill_allocating_task"
_NAME = "failcmd.sh"
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_SHORT = {"p": "probability", "i": "interval", "t": "times", "s": "space", "v": "verbose"}
_STORED = ("probability", "times", "task-filter", "oom-kill-allocating-task")
_ADDRESSES = ("require-start", "require-end", "reject-start", "reject-end")
_COMMON = (*_STORED, "interval", "space", "verbose", "stacktrace-depth", *_ADDRESSES)
_OWN = {
    "failslab": ("ignore-gfp-wait", "cache-filter"),
    "fail_page_alloc": ("ignore-gfp-wait", "ignore-gfp-highmem", "min-order"),
}
_USAGE = """\
Usage: {name} [options] command [arguments]

Options: -p --probability (1), -t --times (1), --oom-kill-allocating-task (1), -h --help,
--interval, --space, --verbose, --task-filter (Y), --stacktrace-depth, --require-start,
--require-end, --reject-start, --reject-end, --ignore-gfp-wait; failslab: --cache-filter;
fail_page_alloc: --ignore-gfp-highmem, --min-order. Environment: FAILCMD_TYPE (failslab).
"""
"""In other words than the script's own."""


class _Leave(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def failcmd(process: Process) -> int:
    """The script."""
    kind = process.env.get("FAILCMD_TYPE") or "failslab"
    folder = f"{_DEBUGFS}/{kind}"
    if not _is_dir(process, folder):
        process.err(f"{kind} is not available\n")
        return 1
    try:
        given, words = _getopt(process, kind)
    except _Leave as left:
        return left.status
    _defaults(process, folder)
    before = process.read_all(_OOM).decode().strip()
    stored = {"probability": "1", "times": "1", "task-filter": "Y", "oom-kill-allocating-task": "1"}
    try:
        _take(process, folder, given, stored)
    except _Leave as left:
        return left.status
    if not words or not words[0]:
        return 0
    _put(process, _OOM, _integer(stored["oom-kill-allocating-task"]))
    _put(process, f"{folder}/task-filter", stored["task-filter"])
    _put(process, f"{folder}/probability", _integer(stored["probability"]))
    _put(process, f"{folder}/times", _integer(stored["times"]))
    # Its trap puts back a little at every end but one: SIGKILL, the end of a timeout, has no trap.
    status = _run(process, f"echo 1 > /proc/self/make-it-fail && exec {' '.join(words)}")
    _defaults(process, folder)
    _put(process, _OOM, before)
    return status


def _getopt(process: Process, kind: str) -> tuple[list[tuple[str, str]], list[str]]:
    """getopt(1) with the script's options: those given, and the operands. Raises _Leave."""
    known = (*_COMMON, *_OWN.get(kind, ()), "help")
    given: list[tuple[str, str]] = []
    operands: list[str] = []
    words = list(process.argv[1:])
    while words:
        word = words.pop(0)
        if word == "--":
            operands += words
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found = [name] if name in known else [one for one in known if one.startswith(name)]
            if len(found) != 1:
                raise _misused(process, f"unrecognized option '--{name}'")
            if found[0] != "help" and not equals:
                if not words:
                    raise _misused(process, f"option '--{found[0]}' requires an argument")
                value = words.pop(0)
            given.append((found[0], value))
        elif word.startswith("-") and len(word) > 1:
            given += _letters(process, word, words)
        else:
            operands.append(word)
    return given, operands


def _letters(process: Process, word: str, words: list[str]) -> list[tuple[str, str]]:
    given: list[tuple[str, str]] = []
    for at, letter in enumerate(word[1:], 1):
        if letter == "h":
            given.append(("help", ""))
            continue
        if letter not in _SHORT:
            raise _misused(process, f"invalid option -- '{letter}'")
        value = word[at + 1 :]
        if not value and not words:
            raise _misused(process, f"option requires an argument -- '{letter}'")
        given.append((_SHORT[letter], value or words.pop(0)))
        break
    return given


def _misused(process: Process, why: str) -> _Leave:
    process.err(f"{_NAME}: {why}\n{_USAGE.format(name=process.argv[0])}")
    return _Leave(1)


def _take(
    process: Process, folder: str, given: list[tuple[str, str]], stored: dict[str, str]
) -> None:
    """Options in their order: some are written at once. Raises _Leave."""
    hexadecimal = process.machine.kernel.version.has("6.12", None)
    for name, value in given:
        if name == "help":
            process.err(_USAGE.format(name=process.argv[0]))
            raise _Leave(0)
        if name in stored:
            stored[name] = value
            continue
        if hexadecimal and name in _ADDRESSES and not _HEX.fullmatch(value):
            process.err(f"Error: The provided value '{value}' is not a valid hexadecimal number.\n")
            raise _Leave(1)
        file = "cache_filter" if name == "cache-filter" else name
        _put(process, f"{folder}/{file}", value)


def _defaults(process: Process, folder: str) -> None:
    _put(process, f"{folder}/task-filter", "N")
    _put(process, f"{folder}/probability", "0")
    _put(process, f"{folder}/times", "1")


def _put(process: Process, path: str, value: str) -> None:
    """``echo value > path``; a failure is a message, and the script goes on."""
    try:
        file = process.open(path, WRITE)
    except SimErrno as refused:
        told = "EACCES" if refused.name == "ENOENT" else refused.name
        process.err(f"{process.argv[0]}: {path}: {message_of(told)}\n")
        return
    try:
        process.write_all(file, f"{value}\n".encode())
    except SimErrno as refused:
        process.err(f"{process.argv[0]}: echo: write error: {message_of(refused.name)}\n")
    finally:
        process.close(file)


def _integer(text: str) -> str:
    """``declare -i``: bash takes what is no number for a variable that is not set."""
    try:
        return str(int(text, 0))
    except ValueError:
        return "0"


def _run(process: Process, command: str) -> int:
    """``bash -c``, and what became of it as a shell tells it."""
    child: Process | None = None
    try:
        child = process.fork()
        return process.machine.execute(child, ("bash", "-c", command))
    except Killed as signal:
        return 128 + signal.number
    except SimErrno as refused:
        process.err(f"{process.argv[0]}: bash: {message_of(refused.name)}\n")
        return 126
    finally:
        if child is not None:
            process.machine.kernel.tasks.exit(child.task)


def _is_dir(process: Process, path: str) -> bool:
    try:
        return process.stat(path).kind == "dir"
    except SimErrno:
        return False


PLACED: Mapping[str, Callable[[Process], int]] = {PATH: failcmd}
"""Programs that are called by a path in the kernel's source tree."""
