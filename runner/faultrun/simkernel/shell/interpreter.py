"""Runs a parsed script as bash would: commands, pipes, conditions, loops, functions."""

from collections.abc import Callable

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import OpenFile, Stat
from faultrun.simkernel.grammar import parse
from faultrun.simkernel.pipes import Buffer, Duplicate
from faultrun.simkernel.process import ExitNow, Process, TimedOut
from faultrun.simkernel.shell.builtins import BUILTINS
from faultrun.simkernel.shell.compound import Compound
from faultrun.simkernel.shell.control import ExitShell, LeaveLoop, ReturnNow
from faultrun.simkernel.shell.expand import Expander, ExpandError
from faultrun.simkernel.shell.files import glob
from faultrun.simkernel.shell.nodes import (
    AndOr,
    Background,
    Declare,
    Function,
    Group,
    Node,
    Not,
    Pipeline,
    Sequence,
    Simple,
    Subshell,
)
from faultrun.simkernel.shell.simple import COMMAND_NS, MAX_DEPTH, Commands
from faultrun.simkernel.shell.state import State
from faultrun.simkernel.shell.variables import declare
from faultrun.simkernel.signals import Killed
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

NO_FORK = 254


class Shell:
    """One shell process. A subshell is another one with a copy of the state."""

    def __init__(self, process: Process, state: State, *, depth: int = 0) -> None:
        self.process = process
        self.state = state
        self.line = 1
        self.guard = 0
        self.calls = depth
        self.substituted = -1
        self.sourcing = 0
        self.expander = Expander(self)
        self.simple = Commands(self)
        self.compound = Compound(self)
        self._names = 63

    def main(self, text: str) -> int:
        """Run a whole script, its exit trap included; the exit status."""
        status = self._to_the_end(lambda: self._only(parse(text)))
        return self.leave(status)

    def _only(self, node: Node) -> int:
        """A script that is one program's call is run without a fork, as ``bash -c`` does.

        So fail-nth, which a fork zeroes, reaches the program.
        """
        if isinstance(node, Simple) and not self.is_own(node) and not self.state.options.errexit:
            self.line = node.line
            self.process.machine.spend(COMMAND_NS)
            return self.simple.in_child(self.process, node, node.argv or ())
        return self.run(node)

    def leave(self, status: int) -> int:
        """Run the exit trap, if there is one."""
        trap, self.state.exit_trap = self.state.exit_trap, ""
        if not trap:
            return status
        self.state.status = status
        ended = self._to_the_end(lambda: self.run(parse(trap, self.line)))
        return ended if self.trap_left else status

    trap_left = False

    def run(self, node: Node) -> int:
        """Run one command of any kind; its status, which ``$?`` then tells."""
        status = self._dispatch(node)
        self.state.status = status
        return status

    def _dispatch(self, node: Node) -> int:
        match node:
            case Simple():
                return self.simple.run(node)
            case Sequence():
                return self._sequence(node)
            case AndOr():
                return self._and_or(node)
            case Pipeline():
                return self._pipeline(node)
            case Not():
                return int(self.guarded(node.body) == 0)
            case Group():
                return self._group(node)
            case Subshell():
                return self._subshell(node)
            case Declare():
                return self._declare(node)
            case Background():
                raise Unmodelled("background job '&'", node.line)
            case Function():
                self.state.functions[node.name] = node.body
                return 0
            case _:
                return self.compound.run(node)

    def checked(self, status: int) -> int:
        """The status, unless ``set -e`` ends the shell with it."""
        self.state.status = status
        if status and self.state.options.errexit and not self.guard:
            raise ExitShell(status)
        return status

    def guarded(self, node: Node) -> int:
        """Run where a failure is only an answer: a condition."""
        self.guard += 1
        try:
            return self.run(node)
        finally:
            self.guard -= 1

    def say(self, text: str) -> None:
        """A message of the shell itself."""
        self.process.err(f"{self.state.name}: line {self.line}: {text}\n")

    def evaluate(self, text: str) -> int:
        """``eval`` and ``source``: run text in this shell."""
        return self.run(parse(text, self.line))

    # --- what expansion and conditions need ---

    def substitute(self, body: Node) -> str:
        """``$(body)``: the output without its last newlines; ``$?`` is its status."""
        if isinstance(body, Simple) and not body.words and not body.assigns:
            return self.simple.contents(body.redirects)
        pipe = Buffer()
        child = self.child({1: pipe})
        if child is None:
            return ""
        child.state.options.errexit = False
        self.substituted = self.state.status = child.finish(body)
        text = pipe.data.decode("utf-8", "surrogateescape")
        return text.replace("\0", "").rstrip("\n")

    def attach(self, body: Node, mode: str) -> str:
        """``<(body)``: it runs to its end now, and is read through ``/dev/fd``."""
        if mode == ">":
            raise Unmodelled("output process substitution '>(...)'", self.line)
        pipe = Buffer()
        child = self.child({1: pipe})
        if child is not None:
            child.finish(body)
        while self._names in self.process.fds:
            self._names -= 1
        self.process.fds[self._names] = pipe
        return f"/dev/fd/{self._names}"

    def glob(self, pattern: str) -> list[str]:
        """Names of files that match."""
        return glob(self.process, pattern)

    def status(self, path: str) -> Stat | None:
        """stat(2) for a condition."""
        try:
            return self.process.stat(path)
        except SimErrno:
            return None

    def is_terminal(self, fd: int) -> bool:
        """Nothing is a terminal here."""
        del fd
        return False

    # --- processes ---

    def child(self, files: dict[int, OpenFile]) -> "Shell | None":
        """Fork a subshell with these descriptors changed; None if the kernel could not."""
        process = self.fork()
        process.fds.update(files)
        if self.calls >= MAX_DEPTH:
            raise Unmodelled("shells nested more than 100 deep", self.line)
        shell = Shell(process, self.state.copy(), depth=self.calls + 1)
        shell.line = self.line
        return shell

    def finish(self, body: Node) -> int:
        """Run a subshell to its end and let its task exit."""
        try:
            status = self._to_the_end(lambda: self.run(body))
            return self.leave(status)
        except Killed as signal:
            return 128 + signal.number
        finally:
            self.process.machine.kernel.tasks.exit(self.process.task)

    def fork(self) -> Process:
        """A child process; the shell ends if the kernel cannot make one."""
        try:
            return self.process.fork()
        except SimErrno as refused:
            self.say(f"fork: {message_of(refused.name)}")
            raise ExitShell(NO_FORK) from None

    def _to_the_end(self, body: Callable[[], int]) -> int:
        self.trap_left = False
        try:
            return body()
        except ExitShell as left:
            self.trap_left = True
            return left.status
        except ReturnNow as left:
            return left.status
        except LeaveLoop:
            return 0
        except ExpandError as wrong:
            self.say(str(wrong))
            self.trap_left = True
            return 1 if "unbound" not in str(wrong) or self.calls else 127

    # --- joined commands ---

    def _sequence(self, node: Sequence) -> int:
        status = 0
        for item in node.body:
            status = self.run(item)
        return status

    def _and_or(self, node: AndOr) -> int:
        status = self.guarded(node.left)
        if (status == 0) == (node.op == "&&"):
            return self.run(node.right)
        return status

    def _pipeline(self, node: Pipeline) -> int:
        self.line = node.line
        source: OpenFile = self.process.fds.get(0) or Buffer()
        statuses: list[int] = []
        last = len(node.parts) - 1
        for at, part in enumerate(node.parts):
            pipe = Buffer()
            files: dict[int, OpenFile] = {0: source}
            if at < last:
                files[1] = pipe
                if node.both[at]:
                    files[2] = Duplicate(pipe)
            statuses.append(self._pipe_part(part, files))
            source = pipe
        self.state.variables["PIPESTATUS"] = [str(status) for status in statuses]
        failed = [status for status in statuses if status]
        status = failed[-1] if self.state.options.pipefail and failed else statuses[-1]
        return self.checked(status)

    def _pipe_part(self, part: Node, files: dict[int, OpenFile]) -> int:
        child = self.child(files)
        if child is None:
            return NO_FORK
        if isinstance(part, Simple) and not child.is_own(part):
            # The forked child execs the program itself: one process a part, as in bash.
            return child.become(part)
        return child.finish(part)

    def is_own(self, node: Simple) -> bool:
        """Whether it is a function, a builtin or an assignment: nothing that needs an exec."""
        if node.argv is None or not node.argv:
            return True
        return node.argv[0] in self.state.functions or node.argv[0] in BUILTINS

    def become(self, node: Simple) -> int:
        """Run a program in this subshell's own process, and end."""
        self.line = node.line
        try:
            return self.simple.in_child(self.process, node, node.argv or ())
        except Killed as signal:
            return 128 + signal.number
        except TimedOut:
            raise
        except ExitNow as left:
            return left.status
        finally:
            self.process.machine.kernel.tasks.exit(self.process.task)

    def _group(self, node: Group) -> int:
        if not node.redirects:
            return self.run(node.body)
        self.line = node.line or self.line
        return self.simple.wrapped(node, lambda: self.run(node.body))

    def _subshell(self, node: Subshell) -> int:
        child = self.child({})
        return NO_FORK if child is None else self.checked(child.finish(node.body))

    def _declare(self, node: Declare) -> int:
        self.line = node.line
        self.substituted = -1
        self.sourcing = 0
        return self.checked(self.simple.wrapped(node, lambda: declare(self, node)))
