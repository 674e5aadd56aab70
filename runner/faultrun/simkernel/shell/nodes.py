"""The parsed form of a script: immutable, so that one parse serves every run of the same text."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Lit:
    """Text as it stands. Unquoted text may hold glob characters; quoted text never does."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Param:
    """``$name`` or ``${name op arg}``.

    ``index`` is ``@``, ``*`` or ``[`` if there are brackets; then ``subscript`` is what they hold.
    ``other`` is the replacement of ``${name/arg/other}``.
    """

    name: str
    quoted: bool = False
    op: str = ""
    arg: "Word" = ()
    index: str = ""
    subscript: "Word" = ()
    other: "Word" = ()


@dataclass(frozen=True, slots=True)
class Sub:
    """``$(script)``: the standard output of a subshell, without its last newlines."""

    body: "Node"
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Arith:
    """``$((text))``; the text is expanded first, then evaluated."""

    text: "Word"
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class ProcSub:
    """``<(script)`` or ``>(script)``: the name of a pipe."""

    body: "Node"
    mode: str


Part: TypeAlias = Lit | Param | Sub | Arith | ProcSub
Word: TypeAlias = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """``fd op target``; ``fd`` is -1 for the operator's own default. A here-document has ``<<``."""

    op: str
    target: Word
    fd: int = -1


@dataclass(frozen=True, slots=True)
class Item:
    """One item of ``name=(word [subscript]=word)``."""

    value: Word
    subscript: Word = ()


@dataclass(frozen=True, slots=True)
class Assign:
    """``name=value``, ``name+=value``, ``name[subscript]=value`` or ``name=(items)``."""

    name: str
    value: Word
    append: bool = False
    subscript: Word = ()
    items: tuple[Item, ...] | None = None


@dataclass(frozen=True, slots=True)
class Simple:
    """A simple command. ``argv`` is set if nothing in it needs expansion."""

    line: int
    words: tuple[Word, ...] = ()
    assigns: tuple[Assign, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    argv: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Declare:
    """``export``, ``local``, ``readonly``, ``declare`` or ``typeset`` with its arguments."""

    line: int
    kind: str
    items: tuple[Assign | Word, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """Commands one after the other."""

    body: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by pipes. ``both`` says for each pipe whether it carries stderr too."""

    line: int
    parts: tuple["Node", ...]
    both: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``! command``."""

    body: "Node"


@dataclass(frozen=True, slots=True)
class AndOr:
    """``left && right`` or ``left || right``."""

    left: "Node"
    op: str
    right: "Node"


@dataclass(frozen=True, slots=True)
class Background:
    """``command &``."""

    line: int
    body: "Node"


@dataclass(frozen=True, slots=True)
class If:
    """Branches of condition and body; the last condition is None for ``else``."""

    branches: tuple[tuple["Node | None", "Node"], ...]


@dataclass(frozen=True, slots=True)
class While:
    """``while`` or, with ``until``, the contrary."""

    condition: "Node"
    body: "Node"
    until: bool


@dataclass(frozen=True, slots=True)
class For:
    """``for name in words``; ``words`` is None for the positional parameters."""

    line: int
    name: str
    words: tuple[Word, ...] | None
    body: "Node"


@dataclass(frozen=True, slots=True)
class CountingFor:
    """``for ((start; check; step))``."""

    start: Word
    check: Word
    step: Word
    body: "Node"


@dataclass(frozen=True, slots=True)
class CaseItem:
    """``pattern | pattern) body end``; ``;&`` goes on below, ``;;&`` goes on comparing."""

    patterns: tuple[Word, ...]
    body: "Node"
    end: str


@dataclass(frozen=True, slots=True)
class Case:
    """``case word in items esac``."""

    word: Word
    items: tuple[CaseItem, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A definition; running it only stores it."""

    name: str
    body: "Node"


@dataclass(frozen=True, slots=True)
class Group:
    """``{ body; }`` with redirections, or any compound command that has some."""

    body: "Node"
    redirects: tuple[Redirect, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Subshell:
    """``( body )``: a copy of the shell runs it."""

    body: "Node"


@dataclass(frozen=True, slots=True)
class Condition:
    """``[[ ... ]]``, as its words and operators in order."""

    line: int
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Calculate:
    """``(( ... ))`` or ``let``: true if the value is not zero."""

    line: int
    text: Word


Node: TypeAlias = (
    Simple
    | Declare
    | Sequence
    | Pipeline
    | Not
    | AndOr
    | Background
    | If
    | While
    | For
    | CountingFor
    | Case
    | Function
    | Group
    | Subshell
    | Condition
    | Calculate
)
