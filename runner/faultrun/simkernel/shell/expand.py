"""From words to arguments: parameters, substitutions, splitting, file names.

The order is bash's: expansions from left to right, then field splitting of what was not quoted,
then file names, then the quotes go.
"""

from collections.abc import Callable
from typing import Protocol

from faultrun.simkernel.shell import arith
from faultrun.simkernel.shell.nodes import Arith, Lit, Node, Param, Part, ProcSub, Sub, Word
from faultrun.simkernel.shell.patterns import compiled, has_magic, plain, quote
from faultrun.simkernel.shell.state import State, Value


class ExpandError(Exception):
    """What bash says of an expansion that ends the command; without its prefix."""


class Runner(Protocol):
    """What expansion needs of the shell that it serves."""

    state: State

    def substitute(self, body: Node) -> str:
        """Run in a subshell; its output."""
        ...

    def attach(self, body: Node, mode: str) -> str:
        """Run as the other end of a pipe; the pipe's name."""
        ...

    def glob(self, pattern: str) -> list[str]:
        """Names of files that match, sorted."""
        ...


class Expander:
    """Expands words for one shell."""

    def __init__(self, shell: Runner) -> None:
        self._shell = shell

    @property
    def _state(self) -> State:
        return self._shell.state

    def fields(self, words: tuple[Word, ...]) -> list[str]:
        """The argument vector of these words."""
        out: list[str] = []
        for word in words:
            if len(word) == 1 and isinstance(word[0], Lit) and word[0].quoted:
                out.append(word[0].text)
                continue
            for pattern in self._split(word):
                if has_magic(pattern) and not self._state.options.noglob:
                    out.extend(self._shell.glob(pattern) or [plain(pattern)])
                else:
                    out.append(plain(pattern))
        return out

    def text(self, word: Word) -> str:
        """One text, neither split nor matched: an assigned value, a redirection's target."""
        return "".join(self._tilde(word, at) or self._part(part) for at, part in enumerate(word))

    def pattern(self, word: Word) -> str:
        """One pattern: what was quoted matches itself only."""
        out: list[str] = []
        for part in word:
            text = self._part(part)
            out.append(quote(text) if part_quoted(part) else text)
        return "".join(out)

    def number(self, word: Word) -> int:
        """The value of an arithmetic expression."""
        return self.calculate(self.text(word))

    def calculate(self, text: str) -> int:
        """The value of an arithmetic text. Raises ExpandError."""
        try:
            return arith.evaluate(text, self._get_number, self._put_number)
        except arith.ArithError as wrong:
            raise ExpandError(str(wrong)) from None

    def _tilde(self, word: Word, at: int) -> str:
        part = word[at]
        if at or not isinstance(part, Lit) or part.quoted or part.text[:1] != "~":
            return ""
        head, slash, tail = part.text.partition("/")
        if head != "~" or (not slash and len(word) > 1):
            return ""
        return (self._state.text("HOME") or "/root") + slash + tail

    def _split(self, word: Word) -> list[str]:
        fields: list[str] = []
        current: str | None = None
        for at, part in enumerate(word):
            if isinstance(part, Lit):
                text = self._tilde(word, at) or part.text
                current = (current or "") + (quote(text) if part.quoted else text)
                continue
            many = self._many(part)
            if many is not None:
                if part_quoted(part) or not self._separators():
                    pieces = [quote(item) for item in many]
                    fields, current = _append(fields, current, pieces)
                else:
                    text = self._separators()[0].join(many)
                    fields, current = self._take_apart(text, fields, current)
                continue
            text = self._part(part)
            if part_quoted(part):
                current = (current or "") + quote(text)
                continue
            fields, current = self._take_apart(text, fields, current)
        if current is not None:
            fields.append(current)
        return fields

    def _take_apart(
        self, text: str, fields: list[str], current: str | None
    ) -> tuple[list[str], str | None]:
        pieces = [_bare(piece) for piece in self._cut(text)]
        if not pieces:
            if text and current is not None:
                return [*fields, current], None
            return fields, current
        separators = self._separators()
        if text[0] in separators and current is not None:
            fields, current = [*fields, current], None
        fields, current = _append(fields, current, pieces)
        if text[-1] in separators and current is not None:
            return [*fields, current], None
        return fields, current

    def _separators(self) -> str:
        found = self._state.text("IFS")
        return " \t\n" if found is None else found

    def _cut(self, text: str) -> list[str]:
        separators = self._separators()
        if not separators:
            return [text] if text else []
        if separators == " \t\n":
            return text.split()
        blanks = "".join(char for char in separators if char in " \t\n")
        out: list[str] = []
        current = ""
        pending = False
        for char in text.strip(blanks):
            if char in separators and char not in blanks:
                out.append(current)
                current, pending = "", False
            elif char in separators:
                pending = True
            else:
                if pending and current:
                    out.append(current)
                    current = ""
                pending = False
                current += char
        if current:
            out.append(current)
        return out

    def _many(self, part: Part) -> list[str] | None:
        """``$@`` and ``${name[@]}`` make several words; None for any other part."""
        if not isinstance(part, Param) or part.op == "length" or part.op in _DEFAULTS:
            return None
        if part.name == "@" or (part.name == "*" and not part.quoted):
            state = self._state
            return self._each(part, [state.name, *state.args] if part.op == ":" else state.args)
        if part.index == "@" or (part.index == "*" and not part.quoted):
            return self._each(part, _items(self._state.variables.get(part.name)))
        return None

    def _each(self, part: Param, items: list[str]) -> list[str]:
        if not part.op:
            return list(items)
        if part.op != ":":
            return [self._edited(part, item) for item in items]
        start, colon, length = self.text(part.arg).partition(":")
        begin = self.calculate(start)
        begin = max(0, len(items) + begin) if begin < 0 else begin
        return items[begin : begin + self.calculate(length)] if colon else items[begin:]

    def _part(self, part: Part) -> str:
        match part:
            case Lit():
                return part.text
            case Param():
                return self._parameter(part)
            case Sub():
                return self._shell.substitute(part.body)
            case Arith():
                return str(self.number(part.text))
            case ProcSub():
                return self._shell.attach(part.body, part.mode)

    def _value(self, part: Param) -> str | None:
        name, state = part.name, self._state
        if name.isdigit():
            number = int(name)
            if number == 0:
                return state.name
            return state.args[number - 1] if number <= len(state.args) else None
        match name:
            case "?":
                return str(state.status)
            case "#":
                return str(len(state.args))
            case "@" | "*":
                return self._star(state.args) if state.args else None
            case "$":
                return str(state.pid)
            case "!":
                return ""
            case "-":
                options = state.options
                return "h" + "e" * options.errexit + "u" * options.nounset + "Bc"
            case _:
                return self._variable(part)

    def _variable(self, part: Param) -> str | None:
        value = self._state.variables.get(part.name)
        if not part.index:
            return self._state.text(part.name)
        if part.index in ("@", "*"):
            items = _items(value)
            return self._star(items) if items else None
        items = _items(value)
        at = self.calculate(part.index)
        return items[at] if -len(items) <= at < len(items) else None

    def _star(self, items: list[str]) -> str:
        return (self._separators() or " ")[0].join(items) if self._separators() else "".join(items)

    def _parameter(self, part: Param) -> str:
        value = self._value(part)
        if part.op == "length":
            if part.index in ("@", "*"):
                return str(len(_items(self._state.variables.get(part.name))))
            if part.name in ("@", "*"):
                return str(len(self._state.args))
            return str(len(value or ""))
        if part.op in _DEFAULTS:
            return self._default(part, value)
        if value is None:
            if self._state.options.nounset and part.name not in ("@", "*"):
                raise ExpandError(f"{part.name}: unbound variable")
            value = ""
        return self._edited(part, value) if part.op else value

    def _default(self, part: Param, value: str | None) -> str:
        op = part.op
        missing = value is None or (op.startswith(":") and not value)
        match op[-1]:
            case "-":
                return self.text(part.arg) if missing else value or ""
            case "+":
                return "" if missing else self.text(part.arg)
            case "=":
                if missing:
                    self._state.variables[part.name] = self.text(part.arg)
                return self._state.text(part.name) or ""
            case _:
                if missing:
                    said = self.text(part.arg) or "parameter null or not set"
                    raise ExpandError(f"{part.name}: {said}")
                return value or ""

    def _edited(self, part: Param, value: str) -> str:
        op = part.op
        if op in ("#", "##", "%", "%%"):
            return _trim(value, op, self.pattern(part.arg))
        if op.startswith("/"):
            return self._replaced(part, value)
        if op == ":":
            return self._slice(part, value)
        change: Callable[[str], str] = str.upper if op[0] == "^" else str.lower
        return change(value) if len(op) == 2 else change(value[:1]) + value[1:]

    def _replaced(self, part: Param, value: str) -> str:
        whole = self.pattern(part.arg)
        pattern, _, replacement = _halves(whole)
        text = plain(replacement)
        if not pattern:
            return value
        expression = compiled(pattern)
        if part.op == "/#":
            found = expression.match(value)
            return text + value[found.end() :] if found else value
        if part.op == "/%":
            for at in range(len(value) + 1):
                if expression.fullmatch(value[at:]):
                    return value[:at] + text
            return value
        return expression.sub(lambda _: text, value, count=0 if part.op == "//" else 1)

    def _slice(self, part: Param, value: str) -> str:
        start, colon, length = self.text(part.arg).partition(":")
        begin = self.calculate(start)
        begin = max(0, len(value) + begin) if begin < 0 else begin
        if not colon:
            return value[begin:]
        count = self.calculate(length)
        return value[begin : len(value) + count] if count < 0 else value[begin : begin + count]

    def _get_number(self, name: str) -> str:
        base, _, index = name.rstrip("]").partition("[")
        value = self._value(Param(base, index=index))
        if value is None and self._state.options.nounset:
            raise ExpandError(f"{base}: unbound variable")
        return value or ""

    def _put_number(self, name: str, value: str) -> None:
        base, _, index = name.rstrip("]").partition("[")
        if not index:
            self._state.variables[base] = value
            return
        items = _items(self._state.variables.get(base))
        at = self.calculate(index)
        items.extend([""] * (at + 1 - len(items)))
        items[at] = value
        self._state.variables[base] = items


