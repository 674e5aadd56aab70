"""Who runs, where and when: the only place that asks the clock on the wall."""

import argparse
import datetime as dt
import platform
import sys

from faultrun import __version__
from faultrun.record.header import Circumstances


def circumstances(file: str, args: argparse.Namespace) -> Circumstances:
    """What the record's header says of this process."""
    now = dt.datetime.now(tz=dt.UTC)
    return Circumstances(
        version=__version__,
        started=now.isoformat(timespec="seconds"),
        host=platform.node(),
        command=("faultrun", *sys.argv[1:]),
        file=file,
        slots=args.slots,
        only=tuple(args.only),
        from_=tuple(args.from_),
        tags=tuple(args.tag),
    )
