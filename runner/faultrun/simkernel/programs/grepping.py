"""grep and a small sed, on Python's regular expressions."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.kernel.errno import message_of
from faultrun.simkernel.digits import is_number
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.inputs import content, lines
from faultrun.simkernel.programs.options import Parsed, parse
from faultrun.simkernel.programs.options import number as number_of
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_CLASSES = {
    "digit": "0-9", "alpha": "A-Za-z", "alnum": "A-Za-z0-9", "space": r"\s", "blank": " \t",
    "upper": "A-Z", "lower": "a-z", "xdigit": "0-9A-Fa-f", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


def translate(pattern: str, *, extended: bool) -> str:
    """A POSIX expression as Python's: basic ones escape what extended ones do not."""
    out: list[str] = []
    here = 0
    while here < len(pattern):
        char = pattern[here]
        if char == "\\" and here + 1 < len(pattern):
            following = pattern[here + 1]
            special = following in "+?|(){}"
            out.append(following if special and not extended else _escape(following))
            here += 2
        elif char == "[":
            end = _class_end(pattern, here)
            out.append(_class(pattern[here:end]))
            here = end
        elif char in "+?|(){}" and not extended:
            out.append("\\" + char)
            here += 1
        elif char == "*" and (not out or out[-1] in ("^", "(", "|")):
            out.append("\\*")
            here += 1
        else:
            out.append(char)
            here += 1
    return "".join(out)


def _escape(char: str) -> str:
    if char in "<>":
        return r"\b"
    return "\\" + char


def _class_end(pattern: str, at: int) -> int:
    here = at + 1
    if pattern[here : here + 1] == "^":
        here += 1
    if pattern[here : here + 1] == "]":
        here += 1
    while here < len(pattern) and pattern[here] != "]":
        here = pattern.find(":]", here) + 2 if pattern.startswith("[:", here) else here + 1
    return here + 1


def _class(text: str) -> str:
    inner = text[1:-1]
    for name, chars in _CLASSES.items():
        inner = inner.replace(f"[:{name}:]", chars)
    negated = inner.startswith("^")
    body = inner[1:] if negated else inner
    if body.startswith("]"):
        body = "\\" + body
    return f"[{'^' if negated else ''}{body.replace('[', chr(92) + '[')}]"


def _expression(process: Process, found: Parsed) -> tuple[re.Pattern[str], list[str]]:
    patterns = [value for name, value in found.every if name in ("e", "regexp")]
    names = list(found.operands)
    if not patterns:
        if not names:
            process.err(
                "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n"
            )
            raise ExitNow(2)
        patterns = names.pop(0).split("\n")
    if found.has("P"):
        parts = patterns
    elif found.has("F", "fixed-strings"):
        parts = [re.escape(pattern) for pattern in patterns]
    else:
        extended = found.has("E", "extended-regexp") or process.name == "egrep"
        parts = [translate(pattern, extended=extended) for pattern in patterns]
    if found.has("w", "word-regexp"):
        parts = [rf"(?<!\w)(?:{part})(?!\w)" for part in parts]
    if found.has("x", "line-regexp"):
        parts = [rf"^(?:{part})$" for part in parts]
    flags = re.IGNORECASE if found.has("i", "y", "ignore-case") else 0
    try:
        return re.compile("|".join(f"(?:{part})" for part in parts), flags), names
    except (re.error, OverflowError, RecursionError):
        raise Unmodelled(f"grep expression '{patterns[0]}'") from None


def _grep(process: Process) -> int:
    found = parse(
        process, "EFPqcviynoHhlLswxra", "emABC",
        ("extended-regexp", "fixed-strings", "quiet", "silent", "count", "invert-match",
         "ignore-case", "line-number", "only-matching", "no-messages", "word-regexp", "regexp=",
         "line-regexp", "max-count=", "color", "color=", "no-filename", "text"),
    )  # fmt: skip
    if found.has("A", "B", "C", "r"):
        raise Unmodelled("grep with context or in directories")
    expression, names = _expression(process, found)
    matched = failed = False
    for name in names or ["-"]:
        try:
            data = content(process, name)
        except SimErrno as refused:
            failed = True
            if not found.has("s", "no-messages"):
                process.complain(f"{name}: {message_of(refused.name)}")
            continue
        head = (
            f"{name}:"
            if (len(names) > 1 and not found.has("h", "no-filename")) or found.has("H")
            else ""
        )
        if _search(process, found, expression, lines(data), head):
            matched = True
            if found.has("q", "quiet", "silent"):
                return 0
    return 2 if failed else int(not matched)


