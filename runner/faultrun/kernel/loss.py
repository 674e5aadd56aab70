"""What in a kernel log says that data were lost although nobody may have been told.

The lines are those of fs/buffer.c:buffer_io_error(), fs/ext4/page-io.c:ext4_end_io_end(),
fs/ext4/inode.c, fs/xfs/xfs_aops.c and fs/btrfs/messages.c. A write that fails at writeback is reported
once, to whoever asks with fsync(2) first; a program that has ended by then reported success.
"""

import re
from collections.abc import Sequence

from faultrun.model.target import LogLine

WORDS = ("data loss", "lost", "Buffer I/O error", "writeback error", "read-only")

_LOSS = re.compile(
    r"potential data loss|This should not happen!! Data will be lost|lost (?:async|sync) page write"
    r"|Buffer I/O error on dev(?:ice)? \S+, logical block \d+(?:, lost|$)"
    r"|writeback error|[Rr]emounting filesystem read-only|forced readonly",
    re.MULTILINE,
)


def first_loss(log: Sequence[LogLine]) -> str:
    """The first line that tells of lost data, or empty."""
    for line in log:
        if any(word in line.text for word in WORDS):
            for part in line.text.split("\n"):
                if _LOSS.search(part):
                    return part.strip()
    return ""
