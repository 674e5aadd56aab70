"""A machine with an agent on it, behind the seam: one class for guests, this machine and ssh."""

import errno
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from types import TracebackType
from typing import Self

from faultrun.model.foreseeing import Access
from faultrun.model.target import (
    AttrRefused,
    Clock,
    Command,
    Finished,
    KernelFacts,
    LogLine,
    TargetBroken,
    TargetDied,
    TargetInfo,
)
from faultrun.model.undo import Undo
from faultrun.targets import kmsg
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.found import Look, facts_of
from faultrun.targets.guest.wire import Message
from faultrun.targets.life import Life
from faultrun.targets.link import Link, Silent
from faultrun.targets.why import CONFIG, config_of

_ENV = (
    ("HOME", "/root"),
    ("LC_ALL", "C"),
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
)
_EQUIP_NS = 60 * 1_000_000_000
_MOST_PIDS = 4_096
"""More process numbers than this are not listed: then names have to tell whose a hit is."""


class AgentTarget:
    """One machine; it comes to life on entry, or with the first request."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._clock = MonotonicClock()
        self._link: Link | None = None
        self._stop: Callable[[], bool] = _never
        self._options: Mapping[str, str] = {}
        self._seen_console = 0
        self._release = ""
        self._foreseen: deque[tuple[Access, Message]] = deque()

    @property
    def info(self) -> TargetInfo:
        """Static facts, no IO; once it was up, the release is what its kernel said."""
        release = self._release or self._life.info.release
        return replace(self._life.info, release=release)

    @property
    def clock(self) -> Clock:
        """The time of this machine: guests share it."""
        return self._clock

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on end a running command, with all that it started, once ``stop()``."""
        self._stop = stop

    def probe(self) -> KernelFacts:
        """Look at every capability's files, the kernel's options and version."""
        look = Look.of_all()
        told = self._ask("look", patterns=list(look.patterns), texts=list(look.texts))
        outfit = self._life.outfit
        return facts_of(
            self.info,
            look,
            told["there"],
            told["texts"],
            devices=outfit.devices,
            lacking=outfit.lacking,
            programs=self._life.manners.programs,
            config=self._config(),
        )

    def _config(self) -> Mapping[str, str]:
        """The kernel's options, which do not change from boot to boot; empty if it does not tell."""
        if not self._options:
            for path in (CONFIG, f"/boot/config-{self.info.release}"):
                try:
                    self._options = config_of(self.read(path))
                except AttrRefused:
                    continue
                break
        return self._options

    def foresee(self, accesses: Sequence[Access]) -> None:
        """Make these reads and writes now, in one journey; they are about to be asked for."""
        if self._foreseen and self._foreseen[0][0] == accesses[0]:
            return
        acts = [
            [one.path] if one.data is None else [one.path, one.data.decode("latin-1")]
            for one in accesses
        ]
        told = self._ask("many", acts=acts)["answers"]
        self._foreseen.extend(zip(accesses, told, strict=False))

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted. Raises AttrRefused."""
        return tuple(self._file("list", path, None)["names"])

    def read(self, path: str) -> bytes:
        """The whole file, through its held descriptor if there is one. Raises AttrRefused."""
        data: str = self._file("read", path, Access(path))["data"]
        return data.encode("latin-1")

    def write(self, path: str, data: bytes) -> None:
        """Exactly one write(2), through the held descriptor if there is one. Raises AttrRefused."""
        self._file("write", path, Access(path, data), data=data.decode("latin-1"))

    def hold(self, paths: Sequence[str]) -> None:
        """Open these files now and keep them open. Raises AttrRefused."""
        told = self._ask("hold", paths=list(paths))
        if "errno" in told:
            raise _refused(told, told["path"], "open")

    def release(self) -> None:
        """Close every held file."""
        if self._link is not None:
            self._ask("release")

    def guard(self, undos: Sequence[Undo]) -> None:
        """What the machine puts back by itself if it hears nothing from us any more."""
        self._ask("guard", rows=[asdict(undo) for undo in undos])

    def run(self, command: Command) -> Finished:
        """Run to its end, its timeout, or the user's stop. Raises AttrRefused if it cannot arm."""
        task = [("make-it-fail", "1")] if command.make_it_fail else []
        if command.fail_nth:
            task.append(("fail-nth", str(command.fail_nth)))
        manners = self._life.manners
        told = self._ask(
            "run",
            self._stop,
            argv=list(command.argv),
            script=command.script,
            stdin=command.stdin.encode("utf-8", "surrogateescape").decode("latin-1"),
            env=dict((*_ENV, *manners.env, *command.env)),
            cwd=manners.folder,
            timeout_ns=command.timeout_ns,
            task=task,
        )
        if "errno" in told:
            name = errno.errorcode.get(told["errno"], told["errno"])
            raise TargetBroken(f"no process could be made for the workload: {name}")
        if told["unarmed"]:
            number, _, path = told["unarmed"].partition(" ")
            raise _refused({"errno": int(number)}, path, "write")
        return _finished(command, told, whole=manners.whole)

    def log(self, since: int) -> tuple[tuple[LogLine, ...], int, int]:
        """Records of /dev/kmsg after the cursor; none if the machine does not let us read it."""
        data: str = self._ask("log", since=since)["data"]
        lines, cursor, lost = kmsg.records(data.encode("latin-1"), since)
        self._seen_console = len(self._life.console())
        return lines, cursor, lost

    def recover(self, reason: str) -> None:
        """A clean machine in place of the one that died. Raises TargetBroken."""
        del reason
        self._up()

    def __enter__(self) -> Self:
        self._up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._link is not None:
            self._link.tell("bye")
        self._link = None
        self._life.stop()

    def _up(self) -> None:
        self._link = None
        self._seen_console = 0
        wire = self._life.start()
        link = Link(wire, self._clock, silence_ns=self._life.manners.silence_ns)
        link.watch(self._life.alive)
        self._link = link
        try:
            self._release = self._ask("hello")["release"]
            self._equip()
        except TargetDied as died:
            self._link = None
            raise TargetBroken(f"the machine did not come up: {died}") from died

    def _equip(self) -> None:
        """Make the devices that the campaign asks for. Raises TargetBroken and TargetDied."""
        script = self._life.outfit.script
        if not script:
            return
        done = self.run(Command(timeout_ns=_EQUIP_NS, script=script))
        if done.exit_code != 0:
            said = (done.stderr or done.stdout).strip() or "nothing"
            raise TargetBroken(f"the machine's devices cannot be made; it says: {said}")

    def _ask(self, op: str, stop: Callable[[], bool] | None = None, **fields: object) -> Message:
        self._foreseen.clear()
        if self._link is None and self._life.manners.returns:
            self._up()
        if self._link is None:
            raise TargetBroken("the machine is not up")
        try:
            told = self._link.ask(op, stop=stop, **fields)
        except Silent as silent:
            self._link = None
            raise self._end(silent) from silent
        if "broken" in told:
            raise TargetBroken(f"the agent failed at '{op}': {told['broken']}")
        return told

    def _end(self, silent: Silent) -> TargetDied | TargetBroken:
        end = self._life.ended(silent)
        if isinstance(end, TargetBroken):
            return end
        new = self._life.console()[self._seen_console :]
        return TargetDied(str(end), new, hung=end.hung)

    def _file(self, op: str, path: str, access: Access | None, **fields: str) -> Message:
        if self._foreseen and self._foreseen[0][0] == access:
            told = self._foreseen.popleft()[1]
        else:
            told = self._ask(op, None, path=path, **fields)
        if "errno" in told:
            raise _refused(told, path, op)
        return told


