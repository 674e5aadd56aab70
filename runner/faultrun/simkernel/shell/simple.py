"""Simple commands: assignments, redirections, functions, builtins, programs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import OpenFile
from faultrun.simkernel.process import Process
from faultrun.simkernel.shell import redirects
from faultrun.simkernel.shell.builtins import BUILTINS, Builtin
from faultrun.simkernel.shell.control import ExitShell, ReturnNow
from faultrun.simkernel.shell.nodes import Assign, Declare, Group, Node, Redirect, Simple
from faultrun.simkernel.shell.special import as_traced
from faultrun.simkernel.shell.state import Value
from faultrun.simkernel.shell.variables import assign
from faultrun.simkernel.signals import SIGINT, SIGNAL_TEXT, SIGPIPE, Killed
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

COMMAND_NS = 20_000
MAX_DEPTH = 100


class Commands:
    """The simple commands of one shell."""

    def __init__(self, shell: "Shell") -> None:
        self._shell = shell

    def run(self, node: Simple) -> int:
        """One simple command."""
        self._shell.line = node.line
        self._shell.process.machine.spend(COMMAND_NS)
        self._shell.substituted = -1
        argv = node.argv
        if argv is None:
            argv = tuple(self._shell.expander.fields(node.words))
        if not argv:
            return self._shell.checked(self._assign_only(node))
        if self._shell.state.options.xtrace:
            shown = " ".join(as_traced(word) for word in argv)
            self._shell.process.err(f"+ {shown}\n")
        try:
            return self._named(node, argv)
        finally:
            self._shell.outlets.run()

    def _named(self, node: Simple, argv: tuple[str, ...]) -> int:
        name = argv[0]
        function = self._shell.state.functions.get(name)
        builtin = BUILTINS.get(name)
        if function is not None:
            return self.wrapped(node, lambda: self._call(function, argv))
        if builtin is not None:
            if name == "exec":
                return self._exec(node, argv)
            if not node.redirects and not node.assigns:
                return self._shell.checked(self._builtin(builtin, argv))
            return self._shell.checked(self.wrapped(node, lambda: self._builtin(builtin, argv)))
        return self._shell.checked(self.start(node, argv))

    def _builtin(self, builtin: Builtin, argv: tuple[str, ...]) -> int:
        try:
            return builtin(self._shell, argv)
        except SimErrno as refused:
            # builtins/read.def:read_builtin() names the descriptor, echo and printf do not.
            what = "read error: 0" if argv[0] == "read" else "write error"
            self._shell.say(f"{argv[0]}: {what}: {message_of(refused.name)}")
            return 1

    def _assign_only(self, node: Simple) -> int:
        for item in node.assigns:
            if not assign(self._shell, item):
                raise ExitShell(1)
        if node.redirects:
            status = self.wrapped(node, lambda: 0)
            if status:
                return status
        return max(self._shell.substituted, 0)

    def wrapped(self, node: Simple | Declare | Group, body: Callable[[], int]) -> int:
        """Run with redirections, and with assignments that last as long as the command."""
        assigns: tuple[Assign, ...] = node.assigns if isinstance(node, Simple) else ()
        if not node.redirects and not assigns:
            return body()
        saved = dict(self._shell.process.fds)
        before = {item.name: self._shell.state.variables.get(item.name) for item in assigns}
        opened: list[OpenFile] = []
        try:
            opened = self._redirect(self._shell.process, node.redirects)
            for item in assigns if isinstance(node, Simple) and node.words else ():
                assign(self._shell, item)
            return body()
        except redirects.RedirectError as wrong:
            self._shell.say(str(wrong))
            return 1
        finally:
            for file in opened:
                file.close()
            self._shell.process.fds = saved
            if isinstance(node, Simple) and node.words:
                self._put_back(before)

    def _redirect(self, process: Process, targets: tuple[Redirect, ...]) -> list[OpenFile]:
        shell = self._shell
        keep = shell.state.options.noclobber
        return redirects.apply(process, targets, shell.expander, keep=keep)

    def _put_back(self, before: dict[str, Value | None]) -> None:
        for name, value in before.items():
            if value is None:
                self._shell.state.variables.pop(name, None)
            else:
                self._shell.state.variables[name] = value

    def _call(self, body: Node, argv: tuple[str, ...]) -> int:
        if self._shell.calls >= MAX_DEPTH:
            raise Unmodelled("functions nested more than 100 deep", self._shell.line)
        saved, self._shell.state.args = self._shell.state.args, list(argv[1:])
        self._shell.state.scopes.append({})
        self._shell.state.calls.insert(0, argv[0])
        self._shell.calls += 1
        loops, self._shell.loops = self._shell.loops, 0
        try:
            return self._shell.run(body)
        except ReturnNow as left:
            return self._shell.checked(left.status)
        finally:
            self._shell.calls -= 1
            self._shell.loops = loops
            del self._shell.state.calls[0]
            self._shell.state.args = saved
            self._put_back(self._shell.state.scopes.pop())

    def start(self, node: Simple, argv: tuple[str, ...]) -> int:
        """Fork and exec a program; its status."""
        child = self._shell.fork()
        try:
            return self.in_child(child, node, argv)
        except Killed as signal:
            if not signal.ends(child.task.pid) or not self._shell.survives(signal):
                raise
            if signal.number in (SIGINT, SIGPIPE):
                return 128 + signal.number
            text = SIGNAL_TEXT.get(signal.number, f"Signal {signal.number}")
            self._shell.say(f"{child.task.pid:5d} {text:<23} {' '.join(argv)}")
            return 128 + signal.number
        finally:
            child.machine.kernel.tasks.exit(child.task)

    def launch(self, argv: tuple[str, ...]) -> int:
        """``command NAME``: a program, even if a function has its name."""
        return self.start(Simple(self._shell.line), argv)

    def in_child(self, child: Process, node: Simple, argv: tuple[str, ...]) -> int:
        """What a forked child does: redirect, exec, run to its end. Raises Killed."""
        child.env = self._shell.state.environment()
        for item in node.assigns:
            child.env[item.name] = self._shell.expander.text(item.value)
        opened: list[OpenFile] = []
        try:
            opened = self._redirect(child, node.redirects)
            return child.machine.execute(child, argv)
        except redirects.RedirectError as wrong:
            self._shell.say(str(wrong))
            return 1
        except SimErrno as refused:
            return self._not_started(argv[0], refused)
        finally:
            for file in opened:
                file.close()

    def _not_started(self, name: str, refused: SimErrno) -> int:
        if refused.name == "ENOENT":
            told = f"{name}: command not found"
            self._shell.say(told if "/" not in name else f"{name}: No such file or directory")
            return 127
        path = name if "/" in name else f"/usr/bin/{name}"
        self._shell.say(f"{path}: {message_of(refused.name)}")
        return 126

    def _exec(self, node: Simple, argv: tuple[str, ...]) -> int:
        try:
            self._redirect(self._shell.process, node.redirects)
        except redirects.RedirectError as wrong:
            # Only in POSIX mode it would be the end of the shell.
            self._shell.say(str(wrong))
            return self._shell.checked(1)
        if len(argv) == 1:
            return 0
        self._shell.process.env = self._shell.state.environment()
        try:
            status = self._shell.process.machine.execute(self._shell.process, argv[1:])
        except SimErrno as refused:
            status = self._not_started(argv[1], refused)
        self._shell.state.traps.pop("EXIT", None)
        raise ExitShell(status)

    def contents(self, targets: tuple[Redirect, ...]) -> str:
        """``$(< file)``."""
        saved = dict(self._shell.process.fds)
        try:
            self._redirect(self._shell.process, targets)
            data = self._shell.process.stdin()
        except redirects.RedirectError as wrong:
            self._shell.say(str(wrong))
            self._shell.substituted = 1
            return ""
        finally:
            self._shell.process.fds = saved
        return data.decode("utf-8", "surrogateescape").rstrip("\n")
