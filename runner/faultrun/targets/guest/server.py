"""One request after the other, each answered once, and a workload watched until it ends."""

from __future__ import annotations  # python 3.9 may be all the machine has

import errno
import glob
import os
from collections.abc import Callable

from faultrun.targets.guest.calm import now_ns, now_s
from faultrun.targets.guest.files import Files, KernelLog
from faultrun.targets.guest.guard import Guard
from faultrun.targets.guest.job import Job
from faultrun.targets.guest.place import Place
from faultrun.targets.guest.streams import Streams
from faultrun.targets.guest.wire import Message, Wire, load, pack

BEAT_S = 0.25
"""While a workload runs, the runner hears from us this often."""

_IDLE_S = 1.0
SLICE_S = 0.05
"""So long at most until a timeout or the word to stop is seen."""


class Server:
    """All that the machine's end knows. ``silence_s``: after so long without a word, disarm."""

    def __init__(self, wire: Wire, place: Place, *, silence_s: float) -> None:
        self._wire = wire
        self._place = place
        self._silence_s = silence_s
        self._files = Files()
        self._log = KernelLog()
        self._guard = Guard(self._files)
        self._spare: Job | None = None
        self._heard = now_s()
        self._last: tuple[int, bytes] = (0, b"")
        self._parts: list[str] = []
        self._acts: dict[str, Callable[[Message], Message]] = {
            "hello": self._hello,
            "list": lambda ask: {"names": sorted(os.listdir(ask["path"]))},
            "read": lambda ask: {"data": self._files.read(ask["path"]).decode("latin-1")},
            "write": self._write,
            "many": self._many,
            "hold": self._hold,
            "release": self._release,
            "guard": self._set_guard,
            "log": lambda ask: {"data": self._log.since(ask["since"]).decode("latin-1")},
            "look": self._look,
            "run": self._run,
            "ping": lambda _ask: {},
            "part": self._part,
            "whole": self._whole,
        }

    def serve(self) -> str:
        """Until the runner says goodbye, is gone, or is silent for too long; which of them."""
        try:
            # What is sent before a terminal is open is lost: so we speak first.
            self._wire.send(pack({"ready": os.getpid(), **self._place.told()}))
            while True:
                ask = self._wire.receive(_IDLE_S)
                if ask is not None:
                    if ask["op"] == "bye":
                        return "bye"
                    self._answer(ask)
                elif self._silent():
                    return "silence"
                self._ask_again()
        except (EOFError, OSError):
            return "gone"
        finally:
            self._guard.fire()
            if self._spare is not None:
                self._spare.drop()
            self._place.clear()

    def _answer(self, ask: Message) -> None:
        self._heard = now_s()
        number = ask["id"]
        if ask["op"] == "hello" and number < self._last[0]:
            # Of another runner, who counts from the beginning: we are a snapshot, or were left.
            self._last = (0, b"")
        if number == self._last[0]:
            self._wire.send(self._last[1])
            return
        if number < self._last[0]:
            return
        try:
            told = self._acts[ask["op"]](ask)
        except OSError as refused:
            told = {"errno": refused.errno or errno.EIO, "path": refused.filename or ""}
        except (ValueError, KeyError, MemoryError) as wrong:
            told = {"broken": f"{type(wrong).__name__}: {wrong}"}
        frame = pack({"id": number, **told})
        self._last = (number, frame)
        self._wire.send(frame)

    def _ask_again(self) -> None:
        """Something arrived broken, or in part: the runner need not find out by waiting."""
        if self._wire.torn():
            self._wire.send(pack({"again": 0}))
        elif half := self._wire.half():
            self._wire.send(pack({"more": half}))

    def _silent(self) -> bool:
        return self._guard.on and now_s() - self._heard > self._silence_s

    def _part(self, ask: Message) -> Message:
        """A piece of a long request; the first one begins anew."""
        if not ask["at"]:
            self._parts.clear()
        self._parts.append(ask["text"])
        return {}

    def _whole(self, ask: Message) -> Message:
        """The long request that came in parts."""
        request = load("".join(self._parts).encode("ascii"))
        self._parts.clear()
        return self._acts[request["op"]]({**request, "id": ask["id"]})

    def _hello(self, _ask: Message) -> Message:
        name = os.uname()
        return {"release": name.release, "machine": name.machine, "pid": os.getpid()}

    def _write(self, ask: Message) -> Message:
        self._files.write(ask["path"], ask["data"].encode("latin-1"))
        return {}

    def _many(self, ask: Message) -> Message:
        """Reads ([path]) and writes ([path, text]) in order, up to the first refused write."""
        answers: list[Message] = []
        for act in ask["acts"]:
            try:
                if len(act) == 1:
                    answers.append({"data": self._files.read(act[0]).decode("latin-1")})
                else:
                    self._files.write(act[0], act[1].encode("latin-1"))
                    answers.append({})
            except OSError as refused:
                answers.append({"errno": refused.errno})
                if len(act) > 1:
                    break
        return {"answers": answers}

    def _hold(self, ask: Message) -> Message:
        for path in ask["paths"]:
            try:
                self._files.hold(path)
            except OSError as refused:
                return {"errno": refused.errno, "path": path}
        if self._spare is None:
            self._spare = self._job()
            self._spare.settle()
        return {}

    def _job(self) -> Job:
        job = Job(also=self._wire.source, folder=self._place.folder)
        self._place.take(job.pid)
        return job

    def _release(self, _ask: Message) -> Message:
        self._files.release()
        return {}

    def _set_guard(self, ask: Message) -> Message:
        self._guard.set(ask["rows"])
        return {}

    def _look(self, ask: Message) -> Message:
        """Which patterns of paths exist, and what small files say."""
        texts: dict[str, str | None] = {}
        for path in ask["texts"]:
            try:
                texts[path] = self._files.read(path).decode("latin-1")
            except OSError:
                texts[path] = None
        return {"there": [bool(glob.glob(one)) for one in ask["patterns"]], "texts": texts}

    def _run(self, ask: Message) -> Message:
        job = self._spare or self._job()
        self._spare = None
        try:
            return self._watch(job, ask)
        finally:
            job.close()

    def _watch(self, job: Job, ask: Message) -> Message:
        """Start it, take what it prints, see how it ends, and end what it leaves running."""
        began = now_ns()
        job.start(ask)
        streams = Streams(job, ask["stdin"].encode("latin-1"))
        why = ""
        beat = now_s()
        while not (over := job.over()):
            streams.move(SLICE_S)
            why = self._word(ask, began)
            if why:
                self._place.kill()
                over = job.kill()
                break
            if now_s() - beat > BEAT_S:
                beat = now_s()
                self._wire.send(pack({"beat": ask["id"]}))
        elapsed = now_ns() - began
        left = job.fail_nth() if over and ask["task"] else None
        status = os.waitpid(job.pid, 0)[1] if over else None
        last = _last_pid()
        stuck = not (self._place.clear() and over)
        streams.move(0.0)
        return {
            **streams.told(),
            "status": status,
            "why": why,
            "stuck": stuck,
            "elapsed_ns": elapsed,
            "fail_nth": left,
            "pids": [job.pid, last],
        }

    def _word(self, ask: Message, began: int) -> str:
        """Why to end it now: its time is up, or the runner says so, or says nothing any more."""
        if now_ns() - began >= ask["timeout_ns"]:
            return "timeout"
        while True:
            said = self._wire.receive(0.0)
            if said is None:
                break
            self._heard = now_s()
            if said["op"] == "kill":
                return "stopped"
        self._ask_again()
        if self._silent():
            raise EOFError("the runner is silent")
        return ""


def _last_pid() -> int:
    """The newest process of this machine (fs/proc/loadavg.c)."""
    try:
        with open("/proc/loadavg", "rb") as file:
            return int(file.read().split()[-1])
    except (OSError, ValueError):
        return 0
