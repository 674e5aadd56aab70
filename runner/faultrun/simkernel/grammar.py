"""Shell text to an immutable tree, by recursive descent over bash's own grammar.

This file knows commands and how they are joined; ``shell.scanner`` reads operators, words and
here-documents; what stands inside a word is read by ``shell.words``. A text that is not understood
is named with its line, never guessed at.
"""

import re
from functools import lru_cache

from faultrun.simkernel.shell.assigned import read_assign
from faultrun.simkernel.shell.borders import closing, skip
from faultrun.simkernel.shell.cut import bars, pieces
from faultrun.simkernel.shell.nodes import (
    AndOr,
    Assign,
    Background,
    Calculate,
    Case,
    CaseItem,
    Condition,
    CountingFor,
    Declare,
    For,
    Function,
    Group,
    If,
    Node,
    Not,
    Pipeline,
    Redirect,
    Sequence,
    Subshell,
    While,
    Word,
)
from faultrun.simkernel.shell.scanner import Scanner
from faultrun.simkernel.shell.shape import attach, simple
from faultrun.simkernel.shell.words import WordParser
from faultrun.simkernel.unmodelled import Unmodelled

_DECLARES = frozenset({"export", "local", "readonly", "declare", "typeset", "unset"})
_CLOSERS = frozenset({"then", "do", "done", "fi", "elif", "else", "esac", "}", "in"})
_NOT_SUPPORTED = frozenset({"select", "coproc", "time"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FUNCTION = re.compile(r"([^\s'\"$`;&|<>(){}=]+)[ \t]*\([ \t]*\)")
_ENDS = (";;&", ";;", ";&")


@lru_cache(maxsize=4096)
def parse(text: str, line: int = 1) -> Node:
    """The tree of a script whose first line has that number. Raises Unmodelled."""
    parser = _Parser(text, line)
    try:
        return parser.whole()
    except RecursionError:
        raise Unmodelled("shell text nested too deeply", line) from None


class _Parser:
    """Reads one text and makes its tree."""

    def __init__(self, text: str, line: int) -> None:
        self._in = Scanner(text, line)

    def whole(self) -> Node:
        """The whole text."""
        body = self._list()
        if not self._in.done():
            raise self._in.trouble()
        return body

    def _words_of(self, line: int = 0) -> WordParser:
        return WordParser(parse, line or self._in.line)

    def _list(self) -> Node:
        """Commands up to what closes the surrounding construct."""
        body: list[Node] = []
        while True:
            self._in.newlines()
            if self._in.done() or self._in.operator() in (")", *_ENDS):
                break
            if self._in.peek_word() in _CLOSERS:
                break
            node = self._and_or()
            self._in.blanks()
            if self._in.take("&"):
                node = Background(self._in.line, node)
            elif not (self._in.take(";") or self._in.operator() in ("\n", ")", *_ENDS)):
                body.append(node)
                if self._in.done():
                    break
                raise self._in.trouble()
            body.append(node)
        return body[0] if len(body) == 1 else Sequence(tuple(body))

    def _and_or(self) -> Node:
        node = self._pipeline()
        while True:
            self._in.blanks()
            op = self._in.operator()
            if op not in ("&&", "||"):
                return node
            self._in.take(op)
            self._in.newlines()
            node = AndOr(node, op, self._pipeline())

    def _pipeline(self) -> Node:
        line = self._in.line
        negated = False
        while self._in.peek_word() == "!":
            self._in.word()
            self._in.blanks()
            negated = not negated
        parts = [self._command()]
        both: list[bool] = []
        while True:
            self._in.blanks()
            op = self._in.operator()
            if op not in ("|", "|&"):
                break
            self._in.take(op)
            both.append(op == "|&")
            self._in.newlines()
            parts.append(self._command())
        node = parts[0] if len(parts) == 1 else Pipeline(line, tuple(parts), tuple(both))
        return Not(node) if negated else node

    def _command(self) -> Node:
        """One command of any kind. Raises Unmodelled for a kind that is not supported."""
        line = self._in.line
        if self._in.operator() == "(":
            return self._redirected(self._round(), line)
        word = self._in.peek_word()
        if word in _NOT_SUPPORTED:
            raise Unmodelled(f"shell construct '{word}'", line)
        made = self._compound(word)
        if made is not None:
            return self._redirected(made, line)
        found = _FUNCTION.match(self._in.text, self._in.at)
        if found is not None:
            self._in.at = found.end()
            return self._function_body(found[1])
        if word in _CLOSERS:
            raise self._in.trouble()
        return self._simple(line)

    def _compound(self, word: str) -> Node | None:
        match word:
            case "{":
                line = self._in.line
                self._expect("{")
                body = self._list()
                self._expect("}")
                return Group(body, (), line)
            case "if":
                return self._if()
            case "while" | "until":
                self._in.word()
                condition = self._list()
                return While(condition, self._do(), word == "until")
            case "for":
                return self._for()
            case "case":
                return self._case()
            case "[[":
                return self._condition()
            case "function":
                self._in.word()
                self._in.blanks()
                name = self._in.word()
                self._in.blanks()
                if self._in.take("("):
                    self._in.blanks()
                    self._close()
                return self._function_body(name)
            case _:
                return None

    def _expect(self, word: str) -> None:
        if self._in.peek_word() != word:
            raise self._in.trouble()
        self._in.word()

    def _close(self) -> None:
        if not self._in.take(")"):
            raise self._in.trouble()

    def _round(self) -> Node:
        """``( list )`` or ``(( expression ))``."""
        scanner = self._in
        line = scanner.line
        if scanner.text.startswith("((", scanner.at):
            end = closing(scanner.text, scanner.at)
            if scanner.text[end - 2 : end] == "))":
                inner = scanner.text[scanner.at + 2 : end - 2]
                scanner.at = end
                return Calculate(line, self._words_of(line).expression(inner))
        scanner.at += 1
        body = self._list()
        self._close()
        return Subshell(body)

    def _function_body(self, name: str) -> Function:
        line = self._in.line
        self._in.newlines()
        if self._in.operator() == "(":
            made: Node | None = self._round()
        else:
            made = self._compound(self._in.peek_word())
        if made is None:
            raise self._in.trouble()
        return Function(name, self._redirected(made, line))

    def _redirected(self, body: Node, line: int) -> Node:
        """The redirections behind a compound command."""
        targets: list[Redirect] = []
        self._in.blanks()
        while not isinstance(body, Function) and self._in.redirects():
            targets.append(self._redirect())
            self._in.blanks()
        return attach(body, targets, (), line) if targets else body

    def _redirect(self) -> Redirect:
        scanner = self._in
        fd = scanner.descriptor()
        op = scanner.operator()
        scanner.take(op)
        line = scanner.line
        if op in ("<<", "<<-"):
            mark, body = scanner.document(strip=op == "<<-")
            return Redirect("<<", self._words_of(line).here_document(mark, body), fd)
        scanner.blanks()
        return Redirect(op, self._words_of(line).word(scanner.word()), fd)

    def _simple(self, line: int) -> Node:
        assigns: list[Assign] = []
        items: list[Assign | Word] = []
        words: list[Word] = []
        targets: list[Redirect] = []
        kind = ""
        while True:
            self._in.blanks()
            if self._in.redirects():
                targets.append(self._redirect())
                continue
            if self._in.done() or self._in.operator():
                break
            assign = read_assign(self._in, self._words_of()) if kind or not words else None
            if assign is not None:
                (items if kind else assigns).append(assign)
                continue
            raw = self._in.word()
            if not words and not kind and raw in _DECLARES:
                kind = raw
                continue
            made = self._words_of(line).words(raw)
            if kind:
                items.extend(made)
            else:
                words.extend(made)
        if kind:
            return Declare(line, kind, tuple(items), tuple(targets))
        if not (words or assigns or targets):
            raise self._in.trouble()
        return simple(line, tuple(words), assigns, targets)

    def _if(self) -> If:
        branches: list[tuple[Node | None, Node]] = []
        self._in.word()
        while True:
            condition = self._list()
            self._expect("then")
            branches.append((condition, self._list()))
            word = self._in.peek_word()
            if word == "else":
                self._in.word()
                branches.append((None, self._list()))
                word = self._in.peek_word()
            if word == "fi":
                self._in.word()
                return If(tuple(branches))
            self._expect("elif")

    def _do(self) -> Node:
        """``do list done``, or a ``for`` loop's ``{ list }``."""
        self._in.newlines()
        first, last = ("{", "}") if self._in.peek_word() == "{" else ("do", "done")
        self._expect(first)
        body = self._list()
        self._expect(last)
        return body

    def _for(self) -> Node:
        line = self._in.line
        self._in.word()
        self._in.blanks()
        if self._in.text.startswith("((", self._in.at):
            return self._counting_for()
        name = self._in.word()
        if _NAME.match(name) is None:
            raise self._in.trouble(self._in.at - len(name))
        self._in.newlines()
        words: list[Word] | None = None
        if self._in.peek_word() == "in":
            self._in.word()
            words = []
            self._in.blanks()
            while not self._in.done() and self._in.operator() not in (";", "\n"):
                words.extend(self._words_of().words(self._in.word()))
                self._in.blanks()
        self._in.blanks()
        self._in.take(";")
        return For(line, name, None if words is None else tuple(words), self._do())

    def _counting_for(self) -> CountingFor:
        scanner = self._in
        end = closing(scanner.text, scanner.at)
        texts = scanner.text[scanner.at + 2 : end - 2].split(";")
        if len(texts) != 3 or scanner.text[end - 2 : end] != "))":
            raise scanner.trouble()
        parser = self._words_of()
        scanner.at = end
        scanner.blanks()
        scanner.take(";")
        start, check, step = (parser.expression(text.strip()) for text in texts)
        return CountingFor(start, check, step, self._do())

    def _case(self) -> Case:
        self._in.word()
        self._in.blanks()
        word = self._words_of().word(self._in.word())
        self._in.newlines()
        self._expect("in")
        items: list[CaseItem] = []
        while True:
            self._in.newlines()
            if self._in.peek_word() == "esac":
                self._in.word()
                return Case(word, tuple(items))
            patterns = self._patterns()
            body = self._list()
            end = next((op for op in _ENDS if self._in.take(op)), "")
            items.append(CaseItem(patterns, body, end or ";;"))
            if not end and self._in.peek_word() != "esac":
                raise self._in.trouble()

    def _patterns(self) -> tuple[Word, ...]:
        scanner = self._in
        scanner.take("(")
        text, begin = scanner.text, scanner.at
        here = begin
        while here < len(text) and text[here] != ")":
            extended = text[here] == "(" and text[here - 1] in "?*+@!"
            here = closing(text, here) if extended else skip(text, here)
        if here >= len(text):
            raise scanner.trouble()
        parser = self._words_of()
        scanner.at = here + 1
        return tuple(parser.word(piece.strip()) for piece in bars(text[begin:here]))

    def _condition(self) -> Condition:
        scanner = self._in
        line, text, begin = scanner.line, scanner.text, scanner.at + 2
        here = begin
        while here < len(text):
            if text.startswith("]]", here) and text[here - 1] in " \t\n":
                break
            here = skip(text, here)
        if here >= len(text):
            raise scanner.trouble()
        parser = self._words_of(line)
        scanner.at = here + 2
        words = tuple(parser.word(piece) for piece in pieces(text[begin:here], "()&|<>"))
        return Condition(line, words)
