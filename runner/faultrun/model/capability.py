"""What can be injected, and by which control files: a kernel facility as data.

Nothing here touches a kernel. The tables stand in ``faultrun.capabilities``; every fact in them
names the kernel file and function it was read from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from faultrun.model.data import Scalar


class AttrKind(Enum):
    """How the kernel parses, stores and prints a control file (kernel-semantics: input grammar).

    ULONG keeps 64 bits and prints decimal; XUL prints ``0x`` and 16 hex digits (decimal in 6.1);
    DEPTH is silently cut at 32; ATOMIC is cut to 32 signed bits; U32 to 32 unsigned bits;
    X16 to 16 bits, printed ``0x`` and 4 hex digits; BOOL prints ``Y`` or ``N`` and silently
    ignores bad text; FLAG prints ``0`` or ``1`` (block device switches); COUNT is an unsigned
    number of a task's own file (fail-nth); ERRNO is cut to 32 bits and clamped to -4095 to 0
    (notifier errors); RETVAL is an unsigned number that prints as hex without 0x
    (fail_function); INT prints as a plain decimal, HEX as 0x and hex digits without padding
    (driver attributes); TEXT is a word or a line that means something to one driver.
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
    ERRNO = "errno"
    RETVAL = "retval"
    INT = "int"
    HEX = "hex"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRule:
    """How a file is armed and undone that is not simply a value to be put back.

    ``text`` is what arms it, ``undo`` what undoes that; ``{value}`` in them is the value, other
    names are parameters of the injection. An empty ``undo`` means: write the old value back;
    each line of it is a write of its own.
    ``undone_by`` is the errno with which the kernel answers an undo that worked, if it does.
    ``seen_in`` is the file that tells whether it is armed, and ``seen_as`` the regular expression
    that one of its lines then matches; empty: the file itself reads its value.
    ``made``: the file comes and goes with the step's earlier writes, so it has no old value.
    ``rehearsed``: a dry run writes it too, because the simulated kernel then counts where it
    would hit instead of hitting.
    """

    text: str = "{value}"
    undo: str = ""
    undone_by: str = ""
    seen_in: str = ""
    seen_as: str = ""
    made: bool = False
    rehearsed: bool = False


PLAIN = WriteRule()
"""A value is written, reads back, and the old value undoes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttrSpec:
    """One control file of a capability.

    ``name`` is the kernel's file name and the YAML key. ``minimum`` and ``maximum`` are the
    values that mean something, not what the kernel accepts: it accepts almost anything.
    ``volatile`` says that the kernel itself changes the value (``times``, ``space``).
    ``optional``: if the engine adds it by itself, a kernel may lack the file.
    ``since`` and ``until`` are kernel versions like ``"6.8"``; ``until`` is the first without it.
    ``path`` is the file if it is not ``directory/name``: relative to the directory or absolute,
    with parameters in braces. ``choices`` are the only texts that a TEXT attribute may have;
    ``pattern`` is the regular expression that a TEXT has to match as a whole.
    ``written`` is False if it is no file but a part of another attribute's text: ``{name}`` there.
    ``required``: an injection says nothing without it. ``former`` as of a parameter.
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
    path: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    rule: WriteRule = PLAIN
    written: bool = True
    required: bool = False
    former: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What an injection says about *where*: the device, the disk. Not a control file itself.

    ``choices``, if any, are all the texts there are: the events of a notifier, the crash points.
    ``device`` says that the text names a device that the target has to have.
    ``since`` and ``until`` are kernel versions; ``instead`` tells what to do on one without it.
    ``former`` are (text, hint) pairs: texts that belong elsewhere, or to older documents.
    ``refused`` are (text, reason) pairs: choices that exist and that a kernel refuses all the same.
    ``meaning`` gives more names that templates may use, with their values, by the text.
    """

    name: str
    summary: str
    example: str
    pattern: str
    required: bool = True
    choices: tuple[str, ...] = ()
    device: bool = True
    since: str | None = None
    until: str | None = None
    instead: str = ""
    former: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    meaning: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A second file that must be on as well, such as ``/sys/block/<disk>/make-it-fail``.

    ``first``: it is written before the attributes, because it makes their files.
    ``needs``: an optional parameter; without it the switch is left alone.
    """

    path: str
    value: str
    kernel_ref: str
    kind: AttrKind = AttrKind.FLAG
    first: bool = False
    needs: str = ""
    rule: WriteRule = PLAIN


