"""Who runs, where and when: the only place that asks the clock on the wall."""

import argparse
import datetime as dt
import platform
import sys

from faultrun import __version__
from faultrun.capabilities.registry import plugins
from faultrun.model.campaign import Campaign
from faultrun.record.header import Circumstances


def circumstances(file: str, args: argparse.Namespace, campaign: Campaign) -> Circumstances:
    """What the record's header says of this process."""
    return Circumstances(
        version=__version__,
        started=now(),
        host=platform.node(),
        command=("faultrun", *sys.argv[1:]),
        file=file,
        slots=args.slots,
        only=tuple(args.only),
        from_=tuple(args.from_),
        tags=tuple(args.tag),
        plugins=_plugins(campaign),
    )


def now() -> str:
    """The time on the wall, in words."""
    return dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")


def _plugins(campaign: Campaign) -> tuple[tuple[str, str], ...]:
    armed = {injection.capability for step in campaign.steps for injection in step.injections}
    return tuple((item.name, item.origin) for item in plugins() if item.name in armed)
