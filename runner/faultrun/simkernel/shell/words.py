"""One shell word, from its text to its parts: quotes, parameters, substitutions, arithmetic."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from faultrun.simkernel.digits import DIGITS
from faultrun.simkernel.shell.borders import closing, skip, skip_backtick, skip_in_double
from faultrun.simkernel.shell.braces import expand as expand_braces
from faultrun.simkernel.shell.nodes import Arith, Lit, Node, Param, Part, ProcSub, Sub, Word
from faultrun.simkernel.unmodelled import Unmodelled

ParseScript = Callable[[str, int], Node]

_SPECIAL = "?$#@*!-"
NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "e": "\x1b", "E": "\x1b", "?": "?",
}  # fmt: skip
_OPS = (
    ":-", ":=", ":?", ":+", "-", "=", "?", "+", "##", "#", "%%", "%",
    "//", "/#", "/%", "/", "^^", "^", ",,", ",", ":",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WordParser:
    """Turns texts of words into values. ``parse`` is the grammar, for what stands in ``$( )``."""

    parse: ParseScript
    line: int

    def words(self, text: str) -> tuple[Word, ...]:
        """A word of the source; several if it holds a brace expansion."""
        return tuple(self.word(piece) for piece in expand_braces(text))

    def word(self, text: str) -> Word:
        """The parts of one word."""
        parts: list[Part] = []
        here = 0
        while here < len(text):
            here = self._piece(text, here, parts)
        return _joined(parts)

    def value(self, text: str) -> Word:
        """What is assigned: as a word, but a ``~`` behind a colon counts too."""
        parts: list[Part] = []
        whole = self.word(text)
        for part in whole:
            if isinstance(part, Lit) and not part.quoted and ":~" in part.text:
                last = part.text.count(":")
                for at, piece in enumerate(part.text.split(":")):
                    parts.append(Lit(":" * (at > 0)))
                    home = at > 0 and (piece.startswith("~/") or piece == "~")
                    if home and (at < last or len(piece) > 1 or part is whole[-1]):
                        parts.append(Param("HOME", quoted=True))
                    parts.append(Lit(piece[1:] if home else piece))
            else:
                parts.append(part)
        return _joined(parts)

    def subscript(self, text: str) -> Word:
        """What stands between brackets behind a name."""
        return self.word(text)

    def expression(self, text: str) -> Word:
        """What stands in ``(( ))``: expanded like quoted text, the quotes in it gone."""
        return self._inside(text)

    def here_document(self, start: str, body: str) -> Word:
        """The body behind ``<<start``: raw if the start is quoted."""
        if any(char in start for char in "'\"\\"):
            return (Lit(body, quoted=True),)
        return self.document(body)

    def document(self, text: str) -> Word:
        """A here-document's text: only ``$``, backticks and backslashes mean something."""
        parts: list[Part] = []
        self._quoted(text, 0, len(text), parts, escapes="$`\\\n")
        return _joined(parts)

    def _piece(self, text: str, here: int, parts: list[Part]) -> int:
        char = text[here]
        if char == "\\":
            if text[here + 1 : here + 2] != "\n":
                parts.append(Lit(text[here + 1 : here + 2], quoted=True))
            return here + 2
        if char == "'":
            end = self._end(text, "'", here + 1)
            parts.append(Lit(text[here + 1 : end], quoted=True))
            return end + 1
        if char == '"':
            return self._double(text, here + 1, parts)
        if char == "$" and text[here + 1 : here + 2] == "'":
            return _ansi(text, here + 2, parts)
        if char == "$" and text[here + 1 : here + 2] == '"':
            return self._double(text, here + 2, parts)
        if char in "<>" and text[here + 1 : here + 2] == "(":
            end = closing(text, here + 1)
            parts.append(ProcSub(self._script(text, here + 2, end - 1), char))
            return end
        if char in "$`":
            return self._dollar(text, here, parts, quoted=False)
        end = here + 1
        while end < len(text) and text[end] not in "\\'\"$`<>":
            end += 1
        parts.append(Lit(text[here:end]))
        return end

    def _double(self, text: str, here: int, parts: list[Part]) -> int:
        end = here
        while end < len(text) and text[end] != '"':
            end = skip_in_double(text, end)
        if end >= len(text):
            raise Unmodelled(f"shell syntax not understood near '{text[:40]}'", self.line)
        if end == here:
            parts.append(Lit("", quoted=True))
        self._quoted(text, here, end, parts, escapes='$`"\\\n')
        return end + 1

    def _quoted(self, text: str, here: int, end: int, parts: list[Part], *, escapes: str) -> None:
        begin = here
        while here < end:
            char = text[here]
            if char == "\\" and here + 1 < end and text[here + 1] in escapes:
                parts.append(Lit(text[begin:here], quoted=True))
                begin = here + 2 if text[here + 1] == "\n" else here + 1
                here += 2
            elif char in "$`":
                if begin < here:
                    parts.append(Lit(text[begin:here], quoted=True))
                here = begin = self._dollar(text, here, parts, quoted=True)
            else:
                here += 1
        if begin < end:
            parts.append(Lit(text[begin:end], quoted=True))

    def _dollar(self, text: str, here: int, parts: list[Part], *, quoted: bool) -> int:
        after = text[here + 1 : here + 2]
        if text[here] == "`":
            end = skip_backtick(text, here + 1) - 1
            inner = text[here + 1 : end]
            for escaped in ("\\`", "\\$", "\\\\"):
                inner = inner.replace(escaped, escaped[1])
            parts.append(Sub(self.parse(inner, self._line(text, here)), quoted))
            return end + 1
        if after == "(":
            end = closing(text, here + 1)
            if text[here + 2 : here + 3] == "(" and text[end - 2 : end] == "))":
                inner_word = self._inside(text[here + 3 : end - 2])
                parts.append(Arith(inner_word, quoted))
            else:
                parts.append(Sub(self._script(text, here + 2, end - 1), quoted))
            return end
        if after == "[":
            end = self._end(text, "]", here)
            parts.append(Arith(self._inside(text[here + 2 : end]), quoted))
            return end + 1
        if after == "{":
            end = closing(text, here + 1, quoted=quoted)
            parts.append(self._braced(text[here + 2 : end - 1], quoted=quoted))
            return end
        if after and (after in _SPECIAL or after in DIGITS):
            parts.append(Param(after, quoted))
            return here + 2
        end = here + 1
        while end < len(text) and text[end] in NAME_CHARS:
            end += 1
        parts.append(Param(text[here + 1 : end], quoted) if end > here + 1 else Lit("$", quoted))
        return end

    def _braced(self, text: str, *, quoted: bool) -> Param:
        if text.startswith("#") and len(text) > 1:
            name, index, rest = _name(text[1:])
            if name and not rest:
                return self._param(name, index, quoted, "length")
        if text.startswith("!") and len(text) > 1:
            name, index, rest = _name(text[1:])
            if not name or rest:
                raise Unmodelled(f"indirect expansion '${{{text}}}'", self.line)
            return self._param(name, index, quoted, "keys" if index in ("@", "*") else "indirect")
        name, index, rest = _name(text)
        if not rest and name:
            return self._param(name, index, quoted)
        if rest == "@Q":
            return self._param(name, index, quoted, "@Q")
        for op in _OPS:
            if rest.startswith(op) and name:
                found = self._param(name, index, quoted, op)
                arg = rest[len(op) :]
                if op[0] == "/":
                    pattern, replacement = _halves(arg, plain=op in ("/", "//"))
                    other = self._operand(replacement, quoted)
                    return replace(found, arg=self._operand(pattern, False), other=other)
                return replace(found, arg=self._operand(arg, quoted and op[0] not in "#%^,"))
        raise Unmodelled(f"expansion '${{{text}}}'", self.line)

    def _param(self, name: str, index: str, quoted: bool, op: str = "") -> Param:
        if not index or index in ("@", "*"):
            return Param(name, quoted, op, (), index)
        return Param(name, quoted, op, (), "[", self.subscript(index))

    def _operand(self, text: str, quoted: bool) -> Word:
        parts: list[Part] = []
        here = 0
        while here < len(text):
            if quoted and text[here] == "'":
                parts.append(Lit("'", quoted=True))
                here += 1
            else:
                here = self._piece(text, here, parts)
        return _joined(parts)

    def _inside(self, text: str) -> Word:
        parts: list[Part] = []
        text = text.replace('"', "")
        self._quoted(text, 0, len(text), parts, escapes="")
        return _joined(parts)

    def _script(self, text: str, begin: int, end: int) -> Node:
        return self.parse(text[begin:end], self._line(text, begin))

    def _end(self, text: str, mark: str, here: int) -> int:
        """Where the mark stands that has to be there. Raises Unmodelled."""
        end = text.find(mark, here)
        if end < 0:
            raise Unmodelled(f"shell syntax not understood near '{text[:40]}'", self.line)
        return end

    def _line(self, text: str, at: int) -> int:
        return self.line + text.count("\n", 0, at)