class RenewableTarget(AgentTarget):
    """A machine that can be thrown away: every renewal is a clean one."""

    def renew(self, name: str) -> None:
        """Throw the machine away and start a clean one. Raises TargetBroken."""
        del name
        self._up()


def _never() -> bool:
    return False


def _refused(told: Message, path: str, action: str) -> AttrRefused:
    return AttrRefused(path, errno.errorcode.get(told["errno"], f"errno {told['errno']}"), action)


def _finished(command: Command, told: Message, *, whole: bool) -> Finished:
    status: int | None = told["status"]
    killed = told["why"] == "timeout"
    signal = 9 if status is None else None
    code: int | None = None
    if status is not None:
        if os.WIFSIGNALED(status):
            signal = os.WTERMSIG(status)
        else:
            code = None if killed else os.WEXITSTATUS(status)
    first, last = told["pids"]
    few = whole and first <= last < first + _MOST_PIDS
    return Finished(
        exit_code=code,
        stdout=_text(told["out"]),
        stderr=_text(told["err"]),
        elapsed_ns=told["elapsed_ns"],
        signal=signal,
        timed_out=killed,
        pids=tuple(range(first, last + 1)) if few else (),
        fail_nth_left=told["fail_nth"] if command.fail_nth else None,
    )


def _text(latin: str) -> str:
    return latin.encode("latin-1").decode("utf-8", "backslashreplace")
