"""Where a run is recorded when the user does not say."""

from pathlib import Path

HOME = "faultrun-runs"


def next_folder(campaign: str, base: Path) -> Path:
    """The next free numbered folder under ``faultrun-runs/<campaign>/``, made at once.

    Making it claims it: two runs that start together get two folders. Raises OSError if the
    place cannot be written.
    """
    home = base / HOME / campaign
    home.mkdir(parents=True, exist_ok=True)
    taken = [int(entry.name) for entry in home.iterdir() if entry.name.isdigit()]
    number = max(taken, default=0) + 1
    while True:
        folder = home / f"{number:04d}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder
