"""From a run folder to its report: the one way in for the command line."""

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from faultrun.record.fields import Fields
from faultrun.record.reader import RunLines, open_lines
from faultrun.report.build import Source, run_view
from faultrun.report.html import render
from faultrun.report.view import RunView

REPORT = "report.html"


@contextmanager
def _values_only() -> Generator[None, None, None]:
    """Pause the cycle collector.

    A view is a tree of values; looking for cycles in millions of them would take as long as
    building them.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _source(record: RunLines) -> Source:
    return Source(
        header=record.header,
        tasks=record.tasks,
        events=_events(record),
        torn=record.torn,
        sha256=record.sha256,
        folder=str(record.folder),
    )


def _events(record: RunLines) -> Iterator[tuple[str, int, str, Fields]]:
    for event in record.events():
        yield event.kind, event.t_ns, event.step, event.data


def open_run(folder: Path) -> RunView:
    """The view of the run in that folder. Raises RecordDamaged if it is no record."""
    with _values_only():
        return run_view(_source(open_lines(folder)))


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Render the report of a run folder and say where it is (default: in the folder itself).

    Raises RecordDamaged, or OSError if it cannot be written; an older report then stays whole.
    """
    path = out or folder / REPORT
    with _values_only():
        page = render(open_run(folder))
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(page)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return path
