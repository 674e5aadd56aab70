"""The live display on a terminal; imported only there, since rich is slow to import."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from faultrun.cli.step_line import line
from faultrun.model.event import Event, Kind
from faultrun.model.plan import Plan

STYLES = {
    "PASS": "green",
    "VACUOUS": "yellow",
    "FAIL": "bold red",
    "ERROR": "bold magenta",
    "SKIP": "dim",
}


class Live:
    """Steps done, running and left, elapsed time, faults fired; steps that are no pass scroll by."""

    def __init__(self, plan: Plan) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._fired = 0
        self._running: list[str] = []
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}", markup=True),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("faults fired: {task.fields[fired]}"),
            TextColumn("{task.fields[running]}", markup=False),
            console=self._console,
            transient=True,
            refresh_per_second=8,
        )
        self._bar = self._progress.add_task("steps", total=len(plan.tasks), fired=0, running="")
        self._progress.start()

    def emit(self, event: Event) -> None:
        """Take one event."""
        if event.kind is Kind.STEP_START:
            self._running.append(event.step)
            self._progress.update(self._bar, running=", ".join(self._running))
        elif event.kind in (Kind.VERDICT, Kind.STEP_SKIP):
            injected = event.data.get("injected")
            self._fired += injected if isinstance(injected, int) else 0
            self._running = [step for step in self._running if step != event.step]
            running = ", ".join(self._running)
            self._progress.update(self._bar, advance=1, fired=self._fired, running=running)
            verdict = str(event.data.get("verdict", "SKIP"))
            # Text, not markup: a step's reason may hold whatever a kernel printed.
            self._console.print(Text(line(event), style=STYLES.get(verdict, "")))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()
