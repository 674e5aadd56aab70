"""What will happen, in which order: concrete writes, one command, locks. No machine is needed."""

from dataclasses import dataclass

from faultrun.model.campaign import Campaign, Step
from faultrun.model.capability import PLAIN, AttrKind, LookFor, WriteRule
from faultrun.model.stack_range import Lookup
from faultrun.model.target import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write to a control file.

    ``value`` is the text, without the newline that is added on writing. ``reads_back`` is what
    the kernel will answer afterwards by its own rules, without the newline; None if it cannot be
    predicted. ``volatile``: the kernel changes it by itself while armed. ``origin`` says in words
    who wanted it: the campaign, or the engine and why. ``optional``: a kernel may lack the file,
    which is then no error. ``rule`` tells how it is undone and seen if it is not simply a value;
    its texts have their parameters filled in. ``disarm`` is what turns a trigger off.
    ``lookup``: the value is an address of the running kernel, found just before arming; ``value``
    then says in words which.
    """

    path: str
    value: str
    kind: AttrKind
    reads_back: str | None
    origin: str
    volatile: bool = False
    trigger: bool = False
    optional: bool = False
    rule: WriteRule = PLAIN
    disarm: str = "0"
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The injection counter of one armed capability: its ``times`` file and the budget.

    Injections = budget - what is read back. ``unlimited`` says that the campaign asked for -1.
    With ``traces`` there is no such file: injections are lines of the kernel log in which one of
    these regular expressions is found, and ``path`` names the place that was armed.
    """

    capability: str
    path: str
    budget: int = 0
    unlimited: bool = False
    traces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model of the kernel expects of a step before any machine is booked.

    ``known`` is False when the number of checks the workload makes is not known; ``note`` then
    says why. Means and spreads are in injections; ``vacuous_chance`` is 0 to 1. ``why`` says in
    words what keeps the fault from firing, if it is expected never to fire.
    """

    known: bool
    note: str
    checks: int = 0
    mean: float = 0.0
    spread: float = 0.0
    vacuous_chance: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step, one repeat, made concrete.

    ``id`` is the step's id, with ``#n`` when it repeats. ``needs`` are task ids. ``locks`` are
    names of machine-wide things: two tasks that share one never overlap on one machine.
    ``machine`` names the machine: the group, or the task's own id for a clean one. ``look_for``
    is what has to be seen before anything is armed.
    """

    id: str
    step: Step
    machine: str
    needs: tuple[str, ...]
    locks: tuple[str, ...]
    writes: tuple[Write, ...]
    counters: tuple[Counter, ...]
    command: Command
    cleanup: Command | None
    order: int
    prediction: Prediction
    look_for: tuple[LookFor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole run. ``digest`` is a SHA-256 over everything that decides what will be done."""

    campaign: Campaign
    tasks: tuple[Task, ...]
    seed: int
    digest: str
    critical_path: tuple[str, ...]

    def tasks_meant(self) -> tuple[Task, ...]:
        """Those that the campaign wants run on the target it is read for."""
        kind = self.campaign.target.kind
        return tuple(task for task in self.tasks if task.step.meant_for(kind))
