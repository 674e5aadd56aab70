"""Field splitting: how unquoted results of expansions become several arguments."""

import re

_BLANKS = re.compile("[ \\t\\n]+")


def cut(text: str, separators: str) -> list[str]:
    """The fields of a text: runs of blanks part them, other separators one by one."""
    if not separators:
        return [text] if text else []
    if separators == " \t\n":
        return _BLANKS.split(text.strip(" \t\n")) if text.strip(" \t\n") else []
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


def append(
    fields: list[str], current: str | None, pieces: list[str]
) -> tuple[list[str], str | None]:
    """Join the pieces to what is being built; the last one stays open."""
    if not pieces:
        return fields, current
    first = (current or "") + pieces[0]
    if len(pieces) == 1:
        return fields, first
    return [*fields, first, *pieces[1:-1]], pieces[-1]
