"""A finished step on one line, for whoever watches a run."""

from faultrun.model.event import Event

SHOWN_REASON = 100


def line(event: Event) -> str:
    """A finished step in words: verdict, id, injections, and the reason if it is no pass."""
    verdict = str(event.data.get("verdict", "SKIP"))
    reasons = event.data.get("reasons")
    first = str(reasons[0]) if isinstance(reasons, list | tuple) and reasons else ""
    injected = event.data.get("injected")
    fired = f"  ({injected} injected)" if injected else ""
    why = f": {shorten(first)}" if verdict != "PASS" and first else ""
    return f"{verdict:<7} {event.step}{fired}{why}"


def shorten(text: str) -> str:
    """One line of bounded length; the record has the rest."""
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_REASON else flat[: SHOWN_REASON - 1] + "…"
