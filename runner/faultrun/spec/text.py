"""Texts with ``{{ name }}`` in them, cut into what is fixed and what is not.

Only ``{{ }}`` means anything: ``{%`` and ``{#`` are ordinary text, because shells write ``${#x}``.
A plain name is looked up here; only a real expression costs the import of Jinja2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from faultrun.model.data import Scalar
from faultrun.spec.expression import MAX_TEXT, Expression, ExpressionError
from faultrun.spec.words import quoted

OPENING = "{{"
MAX_JOINED = 4 * MAX_TEXT
"""Characters that the templates of one text may make."""
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*")
_PIECE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\}\}|[^'"}]+|.""", re.DOTALL)
_WORDS = frozenset(
    [
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "else",
        "recursive",
        "loop",
        "self",
    ]
)


class TextError(Exception):
    """A template that cannot be used, and which of the text's expressions it is, from 0."""

    def __init__(self, code: str, message: str, hint: str, which: int) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.which = which


@dataclass(frozen=True, slots=True)
class _Name:
    """An expression that is just a name."""

    name: str
    names: frozenset[str]

    def evaluate(self, env: Mapping[str, Scalar]) -> Scalar:
        """The variable's value."""
        return env[self.name]


@dataclass(frozen=True, slots=True)
class Text:
    """A text with expressions; ``single`` if it is nothing but one, which then keeps its type."""

    parts: tuple[str | Expression, ...]
    names: frozenset[str]
    single: Expression | None

    def render(self, env: Mapping[str, Scalar]) -> Scalar:
        """The value for these variables, all of ``names`` given. Raises TextError."""
        try:
            if self.single is not None:
                return self.single.evaluate(env)
        except ExpressionError as error:
            raise TextError(error.code, str(error), error.hint, 0) from None
        return self._joined(env)

    def _joined(self, env: Mapping[str, Scalar]) -> str:
        pieces: list[str] = []
        size = which = 0
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            try:
                value = part.evaluate(env)
            except ExpressionError as error:
                raise TextError(error.code, str(error), error.hint, which) from None
            which += 1
            pieces.append(spelled(value))
            size += len(pieces[-1])
            if size > MAX_JOINED:
                message = f"templates make a text of more than {MAX_JOINED:,} characters"
                raise TextError("FR032", message, "", which - 1)
        return "".join(pieces)


@dataclass(slots=True)
class Texts:
    """Compiles texts, each expression once."""

    _expressions: dict[str, Expression] = field(default_factory=dict[str, Expression])

    def compile(self, raw: str) -> Text | None:
        """The text in parts, or None if no template is in it. Raises TextError."""
        if OPENING not in raw:
            return None
        parts: list[str | Expression] = []
        expressions: list[Expression] = []
        position = 0
        while (start := raw.find(OPENING, position)) >= 0:
            source, end = _inside(raw, start + 2, len(expressions))
            if start > position:
                parts.append(raw[position:start])
            try:
                expression = self._expression(source)
            except ExpressionError as error:
                raise TextError(error.code, str(error), error.hint, len(expressions)) from None
            parts.append(expression)
            expressions.append(expression)
            position = end
        if position < len(raw):
            parts.append(raw[position:])
        blank = all(not part.strip(" \t") for part in parts if isinstance(part, str))
        single = expressions[0] if len(expressions) == 1 and blank else None
        names = frozenset[str]().union(*(expression.names for expression in expressions))
        return Text(tuple(parts), names, single)

    def _expression(self, source: str) -> Expression:
        if source not in self._expressions:
            name = _NAME.fullmatch(source)
            self._expressions[source] = (
                _Name(name[1], frozenset({name[1]}))
                if name is not None and name[1] not in _WORDS
                else _compiled(source.strip())
            )
        return self._expressions[source]


def spelled(value: Scalar) -> str:
    """A value inside a text: booleans as YAML writes them, numbers in decimal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _compiled(source: str) -> Expression:
    # Jinja2 takes longer to import than most campaigns take to load, and few need it.
    from faultrun.spec.template import compile_expression  # noqa: PLC0415

    return compile_expression(source)


def _inside(raw: str, start: int, which: int) -> tuple[str, int]:
    """What stands between the braces, and where the text goes on; quotes may hold ``}}``."""
    position = start
    while (piece := _PIECE.match(raw, position)) is not None:
        position = piece.end()
        if piece.group() == "}}":
            return raw[start : position - 2], position
    rest = quoted(raw[start - 2 :])
    hint = "a literal '{{' is written {{ '{{' }}"
    raise TextError("FR031", f"'{{{{' without '}}}}': {rest}", hint, which)
