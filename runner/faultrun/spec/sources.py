"""The texts of all files of a campaign, to find a place inside a scalar."""

from dataclasses import dataclass, field

from faultrun.model.mark import Mark
from faultrun.spec.nodes import Leaf
from faultrun.spec.text import OPENING


@dataclass(slots=True)
class Sources:
    """Every file that was read, by the name that marks give it."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    _lines: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def template(self, leaf: Leaf, which: int) -> tuple[Mark, int]:
        """Where the template number ``which`` of a scalar stands, and how long it is."""
        text = self.texts.get(leaf.mark.file)
        if text is None:
            return leaf.mark, leaf.length
        starts = self._starts(leaf.mark.file, text)
        if leaf.mark.line > len(starts):
            return leaf.mark, leaf.length
        position = starts[leaf.mark.line - 1] + leaf.mark.column - 1
        for _ in range(which + 1):
            position = text.find(OPENING, position) + len(OPENING)
            if position < len(OPENING):
                return leaf.mark, leaf.length
        start = position - len(OPENING)
        line = text.count("\n", 0, start) + 1
        column = start - starts[line - 1] + 1
        limit = text.find("\n", start)
        limit = len(text) if limit < 0 else limit
        if line == leaf.mark.line:
            limit = min(limit, starts[line - 1] + leaf.mark.column - 1 + leaf.length)
        end = text.find("}}", start, limit)
        return Mark(leaf.mark.file, line, column), end + 2 - start if end >= 0 else len(OPENING)

    def _starts(self, name: str, text: str) -> list[int]:
        if name not in self._lines:
            starts = [0]
            position = text.find("\n")
            while position >= 0:
                starts.append(position + 1)
                position = text.find("\n", position + 1)
            self._lines[name] = starts
        return self._lines[name]