def _name(text: str) -> tuple[str, str, str]:
    end = 1 if text[:1] and text[0] in _SPECIAL else 0
    if not end:
        while end < len(text) and text[end] in NAME_CHARS:
            end += 1
    index = ""
    rest = text[end:]
    if rest.startswith("["):
        close = 1
        while close < len(rest) and rest[close] != "]":
            close = skip(rest, close)
        index, rest = rest[1:close], rest[close + 1 :]
    return text[:end], index, rest


def _halves(text: str, *, plain: bool) -> tuple[str, str]:
    """Pattern and replacement, cut at the first slash that is not quoted.

    A pattern may begin with a slash, but not behind ``/#`` and ``/%``.
    """
    here = int(plain and text.startswith("/"))
    while here < len(text):
        if text[here] == "/":
            return text[:here], text[here + 1 :]
        here = skip(text, here)
    return text, ""


def _ansi(text: str, here: int, parts: list[Part]) -> int:
    out: list[str] = []
    while here < len(text) and text[here] != "'":
        if text[here] != "\\":
            out.append(text[here])
            here += 1
            continue
        char, here = unescape(text, here + 1)
        out.append(char)
    parts.append(Lit("".join(out), quoted=True))
    return here + 1


def byte(code: int) -> str:
    """The character that is written as this one byte."""
    return chr(code) if code < 0x80 else chr(0xDC00 + code)


def unescape(text: str, here: int) -> tuple[str, int]:
    """The character that the backslash sequence at ``here`` (after the backslash) stands for."""
    char = text[here : here + 1]
    if char == "x":
        end = here + 1
        while end < min(here + 3, len(text)) and text[end] in "0123456789abcdefABCDEF":
            end += 1
        return (byte(int(text[here + 1 : end], 16)), end) if end > here + 1 else ("\\x", end)
    if char and char in "01234567":
        end = here
        while end < min(here + 3, len(text)) and text[end] in "01234567":
            end += 1
        return byte(int(text[here:end], 8) & 255), end
    return _ESCAPES.get(char, "\\" + char), here + 1


def _joined(parts: list[Part]) -> Word:
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Lit) and isinstance(last, Lit) and part.quoted == last.quoted:
            out[-1] = Lit(last.text + part.text, part.quoted)
        else:
            out.append(part)
    return tuple(out)
