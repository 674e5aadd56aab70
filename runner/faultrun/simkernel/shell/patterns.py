"""Shell patterns as regular expressions, and the names that match them."""

import re
from functools import lru_cache

from faultrun.simkernel.unmodelled import Unmodelled

_SPECIAL = "*?[\\()|!+@"


def quote(text: str) -> str:
    """The pattern that matches exactly this text."""
    return "".join("\\" + char if char in _SPECIAL else char for char in text)


def has_magic(pattern: str) -> bool:
    """Whether it matches anything but one text."""
    here = 0
    while here < len(pattern):
        if pattern[here] == "\\":
            here += 2
            continue
        if pattern[here] in "*?" or (pattern[here] == "[" and "]" in pattern[here + 1 :]):
            return True
        here += 1
    return False


def plain(pattern: str) -> str:
    """The pattern's text without its backslashes."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


@lru_cache(maxsize=1024)
def compiled(pattern: str, *, lazy: bool = False) -> re.Pattern[str]:
    """The regular expression of a pattern; ``lazy`` stars match as little as they can."""
    out: list[str] = []
    here = 0
    while here < len(pattern):
        char = pattern[here]
        if char == "\\" and here + 1 < len(pattern):
            out.append(re.escape(pattern[here + 1]))
            here += 2
            continue
        extended = char in "?*+@!" and pattern[here + 1 : here + 2] == "("
        if extended and (end := _group_end(pattern, here + 1)):
            out.append(_group(char, pattern[here + 2 : end]))
            here = end
        elif char == "*":
            out.append(".*?" if lazy else ".*")
        elif char == "?":
            out.append(".")
        elif char == "[":
            end = _bracket_end(pattern, here)
            if end:
                inner = pattern[here + 1 : end]
                negated = inner[:1] in ("!", "^")
                body = (inner[1:] if negated else inner).replace("\\", "\\\\")
                body = _classes(body.replace("[", "\\["))
                out.append(f"[{'^' if negated else ''}{body}]")
                here = end
            else:
                out.append("\\[")
        else:
            out.append(re.escape(char))
        here += 1
    try:
        return re.compile("".join(out), re.DOTALL)
    except (re.error, OverflowError):
        raise Unmodelled(f"shell pattern '{pattern}'") from None


def _group_end(pattern: str, at: int) -> int:
    depth = 0
    for here in range(at, len(pattern)):
        if pattern[here - 1] != "\\":
            depth += (pattern[here] == "(") - (pattern[here] == ")")
        if not depth:
            return here
    return 0


def _group(kind: str, inner: str) -> str:
    """``@(a|b)``, ``?(a)``, ``*(a)``, ``+(a)`` and ``!(a)``."""
    parts: list[str] = [""]
    depth = 0
    for here, char in enumerate(inner):
        escaped = here > 0 and inner[here - 1] == "\\"
        depth += 0 if escaped else (char == "(") - (char == ")")
        if char == "|" and not depth and not escaped:
            parts.append("")
        else:
            parts[-1] += char
    body = "|".join(compiled(part).pattern for part in parts)
    if kind == "!":
        return f"(?:(?!(?:{body})\\Z).*)"
    return f"(?:{body}){'' if kind == '@' else kind}"


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches."""
    return compiled(pattern).fullmatch(text) is not None


def _bracket_end(pattern: str, at: int) -> int:
    here = at + 1
    if pattern[here : here + 1] in ("!", "^"):
        here += 1
    if pattern[here : here + 1] == "]":
        here += 1
    while here < len(pattern):
        if pattern.startswith("[:", here):
            here = pattern.find(":]", here) + 2
            if here < 2:
                return 0
            continue
        if pattern[here] == "]":
            return here
        here += 1
    return 0


def _classes(body: str) -> str:
    names = {
        "digit": "0-9", "alpha": "A-Za-z", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z",
        "space": r"\s", "xdigit": "0-9A-Fa-f", "blank": r" \t",
        "punct": r"!-/:-@\[-`{-~",
    }  # fmt: skip
    for name, chars in names.items():
        body = body.replace(f"\\[:{name}:]", chars)
    return body
