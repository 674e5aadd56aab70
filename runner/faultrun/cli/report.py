"""``faultrun report RUN``: render the report of a recorded run again, from the record alone."""

import argparse
import sys
from pathlib import Path

from faultrun.cli.exits import Exit
from faultrun.record.reader import RecordDamaged
from faultrun.report.render import open_run, write_report
from faultrun.report.text import summary


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("run", metavar="RUN", help="the folder of the run")
    parser.add_argument("--out", metavar="FILE", help="where to write (default: RUN/report.html)")
    parser.add_argument(
        "--text", action="store_true", help="print a plain text summary and write no file"
    )


def execute(args: argparse.Namespace) -> int:
    """Render; exit code 2 if the folder is no record."""
    folder = Path(args.run)
    try:
        if args.text:
            sys.stdout.write(summary(open_run(folder)))
            return Exit.PASSED
        path = write_report(folder, Path(args.out) if args.out else None)
    except RecordDamaged as damaged:
        sys.stderr.write(f"faultrun: {damaged}\n")
        return Exit.USAGE
    except OSError as refused:
        where = refused.filename or folder
        sys.stderr.write(f"faultrun: {where}: the report cannot be written: {refused.strerror}\n")
        return Exit.BROKEN
    sys.stdout.write(f"report {path}\n")
    return Exit.PASSED
