"""The data of events: values as plain JSON, keys in the order of the alphabet."""

import hashlib
from collections.abc import Sequence

from faultrun.model.data import Json
from faultrun.model.evidence import Evidence, FileSeen
from faultrun.model.target import Finished, LogLine
from faultrun.model.verdict import Finding

_SHOWN_BYTES = 4_096


def evidence_data(evidence: Evidence) -> dict[str, Json]:
    """The data of an ``evidence`` event."""
    return {
        "after": dict(evidence.after),
        "counts": [
            {
                **({"at_least": True} if count.at_least else {}),
                "budget": count.budget,
                "capability": count.capability,
                "injected": count.injected,
                "left": count.left,
                "path": count.path,
            }
            for count in evidence.counts
        ],
        "files": {path: _file(seen) for path, seen in evidence.files.items()},
        "hits": [
            {
                "chain": list(hit.chain),
                "comm": hit.comm,
                "name": hit.name,
                "on_path": hit.on_path,
                "pid": hit.pid,
                "t": hit.t_ns,
                "why": hit.why,
            }
            for hit in evidence.hits
        ],
        "injected": evidence.injected,
        "log": log_rows(evidence.log),
        "log_lost": evidence.log_lost,
    }


def log_rows(log: Sequence[LogLine]) -> list[Json]:
    """Kernel log records as the record holds them."""
    return [{"level": line.level, "t": line.t_ns, "text": line.text} for line in log]


def _file(seen: FileSeen) -> Json:
    content = seen.content
    if content is None:
        return {"errno": seen.errno_name, "sha256": "", "size": 0, "text": ""}
    return {
        "errno": "",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "text": content[:_SHOWN_BYTES].decode("utf-8", "backslashreplace"),
    }


def command_data(finished: Finished) -> dict[str, Json]:
    """The data of a ``command`` or ``cleanup`` event."""
    return {
        "elapsed_ns": finished.elapsed_ns,
        "exit": finished.exit_code,
        "fail_nth_left": finished.fail_nth_left,
        "pids": list(finished.pids),
        "signal": finished.signal,
        "stderr": finished.stderr,
        "stderr_file": None,
        "stdout": finished.stdout,
        "stdout_file": None,
        "timed_out": finished.timed_out,
        "unmodelled": finished.unmodelled,
    }


def finding_data(finding: Finding, home: str = "") -> Json:
    """One finding of a ``step.verdict`` event."""
    return {
        "expected": finding.expected,
        "found": finding.found,
        "oracle": finding.oracle,
        # A record says the same from whichever folder the campaign was named.
        "place": finding.place.removeprefix(home),
        "verdict": finding.verdict.value,
    }


def ended(finished: Finished) -> str:
    """How a command ended, as the end of a sentence about it."""
    if finished.timed_out:
        return "ran into its timeout"
    if finished.signal is not None:
        return f"was killed by signal {finished.signal}"
    if finished.unmodelled:
        return f"could not run: {finished.unmodelled}"
    return f"ended with exit status {finished.exit_code}"
