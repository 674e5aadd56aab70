"""Brace expansion, done once on the text of a word, before anything else is looked at."""

from faultrun.simkernel.digits import signed
from faultrun.simkernel.shell.borders import skip
from faultrun.simkernel.unmodelled import Unmodelled

_LONGEST = 100_000


def expand(text: str) -> list[str]:
    """``a{b,c}`` -> ``ab``, ``ac``; ``{1..3}`` -> ``1``, ``2``, ``3``; else the text itself."""
    if "{" not in text:
        return [text]
    here = 0
    while here < len(text):
        if text[here] != "{":
            here = skip(text, here)
            continue
        end, pieces = _alternatives(text, here)
        if pieces:
            tails = expand(text[end:])
            heads = [text[:here] + inner for piece in pieces for inner in expand(piece)]
            return [head + tail for head in heads for tail in tails]
        here += 1
    return [text]


def _alternatives(text: str, at: int) -> tuple[int, list[str]]:
    depth, here, begin = 0, at, at + 1
    pieces: list[str] = []
    while here < len(text):
        char = text[here]
        if char == "{":
            depth += 1
            here += 1
        elif char == "}":
            depth -= 1
            here += 1
            if depth == 0:
                if pieces:
                    return here, [*pieces, text[begin : here - 1]]
                return here, _range(text[at + 1 : here - 1])
        elif char == "," and depth == 1:
            pieces.append(text[begin:here])
            here += 1
            begin = here
        else:
            here = skip(text, here)
    return at, []


def _range(text: str) -> list[str]:
    ends = text.split("..")
    if len(ends) not in (2, 3):
        return []
    first, last = ends[0], ends[1]
    if len(first) == 1 and len(last) == 1 and first.isalpha() and last.isalpha():
        low, high = ord(first), ord(last)
        step = 1 if high >= low else -1
        return [chr(code) for code in range(low, high + step, step)]
    begin, end, given = signed(first), signed(last), signed(ends[2] if len(ends) == 3 else "1")
    if begin is None or end is None or given is None:
        return []
    low, high, stride = begin, end, abs(given)
    if abs(high - low) > _LONGEST * max(stride, 1):
        raise Unmodelled(f"brace expansion to more than {_LONGEST} words")
    step = max(stride, 1) * (1 if high >= low else -1)
    padded = any(len(one.lstrip("-")) > 1 and one.lstrip("-")[0] == "0" for one in (first, last))
    width = max(len(first), len(last)) if padded else 0
    values = range(low, high + (1 if step > 0 else -1), step)
    return [f"{value:0{width}d}" if width else str(value) for value in values]
