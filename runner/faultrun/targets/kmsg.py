"""Records of ``/dev/kmsg`` in the text form that kernel/printk/printk.c:info_print_ext_header() makes."""

import re
from collections.abc import Sequence

from faultrun.model.target import LogLine

_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


def records(raw: bytes, since: int) -> tuple[tuple[LogLine, ...], int, int]:
    """(records with a higher number than the cursor, the new cursor, records lost between).

    The cursor is the next sequence number that is expected; 0 takes everything and counts no
    loss. Lines that start with a blank are a record's dictionary and are passed over.
    """
    found: list[LogLine] = []
    lost = 0
    cursor = since
    for line in raw.split(b"\n"):
        parsed = _record(line)
        if parsed is None or parsed[0] < cursor:
            continue
        number, record = parsed
        if cursor:
            lost += number - cursor
        cursor = number + 1
        found.append(record)
    return tuple(found), cursor, lost


def _record(line: bytes) -> tuple[int, LogLine] | None:
    head, separator, text = line.partition(b";")
    fields: Sequence[bytes] = head.split(b",")
    if not separator or len(fields) < 3 or not all(field.isdigit() for field in fields[:3]):
        return None
    plain = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text)
    return int(fields[1]), LogLine(
        t_ns=int(fields[2]) * 1_000,
        level=int(fields[0]) & 7,
        text=plain.decode("utf-8", "backslashreplace"),
    )
