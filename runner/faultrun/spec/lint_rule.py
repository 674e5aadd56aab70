"""What a lint rule says, and how it looks at an injection."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from faultrun.model.campaign import Expectation, Injection, Step
from faultrun.model.capability import Capability
from faultrun.model.data import Scalar
from faultrun.model.diagnostic import Related, Severity
from faultrun.model.mark import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One finding of a rule; ``severity`` None takes that of the code."""

    code: str
    mark: Mark
    message: str
    hint: str = ""
    related: tuple[Related, ...] = ()
    length: int = 1
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Armed:
    """An injection, its capability, and the values that its author gave, by attribute."""

    injection: Injection
    capability: Capability
    given: Mapping[str, Scalar]

    @property
    def name(self) -> str:
        """The capability's name."""
        return self.capability.name

    def number(self, name: str, default: int) -> int:
        """The attribute's number; the kernel's default if the author gave none."""
        value = self.given.get(name, default)
        return default if isinstance(value, str) else int(value)

    def place(self, name: str) -> tuple[Mark, int]:
        """Where an attribute's value stands and how long it is; the injection if not given."""
        setting = self.injection.setting(name)
        if setting is None:
            return self.injection.mark, len(self.injection.capability)
        return setting.mark, len(str(setting.value))


@dataclass(frozen=True, slots=True)
class Facts:
    """One step as the rules see it, on a kernel of that version.

    ``least`` is the number of injections expected at least.
    """

    step: Step
    armed: tuple[Armed, ...]
    injected: Expectation | None
    least: int | None
    kernel: str = "6.12"

    @property
    def expects_none(self) -> bool:
        """Whether the author says that nothing, or perhaps nothing, is injected."""
        return self.least == 0


def facts_of(step: Step, armed: tuple[Armed, ...], kernel: str) -> Facts:
    """The facts of a step."""
    for claim in step.expectations:
        if claim.oracle == "injected" and isinstance(claim.params, Mapping):
            least = claim.params.get("min")
            return Facts(step, armed, claim, least if isinstance(least, int) else 0, kernel)
    return Facts(step, armed, None, None, kernel)


def armed_by(step: Step, capabilities: Mapping[str, Capability]) -> tuple[Armed, ...]:
    """What the step arms."""
    return tuple(
        [
            Armed(
                injection,
                capabilities[injection.capability],
                injection.values(),
            )
            for injection in step.injections
        ]
    )


StepRule = Callable[[Facts], Iterable[Remark]]
GroupRule = Callable[[Sequence[Step], Mapping[str, Capability]], Iterable[Remark]]