def _search(
    process: Process, found: Parsed, expression: re.Pattern[str], rows: list[str], head: str
) -> bool:
    invert = found.has("v", "invert-match")
    limit = number_of(process, found.value("m", "max-count", default=str(1 << 30)))
    hits = [(at, row) for at, row in enumerate(rows, 1) if bool(expression.search(row)) != invert]
    hits = hits[:limit]
    if found.has("q", "quiet", "silent"):
        return bool(hits)
    if found.has("c", "count"):
        process.out(f"{head}{len(hits)}\n")
    elif found.has("l") or found.has("L"):
        if bool(hits) == found.has("l"):
            process.out((head.rstrip(":") or "(standard input)") + "\n")
    else:
        out: list[str] = []
        for at, row in hits:
            number = f"{at}:" if found.has("n", "line-number") else ""
            shown = [row]
            if found.has("o", "only-matching"):
                shown = [match.group() for match in expression.finditer(row) if match.group()]
            out.extend(f"{head}{number}{text}\n" for text in shown)
        process.out("".join(out))
    return bool(hits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    first: str
    last: str
    action: str
    pattern: re.Pattern[str] | None = None
    text: str = ""
    everywhere: bool = False
    show: bool = False


_ADDRESS = r"(?:[0-9]{1,30}|\$|/(?:\\.|[^/\\])*/)"
_COMMAND = re.compile(rf"\s*({_ADDRESS})?(?:,({_ADDRESS}))?\s*(.)", re.DOTALL)


def _edits(script: str, *, extended: bool) -> list[_Edit]:
    found: list[_Edit] = []
    here = 0
    while here < len(script):
        if script[here] in "; \t\n":
            here += 1
            continue
        match = _COMMAND.match(script, here)
        if match is None or match[3] not in "pdqs":
            raise Unmodelled(f"sed command '{script[here:]}'")
        first, last, action = match[1] or "", match[2] or "", match[3]
        here = match.end()
        if action != "s":
            found.append(_Edit(first=first, last=last, action=action))
            continue
        parts, here = _parts(script, here)
        end = here
        while end < len(script) and script[end] in "gpIiE":
            end += 1
        options, here = script[here:end], end
        flags = re.IGNORECASE if "I" in options or "i" in options else 0
        pattern = _compiled(parts[0], flags, extended=extended)
        text = re.sub(r"(?<!\\)&", r"\\g<0>", parts[1]).replace("\\&", "&")
        found.append(
            _Edit(
                first=first, last=last, action=action, pattern=pattern, text=text,
                everywhere="g" in options, show="p" in options,
            )
        )  # fmt: skip
    return found


def _compiled(text: str, flags: int, *, extended: bool) -> re.Pattern[str]:
    try:
        return re.compile(translate(text, extended=extended), flags)
    except (re.error, OverflowError, RecursionError):
        raise Unmodelled(f"sed expression '{text}'") from None


def _parts(script: str, at: int) -> tuple[list[str], int]:
    mark = script[at]
    parts: list[str] = []
    here, current = at + 1, ""
    while len(parts) < 2:
        if here >= len(script):
            raise Unmodelled(f"sed command 's{script[at:]}'")
        if script[here] == "\\" and script[here + 1 : here + 2] == mark:
            current += mark
            here += 2
        elif script[here] == "\\":
            current += script[here : here + 2]
            here += 2
        elif script[here] == mark:
            parts.append(current)
            current = ""
            here += 1
        else:
            current += script[here]
            here += 1
    return parts, here


def _sed(process: Process) -> int:
    found = parse(process, "nErs", "e", ("quiet", "silent", "expression=", "regexp-extended"))
    scripts = [value for name, value in found.every if name in ("e", "expression")]
    names = list(found.operands)
    if not scripts and not names:
        process.err("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n")
        return 1
    if not scripts:
        scripts = [names.pop(0)]
    extended = found.has("E", "r", "regexp-extended")
    edits = _edits("\n".join(scripts), extended=extended)
    status = 0
    rows: list[str] = []
    for name in names or ["-"]:
        try:
            rows.extend(lines(content(process, name)))
        except SimErrno as refused:
            process.err(f"sed: can't read {name}: {message_of(refused.name)}\n")
            status = 2
    process.out(
        "".join(_stream(rows, edits, quiet=found.has("n", "quiet", "silent"), extended=extended))
    )
    return status


def _stream(rows: list[str], edits: list[_Edit], *, quiet: bool, extended: bool) -> list[str]:
    out: list[str] = []
    inside: set[int] = set()
    for number, row in enumerate(rows, 1):
        text, kept, stop = row, True, False
        for at, edit in enumerate(edits):
            where = (number, len(rows), text)
            if not _applies(edit, at, where, inside, extended=extended):
                continue
            if edit.action == "d":
                kept = False
                break
            if edit.action == "p":
                out.append(text + "\n")
            elif edit.action == "q":
                stop = True
                break
            elif edit.pattern is not None:
                text, count = _changed(edit, edit.pattern, text)
                if count and edit.show:
                    out.append(text + "\n")
        if kept and not quiet:
            out.append(text + "\n")
        if stop:
            break
    return out


def _changed(edit: _Edit, pattern: re.Pattern[str], text: str) -> tuple[str, int]:
    try:
        return pattern.subn(edit.text, text, count=0 if edit.everywhere else 1)
    except (re.error, IndexError):
        raise Unmodelled(f"sed replacement '{edit.text}'") from None


def _applies(
    edit: _Edit, at: int, where: tuple[int, int, str], inside: set[int], *, extended: bool
) -> bool:
    if not edit.first:
        return True
    if not edit.last:
        return _here(edit.first, where, extended=extended)
    if at in inside:
        if _here(edit.last, where, extended=extended):
            inside.discard(at)
        return True
    if _here(edit.first, where, extended=extended):
        if not (is_number(edit.last) and int(edit.last) <= where[0]):
            inside.add(at)
        return True
    return False


def _here(address: str, where: tuple[int, int, str], *, extended: bool) -> bool:
    number, count, text = where
    if address == "$":
        return number == count
    if is_number(address):
        return number == int(address)
    return _compiled(address[1:-1], 0, extended=extended).search(text) is not None


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    "grep": _grep, "egrep": _grep, "sed": _sed,
}  # fmt: skip
