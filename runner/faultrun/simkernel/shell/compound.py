"""Conditions, loops and choices of a script."""

from typing import TYPE_CHECKING, TypeAlias

from faultrun.simkernel.shell.conditions import TestError, binary, pattern_match, unary
from faultrun.simkernel.shell.control import LeaveLoop
from faultrun.simkernel.shell.nodes import (
    Calculate,
    Case,
    Condition,
    CountingFor,
    For,
    If,
    Lit,
    Node,
    While,
    Word,
)
from faultrun.simkernel.shell.patterns import matches
from faultrun.simkernel.shell.state import array
from faultrun.simkernel.shell.variables import put
from faultrun.simkernel.shell.wrong import ExpandError

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

LOOP_NS = 10_000
_LONG_LOOP = 20_000
_LONG_LOOP_NS = 1_000_000
_PATTERN_OPS = ("=", "==", "!=", "=~")


Choice: TypeAlias = If | While | For | CountingFor | Case | Condition | Calculate


class Compound:
    """The compound commands of one shell."""

    def __init__(self, shell: "Shell") -> None:
        self._shell = shell
        self._rounds = 0

    def run(self, node: Choice) -> int:
        """One compound command."""
        match node:
            case If():
                return self._if(node)
            case While():
                return self._while(node)
            case For():
                return self._for(node)
            case CountingFor():
                return self._counting(node)
            case Case():
                return self._case(node)
            case Condition():
                return self._condition(node)
            case Calculate():
                return self._calculate(node)

    def _if(self, node: If) -> int:
        for condition, body in node.branches:
            if condition is None or self._shell.guarded(condition) == 0:
                return self._shell.run(body)
        return 0

    def _while(self, node: While) -> int:
        status = 0
        while (self._shell.guarded(node.condition) == 0) != node.until:
            goes_on, status = self._round(node.body)
            if not goes_on:
                break
        return status

    def _for(self, node: For) -> int:
        shell = self._shell
        shell.line = node.line
        words = shell.state.args if node.words is None else shell.expander.fields(node.words)
        status = 0
        for word in list(words):
            put(shell, node.name, word)
            goes_on, status = self._round(node.body)
            if not goes_on:
                break
        return status

    def _counting(self, node: CountingFor) -> int:
        expander = self._shell.expander
        expander.number(node.start)
        status = 0
        while not node.check or expander.number(node.check):
            goes_on, status = self._round(node.body)
            if not goes_on:
                break
            expander.number(node.step)
        return status

    def _case(self, node: Case) -> int:
        expander = self._shell.expander
        text = expander.text(node.word)
        status, falls = 0, False
        for item in node.items:
            if not falls and not any(matches(expander.pattern(one), text) for one in item.patterns):
                continue
            status = self._shell.run(item.body)
            if item.end == ";;":
                break
            falls = item.end == ";&"
        return status

    def _condition(self, node: Condition) -> int:
        self._shell.line = node.line
        try:
            true = _Doubled(self._shell, node.words).whole()
        except TestError as wrong:
            self._shell.say(str(wrong))
            return self._shell.checked(2)
        return self._shell.checked(0 if true else 1)

    def _calculate(self, node: Calculate) -> int:
        self._shell.line = node.line
        try:
            value = self._shell.expander.number(node.text)
        except ExpandError as wrong:
            if wrong.unset:
                raise
            self._shell.say(f"((: {wrong}")
            value = 0
        return self._shell.checked(0 if value else 1)

    def _round(self, body: Node) -> tuple[bool, int]:
        """One round: whether the loop goes on, and the status.

        A loop that does not end costs more and more time, so that it soon meets its timeout.
        """
        self._rounds += 1
        cost = LOOP_NS if self._rounds < _LONG_LOOP else _LONG_LOOP_NS
        self._shell.process.machine.spend(cost)
        self._shell.loops += 1
        try:
            return True, self._shell.run(body)
        except LeaveLoop as left:
            if left.levels > 1:
                raise LeaveLoop(left.levels - 1, again=left.again) from None
            return left.again, 0
        finally:
            self._shell.loops -= 1


class _Doubled:
    """The inside of ``[[ ]]``: nothing is split, the right side may be a pattern."""

    def __init__(self, shell: "Shell", words: tuple[Word, ...]) -> None:
        self._shell = shell
        self._words = words
        self._at = 0

    def whole(self) -> bool:
        """The truth of it all. Raises TestError."""
        result = self._either(live=True)
        if self._at < len(self._words):
            raise TestError("syntax error in conditional expression")
        return result

    def _op(self, ahead: int = 0) -> str:
        at = self._at + ahead
        word = self._words[at] if at < len(self._words) else ()
        if len(word) == 1 and isinstance(word[0], Lit) and not word[0].quoted:
            return word[0].text
        return ""

    def _either(self, *, live: bool) -> bool:
        result = self._both(live=live)
        while self._op() == "||":
            self._at += 1
            right = self._both(live=live and not result)
            result = result or right
        return result

    def _both(self, *, live: bool) -> bool:
        result = self._one(live=live)
        while self._op() == "&&":
            self._at += 1
            right = self._one(live=live and result)
            result = result and right
        return result

    def _one(self, *, live: bool) -> bool:
        if self._at >= len(self._words):
            raise TestError("unexpected end of conditional expression")
        op = self._op()
        if op == "!":
            self._at += 1
            return not self._one(live=live)
        if op == "(":
            self._at += 1
            result = self._either(live=live)
            self._at += 1
            return result
        expander = self._shell.expander
        if op.startswith("-") and self._at + 1 < len(self._words) and not self._is_binary(1):
            word = self._words[self._at + 1]
            self._at += 2
            return unary(op, expander.text(word), self._shell) if live else False
        left = self._words[self._at]
        if self._is_binary(1):
            middle = self._op(1)
            right = self._words[self._at + 2]
            self._at += 3
            return self._binary(left, middle, right) if live else False
        self._at += 1
        return bool(expander.text(left)) if live else False

    def _is_binary(self, ahead: int) -> bool:
        op = self._op(ahead)
        names = (*_PATTERN_OPS, "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot")
        return op in names and self._at + ahead + 1 < len(self._words)

    def _binary(self, left: Word, op: str, right: Word) -> bool:
        expander = self._shell.expander
        if op in _PATTERN_OPS:
            pattern = expander.expression(right) if op == "=~" else expander.pattern(right)
            result, caught = pattern_match(op, expander.text(left), pattern)
            if op == "=~":
                self._shell.state.variables["BASH_REMATCH"] = array(caught)
            return result
        if op in ("-eq", "-ne", "-lt", "-le", "-gt", "-ge"):
            one, other = expander.number(left), expander.number(right)
            return binary(str(one), op, str(other), self._shell)
        return binary(expander.text(left), op, expander.text(right), self._shell)
