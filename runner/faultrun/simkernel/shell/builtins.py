"""The commands that bash runs itself, without a process of their own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from faultrun.kernel.errno import message_of
from faultrun.simkernel.digits import signed
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.echo import echo_text
from faultrun.simkernel.programs.printf import PrintfError, format_all
from faultrun.simkernel.programs.registry import is_modelled
from faultrun.simkernel.shell.conditions import TestError, ask
from faultrun.simkernel.shell.control import ExitShell, LeaveLoop, ReturnNow
from faultrun.simkernel.shell.input_builtins import getopts, read
from faultrun.simkernel.shell.job_builtins import disown, jobs, kill, trap, wait
from faultrun.simkernel.shell.set_builtins import set_options, shift, shopt, ulimit, umask
from faultrun.simkernel.shell.variables import put, put_item
from faultrun.simkernel.shell.wrong import ExpandError
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
    name, bracket, subscript = target.removesuffix("]").partition("[")
    if bracket:
        put_item(shell, name, subscript, text)
    elif target:
        put(shell, target, text)
    else:
        _out(shell.process, text)
    return status


def _out(process: Process, text: str) -> None:
    """Line by line, as bash has its output buffered; what comes after a line that failed is written.

    The last errno is told. Seen with a real bash on control files, which parse each write(2) alone. Raises SimErrno.
    """
    failed: SimErrno | None = None
    for line in text.splitlines(keepends=True) if "\n" in text[:-1] else (text,):
        try:
            process.out(line)
        except SimErrno as refused:
            failed = refused
    if failed is not None:
        raise failed


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
    old = shell.process.cwd
    shell.process.cwd = _normal(shell.process.path(target))
    state.variables["OLDPWD"] = old
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


def _status(shell: "Shell", argv: Argv) -> int:
    if len(argv) < 2:
        return shell.state.status
    status = signed(argv[1].strip())
    if status is None:
        shell.say(f"{argv[0]}: {argv[1]}: numeric argument required")
        return 2
    return status & 255


def _exit(shell: "Shell", argv: Argv) -> int:
    raise ExitShell(_status(shell, argv))


def _return(shell: "Shell", argv: Argv) -> int:
    if not shell.state.scopes and not shell.sourcing:
        shell.say("return: can only `return' from a function or sourced script")
        return 2
    raise ReturnNow(_status(shell, argv))


def _break(shell: "Shell", argv: Argv) -> int:
    levels = signed(argv[1]) if len(argv) > 1 else 1
    if not shell.loops:
        shell.say(f"{argv[0]}: only meaningful in a `for', `while', or `until' loop")
        return 0
    if levels is None:
        shell.say(f"{argv[0]}: {argv[1]}: numeric argument required")
        raise ExitShell(128)
    if levels < 1:
        shell.say(f"{argv[0]}: {argv[1]}: loop count out of range")
        raise LeaveLoop(shell.loops, again=False)
    raise LeaveLoop(min(levels, shell.loops), again=argv[0] == "continue")


def _eval(shell: "Shell", argv: Argv) -> int:
    return shell.evaluate(" ".join(argv[1:]))


def _source(shell: "Shell", argv: Argv) -> int:
    name, *words = argv
    if not words:
        shell.say(f"{name}: filename argument required")
        return 2
    try:
        data = shell.process.read_all(words[0])
    except SimErrno as refused:
        shell.say(f"{words[0]}: {message_of(refused.name)}")
        return 1
    if b"\0" in data.partition(b"\n")[0]:
        shell.say(f"{name}: {words[0]}: cannot execute binary file")
        return 126
    text = data.decode("utf-8", "surrogateescape")
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


_KEYWORDS = frozenset(
    [
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "case",
        "esac",
        "for",
        "select",
        "while",
        "until",
        "do",
        "done",
        "in",
        "function",
        "time",
        "{",
        "}",
        "!",
        "[[",
        "]]",
        "coproc",
    ]
)


def _kind(shell: "Shell", name: str) -> str:
    if name in _KEYWORDS:
        return "keyword"
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


_SHOWN = {"builtin": "a shell builtin", "keyword": "a shell keyword"}


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
            shell.process.out(f"{name} is {_SHOWN.get(kind, f'a {kind}')}\n")
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


def _builtin(shell: "Shell", argv: Argv) -> int:
    found = BUILTINS.get(argv[1]) if len(argv) > 1 else _true
    if found is None or argv[1:2] == ("exec",):
        shell.say(f"builtin: {argv[1]}: not a shell builtin")
        return 1
    return found(shell, argv[1:])


def _unsupported(shell: "Shell", argv: Argv) -> int:
    raise Unmodelled(f"shell builtin '{argv[0]}'", shell.line)


BUILTINS: dict[str, Builtin] = {
    ":": _true, "true": _true, "false": _false, "echo": _echo, "printf": _printf,
    "test": _test, "[": _test, "cd": _cd, "pwd": _pwd, "set": set_options, "shift": shift,
    "exit": _exit, "return": _return, "break": _break, "continue": _break, "read": read,
    "trap": trap, "eval": _eval, "exec": _true, "source": _source, ".": _source,
    "command": _command, "type": _type, "let": _let, "kill": kill, "umask": umask,
    "wait": wait, "jobs": jobs, "disown": disown, "hash": _true, "getopts": getopts,
    "builtin": _builtin, "shopt": shopt, "ulimit": ulimit,
    "alias": _unsupported, "unalias": _unsupported, "bg": _unsupported, "fg": _unsupported,
    "caller": _unsupported, "dirs": _unsupported, "pushd": _unsupported, "popd": _unsupported,
    "mapfile": _unsupported, "readarray": _unsupported, "suspend": _unsupported,
    "times": _unsupported, "history": _unsupported, "enable": _unsupported, "bind": _unsupported,
    "complete": _unsupported, "compgen": _unsupported, "help": _unsupported, "fc": _unsupported,
}  # fmt: skip
"""``exec`` stands here for its name only: the interpreter runs it itself."""