class Arming(Enum):
    """Who arms: the engine writes attribute files; a task arms itself before it execs.

    WORKLOAD: what runs provokes the fault by itself, and the engine only looks for it.
    """

    ATTRIBUTES = "attributes"
    TASK = "task"
    WORKLOAD = "workload"


class Context(Enum):
    """Where the hook runs. In interrupt context no task filter works and fail-nth is blind."""

    TASK = "task"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookFor:
    """What has to be seen before anything is armed: a line of a kernel file, or the step is refused.

    ``words`` are the line's first words; ``ending`` is a regular expression for the rest, with one
    blank between words, empty if that does not matter. ``why`` is said if there is no such line.
    """

    path: str
    words: tuple[str, ...]
    ending: str
    why: str


Looking = Callable[[Mapping[str, str], Mapping[str, Scalar]], tuple[LookFor, ...]]
"""From the parameters and the values of an injection to what has to be seen first; pure."""


Errnos = Callable[[Mapping[str, str], Mapping[str, Scalar], str], tuple[str, ...]]
"""From the parameters, the values and the kernel's release to the errno names that are right; pure."""


def _nothing(_where: Mapping[str, str], _values: Mapping[str, Scalar]) -> tuple[LookFor, ...]:
    return ()


Harmless = Callable[[Mapping[str, str], Mapping[str, Scalar]], str]
"""From the parameters and the values of an injection to why it changes nothing; pure."""


def _changes(_where: Mapping[str, str], _values: Mapping[str, Scalar]) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A kernel facility that injects faults.

    ``directory`` holds the attribute files; ``{name}`` in it is replaced by a parameter.
    ``arm_order`` lists attribute names, the trigger last; disarming writes ``disarm_value`` to
    the trigger first. ``shared`` says that all steps meet in one global object, so that two
    steps that arm it may not overlap, wherever they do; otherwise the lock is the directory.
    ``errnos`` are the errno names with which an operation that met the fault may rightly fail.
    ``size_unit`` is what ``space`` counts. ``not_simulated`` gives the reason if the simulated
    kernel has no hook for it. ``lock_out`` says, if not empty, why the fault at 100 percent,
    unfiltered and unlimited, could not be disarmed any more.

    ``traces`` are regular expressions, with parameters in braces: of a capability without
    `times`, every line of the kernel log that one of them is found in is an injection.
    ``provoked`` are (parameter, text) pairs: in such a place the workload itself provokes the
    fault, whatever ``arming`` says. ``configfs``: the files keep configfs' rules, not debugfs'.
    ``needs_device`` is the kind of device without which the simulated machine cannot offer it.
    ``former`` are (name, hint) pairs: capabilities that are gone, and what there is in their place.
    ``modelled`` says what the simulated behaviour was taken from. ``look_for`` gives the lines of
    kernel files without which an injection is refused before anything is armed. ``errnos_of``
    gives the right errnos, most telling first, where they depend on what is injected.
    ``always_told``: with `verbose` above 0 every injection has its record in the kernel log, while
    others have callers that keep it quiet (__GFP_NOWARN). ``harmless`` says why an injection with
    such values changes nothing, empty if it does.
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
    traces: tuple[str, ...] = ()
    provoked: tuple[tuple[str, str], ...] = ()
    configfs: bool = False
    needs_device: str = ""
    since: str | None = None
    until: str | None = None
    former: tuple[tuple[str, str], ...] = ()
    modelled: str = "by hand from the kernel's sources"
    look_for: Looking = _nothing
    errnos_of: Errnos | None = None
    always_told: bool = False
    harmless: Harmless = _changes

    @property
    def counted(self) -> bool:
        """Whether it is a ``struct fault_attr``, whose `times` counts injections exactly."""
        return self.attr("times") is not None and self.arming is Arming.ATTRIBUTES

    @property
    def adds_lines(self) -> bool:
        """Whether each use is one more line of a list, so that several in one place do not clash."""
        return any(not spec.written for spec in self.attrs)

    def attr(self, name: str) -> AttrSpec | None:
        """The attribute of that name, or None."""
        return next((spec for spec in self.attrs if spec.name == name), None)
