"""Runs a parsed script as bash would: commands, pipes, conditions, loops, functions."""

from collections.abc import Callable

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import OpenFile, Stat
from faultrun.simkernel.grammar import parse
from faultrun.simkernel.jobs import Job
from faultrun.simkernel.pipes import Buffer, Duplicate
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.shell.builtins import BUILTINS
from faultrun.simkernel.shell.compound import Compound
from faultrun.simkernel.shell.control import ExitShell, LeaveLoop, ReturnNow
from faultrun.simkernel.shell.expand import Expander
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
from faultrun.simkernel.shell.process_substitution import Outlets
from faultrun.simkernel.shell.simple import COMMAND_NS, MAX_DEPTH, Commands
from faultrun.simkernel.shell.special import special
from faultrun.simkernel.shell.state import OPTION_NAMES, State, Value
from faultrun.simkernel.shell.variables import declare, put, put_item
from faultrun.simkernel.shell.wrong import ExpandError
from faultrun.simkernel.signals import SIGCHLD, SIGKILL, SIGNAL_NAMES, Killed
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
        self.pending: list[int] = []
        self.statuses = [0]
        self.jobs: dict[int, Job] = {}
        self.loops = 0
        self.opt_index = 1
        self.opt_place = 1
        self.began_ns = process.machine.kernel.clock.now_ns()
        self.random: Prng | None = None
        self.outlets = Outlets(self)

    def main(self, text: str) -> int:
        """Run a whole script, its exit trap included; the exit status."""
        return self._as_process(lambda: self._only(parse(text)))

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
        trap = self.state.traps.pop("EXIT", "")
        if not trap:
            return status
        self.state.status = status
        ended = self._to_the_end(lambda: self.run(parse(trap, self.line)))
        return ended if self.trap_left else status

    trap_left = False

    # --- signals ---

    @property
    def pid(self) -> int:
        """Of the process that this shell is."""
        return self.process.task.pid

    def accept(self, number: int) -> bool:
        """A signal for this shell: False if it kills it."""
        action = self.state.traps.get(SIGNAL_NAMES.get(number, ""))
        if action is None or number == SIGKILL:
            return number == SIGCHLD
        if action:
            self.pending.append(number)
        return True

    def run_traps(self) -> None:
        """What signals have come while a command ran: now their actions are run."""
        while self.pending:
            action = self.state.traps.get(SIGNAL_NAMES[self.pending.pop(0)], "")
            status = self.state.status
            self.run(parse(action, self.line))
            self.state.status = status

    def survives(self, signal: Killed) -> bool:
        """A signal has ended a command of this shell; False if it ends the shell too."""
        return signal.pid != -1 or self.accept(signal.number)

    def _as_process(self, body: Callable[[], int]) -> int:
        """Run as a process that signals can be sent to; its exit trap runs last."""
        listeners = self.process.machine.jobs.current.listeners
        listeners.insert(0, self)
        try:
            return self.leave(self._to_the_end(body))
        except Killed as signal:
            if signal.ends(self.pid) and signal.number != SIGKILL:
                self.leave(128 + signal.number)
            raise
        finally:
            listeners.remove(self)

    def run(self, node: Node) -> int:
        """Run one command of any kind; its status, which ``$?`` then tells."""
        status = self._dispatch(node)
        self.state.status = status
        if self.pending:
            self.run_traps()
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
                return self._background(node)
            case Function():
                self.state.functions[node.name] = node.body
                return 0
            case _:
                return self.compound.run(node)

    def checked(self, status: int, statuses: list[int] | None = None) -> int:
        """The status, unless ``set -e`` ends the shell with it."""
        self.state.status = status
        self.statuses = statuses or [status]
        if status and not self.guard and "ERR" in self.state.traps:
            self._error_trap(status)
        if status and self.state.options.errexit and not self.guard:
            raise ExitShell(status)
        return status

    def _error_trap(self, status: int) -> None:
        action = self.state.traps.pop("ERR")
        try:
            self.run(parse(action, self.line))
        finally:
            self.state.traps.setdefault("ERR", action)
        self.state.status = status

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
        child.state.options.errexit = False
        self.substituted = self.state.status = child.finish(body)
        text = pipe.data.decode("utf-8", "surrogateescape")
        return text.replace("\0", "").rstrip("\n")

    def attach(self, body: Node, mode: str) -> str:
        """``<(body)`` or ``>(body)``: the name of the pipe."""
        return self.outlets.attach(body, mode)

    def glob(self, pattern: str) -> list[str]:
        """Names of files that match."""
        return glob(self.process, pattern)

    def special(self, name: str) -> Value | None:
        """A variable that the shell itself answers for."""
        return special(self, name)

    def set_number(self, name: str, subscript: str, value: str) -> None:
        """What arithmetic assigns."""
        if name in self.state.readonly:
            raise ExpandError(f"{name}: readonly variable")
        if subscript:
            put_item(self, name, subscript, value)
        else:
            put(self, name, value)

    def has_variable(self, name: str) -> bool:
        """``-v name``."""
        return self.expander.is_set(name)

    def has_option(self, name: str) -> bool:
        """``-o name``."""
        return name in OPTION_NAMES and bool(getattr(self.state.options, name))

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

    def child(self, files: dict[int, OpenFile]) -> "Shell":
        """Fork a subshell with these descriptors changed. Raises ExitShell if that fails."""
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
            return self._as_process(lambda: self.run(body))
        except Killed as signal:
            if not signal.ends(self.pid):
                raise
            return 128 + signal.number
        finally:
            self.process.machine.kernel.tasks.exit(self.process.task)

    def _background(self, node: Background) -> int:
        """Start a job; ``jobs`` tells when it runs. Without a terminal its input is empty."""
        self.line = node.line
        child = self.child({0: Buffer()})
        job = self.process.machine.jobs.start(child.pid, lambda: child.run_part(node.body))
        self.jobs[child.pid] = job
        self.state.background = child.pid
        return 0

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
            return 127 if wrong.unset and not self.calls else 1

    # --- joined commands ---

    def _sequence(self, node: Sequence) -> int:
        status = 0
        for item in node.body:
            if self.state.options.noexec:
                break
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
            statuses.append(self.child(files).run_part(part))
            source = pipe
        failed = [status for status in statuses if status]
        status = failed[-1] if self.state.options.pipefail and failed else statuses[-1]
        return self.checked(status, statuses)

    def run_part(self, part: Node) -> int:
        """Be one part of a pipeline, or a job: this forked child's whole life."""
        if isinstance(part, Simple) and not self.is_own(part):
            # The forked child execs the program itself: one process a part, as in bash.
            return self.become(part)
        return self.finish(part.body if isinstance(part, Subshell) else part)

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
            if not signal.ends(self.pid):
                raise
            return 128 + signal.number
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
        return self.checked(child.finish(node.body))

    def _declare(self, node: Declare) -> int:
        self.line = node.line
        self.substituted = -1
        return self.checked(self.simple.wrapped(node, lambda: declare(self, node)))
