"""echo, with bash's options."""

from collections.abc import Sequence

from faultrun.simkernel.process import Process
from faultrun.simkernel.shell.words import byte, unescape


def echo_text(words: Sequence[str]) -> str:
    """What echo writes for these arguments."""
    newline, escapes = True, False
    at = 0
    while at < len(words):
        word = words[at]
        if len(word) < 2 or word[0] != "-" or set(word[1:]) - set("neE"):
            break
        newline = newline and "n" not in word
        for letter in word[1:]:
            escapes = letter == "e" if letter in "eE" else escapes
        at += 1
    text = " ".join(words[at:])
    if escapes:
        text, stopped = _decoded(text)
        if stopped:
            return text
    return text + ("\n" if newline else "")


def _decoded(text: str) -> tuple[str, bool]:
    out: list[str] = []
    here = 0
    while here < len(text):
        if text[here] != "\\":
            out.append(text[here])
            here += 1
            continue
        following = text[here + 1 : here + 2]
        if following == "c":
            return "".join(out), True
        if following == "0":
            end = here + 2
            while end < min(here + 5, len(text)) and text[end] in "01234567":
                end += 1
            out.append(byte(int(text[here + 2 : end] or "0", 8) & 255))
            here = end
        elif following in ("'", '"', "?") or (following and following in "1234567"):
            out.append("\\" + following)
            here += 2
        else:
            char, here = unescape(text, here + 1)
            out.append(char)
    return "".join(out), False


def echo(process: Process) -> int:
    """``/bin/echo``."""
    process.out(echo_text(process.argv[1:]))
    return 0
