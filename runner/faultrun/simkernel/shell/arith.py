"""Shell arithmetic: C's integers in 64 bits, variables by name."""

import re
from collections.abc import Callable

from faultrun.simkernel.digits import DIGITS

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|[0-9]+#[0-9a-zA-Z@_]+|[0-9][0-9A-Za-z_]*|[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?"
    r"|<<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%<>=!~&|^?:(),])"
)
_BINARY: tuple[tuple[str, ...], ...] = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">="),
    ("<<", ">>"), ("+", "-"), ("*", "/", "%"), ("**",),
)  # fmt: skip
_ASSIGN = ("=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^=")
_DEPTH = 64


class ArithError(Exception):
    """What bash says about the expression, without its prefix."""


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> int:
    """The value of an expression. ``get`` and ``put`` are the shell's variables."""
    return _Evaluator(text, get, put, 0).value()


def _wrap(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


class _Evaluator:
    def __init__(
        self, text: str, get: Callable[[str], str], put: Callable[[str, str], None], depth: int
    ) -> None:
        if depth > _DEPTH:
            raise ArithError(f"{text}: expression recursion level exceeded")
        self._text = text.strip()
        self._get = get
        self._put = put
        self._depth = depth
        self._tokens = self._split()
        self._at = 0
        self._live = True

    def value(self) -> int:
        """The whole expression; empty is 0."""
        if not self._tokens:
            return 0
        result = self._comma()
        if self._at < len(self._tokens):
            self._syntax()
        return result

    def _split(self) -> list[str]:
        found: list[str] = []
        here = 0
        while here < len(self._text):
            match = _TOKEN.match(self._text, here)
            if match is None:
                if not self._text[here:].strip():
                    break
                raise ArithError(
                    f"{self._text}: syntax error: invalid arithmetic operator"
                    f' (error token is "{self._text[here:].strip()}")'
                )
            found.append(match.group(1))
            here = match.end()
        return found

    def _syntax(self) -> None:
        rest = " ".join(self._tokens[self._at :])
        raise ArithError(f'{self._text}: syntax error in expression (error token is "{rest}")')

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _comma(self) -> int:
        result = self._assignment()
        while self._peek() == ",":
            self._take()
            result = self._assignment()
        return result

    def _assignment(self) -> int:
        name = self._peek()
        following = self._tokens[self._at + 1] if self._at + 1 < len(self._tokens) else ""
        if (name[:1].isalpha() or name[:1] == "_") and following in _ASSIGN:
            self._at += 2
            before = self._variable(name) if following != "=" else 0
            right = self._assignment()
            if following != "=":
                right = self._apply(following[:-1], before, right)
            self._store(name, right)
            return right
        return self._choice()

    def _choice(self) -> int:
        condition = self._level(0)
        if self._peek() != "?":
            return condition
        self._take()
        was = self._live
        self._live = was and bool(condition)
        left = self._assignment()
        if self._take() != ":":
            self._at -= 1
            self._syntax()
        self._live = was and not condition
        right = self._assignment()
        self._live = was
        return left if condition else right

    def _level(self, level: int) -> int:
        if level == len(_BINARY):
            return self._unary()
        left = self._level(level + 1)
        while self._peek() in _BINARY[level]:
            op = self._take()
            was = self._live
            if op in ("&&", "||"):
                self._live = was and (bool(left) == (op == "&&"))
            right = self._level(level if op == "**" else level + 1)
            left = self._apply(op, left, right)
            self._live = was
        return left

    def _apply(self, op: str, left: int, right: int) -> int:
        match op:
            case "+":
                return _wrap(left + right)
            case "-":
                return _wrap(left - right)
            case "*":
                return _wrap(left * right)
            case "/" | "%":
                return self._divide(op, left, right)
            case "**":
                if right < 0 and self._live:
                    raise ArithError(f"{self._text}: exponent less than 0")
                return _wrap(pow(left, max(right, 0), 1 << 64))
            case "<<":
                return _wrap(left << (right & 63))
            case ">>":
                return left >> (right & 63)
            case "&":
                return left & right
            case "|":
                return left | right
            case "^":
                return left ^ right
            case "&&":
                return int(bool(left) and bool(right))
            case "||":
                return int(bool(left) or bool(right))
            case _:
                return int(_compare(op, left, right))

    def _divide(self, op: str, left: int, right: int) -> int:
        if right == 0:
            if not self._live:
                return 0
            raise ArithError(
                f'{self._text}: division by 0 (error token is "{self._tokens[self._at - 1]}")'
            )
        quotient = abs(left) // abs(right)
        quotient = quotient if (left < 0) == (right < 0) else -quotient
        return _wrap(quotient) if op == "/" else left - right * quotient

    def _unary(self) -> int:
        token = self._take()
        match token:
            case "-":
                return _wrap(-self._unary())
            case "+":
                return self._unary()
            case "!":
                return int(not self._unary())
            case "~":
                return ~self._unary()
            case "++" | "--":
                name = self._take()
                value = self._variable(name) + (1 if token == "++" else -1)
                self._store(name, value)
                return value
            case "(":
                value = self._comma()
                if self._take() != ")":
                    self._at -= 1
                    self._syntax()
                return value
            case _:
                return self._primary(token)

    def _primary(self, token: str) -> int:
        if token[:1] in DIGITS:
            return _number(token)
        if not (token[:1].isalpha() or token[:1] == "_"):
            self._at -= 1
            self._syntax()
        value = self._variable(token)
        if self._peek() in ("++", "--"):
            self._store(token, value + (1 if self._take() == "++" else -1))
        return value

    def _variable(self, name: str) -> int:
        text = self._get(name).strip()
        if not text:
            return 0
        return _Evaluator(text, self._get, self._put, self._depth + 1).value()

    def _store(self, name: str, value: int) -> None:
        if self._live:
            self._put(name, str(_wrap(value)))


def _compare(op: str, left: int, right: int) -> bool:
    match op:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case ">":
            return left > right
        case "<=":
            return left <= right
        case _:
            return left >= right


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_"


def _number(token: str) -> int:
    """``12``, ``0x1f``, ``017`` or ``base#digits``, the base up to 64. Wraps at 64 bits."""
    base, digits = 10, token
    if "#" in token:
        given, _, digits = token.partition("#")
        base = int(given) if len(given) < 3 else 0
        if not 2 <= base <= 64:
            raise ArithError(f'{token}: invalid arithmetic base (error token is "{token}")')
        digits = digits.lower() if base <= 36 else digits
    elif token[:2] in ("0x", "0X"):
        base, digits = 16, token[2:].lower()
    elif token[0] == "0":
        base = 8
    value = 0
    for char in digits:
        digit = _DIGITS.index(char)
        if digit >= base:
            raise ArithError(f'{token}: value too great for base (error token is "{token}")')
        value = (value * base + digit) & ((1 << 64) - 1)
    return _wrap(value)
