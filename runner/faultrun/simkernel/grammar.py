"""Shell text to an immutable tree, by the maintained bash grammar of tree-sitter.

The grammar gives the structure and the borders of words; what stands inside a word is read by
``shell.words``. A text that the grammar does not understand is named, never guessed at.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import tree_sitter
import tree_sitter_bash

from faultrun.simkernel.shell.cut import bars, pieces
from faultrun.simkernel.shell.nodes import (
    AndOr,
    Assign,
    Background,
    Calculate,
    Case,
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
    Simple,
    Subshell,
    While,
    Word,
)
from faultrun.simkernel.shell.shape import attach, simple
from faultrun.simkernel.shell.words import WordParser
from faultrun.simkernel.unmodelled import Unmodelled

_ESCAPED_BLANKS = (b"\\ ", b"\\\t")
_TRAILING = re.compile(rb"(?:[ \t]*\\[ \t])+")
_REDIRECTS = ("file_redirect", "heredoc_redirect", "herestring_redirect")


@lru_cache(maxsize=1)
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


@lru_cache(maxsize=4096)
def parse(text: str, line: int = 1) -> Node:
    """The tree of a script whose first line has that number. Raises Unmodelled."""
    source = text.encode("utf-8", "surrogateescape")
    root = _parser().parse(source).root_node
    builder = _Builder(source, line)
    if root.has_error:
        raise Unmodelled(*builder.trouble(root))
    return builder.sequence(root.children)


def _error_in(node: tree_sitter.Node) -> tree_sitter.Node:
    """The leaf where it went wrong: the first that is marked, else the last one read."""
    while node.children:
        bad = (child for child in node.children if child.has_error or child.is_missing)
        node = next(bad, node.children[-1])
    return node


class _Builder:
    """Walks one grammar tree and makes ours."""

    def __init__(self, source: bytes, line: int) -> None:
        self._source = source
        self._first = line

    def trouble(self, root: tree_sitter.Node) -> tuple[str, int]:
        """What the grammar did not understand, and in which line."""
        node = _error_in(root)
        shown = self._text(node).strip().split("\n")[0][:40] or "end of text"
        return f"shell syntax not understood near '{shown}'", self._line(node)

    def sequence(self, children: list[tree_sitter.Node]) -> Node:
        """The commands among the children, in order."""
        body: list[Node] = []
        for child in children:
            if child.type == "&":
                body[-1] = Background(self._line(child), body[-1])
            elif child.is_named and child.type != "comment":
                body.append(self.node(child))
        return body[0] if len(body) == 1 else Sequence(tuple(body))

    def node(self, node: tree_sitter.Node) -> Node:
        """One command of any kind. Raises Unmodelled for a kind that is not supported."""
        match node.type:
            case "command":
                return self._command(node)
            case "variable_assignment" | "variable_assignments":
                return Simple(self._line(node), assigns=tuple(self._assigns(node)))
            case "declaration_command" | "unset_command":
                return self._declare(node)
            case "redirected_statement":
                return self._redirected(node)
            case "pipeline":
                return self._pipeline(node)
            case "negated_command":
                return Not(self.node(node.children[1]))
            case "list":
                left, op, right = node.children[0], node.children[1], node.children[-1]
                return AndOr(self.node(left), op.type, self.node(right))
            case "if_statement":
                return self._if(node)
            case "while_statement":
                return self._while(node)
            case "for_statement":
                return self._for(node)
            case "c_style_for_statement":
                return self._counting_for(node)
            case "case_statement":
                return self._case(node)
            case "function_definition":
                return self._function(node)
            case "compound_statement":
                return self._compound(node)
            case "subshell":
                return Subshell(self.sequence(node.children))
            case "test_command":
                return self._test(node)
            case "file_redirect":
                return Simple(self._line(node), redirects=tuple(self._redirects([node])[0]))
            case _:
                kind = node.type.replace("_", " ")
                raise Unmodelled(f"shell construct '{kind}'", self._line(node))

    def _text(self, node: tree_sitter.Node) -> str:
        return self._slice(node.start_byte, node.end_byte)

    def _slice(self, begin: int, end: int) -> str:
        return self._source[begin:end].decode("utf-8", "surrogateescape")

    def _line(self, node: tree_sitter.Node) -> int:
        return self._first + node.start_point[0]

    def _word_parser(self, node: tree_sitter.Node) -> WordParser:
        return WordParser(parse, self._line(node))

    def _word(self, node: tree_sitter.Node) -> Word:
        return self._word_parser(node).word(self._text(node))

    def _words(self, nodes: list[tree_sitter.Node]) -> Iterator[Word]:
        """The words that the nodes make.

        The grammar takes an escaped blank for a border of words; so the text of neighbours is cut
        again, by our own rules.
        """
        at = 0
        while at < len(nodes):
            first = nodes[at]
            begin, end = first.start_byte, first.end_byte
            at += 1
            while at < len(nodes) and not self._slice(end, nodes[at].start_byte).strip("\\ \t\n"):
                end = nodes[at].end_byte
                at += 1
            while self._source[begin - 2 : begin] in _ESCAPED_BLANKS:
                begin -= 2
            trailing = _TRAILING.match(self._source, end)
            end = trailing.end() if trailing else end
            parser = self._word_parser(first)
            for piece in pieces(self._slice(begin, end), ""):
                yield from parser.words(piece)

    def _command(self, node: tree_sitter.Node) -> Simple:
        assigns: list[Assign] = []
        places: list[tree_sitter.Node] = []
        targets: list[tree_sitter.Node] = []
        for child in node.children:
            if child.type == "variable_assignment":
                assigns.extend(self._assigns(child))
            elif child.type in _REDIRECTS:
                targets.append(child)
            elif child.type not in ("comment", "&"):
                places.append(child)
        redirects, extra = self._redirects(targets)
        words = (*self._words(places), *extra)
        return simple(self._line(node), words, assigns, redirects)

    def _assigns(self, node: tree_sitter.Node) -> Iterator[Assign]:
        if node.type == "variable_assignments":
            for child in node.children:
                yield from self._assigns(child)
            return
        target, op = node.children[0], node.children[1]
        name, index = self._text(target), ""
        if target.type == "subscript":
            name, _, index = name.rstrip("]").partition("[")
        append = op.type == "+="
        value = self._slice(op.end_byte, node.end_byte)
        held = node.children[2] if len(node.children) > 2 else None
        if held is not None and held.type == "array":
            items = tuple(self._words(held.children[1:-1]))
            yield Assign(name, (), append, index, items)
            return
        yield Assign(name, self._word_parser(node).word(value), append, index)

    def _declare(self, node: tree_sitter.Node) -> Node:
        items: list[Assign | Word] = []
        for child in node.children[1:]:
            if child.type == "variable_assignment":
                items.extend(self._assigns(child))
            elif child.type not in ("comment", "&"):
                items.append(self._word(child))
        return Declare(self._line(node), node.children[0].type, tuple(items))

    def _redirected(self, node: tree_sitter.Node) -> Node:
        targets = [child for child in node.children if child.type in _REDIRECTS]
        bodies = [child for child in node.children if child.type not in _REDIRECTS]
        redirects, extra = self._redirects(targets)
        if bodies:
            body = attach(self.node(bodies[0]), redirects, extra, self._line(node))
        else:
            body = simple(self._line(node), extra, [], redirects)
        for target in targets:
            if target.type == "heredoc_redirect":
                body = self._after_heredoc(target, body)
        return body

    def _after_heredoc(self, heredoc: tree_sitter.Node, body: Node) -> Node:
        op = ""
        for child in heredoc.children:
            if child.type in ("&&", "||"):
                op = child.type
            elif child.type == "pipeline":
                parts = [self.node(part) for part in child.children if part.is_named]
                pipes = tuple(part.type == "|&" for part in child.children if not part.is_named)
                body = Pipeline(self._line(heredoc), (body, *parts), pipes)
            elif op and child.is_named and not child.type.startswith("heredoc"):
                body = AndOr(body, op, self.node(child))
                op = ""
        return body

    def _redirects(self, nodes: list[tree_sitter.Node]) -> tuple[list[Redirect], tuple[Word, ...]]:
        """The redirections, and words after a target that belong to the command."""
        found: list[Redirect] = []
        extra: list[Word] = []
        for node in nodes:
            if node.type == "herestring_redirect":
                found.append(Redirect("<<<", self._word(node.children[-1])))
                continue
            if node.type == "heredoc_redirect":
                self._heredoc(node, found, extra)
                continue
            fd, op = -1, ""
            rest: list[tree_sitter.Node] = []
            for child in node.children:
                if child.type == "file_descriptor":
                    fd = int(self._text(child))
                elif not child.is_named and not op:
                    op = child.type
                else:
                    rest.append(child)
            words = list(self._words(rest))
            found.append(Redirect(op, words[0] if words else (), fd))
            extra.extend(words[1:])
        return found, tuple(extra)

    def _heredoc(self, node: tree_sitter.Node, found: list[Redirect], extra: list[Word]) -> None:
        fd, start, strip, body = -1, "", False, ""
        inner: list[tree_sitter.Node] = []
        loose: list[tree_sitter.Node] = []
        for child in node.children:
            match child.type:
                case "file_descriptor":
                    fd = int(self._text(child))
                case "<<-":
                    strip = True
                case "heredoc_start":
                    start = self._text(child)
                case "heredoc_body":
                    begin = self._source.rfind(b"\n", 0, child.start_byte) + 1
                    body = self._slice(begin, child.end_byte)
                case "file_redirect" | "herestring_redirect":
                    inner.append(child)
                case "word" | "string" | "raw_string" | "number" | "concatenation":
                    loose.append(child)
                case _:
                    pass
        word = self._word_parser(node).here_document(start, body, strip=strip)
        found.append(Redirect("<<", word, fd))
        more, words = self._redirects(inner)
        found.extend(more)
        extra.extend((*self._words(loose), *words))

    def _pipeline(self, node: tree_sitter.Node) -> Node:
        parts = [self.node(child) for child in node.children if child.is_named]
        both = tuple(child.type == "|&" for child in node.children if not child.is_named)
        first = parts[0]
        if isinstance(first, Not):
            return Not(Pipeline(self._line(node), (first.body, *parts[1:]), both))
        return Pipeline(self._line(node), tuple(parts), both)

    def _if(self, node: tree_sitter.Node) -> If:
        branches: list[tuple[Node | None, Node]] = []
        self._branch(node, branches)
        return If(tuple(branches))

    def _branch(self, node: tree_sitter.Node, branches: list[tuple[Node | None, Node]]) -> None:
        condition: list[tree_sitter.Node] = []
        body: list[tree_sitter.Node] = []
        later: list[tree_sitter.Node] = []
        now = condition
        for child in node.children[1:]:
            if child.type == "then":
                now = body
            elif child.type in ("elif_clause", "else_clause"):
                later.append(child)
            elif child.type != "fi":
                now.append(child)
        branches.append((self.sequence(condition), self.sequence(body)))
        for child in later:
            if child.type == "elif_clause":
                self._branch(child, branches)
            else:
                branches.append((None, self.sequence(child.children[1:])))

    def _body(self, node: tree_sitter.Node) -> Node:
        group = next(child for child in node.children if child.type == "do_group")
        return self.sequence(group.children[1:-1])

    def _while(self, node: tree_sitter.Node) -> While:
        condition = [child for child in node.children[1:] if child.type != "do_group"]
        until = node.children[0].type == "until"
        return While(self.sequence(condition), self._body(node), until)

    def _for(self, node: tree_sitter.Node) -> For:
        if node.children[0].type == "select":
            raise Unmodelled("shell construct 'select'", self._line(node))
        words: tuple[Word, ...] | None = None
        kinds = [child.type for child in node.children]
        if "in" in kinds:
            listed = node.children[kinds.index("in") + 1 :]
            places = [child for child in listed if child.is_named and child.type != "do_group"]
            words = tuple(self._words(places))
        body = self._loop_body(node)
        return For(self._line(node), self._text(node.children[1]), words, body)

    def _loop_body(self, node: tree_sitter.Node) -> Node:
        last = node.children[-1]
        return self.node(last) if last.type == "compound_statement" else self._body(node)

    def _counting_for(self, node: tree_sitter.Node) -> CountingFor:
        end = next(child for child in node.children if child.type == "))")
        begin = next(child for child in node.children if child.type == "((")
        texts = self._slice(begin.end_byte, end.start_byte).split(";")
        parser = self._word_parser(node)
        start, check, step = (parser.document(text.strip()) for text in (*texts, "", "")[:3])
        return CountingFor(start, check, step, self._loop_body(node))

    def _case(self, node: tree_sitter.Node) -> Case:
        items: list[tuple[tuple[Word, ...], Node]] = []
        for item in node.children:
            if item.type != "case_item":
                continue
            kinds = [child.type for child in item.children]
            end = kinds.index(")")
            text = self._slice(item.start_byte, item.children[end].start_byte)
            parser = self._word_parser(item)
            patterns = tuple(parser.word(piece.strip()) for piece in bars(text.lstrip("(")))
            body = [child for child in item.children[end + 1 :] if child.type != ";;"]
            items.append((patterns, self.sequence(body)))
        return Case(self._word(node.children[1]), tuple(items))

    def _function(self, node: tree_sitter.Node) -> Function:
        name = next(child for child in node.children if child.type == "word")
        last = node.children[-1]
        if last.type in _REDIRECTS:
            redirects, _ = self._redirects([last])
            body = Group(self.node(node.children[-2]), tuple(redirects), self._line(node))
            return Function(self._text(name), body)
        return Function(self._text(name), self.node(last))

    def _compound(self, node: tree_sitter.Node) -> Node:
        if node.children[0].type == "((":
            begin, end = node.children[0].end_byte, node.children[-1].start_byte
            text = self._word_parser(node).document(self._slice(begin, end))
            return Calculate(self._line(node), text)
        return Group(self.sequence(node.children[1:-1]), (), self._line(node))

    def _test(self, node: tree_sitter.Node) -> Node:
        begin, end = node.children[0], node.children[-1]
        inner = self._slice(begin.end_byte, end.start_byte)
        parser = self._word_parser(node)
        if begin.type == "[[":
            words = tuple(parser.word(piece) for piece in pieces(inner, "()&|<>"))
            return Condition(self._line(node), words)
        if begin.type == "((":
            return Calculate(self._line(node), parser.document(inner))
        texts = ("[", *pieces(inner, ""), "]")
        words = tuple(word for text in texts for word in parser.words(text))
        return simple(self._line(node), words, [], [])
