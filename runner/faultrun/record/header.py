"""``run.json``: what was asked, of which machine, by whom and when.

It is the only file of a record that holds wall-clock time or a host's name.
"""

import hashlib
from dataclasses import dataclass

from faultrun.model.data import Json
from faultrun.model.plan import Plan
from faultrun.model.target import TargetInfo

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the plan cannot know: who ran it, where and when.

    ``started`` is an ISO 8601 time with its offset; ``file`` is the campaign's path as typed.
    """

    version: str
    started: str
    host: str
    command: tuple[str, ...]
    file: str
    slots: int
    only: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    plugins: tuple[tuple[str, str], ...] = ()
    """Capabilities of other distributions that the campaign arms, with their origin."""


def run_document(plan: Plan, info: TargetInfo, when: Circumstances) -> dict[str, Json]:
    """The content of ``run.json``."""
    campaign = plan.campaign
    return {
        "record": RECORD_VERSION,
        "faultrun": when.version,
        "started": when.started,
        "host": when.host,
        "command": list(when.command),
        "campaign": {
            "name": campaign.name,
            "summary": campaign.summary,
            "owner": campaign.owner,
            "tags": list(campaign.tags),
            "file": when.file,
        },
        "sources": [
            {"name": name, "text": text, "sha256": hashlib.sha256(_utf8(text)).hexdigest()}
            for name, text in campaign.sources
        ],
        "plugins": [{"name": name, "origin": origin} for name, origin in when.plugins],
        "seed": plan.seed,
        "plan_digest": plan.digest,
        "target": {
            "name": info.name,
            "kind": info.kind,
            "release": info.release,
            "image": info.image,
            "disposable": info.disposable,
            "durable": info.durable,
        },
        "slots": when.slots,
        "gate": {
            "vacuous": campaign.gate.vacuous,
            "skip": campaign.gate.skip,
            "min_passed": campaign.gate.min_passed,
        },
        "critical_path": list(plan.critical_path),
        "selection": {"only": list(when.only), "from": list(when.from_), "tag": list(when.tags)},
    }


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
