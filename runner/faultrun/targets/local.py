"""A folder of this machine that mirrors a machine's file tree: ``sys/``, ``proc/``, ``dev/kmsg``.

The same class will stand for the machine itself once crash handling exists; until then the root
``/`` is refused. Workloads are real processes of this machine, started in the folder, with
``FAULTRUN_ROOT`` in their environment.
"""

import errno
import os
import signal
import subprocess  # noqa: TID251  # targets are the one place that starts processes
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from faultrun.capabilities.registry import known
from faultrun.model.capability import Capability
from faultrun.model.target import (
    AttrRefused,
    Clock,
    Command,
    Finished,
    KernelFacts,
    LogLine,
    TargetBroken,
    TargetInfo,
)
from faultrun.targets import kmsg
from faultrun.targets.claim import claimed
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.programs import programs

_SHIM = str(Path(__file__).with_name("shim.py"))
_TASK_FILES = "/proc/thread-self"
_SLICE_S = 0.05
_DRAIN_S = 5.0


class LocalTarget:
    """A machine whose files lie under ``root``. Raises TargetBroken if that is no usable folder."""

    def __init__(self, root: Path) -> None:
        try:
            resolved = root.resolve(strict=True)
        except OSError as missing:
            raise TargetBroken(f"local target {root}: {missing.strerror}") from missing
        if resolved == Path("/"):
            raise TargetBroken(
                "local target /: this version does not arm the machine it runs on, since it"
                " could not come back from a crash; name a folder that mirrors one"
            )
        if not resolved.is_dir():
            raise TargetBroken(f"local target {root}: not a directory")
        self._root = resolved
        self._held: dict[str, int] = {}
        self._clock = MonotonicClock()
        self._stop: Callable[[], bool] = _never
        self._info = TargetInfo(
            name=f"local:{resolved}",
            kind="local",
            release=self._release(),
            disposable=False,
            durable=True,
        )

    @property
    def info(self) -> TargetInfo:
        """Static facts, no IO."""
        return self._info

    @property
    def clock(self) -> Clock:
        """The machine's time."""
        return self._clock

    def claim(self, verb: str, run: str, since: str) -> AbstractContextManager[None]:
        """Have the folder until the context ends. Raises TargetBroken with the holder's name."""
        # By number: one folder can have many names.
        found = self._root.stat()
        return claimed(f"{found.st_dev}:{found.st_ino}", verb, run, since)

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on end a running command, with its whole process group, once ``stop()``."""
        self._stop = stop

    def probe(self) -> KernelFacts:
        """Look for every capability's directory under the root, and for programs in ``PATH``."""
        usable: set[str] = set()
        missing: dict[str, tuple[str, ...]] = {}
        for name, capability in known().items():
            reasons = self._lacks(capability)
            if reasons:
                missing[name] = reasons
            else:
                usable.add(name)
        return KernelFacts(
            release=self._info.release,
            capabilities=frozenset(usable),
            programs=programs(),
            missing=missing,
        )

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted. Raises AttrRefused."""
        try:
            return tuple(sorted(entry.name for entry in self._place(path, "list").iterdir()))
        except OSError as refused:
            raise _refused(path, refused, "list") from refused

    def read(self, path: str) -> bytes:
        """The whole file, through its held descriptor if there is one. Raises AttrRefused."""
        try:
            held = self._held.get(path)
            if held is not None:
                os.lseek(held, 0, os.SEEK_SET)
                return _read_all(held)
            handle = os.open(self._place(path, "read"), os.O_RDONLY | os.O_NONBLOCK)
            try:
                return _read_all(handle)
            finally:
                os.close(handle)
        except OSError as refused:
            raise _refused(path, refused, "read") from refused

    def write(self, path: str, data: bytes) -> None:
        """Exactly one write(2), through the held descriptor if there is one. Raises AttrRefused."""
        try:
            held = self._held.get(path)
            if held is not None:
                # A mirrored file keeps what a longer value left behind; a control file would not.
                os.lseek(held, 0, os.SEEK_SET)
                os.ftruncate(held, 0)
                os.write(held, data)
                return
            handle = os.open(self._place(path, "write"), os.O_WRONLY | os.O_TRUNC)
            try:
                os.write(handle, data)
            finally:
                os.close(handle)
        except OSError as refused:
            raise _refused(path, refused, "write") from refused

    def hold(self, paths: Sequence[str]) -> None:
        """Open these files now and keep them open. Raises AttrRefused, then holding none more."""
        for path in paths:
            if path not in self._held:
                try:
                    self._held[path] = os.open(self._place(path, "open"), os.O_RDWR)
                except OSError as refused:
                    raise _refused(path, refused, "open") from refused

    def release(self) -> None:
        """Close every held file."""
        while self._held:
            os.close(self._held.popitem()[1])

    def run(self, command: Command) -> Finished:
        """Start the command and wait: to its end, its timeout, or the user's stop."""
        script = -1
        status = child_status = -1
        try:
            words = list(command.argv)
            if command.script:
                script = os.memfd_create("faultrun-script", 0)
                os.write(script, command.script.encode("utf-8", "surrogateescape"))
                words = ["/bin/sh", f"/proc/self/fd/{script}"]
            if command.make_it_fail or command.fail_nth:
                status, child_status = os.pipe()
                words = [*self._shim(command, child_status), *words]
            return self._finish(command, words, (status, child_status), script)
        finally:
            for handle in (script, status):
                if handle >= 0:
                    os.close(handle)

    def log(self, since: int) -> tuple[tuple[LogLine, ...], int, int]:
        """Records of ``dev/kmsg`` under the root after the cursor; nothing if there is no file."""
        try:
            raw = (self._root / "dev/kmsg").read_bytes()
        except OSError:
            return (), since, 0
        return kmsg.records(raw, since)

    def recover(self, reason: str) -> None:
        """A folder cannot be rebooted: always raises TargetBroken."""
        raise TargetBroken(f"{self._info.name} cannot be brought back after: {reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _place(self, path: str, action: str) -> Path:
        parts = Path(path.lstrip("/"))
        if ".." in parts.parts:
            raise AttrRefused(path, "EPERM", action)
        return self._root / parts

    def _release(self) -> str:
        try:
            text = (self._root / "proc/sys/kernel/osrelease").read_text(encoding="ascii")
        except (OSError, ValueError):
            return "unknown"
        return text.strip()

    def _lacks(self, capability: Capability) -> tuple[str, ...]:
        if capability.attrs and capability.directory == _TASK_FILES:
            path = f"{_TASK_FILES}/{capability.name}"
            present = self._place(path, "probe").exists()
        else:
            path = capability.directory
            pattern = path.lstrip("/")
            for parameter in capability.parameters:
                pattern = pattern.replace(f"{{{parameter.name}}}", "*")
            present = any(True for _ in self._root.glob(pattern))
        if present:
            return ()
        reasons = [f"{path} does not exist on {self._info.name}"]
        if path.startswith("/sys/kernel/debug/") and not (self._root / "sys/kernel/debug").is_dir():
            reasons.append("/sys/kernel/debug does not exist: debugfs is not mounted")
        reasons.append(f"needs a kernel with {', '.join(capability.requires)}")
        return tuple(reasons)

    def _shim(self, command: Command, status: int) -> tuple[str, ...]:
        return (
            sys.executable,
            "-I",
            "-S",
            _SHIM,
            str(status),
            f"{self._root}{_TASK_FILES}",
            "1" if command.make_it_fail else "0",
            str(command.fail_nth),
        )

    def _finish(
        self, command: Command, words: Sequence[str], pipe: tuple[int, int], script: int
    ) -> Finished:
        status, child_status = pipe
        began = self._clock.now_ns()
        try:
            process = subprocess.Popen(  # noqa: S603  # running the campaign's words is the purpose
                words,
                cwd=self._root,
                env={**os.environ, "FAULTRUN_ROOT": str(self._root), **dict(command.env)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=[handle for handle in (child_status, script) if handle >= 0],
            )
        except OSError as refused:
            return _not_started(words, refused)
        finally:
            if child_status >= 0:
                os.close(child_status)
        out, err, timed_out = self._watch(process, command, began)
        elapsed = self._clock.now_ns() - began
        if status >= 0:
            self._raise_if_unarmed(status)
        code = process.returncode
        return Finished(
            exit_code=None if timed_out or code < 0 else code,
            stdout=out.decode("utf-8", "backslashreplace"),
            stderr=err.decode("utf-8", "backslashreplace"),
            elapsed_ns=elapsed,
            signal=-code if code < 0 else None,
            timed_out=timed_out,
            fail_nth_left=self._fail_nth_left() if command.fail_nth else None,
        )

    def _watch(
        self, process: subprocess.Popen[bytes], command: Command, began: int
    ) -> tuple[bytes, bytes, bool]:
        """(stdout, stderr, whether the timeout ended it)."""
        stdin: bytes | None = command.stdin.encode("utf-8", "surrogateescape")
        while True:
            left_ns = began + command.timeout_ns - self._clock.now_ns()
            wait_s = min(_SLICE_S, max(left_ns, 0) / 1_000_000_000)
            try:
                out, err = process.communicate(stdin, timeout=wait_s)
            except subprocess.TimeoutExpired:
                stdin = None
            else:
                return out, err, False
            stopped = self._stop()
            if left_ns <= 0 or stopped:
                out, err = _kill(process)
                return out, err, not stopped

    def _raise_if_unarmed(self, status: int) -> None:
        said = os.read(status, 4096).decode("utf-8", "backslashreplace")
        if said:
            number, _, path = said.partition(" ")
            name = errno.errorcode.get(int(number), f"errno {number}")
            raise AttrRefused(path.removeprefix(str(self._root)), name, "write")

    def _fail_nth_left(self) -> int | None:
        try:
            return int(self.read(f"{_TASK_FILES}/fail-nth"))
        except (AttrRefused, ValueError):
            return None


def _never() -> bool:
    return False


def _kill(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """End the whole process group; what it had printed, if its pipes close."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=_DRAIN_S)
    except subprocess.TimeoutExpired as stuck:
        # Somebody left the group and still holds the pipes; the workload itself is dead.
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        return stuck.output or b"", stuck.stderr or b""


def _not_started(words: Sequence[str], refused: OSError) -> Finished:
    # What a shell says and does when a program cannot be started.
    missing = refused.errno == errno.ENOENT
    text = f"{words[0]}: {refused.strerror}\n"
    return Finished(exit_code=127 if missing else 126, stdout="", stderr=text, elapsed_ns=0)


def _read_all(handle: int) -> bytes:
    pieces: list[bytes] = []
    while piece := os.read(handle, 65_536):
        pieces.append(piece)
    return b"".join(pieces)


def _refused(path: str, refused: OSError, action: str) -> AttrRefused:
    return AttrRefused(path, errno.errorcode.get(refused.errno or 0, "EIO"), action)
