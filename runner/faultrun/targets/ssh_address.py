"""Where to log in over SSH, as a campaign or the command line names it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to log in. What is empty or 0 is taken from the user's configuration.

    ``config`` are the files of that configuration; none: the user's own.
    """

    host: str
    user: str = ""
    port: int = 0
    config: tuple[Path, ...] = ()

    @classmethod
    def parse(cls, text: str, config: tuple[Path, ...] = ()) -> "Address":
        """Of ``HOST``, ``USER@HOST``, either with ``:PORT``."""
        user, _, rest = text.rpartition("@")
        host, colon, port = rest.rpartition(":")
        if not colon or rest.endswith("]") or not port.isdigit():
            host, port = rest, "0"
        return cls(host=host.strip("[]"), user=user, port=int(port), config=config)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            (f"{self.user}@" if self.user else "") + host + (f":{self.port}" if self.port else "")
        )
