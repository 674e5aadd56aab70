"""Two questions about parsed commands that the grammar's tree leaves to us."""

from dataclasses import replace

from faultrun.simkernel.shell.nodes import (
    AndOr,
    Assign,
    Declare,
    Group,
    Lit,
    Node,
    Not,
    Pipeline,
    Redirect,
    Simple,
    Word,
)

_GLOB = "*?["


def literal(words: tuple[Word, ...]) -> tuple[str, ...] | None:
    """The argument vector, if no word needs any expansion."""
    out: list[str] = []
    for word in words:
        text = ""
        for part in word:
            if not isinstance(part, Lit):
                return None
            if not part.quoted and (
                any(char in part.text for char in _GLOB) or (not text and part.text[:1] == "~")
            ):
                return None
            text += part.text
        if not word:
            return None
        out.append(text)
    return tuple(out)


def simple(
    line: int, words: tuple[Word, ...], assigns: list[Assign], redirects: list[Redirect]
) -> Simple:
    """A simple command, with its argument vector if that is known by now."""
    return Simple(line, words, tuple(assigns), tuple(redirects), literal(words))


def attach(body: Node, redirects: list[Redirect], extra: tuple[Word, ...], line: int) -> Node:
    """Give the redirections to the command that they stand behind: the last one of a list."""
    match body:
        case AndOr():
            return replace(body, right=attach(body.right, redirects, extra, line))
        case Pipeline():
            last = attach(body.parts[-1], redirects, extra, line)
            return replace(body, parts=(*body.parts[:-1], last))
        case Not():
            return Not(attach(body.body, redirects, extra, line))
        case Simple():
            words = (*body.words, *extra)
            return replace(
                body,
                words=words,
                redirects=(*body.redirects, *redirects),
                argv=literal(words),
            )
        case Declare():
            return replace(body, redirects=(*body.redirects, *redirects))
        case Group():
            return replace(body, redirects=(*body.redirects, *redirects))
        case _:
            return Group(body, tuple(redirects), line)
