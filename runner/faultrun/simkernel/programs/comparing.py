"""cmp and diff."""

from collections.abc import Callable, Mapping
from difflib import SequenceMatcher

from faultrun.kernel.errno import message_of
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.inputs import content, lines
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.programs.sizes import size_of
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled


def _both(process: Process, names: list[str]) -> tuple[bytes, bytes]:
    if len(names) == 1:
        names = [*names, "-"]
    if len(names) != 2:
        process.complain("missing operand after '" + (names[-1] if names else process.name) + "'")
        process.err(f"{process.name}: Try '{process.name} --help' for more information.\n")
        raise ExitNow(2)
    found: list[bytes] = []
    for name in names:
        try:
            found.append(content(process, name))
        except SimErrno as refused:
            process.fail(name, refused)
            raise ExitNow(2) from None
    return found[0], found[1]


def _cmp(process: Process) -> int:
    found = parse(process, "slb", "n", ("silent", "quiet", "bytes=", "verbose", "print-bytes"))
    names = found.operands
    left, right = _both(process, names[:2])
    limit = size_of(found.value("n", "bytes", default="")) if found.has("n", "bytes") else None
    if limit is not None:
        left, right = left[:limit], right[:limit]
    if left == right:
        return 0
    silent = found.has("s", "silent", "quiet")
    other = names[1] if len(names) > 1 else "-"
    at = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    if found.has("l", "verbose"):
        for place, (a, b) in enumerate(zip(left, right, strict=False), 1):
            if a != b:
                process.out(f"{place} {a:3o} {b:3o}\n")
        at = None if len(left) != len(right) else at
        if at is not None:
            return 1
    if at is not None:
        if not silent:
            line = left.count(b"\n", 0, at) + 1
            process.out(f"{names[0]} {other} differ: char {at + 1}, line {line}\n")
        return 1
    if not silent:
        short, data = (names[0], left) if len(left) < len(right) else (other, right)
        process.complain(_end_of_file(short, data))
    return 1


def _end_of_file(name: str, data: bytes) -> str:
    if not data:
        return f"EOF on '{name}' which is empty"
    newlines = data.count(b"\n")
    whole = data.endswith(b"\n")
    place = f"line {newlines}" if whole else f"in line {newlines + 1}"
    return f"EOF on '{name}' after byte {len(data)}, {place}"


def _diff(process: Process) -> int:
    found = parse(process, "qurNawB", "", ("brief", "unified", "report-identical-files"))
    names = found.operands
    for name in names[:2]:
        if name != "-":
            try:
                if process.stat(name).kind == "dir":
                    raise Unmodelled("diff of directories")
            except SimErrno as refused:
                process.complain(f"{name}: {message_of(refused.name)}")
                return 2
    left, right = _both(process, names)
    if left == right:
        return 0
    if found.has("q", "brief"):
        process.out(f"Files {names[0]} and {names[1]} differ\n")
        return 1
    if found.has("u", "unified"):
        raise Unmodelled("diff -u")
    process.out("".join(_normal(lines(left), lines(right))))
    return 1


def _normal(left: list[str], right: list[str]) -> list[str]:
    out: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(a=left, b=right, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        first = _range(a, b) if tag != "insert" else str(a)
        second = _range(c, d) if tag != "delete" else str(c)
        out.append(f"{first}{tag[0] if tag != 'replace' else 'c'}{second}\n".replace("i", "a"))
        out.extend(f"< {line}\n" for line in left[a:b])
        if tag == "replace":
            out.append("---\n")
        out.extend(f"> {line}\n" for line in right[c:d])
    return out


def _range(begin: int, end: int) -> str:
    return str(begin + 1) if end - begin <= 1 else f"{begin + 1},{end}"


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"cmp": _cmp, "diff": _diff}
