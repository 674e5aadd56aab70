"""Text from consoles and kernels made safe to look at; escaping for HTML comes later and always.

A workload may print anything: terminal escapes, characters that reorder a line, broken UTF-8,
a line of ten megabytes. Colour codes are dropped, every other control character becomes visible,
and what is cut away is announced.
"""

import re

_COLOUR = re.compile("(?:\x1b\\[|\x9b)[0-9;:]*m")
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_LONG = re.compile(r"[^\n]{2001}")
LINE_LIMIT = 2000
"""Characters of one line that are shown."""


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def clean(raw: str) -> str:
    """The text with nothing in it that could act on a reader's screen."""
    if _ODD.search(raw) is None:
        return raw
    return _ODD.sub(_visible, _COLOUR.sub("", raw.replace("\r\n", "\n")))


def _cut_line(line: str) -> str:
    if len(line) <= LINE_LIMIT:
        return line
    return f"{line[:LINE_LIMIT]} [line cut here: {len(line) - LINE_LIMIT:,} more characters]"


def excerpt(raw: str, limit: int, whole_text: str) -> str:
    """The text, cleaned and cut to about ``limit`` characters, its end kept as well as its start.

    ``whole_text`` says in words where all of it is; a notice with it stands at the cut.
    """
    if len(raw) <= LINE_LIMIT and len(raw) <= limit:
        return clean(raw)
    cut = len(raw) > limit
    if _LONG.search(raw) is not None:
        raw = "\n".join(_cut_line(line) for line in raw.split("\n"))
    if len(raw) > limit:
        head, tail = raw[: limit * 2 // 3], raw[-limit // 3 :]
        missing = len(raw) - len(head) - len(tail)
        return f"{clean(head)}\n[{missing:,} characters are not shown; {whole_text}]\n{clean(tail)}"
    return clean(raw) + (f"\n[long lines were cut; {whole_text}]" if cut else "")
