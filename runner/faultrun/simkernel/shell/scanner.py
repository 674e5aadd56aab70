"""The reader's place in a script: blanks, comments, operators, words, here-documents."""

import re

from faultrun.simkernel.shell.borders import bare, here_document, line_end, word_end
from faultrun.simkernel.unmodelled import Unmodelled

_OPERATORS = (
    ";;&", "&>>", "<<<", "<<-", ";;", ";&", "&&", "||", "|&", "&>", "<<", "<&", ">&", "<>", ">>",
    ">|", ";", "&", "|", "<", ">", "(", ")", "\n",
)  # fmt: skip
REDIRECTS = frozenset({"&>>", "<<<", "<<-", "&>", "<<", "<&", ">&", "<>", ">>", ">|", "<", ">"})
_DESCRIPTOR = re.compile(r"[0-9]{1,9}(?=[<>](?!\())")
_NAMED_DESCRIPTOR = re.compile(r"\{[A-Za-z_]\w*\}(?=[<>](?!\())")


class Scanner:
    """Where reading has come to. ``at`` is the position, ``line`` the number of its line."""

    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.at = 0
        self._first = first_line
        self._bodies: dict[int, int] = {}

    @property
    def line(self) -> int:
        """The number of the line that is read now."""
        return self._first + self.text.count("\n", 0, self.at)

    def trouble(self, at: int = -1) -> Unmodelled:
        """What cannot be read, and where."""
        shown = self.text[self.at if at < 0 else at :].strip().split("\n")[0][:40]
        return Unmodelled(f"shell syntax not understood near '{shown or 'end of text'}'", self.line)

    def blanks(self) -> None:
        """Go past blanks, folded lines and a comment."""
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char in " \t":
                self.at += 1
            elif char == "\\" and text[self.at + 1 : self.at + 2] == "\n":
                self.at += 2
            elif char == "#":
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return

    def newlines(self) -> None:
        """Go past blanks and ends of lines."""
        self.blanks()
        while self.operator() == "\n":
            self.newline()
            self.blanks()

    def newline(self) -> None:
        """Go past the end of a line and the here-documents that follow it."""
        self.at = self._bodies.get(self.at, self.at + 1)

    def done(self) -> bool:
        """Whether the text is at its end."""
        return self.at >= len(self.text)

    def operator(self) -> str:
        """The operator here, or nothing. ``<(`` and ``>(`` begin a word."""
        text, at = self.text, self.at
        if text[at : at + 2] in ("<(", ">("):
            return ""
        return next((op for op in _OPERATORS if text.startswith(op, at)), "")

    def take(self, op: str) -> bool:
        """Go past this operator, if it is here."""
        if self.operator() != op:
            return False
        self.at += len(op)
        return True

    def peek_word(self) -> str:
        """The text of the word here, its quotes and all."""
        return self.text[self.at : word_end(self.text, self.at)]

    def word(self) -> str:
        """Read that word. Raises Unmodelled if there is none."""
        found = self.peek_word()
        if not found:
            raise self.trouble()
        self.at += len(found)
        return found

    def descriptor(self) -> int:
        """Read the number in front of a redirection; -1 if there is none."""
        found = _DESCRIPTOR.match(self.text, self.at)
        if found is None:
            if _NAMED_DESCRIPTOR.match(self.text, self.at):
                raise Unmodelled("a descriptor named by a variable", self.line)
            return -1
        self.at = found.end()
        return int(found[0])

    def redirects(self) -> bool:
        """Whether a redirection is next, with or without its number."""
        if self.operator() in REDIRECTS:
            return True
        return any(form.match(self.text, self.at) for form in (_DESCRIPTOR, _NAMED_DESCRIPTOR))

    def document(self, *, strip: bool) -> tuple[str, str]:
        """Behind ``<<``: the end mark as it is written, and the body from the lines below."""
        self.blanks()
        mark = self.word()
        newline = line_end(self.text, self.at)
        start = self._bodies.get(newline, newline + 1)
        body, after = here_document(self.text, start, bare(mark), strip=strip)
        self._bodies[newline] = after
        return mark, body
