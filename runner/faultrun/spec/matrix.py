"""Axes of a matrix, and its cells with ids that stay the same from run to run."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from faultrun.model.data import Scalar
from faultrun.model.diagnostic import Related
from faultrun.spec.context import Context
from faultrun.spec.nodes import Leaf, Node, Row, Table
from faultrun.spec.scope import Cell, StepScope
from faultrun.spec.words import shown

MAX_STEPS = 100_000
"""Steps of a campaign, cells and repeats counted."""
_MAX_VALUE = 60
_SAFE = frozenset("_.:+-/@ ")


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its values, and how each is spelled in an id."""

    name: str
    values: tuple[Scalar, ...]
    labels: tuple[str, ...]


def axes(node: Node | None, variables: dict[str, Scalar], context: Context) -> list[Axis]:
    """The axes of a ``matrix:``, in the order in which they are written.

    An axis whose values are wrong is there without them: its name is known, its cells are none.
    """
    made: list[Axis] = []
    scope = StepScope("a matrix (which sees `vars:` only)", variables, ())
    for entry in (node.entries if isinstance(node, Table) else {}).values():
        if entry.name in variables:
            message = f"axis '{entry.name}' is called like a variable"
            context.findings.add("FR046", entry.mark, message, length=len(entry.name))
            continue
        values: dict[tuple[type, Scalar], Leaf] = {}
        labels: list[str] = []
        row = entry.node
        for leaf in row.items if isinstance(row, Row) else ():
            value = _value(leaf, scope, variables, context)
            if value is None or not isinstance(leaf, Leaf):
                continue
            twin = values.get((type(value), value))
            if twin is None:
                values[type(value), value] = leaf
                same = value == leaf.value and not isinstance(value, str)
                labels.append(_label(leaf.raw if same else value))
            else:
                context.findings.add(
                    "FR046",
                    leaf.mark,
                    f"axis '{entry.name}' holds {shown(value)} twice",
                    related=[Related(mark=twin.mark, message="the first one is here")],
                    length=leaf.length,
                )
        found = tuple(value for _, value in values)
        made.append(Axis(entry.name, found, _distinct(labels, found)))
    return made


def _value(
    leaf: Node, scope: StepScope, variables: dict[str, Scalar], context: Context
) -> Scalar | None:
    if not isinstance(leaf, Leaf):
        return None
    slot = context.reader.slot(leaf, scope)
    value = None if slot is None else slot.value(Cell(variables), context.reader)
    return None if isinstance(value, float) else value


def _label(value: Scalar) -> str:
    """A value in an id: short, on one line, and without what ids use themselves."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "".join(
        letter
        if letter.isalnum() or letter in _SAFE
        else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
        for letter in str(value)
    )
    if len(text) > _MAX_VALUE:
        digest = hashlib.sha256(str(value).encode("utf-8", "surrogatepass")).hexdigest()[:8]
        text = f"{text[: _MAX_VALUE - 9]}~{digest}"
    return text


def _distinct(labels: list[str], values: tuple[Scalar, ...]) -> tuple[str, ...]:
    """1 and '1' are different values of one axis: the text then gets quotes."""
    counts = Counter(labels)
    return tuple(
        f"'{label}'" if counts[label] > 1 and isinstance(value, str) else label
        for label, value in zip(labels, values, strict=True)
    )


def cells(
    origin: str, made: Sequence[Axis], variables: dict[str, Scalar]
) -> Iterator[tuple[str, Cell]]:
    """Every cell with its step id. The cell is one object, changed from step to step."""
    cell = Cell(dict(variables))
    if not made:
        yield origin, cell
        return
    env, index = cell.env, cell.index
    names = [axis.name for axis in made]
    choices = [
        [
            (number, value, f"{axis.name}={label}")
            for number, (value, label) in enumerate(zip(axis.values, axis.labels, strict=True))
        ]
        for axis in made
    ]
    for combination in product(*choices):
        for name, (number, value, _) in zip(names, combination, strict=True):
            env[name] = value
            index[name] = number
        yield f"{origin}[{','.join([label for _, _, label in combination])}]", cell
