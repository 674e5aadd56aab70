"""Cutting text at blanks, operators and bars, past whatever is quoted."""

from faultrun.simkernel.shell.borders import closing, skip


def pieces(text: str, operators: str) -> list[str]:
    """The words of a text, each run of operator characters being a word of its own."""
    found: list[str] = []
    here = begin = 0
    pattern = False
    while here < len(text):
        char = text[here]
        if char == "\\" and text[here + 1 : here + 2] == "\n" and here == begin:
            here += 2
            begin = here
        elif char.isspace():
            _end(found, text[begin:here])
            pattern = bool(found) and found[-1] == "=~"
            here += 1
            begin = here
        elif char in operators and not pattern:
            if char == "(" and begin < here:
                here = closing(text, here)
                continue
            _end(found, text[begin:here])
            run = here + 1
            while run < len(text) and char in "&|" and text[run] == char:
                run += 1
            found.append(text[here:run])
            here = begin = run
        else:
            here = skip(text, here)
    _end(found, text[begin:here])
    return found


def _end(found: list[str], word: str) -> None:
    if word:
        found.append(word)


def bars(text: str) -> list[str]:
    """The alternatives between unquoted ``|``."""
    found: list[str] = []
    here = begin = 0
    while here < len(text):
        if text[here] == "|":
            found.append(text[begin:here])
            here += 1
            begin = here
        else:
            here = skip(text, here)
    return [*found, text[begin:]]
