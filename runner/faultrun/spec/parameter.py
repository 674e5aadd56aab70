"""Parameters of fragments: declared in a library, given `with:`, checked like attributes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from faultrun.model.data import Scalar
from faultrun.model.diagnostic import Related
from faultrun.model.mark import Mark
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Leaf, Table
from faultrun.spec.scalars import surprise
from faultrun.spec.scope import Blame, Cell, Reader, Scope, Slot
from faultrun.spec.values import Problem
from faultrun.spec.words import bounds, nearest, shown

_WANTED = {"integer": "a whole number", "string": "a text", "boolean": "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a fragment can be told. ``default`` is None if it must be told."""

    name: str
    kind: str
    mark: Mark
    minimum: int | None = None
    maximum: int | None = None
    pattern: "re.Pattern[str] | None" = None
    default: Scalar | None = None
    unit: str = ""

    def problem(self, value: object) -> Problem | None:
        """Why the value is refused, or None."""
        kinds = {"integer": int, "string": str, "boolean": bool}
        if type(value) is not kinds[self.kind]:
            told = f"the text {shown(value)}" if isinstance(value, str) else shown(value)
            hint = ""
            if isinstance(value, str) and value.lstrip("-").isdigit():
                hint = "leave out the quotes"
            return Problem("FR045", f"{self.name} is {told}, must be {_WANTED[self.kind]}", hint)
        if isinstance(value, int) and self.kind == "integer":
            low, high = self.minimum, self.maximum
            if (low is not None and value < low) or (high is not None and value > high):
                unit = f" ({self.unit})" if self.unit else ""
                told = f"{self.name} is {shown(value)}, must be {bounds(low, high)}{unit}"
                return Problem("FR045", told)
        if isinstance(value, str) and self.pattern is not None and not self.pattern.search(value):
            told = f"{self.name} is {shown(value)}, must match {self.pattern.pattern}"
            return Problem("FR045", told)
        return None


def parameters(table: Table | None, findings: Findings) -> dict[str, Parameter]:
    """The declared parameters, by name."""
    made: dict[str, Parameter] = {}
    for name, entry in (table.entries if table is not None else {}).items():
        if isinstance(entry.node, Table):
            found = _parameter(name, entry.mark, entry.node, findings)
            if found is not None:
                made[name] = found
    return made


def _parameter(name: str, mark: Mark, table: Table, findings: Findings) -> Parameter | None:
    pattern = None
    leaf = table.leaf("pattern")
    if leaf is not None:
        try:
            pattern = re.compile(str(leaf.value))
        except (re.error, RecursionError, OverflowError) as error:
            message = f"pattern is {shown(leaf.value)}, no regular expression: {error}"
            findings.add("FR026", leaf.mark, message, length=leaf.length)
    default = table.leaf("default")
    value = None if default is None or isinstance(default.value, float) else default.value
    kind = table.text("type")
    if kind not in _WANTED:
        return None
    made = Parameter(
        name=name,
        kind=kind,
        mark=mark,
        minimum=_int(table.leaf("minimum")),
        maximum=_int(table.leaf("maximum")),
        pattern=pattern,
        default=value,
        unit=table.text("unit"),
    )
    _declared_well(made, table, findings)
    return made


def _declared_well(made: Parameter, table: Table, findings: Findings) -> None:
    default = table.leaf("default")
    problem = None if default is None else made.problem(default.value)
    if made.minimum is not None and made.maximum is not None and made.minimum > made.maximum:
        leaf = table.leaf("minimum")
        message = f"parameter '{made.name}' has no possible value: minimum is above maximum"
        findings.add("FR045", made.mark if leaf is None else leaf.mark, message)
    elif default is not None and problem is not None:
        message = f"the default of {problem.message}"
        findings.add("FR045", default.mark, message, hint=problem.hint, length=default.length)
    for key, kind in (("minimum", "integer"), ("maximum", "integer"), ("pattern", "string")):
        entry = table.entries.get(key)
        if entry is not None and made.kind != kind:
            message = f"{key} means something for {kind} parameters only"
            findings.add("FR045", entry.mark, message, length=len(key))


