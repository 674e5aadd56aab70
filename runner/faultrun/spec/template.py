"""Evaluates one expression of a template: Jinja2's sandbox, and a fence around it.

The fence: only the kinds of expression in ``_ALLOWED`` are compiled, so that nothing can name an
attribute or call anything; every operator and filter that could make much out of little is
bounded. The sandbox stands behind the fence.
"""

from collections.abc import Callable, Mapping

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.environment import TemplateExpression
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from faultrun.model.data import Scalar
from faultrun.spec.expression import (
    MAX_BITS,
    MAX_EXPRESSION,
    MAX_TEXT,
    Expression,
    ExpressionError,
)
from faultrun.spec.words import quoted

_OPERATORS = frozenset({"+", "-", "*", "/", "//", "%", "**"})
_MAX_POWER = 4096

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Add,
    nodes.And,
    nodes.Compare,
    nodes.Concat,
    nodes.CondExpr,
    nodes.Const,
    nodes.Div,
    nodes.Filter,
    nodes.FloorDiv,
    nodes.List,
    nodes.Mod,
    nodes.Mul,
    nodes.Name,
    nodes.Neg,
    nodes.Not,
    nodes.Operand,
    nodes.Or,
    nodes.Pos,
    nodes.Pow,
    nodes.Sub,
    nodes.Tuple,
)


def compile_expression(source: str) -> Expression:
    """The expression, ready to be evaluated.

    Raises ExpressionError for whatever is not well formed or not allowed.
    """
    if len(source) > MAX_EXPRESSION:
        raise ExpressionError(
            "FR032", f"an expression of {len(source):,} characters, at most {MAX_EXPRESSION:,}"
        )
    try:
        parser = Parser(_SANDBOX, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            rest = parser.stream.current.value
            raise ExpressionError("FR031", f"'{{{{ {source} }}}}' has {quoted(str(rest))} too many")
        tree.set_environment(_SANDBOX)
        _check(tree)
        names = frozenset(name.name for name in _nodes(tree) if isinstance(name, nodes.Name))
        body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), tree, lineno=1)]
        whole = _SANDBOX.from_string(nodes.Template(body, lineno=1))
    except TemplateError as error:
        message = f"'{{{{ {source} }}}}' is no expression: {error.message or 'it is empty'}"
        raise ExpressionError("FR031", message) from None
    except (RecursionError, MemoryError, SyntaxError):
        raise ExpressionError("FR032", "an expression nested too deeply") from None
    return _Compiled(source, names, TemplateExpression(whole, undefined_to_none=False))


class _Compiled:
    """An expression that Jinja2 has compiled."""

    def __init__(self, source: str, names: frozenset[str], run: TemplateExpression) -> None:
        self._source = source
        self.names = names
        self._run: Callable[..., object] = run

    def evaluate(self, env: Mapping[str, Scalar]) -> Scalar:
        """The value for these variables. Raises ExpressionError."""
        try:
            value = self._run(env)
        except ExpressionError:
            raise
        except ZeroDivisionError:
            raise ExpressionError("FR031", self._told("a division by zero")) from None
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise ExpressionError("FR031", self._told(str(error))) from None
        except (RecursionError, MemoryError):
            raise ExpressionError("FR032", self._told("it needs too much memory")) from None
        return self._scalar(value)

    def _scalar(self, value: object) -> Scalar:
        if isinstance(value, (bool, int)):
            if value.bit_length() > MAX_BITS:
                raise ExpressionError("FR032", self._told("the number is too large"))
            return value
        if isinstance(value, str):
            if len(value) > MAX_TEXT:
                told = self._told(f"the text has {len(value):,} characters, at most {MAX_TEXT:,}")
                raise ExpressionError("FR032", told)
            return str(value)
        if isinstance(value, float):
            hint = "`//` divides whole numbers"
            raise ExpressionError("FR031", self._told("the result is a fraction"), hint)
        what = f"the result is no text, number or boolean ({type(value).__name__})"
        raise ExpressionError("FR031", self._told(what))

    def _told(self, why: str) -> str:
        return f"'{{{{ {self._source} }}}}' cannot be evaluated: {why}"


def _nodes(tree: nodes.Node) -> list[nodes.Node]:
    """The tree and everything below it."""
    found = [tree]
    for node in found:
        found.extend(node.iter_child_nodes())
    return found


