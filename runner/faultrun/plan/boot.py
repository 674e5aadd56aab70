"""What of a plan a kernel command line could arm, and what it could not, with the reasons.

A setup string has four numbers and a kernel option arms one object for everybody. What else a step
says has no place there. Kernel: lib/fault-inject.c:setup_fault_attr().
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from faultrun.capabilities.boot import exists, is_module, is_template
from faultrun.capabilities.place import filled, switches_of
from faultrun.kernel.fault_attr import CERTAIN
from faultrun.kernel.setup_string import FIELDS, Setup
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Injection, Step
from faultrun.model.capability import Arming, Capability, Context
from faultrun.model.diagnostic import Diagnostic, Related, Severity
from faultrun.model.mark import Mark
from faultrun.model.plan import Plan
from faultrun.plan.values import number, text_of, truth

CONFLICT = "FR150"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootWord:
    """``option=text`` and the injection that wants it."""

    option: str
    text: str
    mark: Mark

    def __str__(self) -> str:
        return f"{self.option}={self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootStep:
    """The part of the command line that would arm one step, and what it cannot carry."""

    step: str
    mark: Mark
    words: tuple[BootWord, ...]
    notes: tuple[str, ...]

    def line(self) -> str:
        """The part of the command line."""
        return " ".join(dict.fromkeys(map(str, self.words)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BootPlan:
    """Every step, the line that holds for all of them, and the options of which none could."""

    steps: tuple[BootStep, ...]
    line: str
    conflicts: tuple[Diagnostic, ...]


def boot_plan(plan: Plan, capabilities: Mapping[str, Capability]) -> BootPlan:
    """The command lines of a plan. A step that repeats is one; cells of a matrix are several."""
    version = KernelVersion.parse(plan.campaign.target.kernel)
    steps: dict[str, BootStep] = {}
    for task in plan.tasks:
        if task.step.id not in steps:
            steps[task.step.id] = _step(task.step, capabilities, version)
    wanted: dict[str, dict[str, list[tuple[str, Mark]]]] = {}
    for step in steps.values():
        for word in step.words:
            wanted.setdefault(word.option, {}).setdefault(word.text, []).append(
                (step.step, word.mark)
            )
    agreed = [
        f"{option}={next(iter(texts))}" for option, texts in wanted.items() if len(texts) == 1
    ]
    conflicts = [_conflict(option, texts) for option, texts in wanted.items() if len(texts) > 1]
    return BootPlan(steps=tuple(steps.values()), line=" ".join(agreed), conflicts=tuple(conflicts))


def _step(step: Step, capabilities: Mapping[str, Capability], version: KernelVersion) -> BootStep:
    words: list[BootWord] = []
    notes: list[str] = []
    for injection in step.injections:
        capability = capabilities[injection.capability]
        without = _without(capability, version)
        if without:
            notes.append(f"{capability.name}: {without}")
            continue
        word = BootWord(
            option=capability.boot_option or "", text=_setup(injection).text(), mark=injection.mark
        )
        words.append(word)
        notes.extend(f"{word.option}: {note}" for note in _left_out(injection, capability))
    return BootStep(step=step.id, mark=step.mark, words=tuple(words), notes=tuple(notes))


def _without(capability: Capability, version: KernelVersion) -> str:
    """Why the command line cannot arm a capability at all; empty if it can."""
    match capability.arming:
        case Arming.TASK:
            return "a task arms itself after it was forked; a command line reaches no task"
        case Arming.WORKLOAD:
            return "the workload itself provokes it; there is nothing to arm at boot"
        case Arming.ATTRIBUTES:
            pass
    if not capability.counted:
        return "it has no setup string: it is no struct fault_attr, and starts without a fault"
    if capability.boot_option is None:
        return "the kernel has no boot option for it; arm its files after boot"
    if not exists(capability, version):
        bounds = f"since {capability.since}" if capability.since else f"until {capability.until}"
        return f"it exists {bounds}; {version} would pass the word on to init"
    return ""


def _setup(injection: Injection) -> Setup:
    """The four numbers: the author's, or the kernel's defaults."""
    defaults = {"interval": 1, "probability": 0, "space": 0, "times": 1}
    values: dict[str, int] = {}
    for name in FIELDS:
        setting = injection.setting(name)
        given = None if setting is None else number(setting.value)
        values[name] = defaults[name] if given is None else given
    return Setup(**values)


def _left_out(injection: Injection, capability: Capability) -> Iterator[str]:
    """What the string cannot say or means differently, each with its reason."""
    where = injection.place()
    for setting in injection.settings:
        spec = capability.attr(setting.name)
        if spec is None or setting.name in FIELDS or _is_default(spec.default, setting.value):
            continue
        value, default = (text_of(spec.kind, item) for item in (setting.value, spec.default))
        yield f"{setting.name} {value} has no place in a setup string and stays {default}"
    filtered = injection.setting("task-filter")
    if capability.context is Context.TASK and (filtered is None or truth(filtered.value)):
        yield "task-filter stays N: every task is hit, not only the workload's"
    for switch in switches_of(capability, where):
        path = filled(switch.path, where)
        yield f"nothing is hit until `echo {switch.value} > {path}` after boot"
    if is_template(capability):
        place = ", ".join(where.values())
        yield f"a template that every device copies when it is made, not only {place}"
        if capability.name == "nvme":
            yield (
                "the commands of the probe are asked too: with no space before it, Identify"
                " Controller fails and there is no disk"
            )
    if is_module(capability.boot_option or ""):
        yield "a module's parameter: if it is loaded later, modprobe takes it from the command line"
    setup = _setup(injection)
    if capability.lock_out and setup.probability >= CERTAIN and setup.times < 0:
        yield f"DANGER, the machine may not come up: {capability.lock_out}"
    if setup.probability == 0:
        yield "probability 0 arms nothing"
    elif setup.times > 0 or setup.space > 0 or setup.interval > 1:
        yield "times, space and interval count from boot on, not from the workload on"


def _is_default(default: object, value: object) -> bool:
    return default == value or (isinstance(value, bool) and default == ("Y" if value else "N"))


def _conflict(option: str, texts: Mapping[str, Sequence[tuple[str, Mark]]]) -> Diagnostic:
    (first, places), (second, others), *more = texts.items()
    (first_step, first_mark), (second_step, second_mark) = places[0], others[0]
    rest = f", and {len(more)} more settings" if len(more) > 1 else ", and one more" if more else ""
    return Diagnostic(
        code=CONFLICT,
        severity=Severity.WARNING,
        mark=second_mark,
        message=(
            f"'{option}' cannot be {first} for step '{first_step}' and {second} for step"
            f" '{second_step}'{rest}: one boot has one setting"
        ),
        hint="choose steps with --only, and boot once for each setting",
        related=(Related(mark=first_mark, message=f"{option}={first} is wanted here"),),
        length=1,
    )
