"""Which names a template may use where, and their values in a matrix cell.

A step sees the campaign's variables and its own axes. A fragment sees its parameters only; their
values are computed in the scope that uses it, so that scopes form a chain up to the step.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from faultrun.model.data import Scalar
from faultrun.model.diagnostic import Related
from faultrun.model.mark import Mark
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Leaf
from faultrun.spec.sources import Sources
from faultrun.spec.text import Text, TextError, Texts
from faultrun.spec.words import nearest

MAX_RENDERED = 2**26
"""Characters that all templates in all cells may make together: a matrix multiplies them."""


@dataclass(slots=True)
class Cell:
    """One cell of a matrix: the values of all names of the step, and each axis's index."""

    env: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    index: dict[str, int] = field(default_factory=dict[str, int])

    def key(self, axes: Iterable[str]) -> tuple[int, ...]:
        """What tells this cell from others, as far as these axes go."""
        return tuple([self.index[axis] for axis in axes])


@dataclass(frozen=True, slots=True)
class Blame:
    """Where a wrong value is told: at the author's own line, and where it comes from."""

    mark: Mark
    length: int
    related: tuple[Related, ...] = ()


class Scope(Protocol):
    """The names that templates of one place may use."""

    @property
    def known(self) -> frozenset[str]:
        """All names."""
        ...

    @property
    def what(self) -> str:
        """The place, in words."""
        ...

    def axes(self, names: Iterable[str]) -> frozenset[str]:
        """The axes of the step on which these names depend."""
        ...

    def env(self, cell: Cell) -> Mapping[str, Scalar] | None:
        """The values of all names, or None if a finding was made instead."""
        ...

    def blame(self, leaf: Leaf) -> Blame:
        """Where a wrong value of this scalar is told."""
        ...


class StepScope:
    """The campaign's variables and the axes of one step's matrix."""

    def __init__(self, what: str, variables: Iterable[str], axes: Iterable[str]) -> None:
        self.what = what
        self._axes = frozenset(axes)
        self.known = frozenset(variables) | self._axes

    def axes(self, names: Iterable[str]) -> frozenset[str]:
        """The names that are axes."""
        return self._axes.intersection(names)

    def env(self, cell: Cell) -> Mapping[str, Scalar] | None:
        """The cell's own values."""
        return cell.env

    def blame(self, leaf: Leaf) -> Blame:
        """The scalar itself."""
        return Blame(leaf.mark, leaf.length)


@dataclass(frozen=True, slots=True)
class Slot:
    """A scalar, compiled: a constant, or a text to be rendered in each cell."""

    leaf: Leaf
    text: Text | None
    scope: Scope
    axes: frozenset[str]

    def value(self, cell: Cell, reader: "Reader") -> bool | int | float | str | None:
        """The value in a cell; None also after a finding, which ``reader`` has then made."""
        if self.text is None:
            return self.leaf.value
        env = self.scope.env(cell)
        if env is None:
            return None
        try:
            value = self.text.render(env)
            if isinstance(value, str):
                reader.count(len(value))
        except TextError as error:
            self._report(error, reader)
            return None
        return value

    def _report(self, error: TextError, reader: "Reader") -> None:
        blame = self.scope.blame(self.leaf)
        mark, length = blame.mark, blame.length
        if mark == self.leaf.mark:
            mark, length = reader.sources.template(self.leaf, error.which)
        reader.findings.add(
            error.code, mark, str(error), hint=error.hint, length=length, related=blame.related
        )


@dataclass(slots=True)
class Reader:
    """Compiles scalars: the part of loading that knows templates, names and places."""

    findings: Findings
    sources: Sources
    texts: Texts = field(default_factory=Texts)
    used: set[str] = field(default_factory=set[str])
    """Names that templates of steps have used."""
    lengths: dict[Mark, int] = field(default_factory=dict[Mark, int])
    """How long the scalars are that were compiled, as written."""
    entered: int = 0
    """Fragments that the step at hand has taken so far."""
    _rendered: int = 0

    def count(self, size: int) -> None:
        """Keep account of what templates have made; raises TextError if it is too much."""
        self._rendered += size
        if self._rendered > MAX_RENDERED:
            message = f"the templates of all cells make more than {MAX_RENDERED:,} characters"
            raise TextError("FR006", message, "put long texts into files of the target", 0)

    def slot(self, leaf: Leaf, scope: Scope) -> Slot | None:
        """The scalar in its scope; None after a finding about its template."""
        self.lengths[leaf.mark] = leaf.length
        if not isinstance(leaf.value, str):
            return Slot(leaf, None, scope, frozenset())
        text = self.compiled(leaf, scope.known, scope.what)
        if text is None:
            return None
        if not text.parts:
            return Slot(leaf, None, scope, frozenset())
        if isinstance(scope, StepScope):
            self.used |= text.names
        return Slot(leaf, text, scope, scope.axes(text.names))

    def compiled(self, leaf: Leaf, known: frozenset[str], what: str) -> Text | None:
        """A scalar's template (without parts if it has none); None after a finding."""
        try:
            text = self.texts.compile(leaf.value) if isinstance(leaf.value, str) else None
        except TextError as error:
            mark, length = self.sources.template(leaf, error.which)
            self.findings.add(error.code, mark, str(error), hint=error.hint, length=length)
            return None
        if text is None:
            return _FIXED
        if text.names <= known:
            return text
        which = 0
        for part in text.parts:
            if isinstance(part, str):
                continue
            for name in sorted(part.names - known):
                mark, length = self.sources.template(leaf, which)
                message = f"unknown variable '{name}' in {what}"
                hint = nearest(name, known) or "there are no variables: add `vars:`"
                self.findings.add("FR030", mark, message, hint=hint, length=length)
            which += 1
        return None


_FIXED = Text((), frozenset(), None)