_DEFAULTS = frozenset({":-", "-", ":+", "+", ":=", "=", ":?", "?"})


def part_quoted(part: Part) -> bool:
    """Did it stand in quotes? What a process substitution names counts as quoted."""
    return True if isinstance(part, ProcSub) else part.quoted


def _items(value: Value | None) -> list[str]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _append(
    fields: list[str], current: str | None, pieces: list[str]
) -> tuple[list[str], str | None]:
    if not pieces:
        return fields, current
    first = (current or "") + pieces[0]
    if len(pieces) == 1:
        return fields, first
    return [*fields, first, *pieces[1:-1]], pieces[-1]


def _bare(text: str) -> str:
    """Expanded text in a pattern: a backslash in it is only a backslash."""
    return text.replace("\\", "\\\\")


def _trim(value: str, op: str, pattern: str) -> str:
    expression = compiled(pattern)
    places = range(len(value) + 1)
    if op[0] == "#":
        ends = places if op == "#" else reversed(places)
        for end in ends:
            if expression.fullmatch(value[:end]):
                return value[end:]
        return value
    starts = reversed(places) if op == "%" else places
    for start in starts:
        if expression.fullmatch(value[start:]):
            return value[:start]
    return value


def _halves(text: str) -> tuple[str, str, str]:
    here = 0
    while here < len(text):
        if text[here] == "\\":
            here += 2
        elif text[here] == "/":
            return text[:here], "/", text[here + 1 :]
        else:
            here += 1
    return text, "", ""
