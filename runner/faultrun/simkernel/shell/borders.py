"""Where a quoted or substituted piece of shell text ends, without understanding what is in it."""

_CLOSERS = {"(": ")", "{": "}"}
_BEFORE_WORD = " \t\n;&|()`"


def skip(text: str, at: int) -> int:
    """The position after the quoted or substituted piece that starts at ``at``."""
    char = text[at]
    if char == "\\":
        return min(at + 2, len(text))
    if char == "'":
        end = text.find("'", at + 1)
        return len(text) if end < 0 else end + 1
    if char == '"':
        return _skip_double(text, at + 1)
    if char == "`":
        return skip_backtick(text, at + 1)
    if char == "$" and text[at + 1 : at + 2] == "'":
        return _skip_ansi(text, at + 2)
    if char in "$<>" and text[at + 1 : at + 2] == "(":
        return closing(text, at + 1)
    if char == "$" and text[at + 1 : at + 2] == "{":
        return closing(text, at + 1)
    if char == "$" and text[at + 1 : at + 2] == "[":
        return text.find("]", at) + 1 or len(text)
    return at + 1


def closing(text: str, at: int, *, quoted: bool = False) -> int:
    """The position after the bracket that closes the one at ``at``.

    In ``"${ }"`` an apostrophe is only itself. In ``$( )`` comments, here-documents and the
    patterns of ``case`` may hold what looks like a quote or a bracket.
    """
    if text[at] == "(" and text[at + 1 : at + 2] != "(":
        return _end_of_script(text, at + 1)
    opener = text[at]
    closer = _CLOSERS[opener]
    depth, here = 1, at + 1
    while here < len(text) and depth:
        char = text[here]
        if char == closer:
            depth -= 1
            here += 1
        elif char == opener:
            depth += 1
            here += 1
        else:
            here = here + 1 if quoted and char == "'" else skip(text, here)
    return here


def _end_of_script(text: str, here: int) -> int:
    """After the ``)`` that ends the script which starts at ``here``."""
    depth = 1
    cases: list[int] = []
    bodies: dict[int, int] = {}
    while here < len(text):
        char = text[here]
        fresh = text[here - 1] in _BEFORE_WORD
        if char == "#" and fresh:
            end = text.find("\n", here)
            here = len(text) if end < 0 else end
        elif char == "(":
            depth += 1
            here += 1
        elif char == ")":
            if not (cases and cases[-1] == depth):
                depth -= 1
            here += 1
            if not depth:
                return here
        elif text.startswith("<<", here) and text[here + 2 : here + 3] != "<":
            here = _pass_here_document(text, here + 2, bodies)
        elif char == "\n":
            here = bodies.get(here, here + 1)
        elif fresh and _is_word(text, here, "case"):
            cases.append(depth)
            here += 4
        elif fresh and cases and _is_word(text, here, "esac"):
            cases.pop()
            here += 4
        else:
            here = here + 3 if text.startswith("<<<", here) else skip(text, here)
    return here


def _is_word(text: str, at: int, word: str) -> bool:
    end = at + len(word)
    return text.startswith(word, at) and (end == len(text) or text[end] in " \t\n;&|()")


def _pass_here_document(text: str, here: int, bodies: dict[int, int]) -> int:
    """From behind ``<<`` to behind its mark; ``bodies`` is told where the body below ends."""
    strip = text[here : here + 1] == "-"
    begin = here + strip
    while text[begin : begin + 1] in (" ", "\t"):
        begin += 1
    end = word_end(text, begin)
    newline = line_end(text, end)
    if end > begin and newline < len(text):
        start = bodies.get(newline, newline + 1)
        bodies[newline] = here_document(text, start, bare(text[begin:end]), strip=strip)[1]
    return max(end, here)


def here_document(text: str, here: int, mark: str, *, strip: bool) -> tuple[str, int]:
    """The body that starts at ``here`` and the position after its last line."""
    lines: list[str] = []
    while here < len(text):
        end = text.find("\n", here)
        end = len(text) if end < 0 else end
        line = text[here:end]
        line = line.lstrip("\t") if strip else line
        here = min(end + 1, len(text))
        if line == mark:
            break
        lines.append(line + "\n")
    return "".join(lines), here


def line_end(text: str, here: int) -> int:
    """Where the line ends, past quotes that hold newlines."""
    while here < len(text) and text[here] != "\n":
        if text[here] == "#" and text[here - 1] in _BEFORE_WORD:
            end = text.find("\n", here)
            return len(text) if end < 0 else end
        here = skip(text, here)
    return min(here, len(text))


def word_end(text: str, here: int) -> int:
    """Where the word ends that starts here."""
    begin = here
    while here < len(text):
        char = text[here]
        if char in " \t\n;&|()" or (char in "<>" and text[here + 1 : here + 2] != "("):
            if char == "(" and here > begin and text[here - 1] in "?*+@!":
                here = closing(text, here)
                continue
            break
        here = skip(text, here)
    return min(here, len(text))


def bare(word: str) -> str:
    """A word without its quotes, as the end mark of a here-document is read."""
    out: list[str] = []
    here = 0
    while here < len(word):
        char = word[here]
        if char == "\\":
            out.append(word[here + 1 : here + 2])
            here += 2
        elif char in "'\"":
            end = word.find(char, here + 1)
            end = len(word) if end < 0 else end
            out.append(word[here + 1 : end])
            here = end + 1
        else:
            out.append(char)
            here += 1
    return "".join(out)


def _skip_double(text: str, here: int) -> int:
    while here < len(text) and text[here] != '"':
        here = skip_in_double(text, here)
    return here + 1


def skip_in_double(text: str, here: int) -> int:
    """After the piece at ``here``, which stands between double quotes."""
    char = text[here]
    if char == "\\":
        return here + 2
    if char == "`":
        return skip_backtick(text, here + 1)
    if char == "$" and text[here + 1 : here + 2] in ("(", "{"):
        return closing(text, here + 1, quoted=True)
    return here + 1


def skip_backtick(text: str, here: int) -> int:
    """After the backtick that ends a substitution."""
    while here < len(text) and text[here] != "`":
        here += 2 if text[here] == "\\" else 1
    return here + 1


def _skip_ansi(text: str, here: int) -> int:
    while here < len(text) and text[here] != "'":
        here += 2 if text[here] == "\\" else 1
    return here + 1