def _int(leaf: Leaf | None) -> int | None:
    return leaf.value if leaf is not None and isinstance(leaf.value, int) else None


class FragmentScope:
    """What a fragment's templates see: its parameters, with values from where it is used."""

    def __init__(
        self,
        *,
        name: str,
        declared: Mapping[str, Parameter],
        given: Mapping[str, Slot],
        outer: Scope,
        use: Leaf,
        reader: Reader,
    ) -> None:
        self.what = f"fragment '{name}'"
        self.known = frozenset(declared)
        self._declared = declared
        self._given = given
        self._outer = outer
        self._use = use
        self._reader = reader
        self._axes = frozenset[str]().union(*(slot.axes for slot in given.values()))
        self._order = tuple(sorted(self._axes))
        self._made: dict[tuple[int, ...], Mapping[str, Scalar] | None] = {}
        self._sound = True
        self._fixed: dict[str, Scalar] = {}
        for parameter in declared.values():
            self._settle(parameter)

    def axes(self, names: Iterable[str]) -> frozenset[str]:
        """The axes on which any argument depends: a bad one spoils the whole fragment."""
        return self._axes if any(True for _ in names) else frozenset()

    def env(self, cell: Cell) -> Mapping[str, Scalar] | None:
        """The parameters' values in a cell."""
        key = cell.key(self._order)
        if key not in self._made:
            self._made[key] = self._values(cell)
        return self._made[key]

    def blame(self, leaf: Leaf) -> Blame:
        """The author's own ``use:``, and the scalar in the library."""
        outer = self._outer.blame(self._use)
        here = Related(mark=leaf.mark, message="it comes from here")
        return Blame(outer.mark, outer.length, (*outer.related, here))

    def _settle(self, parameter: Parameter) -> None:
        """Take what is the same in all cells: a default, or an argument without a template."""
        slot = self._given.get(parameter.name)
        if slot is not None and slot.text is not None:
            return
        value = parameter.default if slot is None else slot.leaf.value
        if value is None or isinstance(value, float):
            self._sound = False
            return
        problem = None if slot is None else parameter.problem(value)
        if slot is not None and problem is not None:
            self._refuse(slot, parameter, problem)
            self._sound = False
        self._fixed[parameter.name] = value

    def _values(self, cell: Cell) -> Mapping[str, Scalar] | None:
        made = dict(self._fixed)
        sound = self._sound
        for name, slot in self._given.items():
            if slot.text is None:
                continue
            value = slot.value(cell, self._reader)
            if value is None or isinstance(value, float):
                sound = False
                continue
            problem = self._declared[name].problem(value)
            if problem is not None:
                self._refuse(slot, self._declared[name], problem)
                sound = False
            made[name] = value
        return made if sound else None

    def _refuse(self, slot: Slot, parameter: Parameter, problem: Problem) -> None:
        blame = slot.scope.blame(slot.leaf)
        declared = Related(mark=parameter.mark, message="the parameter is declared here")
        hint = problem.hint
        if parameter.kind != "string" and slot.leaf.plain:
            hint = surprise(slot.leaf.raw).partition(", or quote")[0] or hint
        self._reader.findings.add(
            problem.code,
            blame.mark,
            problem.message,
            hint=hint,
            related=(*blame.related, declared),
            length=blame.length,
        )


def arguments(
    table: Table | None, declared: Mapping[str, Parameter], outer: Scope, reader: Reader, name: str
) -> dict[str, Slot]:
    """The slots of a ``with:``; findings for unknown names."""
    made: dict[str, Slot] = {}
    for entry in (table.entries if table is not None else {}).values():
        if entry.name not in declared:
            message = f"fragment '{name}' has no parameter '{entry.name}'"
            hint = nearest(entry.name, declared) or "it has no parameters"
            reader.findings.add("FR044", entry.mark, message, hint=hint, length=len(entry.name))
        elif isinstance(entry.node, Leaf):
            slot = reader.slot(entry.node, outer)
            if slot is not None:
                made[entry.name] = slot
    return made
