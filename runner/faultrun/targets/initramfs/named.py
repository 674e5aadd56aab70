"""Which programs of this machine a campaign's scripts name, beyond the usual ones."""

import re
import shutil
from collections.abc import Iterable

from faultrun.targets.initramfs.tools import FILLER, USUAL

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_SHELL = """
    case do done elif else esac fi for function if in select then until while time alias cd
    command exec exit export read set shift source trap type ulimit umask wait
"""


def named(texts: Iterable[str]) -> tuple[str, ...]:
    """Words that are programs here. A word too many only makes the guest larger."""
    words = {word for text in texts for word in _WORD.findall(text)}
    unusual = words - {*_SHELL.split(), *USUAL, FILLER}
    return tuple(sorted(word for word in unusual if shutil.which(word)))
