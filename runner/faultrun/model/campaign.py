"""A campaign as its author meant it: resolved, typed, still declarative.

``spec`` builds these from YAML after validation: fragments are merged, templates rendered, and a
matrix has become one step per cell. Repeats are still a number; ``plan`` expands them.
"""

from dataclasses import dataclass, field

from faultrun.model.data import Json, Scalar
from faultrun.model.mark import Mark
from faultrun.model.stack_range import StackRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key of an injection: an attribute, or a parameter that says where."""

    name: str
    value: Scalar
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What to arm: a capability, where, and the attribute values that the author gave.

    ``ranges`` are the callers that a stack filter requires or rejects, by name.
    """

    capability: str
    where: tuple[Setting, ...]
    settings: tuple[Setting, ...]
    mark: Mark
    ranges: tuple[StackRange, ...] = ()

    def setting(self, name: str) -> Setting | None:
        """The attribute that the author set, or None if it keeps the kernel's default."""
        return next((item for item in self.settings if item.name == name), None)

    def values(self) -> dict[str, Scalar]:
        """The attribute values that the author set, by name."""
        return {item.name: item.value for item in self.settings}

    def place(self) -> dict[str, str]:
        """The parameters that say where, by name."""
        return {item.name: str(item.value) for item in self.where}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What runs while the fault is armed: a shell script, or an argument vector.

    Exactly one of ``script`` and ``argv`` is set. Arguments travel as data, never re-quoted.
    """

    mark: Mark
    script: str = ""
    argv: tuple[str, ...] = ()
    stdin: str = ""
    env: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """What a person reads in a plan."""
        return self.script or " ".join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One claim about a run: the oracle that judges it, and the oracle's parameters."""

    oracle: str
    params: Json
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """An edge of the graph: the id of a step *as written* (every cell and repeat of it)."""

    id: str
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One node, one matrix cell. ``id`` is ``origin`` or ``origin[axis=value,...]``."""

    id: str
    origin: str
    workload: Workload
    mark: Mark
    summary: str = ""
    needs: tuple[Need, ...] = ()
    group: str | None = None
    tags: tuple[str, ...] = ()
    timeout_ns: int = 30_000_000_000
    repeat: int = 1
    cell: tuple[tuple[str, Scalar], ...] = ()
    injections: tuple[Injection, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    cleanup: Workload | None = None
    requires: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    """Kinds of target on which it runs; none named means every one."""
    marks_itself: bool = False
    """The workload sets its own make-it-fail: what its start needs is then not counted."""

    def meant_for(self, kind: str) -> bool:
        """Whether the campaign wants it run on that kind of target."""
        return not self.targets or kind in self.targets


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """A device that the target is asked to have. ``options`` are the device kind's own."""

    name: str
    kind: str
    options: tuple[tuple[str, Scalar], ...] = ()
    mark: Mark

    def option(self, name: str, default: Scalar) -> Scalar:
        """The option of that name, or the default."""
        return next((value for key, value in self.options if key == name), default)


TARGET_KINDS = ("simulated", "uml", "qemu", "local", "ssh")
"""Every kind of target that a campaign can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """The machine that the campaign wants: its kind, kernel version, command line and devices.

    ``any_kernel``: the campaign leaves the version open; ``kernel`` is then what the plan is made
    for until the machine's own is known. ``files`` is where a guest's programs come from.
    ``disposable``: the campaign says that the machine may be crashed.
    """

    kind: str = "simulated"
    kernel: str = "6.12"
    any_kernel: bool = False
    cmdline: str = ""
    devices: tuple[DeviceSpec, ...] = ()
    memory_mib: int = 512
    cpus: int = 1
    files: str = "initramfs"
    host: str = ""
    disposable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """When the campaign as a whole passes. FAIL and ERROR always fail it.

    ``vacuous`` and ``skip`` are ``"fail"`` or ``"allow"``; ``min_passed`` is a number of steps. By
    default one has to pass: a campaign of which nothing could be run has shown nothing.
    """

    vacuous: str = "fail"
    skip: str = "allow"
    min_passed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """The whole document.

    ``targets`` are those that the document lists, in its order; ``target`` is the chosen one.
    """

    name: str
    mark: Mark
    steps: tuple[Step, ...]
    summary: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    seed: int = 0
    target: TargetSpec = field(default_factory=TargetSpec)
    targets: tuple[TargetSpec, ...] = ()
    gate: GatePolicy = field(default_factory=GatePolicy)
    sources: tuple[tuple[str, str], ...] = ()
    """Every file read, as (name, text): kept in the record so that a run explains itself."""
