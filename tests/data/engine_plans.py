"""Hand-made plans and a small machine in memory, for tests of the engine and the record.

The machine is a target in its own right: files that behave like control files, a workload that is
a Python function, a virtual clock. It knows nothing of what a test expects.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from faultrun.model.campaign import (
    Campaign,
    Expectation,
    GatePolicy,
    Injection,
    Setting,
    Step,
    Workload,
)
from faultrun.model.capability import AttrKind
from faultrun.model.data import Json
from faultrun.model.event import Event
from faultrun.model.mark import Mark
from faultrun.model.plan import Counter, Plan, Prediction, Task, Write
from faultrun.model.target import (
    AttrRefused,
    Command,
    Finished,
    KernelFacts,
    LogLine,
    TargetInfo,
)

MARK = Mark("test.yaml", 1, 1)
SLAB = "/sys/kernel/debug/failslab"
NVME = "/sys/kernel/debug/nvme0/fault_inject"
DEFAULTS = {
    f"{SLAB}/{name}": value
    for name, value in {
        "ignore-gfp-wait": "Y",
        "interval": "1",
        "space": "0",
        "task-filter": "N",
        "times": "1",
        "probability": "0",
    }.items()
}


def expect(oracle: str, params: Json) -> Expectation:
    return Expectation(oracle=oracle, params=params, mark=MARK)


def failslab_writes(times: int = 1) -> tuple[Write, ...]:
    values = (
        ("ignore-gfp-wait", "N", AttrKind.BOOL),
        ("space", "0", AttrKind.ATOMIC),
        ("task-filter", "Y", AttrKind.BOOL),
        ("times", str(times), AttrKind.ATOMIC),
        ("probability", "100", AttrKind.ULONG),
    )
    return tuple(
        Write(
            path=f"{SLAB}/{name}",
            value=value,
            kind=kind,
            reads_back=value,
            origin="campaign",
            volatile=name in ("times", "space"),
            trigger=name == "probability",
        )
        for name, value, kind in values
    )


def task(
    name: str,
    order: int = 0,
    *,
    script: str = "true",
    needs: tuple[str, ...] = (),
    group: str | None = None,
    locks: tuple[str, ...] = (),
    inject: bool = False,
    times: int = 1,
    expectations: tuple[Expectation, ...] = (),
    cleanup: str = "",
    requires: tuple[str, ...] = (),
    targets: tuple[str, ...] = (),
    timeout_ns: int = 5_000_000_000,
    writes: tuple[Write, ...] | None = None,
    fail_nth: int = 0,
) -> Task:
    injections = ()
    if inject:
        where = ()
        settings = (Setting(name="probability", value=100, mark=MARK),)
        injections = (Injection(capability="failslab", where=where, settings=settings, mark=MARK),)
    if fail_nth:
        setting = Setting(name="nth", value=fail_nth, mark=MARK)
        injections += (Injection(capability="fail-nth", where=(), settings=(setting,), mark=MARK),)
    step = Step(
        id=name,
        origin=name,
        workload=Workload(mark=MARK, script=script),
        mark=MARK,
        group=group,
        injections=injections,
        expectations=expectations,
        requires=requires,
        targets=targets,
    )
    counter = Counter(capability="failslab", path=f"{SLAB}/times", budget=times, unlimited=False)
    return Task(
        id=name,
        step=step,
        machine=group or name,
        needs=needs,
        locks=locks,
        writes=writes if writes is not None else failslab_writes(times) if inject else (),
        counters=(counter,) if inject else (),
        command=Command(
            timeout_ns=timeout_ns, script=script, make_it_fail=inject, fail_nth=fail_nth
        ),
        cleanup=Command(timeout_ns=timeout_ns, script=cleanup) if cleanup else None,
        order=order,
        prediction=Prediction(known=False, note="not asked for"),
    )


def plan(*tasks: Task, gate: GatePolicy | None = None) -> Plan:
    campaign = Campaign(
        name="test",
        mark=MARK,
        steps=tuple(item.step for item in tasks),
        gate=gate or GatePolicy(),
        sources=(("test.yaml", "campaign: test\n"),),
    )
    return Plan(campaign=campaign, tasks=tasks, seed=7, digest="d" * 64, critical_path=())


class VirtualClock:
    def __init__(self) -> None:
        self.time = 0

    def now_ns(self) -> int:
        return self.time

    def sleep_ns(self, duration_ns: int) -> None:
        self.time += duration_ns


Work = Callable[["MemoryMachine", Command], Finished]


def succeed(machine: "MemoryMachine", _command: Command) -> Finished:
    machine.clock.sleep_ns(1_000_000)
    return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1_000_000)


def meet_the_fault(machine: "MemoryMachine", _command: Command) -> Finished:
    """A workload whose one allocation fails if failslab is armed and has a budget."""
    machine.clock.sleep_ns(1_000_000)
    files = machine.files
    left = int(files[f"{SLAB}/times"])
    if files[f"{SLAB}/probability"] != "0" and left:
        files[f"{SLAB}/times"] = str(left - 1)
        machine.say(injection_text("w", 100))
        return Finished(
            exit_code=1,
            stdout="",
            stderr="w: Cannot allocate memory\n",
            elapsed_ns=1_000_000,
            pids=(100,),
        )
    return Finished(exit_code=0, stdout="", stderr="", elapsed_ns=1_000_000, pids=(100,))


def injection_text(comm: str, pid: int, chain: Sequence[str] = ("should_failslab",)) -> str:
    frames = "\n".join(f" {name}+0x10/0x20" for name in chain)
    return (
        "FAULT_INJECTION: forcing a failure.\n"
        "name failslab, interval 1, probability 100, space 0, times 1\n"
        f"CPU: 0 UID: 0 PID: {pid} Comm: {comm} Not tainted 6.12.0 #1\n"
        f"Call Trace:\n <TASK>\n{frames}\n </TASK>"
    )


@dataclass
class MemoryMachine:
    """Control files in a dict. ``refuse`` maps (action, path) to an errno name."""

    work: Work = succeed
    programs: frozenset[str] | None = None
    files: dict[str, str] = field(default_factory=lambda: dict(DEFAULTS))
    refuse: dict[tuple[str, str], str] = field(default_factory=dict)
    reads_instead: dict[str, str] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset({"failslab", "fail-nth"})
    acts: list[tuple[str, ...]] = field(default_factory=list)
    log_lines: list[LogLine] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    recovered: list[str] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=VirtualClock)
    durable: bool = False

    @property
    def info(self) -> TargetInfo:
        return TargetInfo(
            name="memory", kind="memory", release="6.12", disposable=True, durable=self.durable
        )

    def say(self, text: str, level: int = 5) -> None:
        self.log_lines.append(LogLine(t_ns=self.clock.time, level=level, text=text))

    def probe(self) -> KernelFacts:
        return KernelFacts(
            release="6.12",
            capabilities=self.capabilities,
            programs=self.programs,
            missing={"nvme": ("no controller", "needs CONFIG_NVME_CORE")},
        )

    def list(self, path: str) -> tuple[str, ...]:
        found = {
            name[len(path) + 1 :].split("/")[0]
            for name in self.files
            if name.startswith(f"{path}/")
        }
        if not found:
            raise AttrRefused(path, "ENOENT", "list")
        return tuple(sorted(found))

    def read(self, path: str) -> bytes:
        self._check("read", path)
        return f"{self.reads_instead.get(path, self.files[path])}\n".encode()

    def write(self, path: str, data: bytes) -> None:
        self._check("write", path)
        self.acts.append(("write", path, data.decode().strip()))
        self.files[path] = data.decode().strip()

    def hold(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._check("hold", path)
            self.held.add(path)

    def release(self) -> None:
        self.held.clear()

    def run(self, command: Command) -> Finished:
        self.acts.append(("run", command.script))
        return self.work(self, command)

    def log(self, since: int) -> tuple[tuple[LogLine, ...], int, int]:
        return tuple(self.log_lines[since:]), len(self.log_lines), 0

    def recover(self, reason: str) -> None:
        self.recovered.append(reason)
        self.files.update(DEFAULTS)
        self.log_lines.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _check(self, action: str, path: str) -> None:
        name = self.refuse.get((action, path))
        if name is not None:
            raise AttrRefused(path, name, action)
        if path not in self.files:
            raise AttrRefused(path, "ENOENT", action)


@dataclass
class RenewableMachine(MemoryMachine):
    """The same, but it can become a clean machine again."""

    renewed: list[str] = field(default_factory=list)

    def renew(self, name: str) -> None:
        self.renewed.append(name)
        self.files = dict(DEFAULTS)
        self.log_lines = []


@dataclass
class Events:
    """A sink that keeps events."""

    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def kinds(self, step: str) -> list[str]:
        return [event.kind.value for event in self.events if event.step == step]

    def of(self, kind: str, step: str = "") -> list[Event]:
        return [
            event
            for event in self.events
            if event.kind.value == kind and (not step or event.step == step)
        ]


def never() -> bool:
    return False
