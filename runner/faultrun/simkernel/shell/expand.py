"""From words to arguments: parameters, substitutions, splitting, file names.

The order is bash's: expansions from left to right, then field splitting of what was not quoted,
then file names, then the quotes go.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from faultrun.simkernel.digits import is_number
from faultrun.simkernel.shell import arith
from faultrun.simkernel.shell.editing import each, edited
from faultrun.simkernel.shell.nodes import Arith, Lit, Node, Param, Part, ProcSub, Sub, Word
from faultrun.simkernel.shell.patterns import has_magic, plain, quote
from faultrun.simkernel.shell.splitting import append, cut
from faultrun.simkernel.shell.state import Array, State, Table, Value, values_of
from faultrun.simkernel.shell.wrong import ExpandError


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

    def special(self, name: str) -> Value | None:
        """A variable that the shell itself answers for."""
        ...

    def set_number(self, name: str, subscript: str, value: str) -> None:
        """What arithmetic assigns."""
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
                    found = self._shell.glob(pattern)
                    kept = [] if self._state.options.nullglob else [plain(pattern)]
                    out.extend(found or kept)
                else:
                    out.append(plain(pattern))
        return out

    def text(self, word: Word) -> str:
        """One text, neither split nor matched: an assigned value, a redirection's target."""
        return "".join(self._tilde(word, at) or self._part(part) for at, part in enumerate(word))

    def expression(self, word: Word) -> str:
        """One regular expression: what was quoted matches itself only."""
        out: list[str] = []
        for part in word:
            text = self._part(part)
            out.append(re.escape(text) if part_quoted(part) else text)
        return "".join(out)

    def is_set(self, name: str) -> bool:
        """``-v name`` or ``-v name[subscript]``."""
        base, bracket, subscript = name.removesuffix("]").partition("[")
        held = self._held(base)
        if not bracket:
            return (held.items.get(0) if isinstance(held, Array) else held) is not None
        return self._item(held, subscript) is not None

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
        if head == "~+":
            return self._state.text("PWD") or "/"
        if head != "~" or (not slash and len(word) > 1):
            return ""
        return (self._state.text("HOME") or "/root") + slash + tail

    def _split(self, word: Word) -> list[str]:
        fields: list[str] = []
        current: str | None = None
        for part, literal in self._laid_out(word):
            if isinstance(part, Lit):
                if literal or part.quoted:
                    current = (current or "") + (quote(part.text) if part.quoted else part.text)
                else:
                    fields, current = self._take_apart(part.text, fields, current)
                continue
            many = self._many(part)
            if many is not None:
                if part_quoted(part) or not self._separators():
                    pieces = [quote(item) for item in many]
                    fields, current = append(fields, current, pieces)
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

    def _laid_out(self, word: Word) -> Iterator[tuple[Part, bool]]:
        """The parts, and of each whether its text is the script's own and is not split.

        An unquoted ``${name:-word}`` gives the parts of its word, which keep their quotes.
        """
        for at, part in enumerate(word):
            if isinstance(part, Lit):
                tilde = self._tilde(word, at)
                yield (Lit(tilde, quoted=True) if tilde else part), True
            elif isinstance(part, Param) and not part.quoted and self._takes_word(part):
                for inner, _ in self._laid_out(part.arg):
                    yield inner, False
            else:
                yield part, False

    def _takes_word(self, part: Param) -> bool:
        if part.op not in ("-", ":-", "+", ":+"):
            return False
        whole = part.name in ("@", "*") or part.index in ("@", "*")
        value = self._value(part)
        missing = value is None or (part.op[0] == ":" and not value)
        return missing != (part.op[-1] == "+") and (missing or not whole or bool(part.arg))

    def _take_apart(
        self, text: str, fields: list[str], current: str | None
    ) -> tuple[list[str], str | None]:
        pieces = [_bare(piece) for piece in cut(text, self._separators())]
        if not pieces:
            if text and current is not None:
                return [*fields, current], None
            return fields, current
        separators = self._separators()
        if text[0] in separators and current is not None:
            fields, current = [*fields, current], None
        fields, current = append(fields, current, pieces)
        if text[-1] in separators and current is not None:
            return [*fields, current], None
        return fields, current

    def _separators(self) -> str:
        found = self._state.text("IFS")
        return " \t\n" if found is None else found

    def _many(self, part: Part) -> list[str] | None:
        """``$@`` and ``${name[@]}`` make several words; None for any other part."""
        if not isinstance(part, Param) or part.op in ("length", "indirect"):
            return None
        star = part.name == "*" or (part.name not in "@*" and part.index == "*")
        whole = part.name in ("@", "*") or part.index in ("@", "*")
        if not whole or (star and part.quoted):
            return None
        held = None if part.name in "@*" else self._held(part.name)
        if part.op == "keys":
            return held.keys() if isinstance(held, Array | Table) else ["0"] * (held is not None)
        state = self._state
        items = state.args if part.name in "@*" else values_of(held)
        if part.op in _DEFAULTS:
            missing = not items or (part.op[0] == ":" and not any(items))
            if missing == (part.op[-1] == "+"):
                return [] if missing else None
            return None if missing else list(items)
        if part.op == ":" and part.name in "@*":
            items = [state.name, *items]
        return each(self, part, items)

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
        if is_number(name):
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
                return str(state.background) if state.background else ""
            case "-":
                options = state.options
                return "h" + "e" * options.errexit + "u" * options.nounset + "Bc"
            case _:
                return self._variable(part)

    def _held(self, name: str) -> Value | None:
        held = self._state.variables.get(name)
        return self._shell.special(name) if held is None else held

    def _variable(self, part: Param) -> str | None:
        held = self._held(part.name)
        if part.index in ("@", "*"):
            items = values_of(held)
            return self._star(items) if items else None
        return self._item(held, self.text(part.subscript) if part.index else "0")

    def _item(self, held: Value | None, subscript: str) -> str | None:
        if isinstance(held, Table):
            return held.items.get(subscript)
        if held is None:
            return None
        at = 0 if subscript == "0" else self.calculate(subscript)
        items = held.items if isinstance(held, Array) else {0: held}
        return items.get(at + max(items, default=-1) + 1 if at < 0 else at)

    def _star(self, items: list[str]) -> str:
        return (self._separators() or " ")[0].join(items) if self._separators() else "".join(items)

    def _parameter(self, part: Param) -> str:
        if part.op == "indirect":
            part = self._pointed(part)
        value = self._value(part)
        if part.op == "keys":
            return self._star(self._many(replace(part, quoted=False)) or [])
        if part.op == "length" and (part.index in ("@", "*") or part.name in ("@", "*")):
            state = self._state
            found = state.args if part.name in "@*" else values_of(self._held(part.name))
            return str(len(found))
        if part.op in _DEFAULTS:
            return self._default(part, value)
        if value is None:
            if self._state.options.nounset and part.name not in ("@", "*"):
                raise ExpandError(f"{part.name}: unbound variable", unset=True)
            value = ""
        if part.op == "length":
            return str(len(value))
        if part.op and (part.name in ("@", "*") or part.index in ("@", "*")):
            return self._star(self._many(replace(part, quoted=False)) or [])
        return edited(self, part, value) if part.op else value

    def _pointed(self, part: Param) -> Param:
        """``${!name}``: the parameter that the value names."""
        named = self._value(replace(part, op="")) or ""
        base, bracket, subscript = named.removesuffix("]").partition("[")
        if not (is_number(base) or base in "?$#@*!-" or base.isidentifier()):
            raise ExpandError(f"{named}: invalid variable name")
        if bracket and subscript in ("@", "*"):
            return Param(base, part.quoted, "", (), subscript)
        word = (Lit(subscript),) if bracket else ()
        return Param(base, part.quoted, "", (), "[" * bool(bracket), word)

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
                    if part.index or not part.name.isidentifier():
                        raise ExpandError(f"${part.name}: cannot assign in this way")
                    self._state.variables[part.name] = self.text(part.arg)
                    return self._state.text(part.name) or ""
                return value or ""
            case _:
                if missing:
                    null = "null or " if op[0] == ":" else ""
                    said = self.text(part.arg) or f"parameter {null}not set"
                    raise ExpandError(f"{part.name}: {said}", unset=True)
                return value or ""

    def _get_number(self, name: str) -> str:
        base, _, subscript = name.removesuffix("]").partition("[")
        word = (Lit(subscript),) if subscript else ()
        value = self._value(Param(base, index="[" * bool(subscript), subscript=word))
        if value is None and self._state.options.nounset:
            raise ExpandError(f"{base}: unbound variable", unset=True)
        return value or ""

    def _put_number(self, name: str, value: str) -> None:
        base, _, subscript = name.removesuffix("]").partition("[")
        self._shell.set_number(base, subscript, value)


_DEFAULTS = frozenset({":-", "-", ":+", "+", ":=", "=", ":?", "?"})


def part_quoted(part: Part) -> bool:
    """Did it stand in quotes? What a process substitution names counts as quoted."""
    return True if isinstance(part, ProcSub) else part.quoted


def _bare(text: str) -> str:
    """Expanded text in a pattern: a backslash in it is only a backslash."""
    return text.replace("\\", "\\\\")
