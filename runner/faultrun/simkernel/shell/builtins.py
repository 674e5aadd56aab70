"""The commands that bash runs itself, without a process of their own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from faultrun.kernel.errno import message_of
from faultrun.simkernel.programs.echo import echo_text
from faultrun.simkernel.programs.printf import PrintfError, format_all
from faultrun.simkernel.programs.registry import is_modelled
from faultrun.simkernel.shell.conditions import TestError, ask
from faultrun.simkernel.shell.control import ExitShell, LeaveLoop, ReturnNow
from faultrun.simkernel.shell.expand import ExpandError
from faultrun.simkernel.shell.state import OPTION_LETTERS
from faultrun.simkernel.signals import SIGNAL_NUMBERS, Killed
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

Builtin = Callable[["Shell", tuple[str, ...]], int]
Argv = tuple[str, ...]


def _true(_shell: "Shell", _argv: Argv) -> int:
    return 0


def _false(_shell: "Shell", _argv: Argv) -> int:
    return 1


def _echo(shell: "Shell", argv: Argv) -> int:
    shell.process.out(echo_text(argv[1:]))
    return 0


def _printf(shell: "Shell", argv: Argv) -> int:
    args = list(argv[1:])
    target = ""
    if args[:1] == ["-v"] and len(args) > 1:
        target = args[1]
        del args[:2]
    if args[:1] == ["--"]:
        del args[0]
    if not args:
        shell.say("printf: usage: printf [-v var] format [arguments]")
        return 2
    status = 0
    try:
        text, wrong = format_all(args[0], args[1:])
        for message in wrong:
            shell.say(f"printf: {message}")
            status = 1
    except PrintfError as bad:
        shell.say(f"printf: {bad}")
        return 1
    if target:
        shell.state.variables[target] = text
    else:
        shell.process.out(text)
    return status


def _test(shell: "Shell", argv: Argv) -> int:
    words = argv[1:]
    if argv[0] == "[":
        if not words or words[-1] != "]":
            shell.say("[: missing `]'")
            return 2
        words = words[:-1]
    try:
        return 0 if ask(words, shell) else 1
    except TestError as wrong:
        shell.say(f"{argv[0]}: {wrong}")
        return 2


def _cd(shell: "Shell", argv: Argv) -> int:
    state = shell.state
    words = [word for word in argv[1:] if word not in ("-P", "-L", "--")]
    target = words[0] if words else state.text("HOME") or "/root"
    if target == "-":
        target = state.text("OLDPWD") or "/"
        shell.process.out(target + "\n")
    try:
        kind = shell.process.stat(target).kind
    except SimErrno as refused:
        shell.say(f"cd: {target}: {message_of(refused.name)}")
        return 1
    if kind != "dir":
        shell.say(f"cd: {target}: {message_of('ENOTDIR')}")
        return 1
    state.variables["OLDPWD"] = shell.process.cwd
    shell.process.cwd = _normal(shell.process.path(target))
    state.variables["PWD"] = shell.process.cwd
    return 0


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def _pwd(shell: "Shell", _argv: Argv) -> int:
    shell.process.out(shell.process.cwd + "\n")
    return 0


def _set(shell: "Shell", argv: Argv) -> int:
    state, words = shell.state, list(argv[1:])
    while words:
        word = words.pop(0)
        if word == "--":
            state.args = words
            return 0
        if word[:1] not in "-+" or len(word) < 2:
            state.args = [word, *words]
            return 0
        on = word[0] == "-"
        for letter in word[1:]:
            if letter == "o":
                name = words.pop(0) if words else ""
                if name not in ("errexit", "nounset", "pipefail", "xtrace", "noglob", "noexec"):
                    raise Unmodelled(f"shell option '{name}'", shell.line)
                setattr(state.options, name, on)
            elif letter in OPTION_LETTERS:
                setattr(state.options, OPTION_LETTERS[letter], on)
            elif letter not in "mhbBE":
                raise Unmodelled(f"shell option '-{letter}'", shell.line)
    return 0


def _shift(shell: "Shell", argv: Argv) -> int:
    count = int(argv[1]) if len(argv) > 1 else 1
    if count > len(shell.state.args):
        return 1
    del shell.state.args[:count]
    return 0


def _status(shell: "Shell", argv: Argv) -> int:
    if len(argv) < 2:
        return shell.state.status
    try:
        return int(argv[1]) & 255
    except ValueError:
        shell.say(f"{argv[0]}: {argv[1]}: numeric argument required")
        return 2


def _exit(shell: "Shell", argv: Argv) -> int:
    raise ExitShell(_status(shell, argv))


def _return(shell: "Shell", argv: Argv) -> int:
    if not shell.state.scopes and not shell.sourcing:
        shell.say("return: can only `return' from a function or sourced script")
        return 2
    raise ReturnNow(_status(shell, argv))


def _break(_shell: "Shell", argv: Argv) -> int:
    name, *levels = argv
    raise LeaveLoop(int(levels[0]) if levels else 1, again=name == "continue")


def _read(shell: "Shell", argv: Argv) -> int:
    raw, prompt = False, iter(argv[1:])
    names: list[str] = []
    for word in prompt:
        if word.startswith("-") and len(word) > 1:
            raw = raw or "r" in word
            if any(letter not in "rs" for letter in word[1:]):
                if word in ("-p", "-t"):
                    next(prompt, "")
                    continue
                raise Unmodelled(f"read option '{word}'", shell.line)
        else:
            names.append(word)
    line, ended = _line(shell, raw=raw)
    names = names or ["REPLY"]
    separators = shell.state.text("IFS")
    separators = " \t\n" if separators is None else separators
    for name, value in zip(names, _share(line, len(names), separators), strict=True):
        shell.state.variables[name] = value
    return 0 if ended else 1


def _line(shell: "Shell", *, raw: bool) -> tuple[str, bool]:
    file = shell.process.fd(0)
    out = bytearray()
    while True:
        byte = file.read(1)
        if not byte:
            return out.decode("utf-8", "surrogateescape"), False
        if byte == b"\\" and not raw:
            following = file.read(1)
            if following != b"\n":
                out += following
            continue
        if byte == b"\n":
            return out.decode("utf-8", "surrogateescape"), True
        out += byte


def _share(line: str, count: int, separators: str) -> list[str]:
    blanks = "".join(char for char in separators if char in " \t\n")
    rest = line.strip(blanks) if blanks else line
    out: list[str] = []
    while len(out) < count - 1:
        at = next((at for at, char in enumerate(rest) if char in separators), len(rest))
        out.append(rest[:at])
        rest = rest[at:].lstrip(blanks)
        if rest[:1] and rest[0] in separators and rest[0] not in blanks:
            rest = rest[1:].lstrip(blanks)
    return [*out, rest]


def _trap(shell: "Shell", argv: Argv) -> int:
    words = [word for word in argv[1:] if word != "--"]
    if len(words) < 2:
        if words and words[0] in ("EXIT", "0"):
            shell.state.exit_trap = ""
        return 0
    action, names = words[0], words[1:]
    for name in names:
        bare = name.removeprefix("SIG")
        if bare in ("EXIT", "0"):
            shell.state.exit_trap = "" if action == "-" else action
        elif bare not in SIGNAL_NUMBERS:
            raise Unmodelled(f"trap on '{name}'", shell.line)
    return 0


def _eval(shell: "Shell", argv: Argv) -> int:
    return shell.evaluate(" ".join(argv[1:]))


def _source(shell: "Shell", argv: Argv) -> int:
    name, *words = argv
    if not words:
        shell.say(f"{name}: filename argument required")
        return 2
    try:
        text = shell.process.read_all(words[0]).decode("utf-8", "surrogateescape")
    except SimErrno as refused:
        shell.say(f"{words[0]}: {message_of(refused.name)}")
        return 1
    saved = shell.state.args
    if len(words) > 1:
        shell.state.args = words[1:]
    shell.sourcing += 1
    try:
        return shell.evaluate(text)
    except ReturnNow as left:
        return left.status
    finally:
        shell.sourcing -= 1
        shell.state.args = saved


def _kind(shell: "Shell", name: str) -> str:
    if name in shell.state.functions:
        return "function"
    if name in BUILTINS:
        return "builtin"
    return "file" if is_modelled(name) else ""


def _command(shell: "Shell", argv: Argv) -> int:
    words = [word for word in argv[1:] if word not in ("-p", "--")]
    if words[:1] in (["-v"], ["-V"]):
        status = 1
        for name in words[1:]:
            kind = _kind(shell, name)
            if kind:
                status = 0
                shell.process.out(f"/usr/bin/{name}\n" if kind == "file" else f"{name}\n")
        return status
    if not words:
        return 0
    builtin = BUILTINS.get(words[0])
    if builtin is not None:
        return builtin(shell, tuple(words))
    return shell.simple.launch(tuple(words))


def _type(shell: "Shell", argv: Argv) -> int:
    status = 0
    only_kind = "-t" in argv[1:]
    for name in (word for word in argv[1:] if not word.startswith("-")):
        kind = _kind(shell, name)
        if not kind:
            status = 1
            if not only_kind:
                shell.say(f"type: {name}: not found")
        elif only_kind:
            shell.process.out(kind + "\n")
        elif kind == "file":
            shell.process.out(f"{name} is /usr/bin/{name}\n")
        else:
            shell.process.out(f"{name} is a {'shell builtin' if kind == 'builtin' else kind}\n")
    return status


def _let(shell: "Shell", argv: Argv) -> int:
    value = 0
    try:
        for text in argv[1:]:
            value = shell.expander.calculate(text)
    except ExpandError as wrong:
        shell.say(f"let: {wrong}")
        return 1
    return 0 if value else 1


def _kill(shell: "Shell", argv: Argv) -> int:
    words = list(argv[1:])
    number = 15
    if words[:1] == ["-s"]:
        words[:2] = [f"-{words[1]}"]
    if words and words[0].startswith("-"):
        name = words.pop(0)[1:].removeprefix("SIG")
        number = int(name) if name.isdigit() else SIGNAL_NUMBERS.get(name, -1)
    if number < 0 or not words:
        raise Unmodelled(f"kill {' '.join(argv[1:])}", shell.line)
    status = 0
    for word in words:
        tasks = shell.process.machine.kernel.tasks.by_pid
        if word == str(shell.state.pid) and number:
            raise Killed(number)
        if not word.isdigit() or int(word) not in tasks:
            shell.say(f"kill: ({word}) - No such process")
            status = 1
        elif number:
            raise Unmodelled("a signal to another process", shell.line)
    return status


def _umask(shell: "Shell", argv: Argv) -> int:
    if len(argv) < 2:
        shell.process.out("0022\n")
    return 0


def _wait(_shell: "Shell", _argv: Argv) -> int:
    return 0


def _getopts(shell: "Shell", _argv: Argv) -> int:
    raise Unmodelled("getopts", shell.line)


BUILTINS: dict[str, Builtin] = {
    ":": _true, "true": _true, "false": _false, "echo": _echo, "printf": _printf,
    "test": _test, "[": _test, "cd": _cd, "pwd": _pwd, "set": _set, "shift": _shift,
    "exit": _exit, "return": _return, "break": _break, "continue": _break, "read": _read,
    "trap": _trap, "eval": _eval, "exec": _true, "source": _source, ".": _source,
    "command": _command, "type": _type, "let": _let, "kill": _kill, "umask": _umask,
    "wait": _wait, "hash": _true, "getopts": _getopts,
}  # fmt: skip
"""``exec`` stands here for its name only: the interpreter runs it itself."""
