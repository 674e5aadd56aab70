"""``trap``, ``kill``, ``wait`` and ``jobs``: signals and what runs in the background."""

from typing import TYPE_CHECKING

from faultrun.simkernel.digits import whole
from faultrun.simkernel.shell.special import in_quotes
from faultrun.simkernel.signals import SIGNAL_NAMES, signal_of
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

Argv = tuple[str, ...]
_PSEUDO = ("ERR",)
_UNKNOWN = 127


def _trap_name(shell: "Shell", text: str) -> str | None:
    """``EXIT``, ``INT`` or ``ERR``, however it is written; None if it is nothing."""
    if text in ("RETURN", "DEBUG"):
        raise Unmodelled(f"trap on '{text}'", shell.line)
    number = signal_of(text)
    if text in _PSEUDO:
        return text
    if number == 0:
        return "EXIT"
    return SIGNAL_NAMES.get(number or 0)


def trap(shell: "Shell", argv: Argv) -> int:
    """``trap [-p] [action] signal...``."""
    words = [word for word in argv[1:] if word != "--"]
    traps = shell.state.traps
    if not words or words[0] == "-p":
        _list_traps(shell, words[1:])
        return 0
    if words[0] == "-l":
        raise Unmodelled("trap -l", shell.line)
    reset = words[0] == "-" or whole(words[0]) is not None or len(words) == 1
    action, names = ("-", words) if reset and words[0] != "-" else (words[0], words[1:])
    status = 0
    for text in names:
        name = _trap_name(shell, text)
        if name is None:
            shell.say(f"trap: {text}: invalid signal specification")
            status = 1
        elif action == "-":
            traps.pop(name, None)
        else:
            traps[name] = action
    return status


def _list_traps(shell: "Shell", only: list[str]) -> None:
    traps = shell.state.traps
    wanted = [_trap_name(shell, text) for text in only]
    order = ["EXIT", *(SIGNAL_NAMES[number] for number in sorted(SIGNAL_NAMES)), *_PSEUDO]
    for name in order:
        if name in traps and (not wanted or name in wanted):
            shown = name if name in ("EXIT", *_PSEUDO) else f"SIG{name}"
            shell.process.out(f"trap -- {in_quotes(traps[name])} {shown}\n")


def kill(shell: "Shell", argv: Argv) -> int:
    """``kill [-SIGNAL | -s SIGNAL] pid...`` and ``kill -l``."""
    words = list(argv[1:])
    name = "TERM"
    if words[:1] in (["-l"], ["-L"]):
        return _names(shell, words[1:])
    if words[:1] in (["-s"], ["-n"]):
        name = words[1] if len(words) > 1 else ""
        del words[:2]
    elif words and words[0].startswith("-") and len(words[0]) > 1 and words[0] != "--":
        name = words.pop(0)[1:]
    if words[:1] == ["--"]:
        del words[0]
    number = signal_of(name)
    if number is None:
        shell.say(f"kill: {name}: invalid signal specification")
        return 1
    if not words:
        shell.say("kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ...")
        return 2
    status = 0
    for word in words:
        status = max(status, _send(shell, word, number))
    return status


def _send(shell: "Shell", word: str, number: int) -> int:
    pid = _job_pid(shell, word) if word.startswith("%") else whole(word)
    if pid is None:
        if whole(word.removeprefix("-")) is not None:
            raise Unmodelled(f"a signal to the process group '{word}'", shell.line)
        shell.say(f"kill: {word}: arguments must be process or job IDs")
        return 1
    machine = shell.process.machine
    if machine.jobs.send(pid, number):
        return 0
    if pid in machine.kernel.tasks.by_pid and pid not in shell.jobs:
        if number:
            raise Unmodelled(f"a signal to process {pid}, which is not a job", shell.line)
        return 0
    shell.say(f"kill: ({word}) - No such process")
    return 1


def _names(shell: "Shell", words: list[str]) -> int:
    if not words:
        raise Unmodelled("kill -l", shell.line)
    for word in words:
        number = whole(word)
        if number is not None:
            number = number - 128 if number > 128 else number
            found = SIGNAL_NAMES.get(number, "")
        else:
            found = str(signal_of(word) or "")
        if not found:
            shell.say(f"kill: {word}: invalid signal specification")
            return 1
        shell.process.out(found + "\n")
    return 0


def _job_pid(shell: "Shell", word: str) -> int | None:
    pids = [pid for pid, job in shell.jobs.items() if job.status is None]
    if word in ("%%", "%+", "%"):
        return pids[-1] if pids else None
    number = whole(word[1:])
    if number is None:
        raise Unmodelled(f"job '{word}'", shell.line)
    return pids[number - 1] if 0 < number <= len(pids) else None


def wait(shell: "Shell", argv: Argv) -> int:
    """``wait [-n] [pid | %job]...``: a trapped signal ends it with 128 and the signal."""
    words = list(argv[1:])
    jobs = shell.process.machine.jobs

    def interrupted() -> bool:
        return bool(shell.pending)

    if words[:1] == ["-n"] or words[:1] == ["-f"]:
        raise Unmodelled(f"wait {words[0]}", shell.line)
    status = 0
    for word in words or [str(pid) for pid in shell.jobs]:
        pid = _job_pid(shell, word) if word.startswith("%") else whole(word)
        job = shell.jobs.get(pid or 0)
        if job is None:
            what = "is not a child of this shell" if pid else "not a pid or valid job spec"
            shell.say(f"wait: pid {word} {what}" if pid else f"wait: `{word}': {what}")
            status = _UNKNOWN if pid else 1
            continue
        if not jobs.wait(job, interrupted):
            return 128 + shell.pending[0]
        status = job.status or 0 if words else 0
    if not words:
        shell.jobs.clear()
    return status


def jobs(shell: "Shell", argv: Argv) -> int:
    """``jobs -p``; a list with states and texts is not modelled."""
    live = [pid for pid, job in shell.jobs.items() if job.status is None]
    if argv[1:] != ("-p",):
        if live:
            raise Unmodelled("jobs without -p", shell.line)
        return 0
    shell.process.out("".join(f"{pid}\n" for pid in live))
    return 0


def disown(_shell: "Shell", _argv: Argv) -> int:
    """Nothing to forget: no shell here sends SIGHUP."""
    return 0
