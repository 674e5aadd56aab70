"""What can be injected, and by which control files: a kernel facility as data.

Nothing here touches a kernel. The tables stand in ``faultrun.capabilities``; every fact in them
names the kernel file and function it was read from.
"""

from dataclasses import dataclass
from enum import Enum

from faultrun.model.data import Scalar


class AttrKind(Enum):
    """How the kernel parses, stores and prints a control file (kernel-semantics: input grammar).

    ULONG keeps 64 bits and prints decimal; XUL prints ``0x`` and 16 hex digits (decimal in 6.1);
    DEPTH is silently cut at 32; ATOMIC is cut to 32 signed bits; U32 to 32 unsigned bits;
    X16 to 16 bits, printed ``0x`` and 4 hex digits; BOOL prints ``Y`` or ``N`` and silently
    ignores bad text; FLAG prints ``0`` or ``1`` (block device switches); COUNT is an unsigned
    number of a task's own file (fail-nth).
    """

    ULONG = "ulong"
    XUL = "xul"
    DEPTH = "depth"
    ATOMIC = "atomic"
    U32 = "u32"
    X16 = "x16"
    BOOL = "bool"
    FLAG = "flag"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttrSpec:
    """One control file of a capability.

    ``name`` is the kernel's file name and the YAML key. ``minimum`` and ``maximum`` are the
    values that mean something, not what the kernel accepts: it accepts almost anything.
    ``volatile`` says that the kernel itself changes the value (``times``, ``space``).
    ``since`` and ``until`` are kernel versions like ``"6.8"``; ``until`` is the first without it.
    """

    name: str
    summary: str
    kind: AttrKind
    default: Scalar
    unit: str
    kernel_ref: str
    minimum: int | None = None
    maximum: int | None = None
    volatile: bool = False
    optional: bool = False
    since: str | None = None
    until: str | None = None
    examples: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What an injection says about *where*: the device, the disk. Not a control file itself."""

    name: str
    summary: str
    example: str
    pattern: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A second file that must be on as well, such as ``/sys/block/<disk>/make-it-fail``."""

    path: str
    value: str
    kernel_ref: str


class Arming(Enum):
    """Who writes: the engine writes attribute files; a task arms itself before it execs."""

    ATTRIBUTES = "attributes"
    TASK = "task"


class Context(Enum):
    """Where the hook runs. In interrupt context no task filter works and fail-nth is blind."""

    TASK = "task"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A kernel facility that injects faults.

    ``directory`` holds the attribute files; ``{name}`` in it is replaced by a parameter.
    ``arm_order`` lists attribute names, the trigger last; disarming writes ``disarm_value`` to
    the trigger first. ``shared`` says that all steps meet in one global object, so that two
    steps that arm it may not overlap; otherwise the lock is the directory.
    ``errnos`` are the errno names with which an operation that met the fault may rightly fail.
    ``size_unit`` is what ``space`` counts. ``not_simulated`` gives the reason if the simulated
    kernel has no hook for it. ``lock_out`` says, if not empty, why the fault at 100 percent,
    unfiltered and unlimited, could not be disarmed any more.
    """

    name: str
    summary: str
    description: str
    directory: str
    attrs: tuple[AttrSpec, ...]
    arm_order: tuple[str, ...]
    kernel_refs: tuple[str, ...]
    requires: tuple[str, ...]
    errnos: tuple[str, ...]
    size_unit: str
    log_name: str
    trigger: str = "probability"
    disarm_value: str = "0"
    parameters: tuple[Parameter, ...] = ()
    switches: tuple[Switch, ...] = ()
    arming: Arming = Arming.ATTRIBUTES
    context: Context = Context.TASK
    shared: bool = True
    boot_option: str | None = None
    lock_out: str = ""
    not_simulated: str = ""

    def attr(self, name: str) -> AttrSpec | None:
        """The attribute of that name, or None."""
        return next((spec for spec in self.attrs if spec.name == name), None)
