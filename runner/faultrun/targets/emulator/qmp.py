"""QEMU's own line of control, one question at a time. The one file that knows ``qemu.qmp``."""

import asyncio
import socket
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from faultrun.model.target import TargetBroken

if TYPE_CHECKING:
    from qemu.qmp import QMPClient

_ANSWER_S = 20.0
_JOB_S = 120.0

Event = dict[str, Any]


class Monitor:
    """QMP over one end of a socket pair. Raises TargetBroken. Used by one thread at a time."""

    def __init__(self, ours: socket.socket) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self._client = _client()
            self._wait(self._client.connect(ours), _ANSWER_S, "its greeting")
        except TargetBroken:
            self._loop.close()
            ours.close()
            raise

    def ask(self, command: str, **arguments: object) -> Any:
        """What QEMU returns. Names have ``_`` for ``-`` here."""
        words = {name.replace("_", "-"): value for name, value in arguments.items()}
        return self._wait(self._client.execute(command, words or None), _ANSWER_S, command)

    def job(self, command: str, **arguments: object) -> None:
        """A command that QEMU does by and by, to its end."""
        self._wait(self._job(command, arguments), _JOB_S, command)

    def tick(self) -> tuple[Event, ...]:
        """What QEMU told since the last time, without waiting."""
        try:
            self._wait(asyncio.sleep(0), _ANSWER_S, "events")
        except TargetBroken:
            return ()
        found: list[Event] = []
        events = self._client.events
        while not events.empty():
            found.append(dict(self._wait(events.get(), _ANSWER_S, "events")))
        return tuple(found)

    def await_event(self, name: str, **data: object) -> None:
        """Wait for an event with these data."""

        async def wait() -> None:
            async for event in self._client.events:
                told: Any = event.get("data") or {}
                if event["event"] == name and all(told.get(k) == v for k, v in data.items()):
                    return

        self._wait(wait(), _ANSWER_S, name)

    def close(self) -> None:
        """Let go; never raises."""
        if self._loop.is_closed():
            return
        try:
            self._wait(self._client.disconnect(), _ANSWER_S, "goodbye")
        except TargetBroken:
            pass
        finally:
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _job(self, command: str, arguments: dict[str, object]) -> None:
        client = self._client
        await client.execute(command, {"job-id": command, **arguments})
        async for event in client.events:
            if event["event"] != "JOB_STATUS_CHANGE":
                continue
            told: Any = event["data"]
            if told["id"] == command and told["status"] == "concluded":
                break
        jobs: Any = await client.execute("query-jobs")
        failed = next((job.get("error") for job in jobs if job["id"] == command), None)
        await client.execute("job-dismiss", {"id": command})
        if failed:
            raise TargetBroken(f"QEMU cannot do '{command}': {failed}")

    def _wait(self, work: Coroutine[Any, Any, Any], most_s: float, what: str) -> Any:
        from qemu.qmp import QMPError  # noqa: PLC0415  # an extra that only this target needs

        try:
            return self._loop.run_until_complete(asyncio.wait_for(work, most_s))
        except TimeoutError as late:
            raise TargetBroken(f"QEMU does not answer '{what}' within {most_s:.0f} s") from late
        except (QMPError, OSError, EOFError) as no:
            raise TargetBroken(f"QEMU refuses '{what}': {no or type(no).__name__}") from no


def _client() -> "QMPClient":
    try:
        from qemu.qmp import QMPClient  # noqa: PLC0415  # the same
    except ImportError as no:
        raise TargetBroken(
            "the target 'qemu' needs the library qemu.qmp: pip install 'faultrun[qemu]'"
        ) from no
    return QMPClient("faultrun")
