"""The live line of a kernel build; imported on a terminal only, since rich is slow to import."""

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from faultrun.cli.kernel_progress import Watch


class Live(Watch):
    """Phase, files compiled, elapsed time; a bar if an earlier build told how many there are."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}", markup=True),
            BarColumn(),
            TextColumn("{task.fields[files]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            refresh_per_second=4,
        )
        self._task = self._progress.add_task("starting", total=None, files="")
        self._progress.start()

    def say(self, text: str) -> None:
        """One line that is worth keeping."""
        # Text, not markup: it may hold what a file is called.
        self._console.print(Text(text))

    def phase(self, name: str, detail: str) -> None:
        """A phase begins."""
        self.say(f"{name}: {detail}")
        self._progress.update(self._task, description=name)

    def tick(self, done: int, expected: int, elapsed_ms: int) -> None:
        """It goes on."""
        del elapsed_ms  # rich has its own clock
        self._progress.update(
            self._task,
            completed=done,
            total=max(done, expected) if expected else None,
            files=f"{done} files" if done else "",
        )

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()
