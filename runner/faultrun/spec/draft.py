"""A step as written: compiled once, then built for each cell of its matrix.

What does not depend on an axis is built once and shared by all cells; this is what keeps a matrix
of 10,000 cells cheap.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Generic, TypeVar

from faultrun.model.campaign import Expectation, Injection, Need, Step, Workload
from faultrun.model.data import Scalar
from faultrun.model.mark import Mark
from faultrun.spec.context import Context
from faultrun.spec.expect import ExpectationDraft
from faultrun.spec.inject import Draft, clashes
from faultrun.spec.matrix import Axis, cells
from faultrun.spec.scope import Cell, Slot
from faultrun.spec.text import spelled
from faultrun.spec.values import DAY_NS, Problem, duration
from faultrun.spec.variables import Variables
from faultrun.spec.workload import WorkloadDraft

T = TypeVar("T")

DEFAULT_TIMEOUT_NS = 30_000_000_000
_MIN_TIMEOUT_NS = 1_000_000


class _Part(Generic[T]):
    """A part of a step, built once for each combination of the axes that it depends on."""

    def __init__(
        self, axes: frozenset[str], values: Mapping[str, Scalar], make: Callable[[Cell], T]
    ) -> None:
        self._axes = tuple(sorted(axes))
        self._make = make
        self._made: dict[tuple[int, ...], T] = {}
        if not axes:
            self._made[()] = make(Cell(dict(values)))

    def of(self, cell: Cell) -> T:
        """The part in a cell."""
        key = cell.key(self._axes)
        if key not in self._made:
            self._made[key] = self._make(cell)
        return self._made[key]


@dataclass(slots=True, kw_only=True)
class StepDraft:
    """Everything of a step that can be known before its cells are."""

    origin: str
    mark: Mark
    axes: Sequence[Axis]
    repeat: int
    needs: tuple[Need, ...]
    tags: tuple[str, ...]
    requires: tuple[str, ...]
    targets: tuple[str, ...]
    marks_itself: bool
    injections: Sequence[Draft]
    expectations: Sequence[ExpectationDraft]
    workload: WorkloadDraft | None
    cleanup: WorkloadDraft | None
    summary: Slot | None
    group: Slot | None
    timeout: Slot | None
    sound: bool = True
    """False after a finding about a part: the step is looked at, but does not come to be."""
    used_axes: set[str] = field(default_factory=set[str])

    @property
    def cells(self) -> int:
        """Number of cells."""
        return prod(len(axis.values) for axis in self.axes)

    def build(self, variables: Variables, context: Context) -> Iterator[Step]:
        """The step in each cell. Findings are made for cells that cannot be."""
        fixed = variables.values
        injections = _Part(
            _axes(self.injections), fixed, lambda cell: self._injections(cell, context)
        )
        claims = _Part(
            _axes(self.expectations), fixed, _together(self.expectations, fixed, context)
        )
        runs = _Part(_axes([self.workload]), fixed, lambda cell: _run(self.workload, cell, context))
        cleans = _Part(_axes([self.cleanup]), fixed, lambda cell: _run(self.cleanup, cell, context))
        summaries = _Part(_own(self.summary), fixed, _reading(self.summary, context))
        groups = _Part(_own(self.group), fixed, _reading(self.group, context))
        timeout = _Part(_own(self.timeout), fixed, lambda cell: self._timeout(cell, context))
        names = tuple(axis.name for axis in self.axes)
        for step_id, cell in cells(self.origin, self.axes, variables.values):
            context.findings.cell = f"'{step_id}'" if names else ""
            workload = runs.of(cell)
            armed, claimed = injections.of(cell), claims.of(cell)
            cleanup, summary = cleans.of(cell), summaries.of(cell)
            group, timeout_ns = groups.of(cell), timeout.of(cell)
            if workload is None or armed is None or claimed is None or timeout_ns is None:
                continue
            if not self.sound:
                continue
            env = cell.env
            yield Step(
                id=step_id,
                origin=self.origin,
                workload=workload,
                mark=self.mark,
                summary=summary,
                needs=self.needs,
                group=group or None,
                tags=self.tags,
                timeout_ns=timeout_ns,
                repeat=self.repeat,
                cell=tuple([(name, env[name]) for name in names]),
                injections=armed,
                expectations=claimed,
                cleanup=cleanup,
                requires=self.requires,
                targets=self.targets,
                marks_itself=self.marks_itself,
            )
        context.findings.cell = ""

    def _injections(self, cell: Cell, context: Context) -> tuple[Injection, ...] | None:
        made = [draft.build(cell, context) for draft in self.injections]
        built = tuple(injection for injection in made if injection is not None)
        if len(built) < len(made):
            return None
        if len(built) > 1:
            for message, mark, length in clashes(built, context):
                context.findings.add("FR028", mark, message, length=length)
        return built

    def _timeout(self, cell: Cell, context: Context) -> int | None:
        if self.timeout is None:
            return DEFAULT_TIMEOUT_NS
        value = self.timeout.value(cell, context.reader)
        if value is None:
            return None
        result = duration(value, "timeout", _MIN_TIMEOUT_NS, DAY_NS)
        if not isinstance(result, Problem):
            return result
        blame = self.timeout.scope.blame(self.timeout.leaf)
        context.findings.add(
            result.code, blame.mark, result.message, hint=result.hint, length=blame.length
        )
        return None


def _axes(
    parts: "Sequence[Draft] | Sequence[ExpectationDraft] | Sequence[WorkloadDraft | None]",
) -> frozenset[str]:
    return frozenset[str]().union(*(part.axes() for part in parts if part is not None))


def _together(
    drafts: Sequence[ExpectationDraft], values: Mapping[str, Scalar], context: Context
) -> Callable[[Cell], tuple[Expectation, ...] | None]:
    """Each expectation is built once for what it depends on itself."""
    parts = [_Part(draft.axes(), values, _claiming(draft, context)) for draft in drafts]

    def make(cell: Cell) -> tuple[Expectation, ...] | None:
        built = [part.of(cell) for part in parts]
        claims = tuple([claim for claim in built if claim is not None])
        return claims if len(claims) == len(built) else None

    return make


def _claiming(draft: ExpectationDraft, context: Context) -> Callable[[Cell], Expectation | None]:
    return lambda cell: draft.build(cell, context)


def _own(slot: Slot | None) -> frozenset[str]:
    return frozenset() if slot is None else slot.axes


def _run(draft: WorkloadDraft | None, cell: Cell, context: Context) -> Workload | None:
    return None if draft is None else draft.build(cell, context)


def _reading(slot: Slot | None, context: Context) -> Callable[[Cell], str]:
    def read(cell: Cell) -> str:
        value = None if slot is None else slot.value(cell, context.reader)
        return "" if value is None or isinstance(value, float) else spelled(value)

    return read