def _check(tree: nodes.Node) -> None:
    for node in _nodes(tree):
        if isinstance(node, nodes.Concat):
            # `~` must spell booleans as templates do, not as Python does.
            node.nodes = [
                nodes.Filter(part, "string", [], [], None, None, lineno=1) for part in node.nodes
            ]
        elif isinstance(node, nodes.Filter):
            if node.name not in _FILTERS or node.node is None:
                known = ", ".join(sorted(_FILTERS))
                raise ExpressionError("FR032", f"there is no filter '{node.name}'", known)
        elif isinstance(node, (nodes.Getattr, nodes.Getitem)):
            name = node.attr if isinstance(node, nodes.Getattr) else "[...]"
            raise ExpressionError(
                "FR032",
                f"{quoted(name)} reaches into a value: templates see texts, numbers and booleans",
                "`faultrun explain FR032` lists what an expression may do",
            )
        elif isinstance(node, nodes.Call):
            hint = "`faultrun explain FR032` lists what an expression may do"
            raise ExpressionError("FR032", "a template cannot call anything", hint)
        elif not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            hint = "`faultrun explain FR032` lists what an expression may do"
            raise ExpressionError("FR032", f"a template may not use this: {kind}", hint)


def _binary(operator: str, left: object, right: object) -> Scalar:
    if isinstance(left, str) and isinstance(right, str) and operator == "+":
        return _bounded(left + right)
    if isinstance(left, str) and isinstance(right, int) and operator == "*":
        return _repeated(left, right)
    if isinstance(left, int) and isinstance(right, str) and operator == "*":
        return _repeated(right, left)
    if not isinstance(left, int) or not isinstance(right, int):
        kinds = f"{_kind(left)} {operator} {_kind(right)}"
        raise TypeError(f"{kinds} has no meaning" + ("; `~` joins" if operator == "+" else ""))
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            _fits(left.bit_length() + right.bit_length())
            return left * right
        case "//":
            return left // right
        case "%":
            return left % right
        case "**":
            if right < 0:
                raise ValueError("a negative power is a fraction")
            _fits(left.bit_length() * min(right, _MAX_POWER))
            return int(left**right) if right <= _MAX_POWER or abs(left) < 2 else _too_large()
        case _:
            raise TypeError("`/` makes fractions; `//` divides whole numbers")


def _fits(bits: int) -> None:
    if bits > MAX_BITS:
        _too_large()


def _too_large() -> int:
    raise ExpressionError("FR032", "a template computes a number that is too large")


def _repeated(text: str, times: int) -> str:
    if times > 0 and len(text) * times > MAX_TEXT:
        size = len(text) * times
        raise ExpressionError(
            "FR032", f"a template makes a text of {size:,} characters, at most {MAX_TEXT:,}"
        )
    return text * times


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ExpressionError("FR032", f"a template makes a text of more than {MAX_TEXT:,}")
    return text


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, str)):
        return str(value)
    raise TypeError("only texts, numbers and booleans become a text")


def _number(value: object) -> int:
    if isinstance(value, (int, str)):
        return int(value, 0) if isinstance(value, str) else int(value)
    raise TypeError("only texts and booleans become a number")


def _hex(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("only a number has hex digits")
    return hex(value)


def _abs(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("only a number has an absolute value")
    return abs(value)


def _replaced(value: object, old: object, new: object) -> str:
    text, before, after = _text(value), _text(old), _text(new)
    size = len(text) + text.count(before) * max(0, len(after) - len(before))
    if size > MAX_TEXT:
        raise ExpressionError("FR032", f"a template makes a text of {size:,} characters")
    return text.replace(before, after)


def _length(value: object) -> int:
    return len(_text(value))


def _lower(value: object) -> str:
    return _text(value).lower()


def _upper(value: object) -> str:
    return _text(value).upper()


def _trimmed(value: object) -> str:
    return _text(value).strip()


_FILTERS: dict[str, Callable[..., Scalar]] = {
    "abs": _abs,
    "hex": _hex,
    "int": _number,
    "length": _length,
    "lower": _lower,
    "replace": _replaced,
    "string": _text,
    "trim": _trimmed,
    "upper": _upper,
}


class _Sandbox(SandboxedEnvironment):
    """Jinja2's sandbox with nothing in it but our own filters and bounded operators."""

    intercepted_binops = _OPERATORS

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> Scalar:  # noqa: ARG002  # Jinja2's signature
        """The result of an operator, if it is small enough."""
        return _binary(operator, left, right)


def _sandbox() -> SandboxedEnvironment:
    made = _Sandbox(undefined=StrictUndefined, autoescape=False, optimized=False, cache_size=0)
    made.globals.clear()
    made.tests.clear()
    made.filters.clear()
    made.filters.update(_FILTERS)
    return made


_SANDBOX = _sandbox()
