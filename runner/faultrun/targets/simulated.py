"""The simulated machine behind the seam: the same members as a real one, in this process."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from faultrun.capabilities.registry import known
from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import TargetSpec
from faultrun.model.capability import Capability
from faultrun.model.target import (
    AttrRefused,
    Checks,
    Clock,
    Command,
    Finished,
    KernelFacts,
    LogLine,
    TargetBroken,
    TargetDied,
    TargetInfo,
)
from faultrun.simkernel.control_fs import own
from faultrun.simkernel.fates import Panicked, Unkillable, Wedged
from faultrun.simkernel.file_values import READ, REPLACE
from faultrun.simkernel.launch import execute
from faultrun.simkernel.lkdtm import Lkdtm
from faultrun.simkernel.machine import Machine
from faultrun.simkernel.programs import registry
from faultrun.simkernel.signals import Killed
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import Handle
from faultrun.targets.simulated_run import run_command

_CONTROL = ("/sys/", "/proc/")
_CHUNK = 1 << 20


class SimulatedTarget:
    """One simulated machine. Raises TargetBroken for a kernel or device that is not known.

    ``seed`` is the run's, ``machine`` the machine's name: both together decide what happens.
    """

    def __init__(self, spec: TargetSpec, *, seed: int, machine: str = "machine") -> None:
        try:
            self._version = KernelVersion.parse(spec.kernel)
        except ValueError as wrong:
            raise TargetBroken(f"simulated target: {wrong}") from wrong
        for device in spec.devices:
            if device.kind not in KINDS:
                known = ", ".join(KINDS)
                raise TargetBroken(
                    f"simulated target: device '{device.name}' is of kind '{device.kind}';"
                    f" known are {known}"
                )
        self._spec = spec
        self._seed = seed
        self._facts: KernelFacts | None = None
        self._info = TargetInfo(
            name="simulated",
            kind="simulated",
            release=str(self._version),
            disposable=True,
            durable=False,
        )
        self._stop: Callable[[], bool] | None = None
        self._held: dict[str, Handle] = {}
        self.renew(machine)

    @property
    def info(self) -> TargetInfo:
        """Static facts, no IO."""
        return self._info

    @property
    def clock(self) -> Clock:
        """The machine's time."""
        return self._machine.kernel.clock

    def renew(self, name: str) -> None:
        """Throw the machine away and start a clean one."""
        self._name = name
        self._held = {}
        self._told = 0
        self._machine = Machine(
            version=self._version,
            seed=self._seed,
            name=name,
            devices=self._spec.devices,
            execute=execute,
            cmdline=self._spec.cmdline,
        )
        self._task = self._machine.kernel.tasks.spawn("faultrun")

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on end a running command, with its whole process group, once ``stop()``."""
        self._stop = stop

    def probe(self) -> KernelFacts:
        """What this machine can inject with; a spec's facts are the same on all its machines."""
        if self._facts is None:
            usable: set[str] = set()
            missing: dict[str, tuple[str, ...]] = {}
            for name, capability in known().items():
                reasons = self._lacks(capability)
                if reasons:
                    missing[name] = reasons
                else:
                    usable.add(name)
            self._facts = KernelFacts(
                release=self._info.release,
                capabilities=frozenset(usable),
                programs=registry.names(),
                devices=self._spec.devices,
                missing=missing,
            )
        return self._facts

    def list(self, path: str) -> tuple[str, ...]:
        """The names in a directory, sorted. Raises AttrRefused."""
        try:
            if path.startswith(_CONTROL):
                return self._machine.kernel.tree.list(own(path, self._task).rstrip("/"))
            return self._machine.files.list(path, self._task)
        except SimErrno as refused:
            raise AttrRefused(path, refused.name, "list") from refused

    def read(self, path: str) -> bytes:
        """The whole file, through its handle if it is held. Raises AttrRefused."""
        try:
            held = self._held.get(path)
            if held is not None:
                return held.read(self._task).encode("utf-8", "surrogateescape")
            known = self._machine.kernel.tree.known(path, self._task)
            if known is not None:
                return known.read(self._task).encode("utf-8", "surrogateescape")
            if path.startswith(_CONTROL):
                tree = self._machine.kernel.tree
                text = tree.read(own(path, self._task), self._task)
                return text.encode("utf-8", "surrogateescape")
            return self._read_file(path)
        except SimErrno as refused:
            raise AttrRefused(path, refused.name, "read") from refused
        except (Panicked, Wedged) as end:
            raise self._death(end) from end

    def write(self, path: str, data: bytes) -> None:
        """Exactly one write(2), through its handle if it is held. Raises AttrRefused."""
        try:
            held = self._held.get(path)
            if held is not None:
                held.write(data.decode("utf-8", "surrogateescape"), self._task)
                return
            known = self._machine.kernel.tree.known(path, self._task)
            if known is not None:
                known.write(data.decode("utf-8", "surrogateescape"), self._task)
            elif path.startswith(_CONTROL):
                tree = self._machine.kernel.tree
                text = data.decode("utf-8", "surrogateescape")
                tree.write(own(path, self._task), text, self._task)
            else:
                file = self._machine.files.open(path, REPLACE, self._task)
                file.write(data)
                file.close()
        except SimErrno as refused:
            raise AttrRefused(path, refused.name, "write") from refused
        except (Panicked, Wedged) as end:
            raise self._death(end) from end
        except (Killed, Unkillable) as end:
            # LKDTM hits whoever writes: a crash belongs into a workload, never into a write of ours.
            raise TargetBroken(f"the kernel took faultrun's own task, which wrote {path}") from end

    def hold(self, paths: Sequence[str]) -> None:
        """Open these control files now and keep them open. Raises AttrRefused."""
        tree = self._machine.kernel.tree
        for path in paths:
            if path in self._held or not path.startswith(_CONTROL):
                continue
            try:
                self._held[path] = tree.open(own(path, self._task), self._task)
            except SimErrno as refused:
                raise AttrRefused(path, refused.name, "open") from refused

    def release(self) -> None:
        """Close every held file."""
        self._held = {}

    def run(self, command: Command) -> Finished:
        """Run to its end or its timeout, in virtual time; never raises for a non-zero exit."""
        try:
            return run_command(self._machine, command, self._stop)
        except (Panicked, Wedged) as end:
            raise self._death(end) from end
        except Exception as bug:
            # A bug of the simulator is ours: ERROR, never a verdict on the kernel.
            what = f"{type(bug).__name__}: {bug}"
            message = f"the simulated machine has a bug that this workload meets ({what})"
            raise TargetBroken(message) from bug

    def log(self, since: int) -> tuple[tuple[LogLine, ...], int, int]:
        """(records after the cursor, the new cursor, number of records lost)."""
        records, cursor, lost = self._machine.kernel.log.records(since)
        self._told = max(self._told, cursor)
        return records, cursor, lost

    def recover(self, reason: str) -> None:
        """A simulated machine that died is replaced by a new one of the same name."""
        del reason
        self.renew(self._name)

    def checks(self) -> Mapping[str, tuple[Checks, ...]]:
        """How often each attribute directory was asked since ``forget_checks``."""
        return self._machine.kernel.checks()

    def forget_checks(self) -> None:
        """Start counting anew."""
        self._machine.kernel.forget_checks()
        self._machine.kernel.facility(Lkdtm).watch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def task(self) -> SimTask:
        """The task that the engine's own accesses run as."""
        return self._task

    def _death(self, end: Panicked | Wedged) -> TargetDied:
        """The machine is gone; what its console showed since it was last asked is all that is left."""
        tail, _cursor, _lost = self._machine.kernel.log.records(self._told)
        if isinstance(end, Panicked):
            return TargetDied(f"kernel panic: {end}", tail)
        return TargetDied(f"the machine hangs: {end}", tail, hung=True)

    def _read_file(self, path: str) -> bytes:
        file = self._machine.files.open(path, READ, self._task)
        try:
            out = bytearray()
            while data := file.read(_CHUNK):
                out += data
            return bytes(out)
        finally:
            file.close()

    def _lacks(self, capability: Capability) -> tuple[str, ...]:
        reasons: list[str] = []
        if not self._version.has(capability.since, capability.until):
            reasons.append(_absent(capability, self._version))
        if capability.not_simulated:
            reasons.append(f"not simulated: {capability.not_simulated}")
        kind = capability.needs_device
        if kind and not any(device.kind == kind for device in self._spec.devices):
            reasons.append(f"the simulated machine has no device of kind {kind}")
        on_device = any(item.device for item in capability.parameters)
        if on_device and capability.switches and not self._spec.devices:
            reasons.append("the simulated machine has no block device")
        return tuple(reasons)


def _absent(capability: Capability, version: KernelVersion) -> str:
    bounds = (("since", capability.since), ("gone in", capability.until))
    told = ", ".join(f"{word} {bound}" for word, bound in bounds if bound)
    return f"kernel {version} does not have it ({told})"
