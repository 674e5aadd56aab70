"""Starting programs: by name from the registry, scripts by the shell."""

from collections.abc import Callable

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import READ
from faultrun.simkernel.pipes import Buffer
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.compiled import recognised
from faultrun.simkernel.programs.failcmd_script import PLACED
from faultrun.simkernel.programs.registry import is_modelled, program
from faultrun.simkernel.shell.interpreter import Shell
from faultrun.simkernel.shell.state import State
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled
from faultrun.simkernel.vfs import normal

_HEAD_BYTES = 256
"""include/uapi/linux/binfmts.h:BINPRM_BUF_SIZE."""
START_NS = 1_000_000
_SOURCES = "/tools/testing/"
_SHELLS = ("sh", "bash", "dash")
_PLACES = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")


def execute(process: Process, argv: tuple[str, ...]) -> int:
    """Run a program in this process and run it to its end: its exit status.

    Raises SimErrno if it cannot be started, Killed if a signal ends it, Unmodelled if nothing is
    known of it.
    """
    name = _bare(argv[0])
    if name is None:
        return _script(process, argv)
    if name in _SHELLS:
        process.exec(argv)
        return _shell(process)
    if not is_modelled(name):
        raise Unmodelled(f"program '{name}' is not modelled on the simulated target")
    process.exec(argv)
    process.spend(START_NS)
    return _main(process, program(name).run)


def _bare(path: str) -> str | None:
    """The program's name, if the path is one where programs are; None for any other file."""
    if "/" not in path:
        return path
    place, _, name = path.rpartition("/")
    return name if f"{place}/" in _PLACES else None


def _main(process: Process, run: Callable[[Process], int]) -> int:
    try:
        return run(process)
    except ExitNow as left:
        return left.status
    except SimErrno as refused:
        # What a program cannot write at its end, it says so on standard error.
        process.complain(f"write error: {message_of(refused.name)}")
        return 1


def _script(process: Process, argv: tuple[str, ...]) -> int:
    where = "/" + "/".join(normal(process.path(argv[0])))
    placed = PLACED.get(where)
    if placed is not None:
        process.exec(argv)
        return _main(process, placed)
    try:
        stat = process.stat(argv[0])
    except SimErrno:
        if where.startswith(_SOURCES):
            # A real tree has it: that it is missing here is the simulated machine's own lack.
            raise Unmodelled(f"'{argv[0]}' of the kernel's sources") from None
        raise
    if stat.kind == "dir":
        raise SimErrno("EACCES")
    run = recognised(_head(process, argv[0]))
    if run is not None:
        process.exec(argv)
        return _main(process, run)
    text = process.read_all(argv[0]).decode("utf-8", "surrogateescape")
    process.exec(argv)
    return run_shell(process, text, name=argv[0], args=argv[1:])


def _head(process: Process, path: str) -> bytes:
    """The first bytes of a file, as execve(2) looks at them: within its own fault points."""
    file = process.machine.files.open(process.path(path), READ, process.task)
    try:
        return file.read(_HEAD_BYTES)
    finally:
        file.close()


def _shell(process: Process) -> int:
    """``sh [-eux] [-o NAME] [-c TEXT [NAME [ARG]...] | FILE [ARG]...]``."""
    words = list(process.argv[1:])
    options: list[str] = []
    command = reads = False
    while words and words[0][:1] in "-+" and len(words[0]) > 1:
        word = words.pop(0)
        if word == "--":
            break
        if word == "-s":
            reads = True
            continue
        if "c" in word[1:] and word[0] == "-":
            command = True
            word = word.replace("c", "")
        if word in ("-l", "--norc", "--noprofile", "-"):
            continue
        if len(word) > 1:
            options.append(word)
            if word.endswith("o") and words:
                options.append(words.pop(0))
    prelude = f"set {' '.join(options)}\n" if options else ""
    if command:
        if not words:
            process.complain("-c: option requires an argument")
            return 2
        name = words[1] if len(words) > 1 else process.name
        return run_shell(process, words[0], name=name, args=tuple(words[2:]), prelude=prelude)
    if words and not reads:
        try:
            text = process.read_all(words[0]).decode("utf-8", "surrogateescape")
        except SimErrno as refused:
            process.complain(f"{words[0]}: {message_of(refused.name)}")
            return 127 if refused.name == "ENOENT" else 126
        return run_shell(process, text, name=words[0], args=tuple(words[1:]), prelude=prelude)
    text = process.stdin().decode("utf-8", "surrogateescape")
    return run_shell(process, text, name=process.name, args=tuple(words), prelude=prelude)


def run_shell(
    process: Process,
    text: str,
    *,
    name: str = "bash",
    args: tuple[str, ...] = (),
    prelude: str = "",
) -> int:
    """Run a script in this process: its exit status. Raises Unmodelled."""
    state = State(args=list(args), name=name, pid=process.task.pid)
    state.variables.update(process.env)
    state.exported.update(process.env)
    if 0 not in process.fds:
        process.fds[0] = Buffer()
    shell = Shell(process, state)
    if prelude:
        shell.main(prelude)
    return shell.main(text)
