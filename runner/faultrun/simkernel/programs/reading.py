"""Programs that read and print: cat, head, tail, wc, sort, uniq, tr, cut, tee, checksums."""

import hashlib
from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.digits import DIGITS, is_number, leading
from faultrun.simkernel.file_values import APPEND, REPLACE, OpenFile
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.inputs import Inputs, content, lines, text
from faultrun.simkernel.programs.options import number, parse
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_HEAD_CHUNK = 8192


def _cat(process: Process) -> int:
    found = parse(process, "nAu", "", ("number", "show-all"))
    status = 0
    for name in found.operands or ["-"]:
        try:
            file = process.fd(0) if name == "-" else process.open(name)
        except SimErrno as refused:
            process.fail(name, refused)
            status = 1
            continue
        try:
            _copy_out(process, file, numbered=found.has("n", "number"))
        except _ReadFailed as failed:
            process.complain(f"{name}: {message_of(failed.name)}")
            status = 1
        finally:
            if name != "-":
                process.close(file)
    return status


class _ReadFailed(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _copy_out(process: Process, file: OpenFile, *, numbered: bool) -> None:
    count = 0
    while True:
        try:
            data = process.read(file)
        except SimErrno as refused:
            raise _ReadFailed(refused.name) from None
        if not data:
            return
        if numbered:
            texts = text(data).splitlines(keepends=True)
            data = "".join(f"{count + at:6d}\t{line}" for at, line in enumerate(texts, 1)).encode()
            count += len(texts)
        process.out(data)


def _count_option(process: Process) -> tuple[str, str, list[str]]:
    """For head and tail: (``n`` or ``c``, the count, the files); ``-5`` means ``-n 5``."""
    words = process.argv[1:]
    if words and words[0].startswith("-") and is_number(words[0][1:]):
        return "n", words[0][1:], list(words[1:])
    found = parse(process, "qv", "nc", ("lines=", "bytes=", "quiet"))
    if found.has("c", "bytes"):
        return "c", found.value("c", "bytes"), found.operands
    return "n", found.value("n", "lines", default="10"), found.operands


def _head(process: Process) -> int:
    unit, count, names = _count_option(process)
    if count.startswith("-"):
        raise Unmodelled("head with a negative count")
    status = 0
    for at, name in enumerate(names or ["-"]):
        try:
            file = process.fd(0) if name == "-" else process.open(name)
        except SimErrno as refused:
            process.complain(f"cannot open '{name}' for reading: {message_of(refused.name)}")
            status = 1
            continue
        if len(names) > 1:
            process.out(f"{chr(10) if at else ''}==> {name} <==\n")
        try:
            process.out(_start_of(process, file, unit, number(process, count)))
        except SimErrno as refused:
            process.complain(f"error reading '{name}': {message_of(refused.name)}")
            status = 1
        if name != "-":
            process.close(file)
    return status


def _start_of(process: Process, file: OpenFile, unit: str, count: int) -> bytes:
    """As much as is wanted and no more: the rest of a pipe is for the next reader."""
    out = bytearray()
    while (len(out) if unit == "c" else out.count(b"\n")) < count:
        size = min(_HEAD_CHUNK, count - len(out)) if unit == "c" else _HEAD_CHUNK
        data = process.read(file, size)
        if not data:
            break
        out += data
    return _first(bytes(out), unit, count)


def _tail(process: Process) -> int:
    unit, count, names = _count_option(process)
    number(process, count, least=-(1 << 62))
    return _ends(process, names, lambda data: _last(data, unit, count))


def _ends(process: Process, names: list[str], cut: Callable[[bytes], bytes]) -> int:
    inputs = Inputs(process, names)
    first = True
    for name, data in inputs:
        if len(names) > 1:
            process.out(f"{'' if first else chr(10)}==> {name} <==\n")
        process.out(cut(data))
        first = False
    return inputs.status


def _first(data: bytes, unit: str, count: int) -> bytes:
    if unit == "c":
        return data[:count]
    return b"".join(line + b"\n" for line in data.split(b"\n")[:count]).removesuffix(
        b"" if data.count(b"\n") >= count else b"\n"
    )


def _last(data: bytes, unit: str, count: str) -> bytes:
    if count.startswith("+"):
        skip = max(int(count[1:]) - 1, 0)
        if unit == "c":
            return data[skip:]
        return b"".join(data.splitlines(keepends=True)[skip:])
    wanted = abs(int(count))
    if unit == "c":
        return data[-wanted:] if wanted else b""
    return b"".join(data.splitlines(keepends=True)[-wanted:]) if wanted else b""


def _wc(process: Process) -> int:
    found = parse(process, "lwcm", "", ("lines", "words", "bytes"))
    inputs = Inputs(process, found.operands)
    rows: list[tuple[tuple[int, ...], str]] = []
    for name, data in inputs:
        counts = {
            "l": data.count(b"\n"), "w": len(data.split()), "m": len(text(data)), "c": len(data),
        }  # fmt: skip
        asked = [
            key for key in "lwmc" if found.has(key, {"l": "lines", "w": "words"}.get(key, "bytes"))
        ]
        rows.append((tuple(counts[key] for key in asked or ("l", "w", "c")), name))
    if len(rows) > 1:
        sums = tuple(sum(column) for column in zip(*(row[0] for row in rows), strict=True))
        rows.append((sums, "total"))
    one = len(rows) == 1 and len(rows[0][0]) == 1
    width = 1 if one else max((len(str(n)) for row in rows for n in row[0]), default=1)
    if not found.operands and not one:
        width = 7
    for numbers, name in rows:
        shown = " ".join(f"{count:{width}d}" for count in numbers)
        process.out(shown + ("\n" if name == "-" else f" {name}\n"))
    return inputs.status


def _sort(process: Process) -> int:
    found = parse(
        process, "nruf", "kt", ("numeric-sort", "reverse", "unique", "key=", "field-separator=")
    )
    inputs = Inputs(process, found.operands)
    rows = [line for _, data in inputs for line in lines(data)]
    field = found.value("k", "key")
    separator = found.value("t", "field-separator")
    numeric = found.has("n", "numeric-sort") or "n" in field

    first = number(process, leading(field) or "x", least=1) if field else 1

    def key(line: str) -> tuple[int, str]:
        shown = line
        if field:
            start = first
            parts = line.split(separator or None)
            shown = (separator or " ").join(parts[start - 1 :])
        if numeric:
            digits = shown.strip()
            end = next(
                (at for at, c in enumerate(digits) if not (c in DIGITS or (c == "-" and not at))),
                len(digits),
            )
            lead = digits[: min(end, 40)]
            return (int(lead) if lead.strip("-") else 0), line
        return 0, shown

    rows.sort(key=key, reverse=found.has("r", "reverse") or "r" in field)
    if found.has("u", "unique"):
        rows = list(dict.fromkeys(rows))
    process.out("".join(f"{row}\n" for row in rows))
    return inputs.status * 2


def _uniq(process: Process) -> int:
    found = parse(process, "cdu", "", ("count", "repeated", "unique"))
    data = content(process, found.operands[0] if found.operands else "-")
    groups: list[tuple[str, int]] = []
    for line in lines(data):
        if groups and groups[-1][0] == line:
            groups[-1] = (line, groups[-1][1] + 1)
        else:
            groups.append((line, 1))
    for line, count in groups:
        if (found.has("d", "repeated") and count == 1) or (found.has("u", "unique") and count > 1):
            continue
        process.out(f"{count:7d} {line}\n" if found.has("c", "count") else f"{line}\n")
    return 0


def _tr(process: Process) -> int:
    found = parse(process, "dscC", "", ("delete", "squeeze-repeats", "complement"))
    sets = [_characters(word) for word in found.operands]
    if not sets:
        process.complain("missing operand")
        return 1
    first = sets[0]
    if found.has("c", "C", "complement"):
        inverse = set(first)
        first = "".join(chr(code) for code in range(256) if chr(code) not in inverse)
    data = process.stdin().decode("latin-1")
    if found.has("d", "delete"):
        gone = set(first)
        data = "".join(char for char in data if char not in gone)
    elif len(sets) > 1:
        second = sets[1] + sets[1][-1:] * max(0, len(first) - len(sets[1]))
        table = dict(zip(first, second, strict=False))
        data = "".join(table.get(char, char) for char in data)
    if found.has("s", "squeeze-repeats"):
        squeezed = set(sets[-1])
        out: list[str] = []
        for char in data:
            if not (out and char in squeezed and out[-1] == char):
                out.append(char)
        data = "".join(out)
    process.out(data.encode("latin-1"))
    return 0


_CLASSES = {
    "lower": "abcdefghijklmnopqrstuvwxyz", "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": "0123456789", "space": " \t\n\r\v\f", "blank": " \t",
    "alpha": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "alnum": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}  # fmt: skip


def _characters(word: str) -> str:
    out = ""
    here = 0
    while here < len(word):
        if word.startswith("[:", here) and ":]" in word[here:]:
            end = word.index(":]", here)
            known = _CLASSES.get(word[here + 2 : end])
            if known is None:
                raise Unmodelled(f"tr with '{word[here : end + 2]}'")
            out += known
            here = end + 2
        elif word[here] == "\\" and here + 1 < len(word):
            out += {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\"}.get(
                word[here + 1], word[here + 1]
            )
            here += 2
        elif word[here + 1 : here + 2] == "-" and here + 2 < len(word):
            out += "".join(chr(code) for code in range(ord(word[here]), ord(word[here + 2]) + 1))
            here += 3
        else:
            out += word[here]
            here += 1
    return out


def _cut(process: Process) -> int:
    found = parse(process, "s", "dfcb", ("delimiter=", "fields=", "characters="))
    delimiter = found.value("d", "delimiter", default="\t")
    fields = found.value("f", "fields")
    ranges = _ranges(process, fields or found.value("c", "characters", "b"))
    inputs = Inputs(process, found.operands)
    for _, data in inputs:
        for line in lines(data):
            parts = line.split(delimiter) if fields else list(line)
            if fields and len(parts) == 1:
                if not found.has("s"):
                    process.out(line + "\n")
                continue
            kept = [
                part for at, part in enumerate(parts, 1) if any(a <= at <= b for a, b in ranges)
            ]
            process.out((delimiter if fields else "").join(kept) + "\n")
    return inputs.status


def _ranges(process: Process, word: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for piece in word.split(","):
        first, dash, last = piece.partition("-")
        low = number(process, first or ("1" if dash and last else first), least=1)
        found.append((low, number(process, last or str(1 << 30), least=low) if dash else low))
    return found


def _tee(process: Process) -> int:
    found = parse(process, "ai", "", ("append",))
    data = process.stdin()
    status = 0
    process.out(data)
    for name in found.operands:
        try:
            file = process.open(name, APPEND if found.has("a", "append") else REPLACE)
            process.write_all(file, data)
            process.close(file)
        except SimErrno as refused:
            process.fail(name, refused)
            status = 1
    return status


def _sum(algorithm: str) -> Callable[[Process], int]:
    def run(process: Process) -> int:
        found = parse(process, "cb", "", ("check", "quiet", "status"))
        if found.has("c", "check"):
            return _check(process, algorithm, found.operands, quiet=found.has("quiet"))
        inputs = Inputs(process, found.operands)
        for name, data in inputs:
            process.out(f"{hashlib.new(algorithm, data).hexdigest()}  {name}\n")
        return inputs.status

    return run


def _check(process: Process, algorithm: str, names: list[str], *, quiet: bool) -> int:
    inputs = Inputs(process, names)
    bad = unread = 0
    for _, listed in inputs:
        for line in lines(listed):
            wanted, _, name = line.partition("  ")
            try:
                data = content(process, name)
            except SimErrno as refused:
                process.fail(name, refused)
                process.out(f"{name}: FAILED open or read\n")
                unread += 1
                continue
            good = hashlib.new(algorithm, data).hexdigest() == wanted
            bad += not good
            if not (good and quiet):
                process.out(f"{name}: {'OK' if good else 'FAILED'}\n")
    if unread:
        process.complain(
            f"WARNING: {unread} listed file{'s' if unread > 1 else ''} could not be read"
        )
    if bad:
        process.complain(f"WARNING: {bad} computed checksum{'s' if bad > 1 else ''} did NOT match")
    return int(bool(bad or unread or inputs.status))


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    "cat": _cat, "head": _head, "tail": _tail, "wc": _wc, "sort": _sort, "uniq": _uniq,
    "tr": _tr, "cut": _cut, "tee": _tee, "sha256sum": _sum("sha256"), "md5sum": _sum("md5"),
    "sha1sum": _sum("sha1"), "sha512sum": _sum("sha512"),
}  # fmt: skip
