"""``file``: content or checksum of a file afterwards. An exit status of 0 with lost data is caught."""

import hashlib
from collections.abc import Mapping

from faultrun.model.campaign import Expectation
from faultrun.model.data import Json
from faultrun.model.evidence import Evidence, FileSeen
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.params import mapping, ruling
from faultrun.oracles.text_claims import claims, shown, violations


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """All claims about all files, each told by its path."""
    wanted: list[str] = []
    broken: list[str] = []
    fine: list[str] = []
    for path, item in mapping(expectation.params).items():
        params = mapping(item)
        wanted.append(f"{path} {_wanted(params)}")
        seen = evidence.files.get(path)
        problems = ["it was not looked at"] if seen is None else _problems(params, seen)
        if problems:
            broken.append(f"{path}: {', '.join(problems)}")
        else:
            fine.append(f"{path} is as expected")
    return ruling(
        expectation,
        held=not broken,
        expected=" and ".join(wanted),
        found="; ".join(broken or fine),
    )


def looks_at(params: Json) -> tuple[str, ...]:
    """The files that the engine has to read."""
    return tuple(mapping(params))


def _wanted(params: Mapping[str, Json]) -> str:
    words: list[str] = []
    if params.get("exists") is False:
        words.append("does not exist")
    elif params.get("exists") is True:
        words.append("exists")
    if isinstance(params.get("sha256"), str):
        words.append(f"has SHA-256 {params['sha256']}")
    if any(
        params.get(key) not in (None, [], ()) for key in ("contains", "lacks", "matches", "equals")
    ):
        words.append(f"has content {claims(params)}")
    return " and ".join(words) or "exists"


def _problems(params: Mapping[str, Json], seen: FileSeen) -> list[str]:
    content = seen.content
    if params.get("exists") is False:
        if content is not None:
            return [f"it exists, with {len(content)} bytes"]
        return [] if seen.errno_name == "ENOENT" else [f"reading it gave {seen.errno_name}"]
    if content is None:
        return [f"it cannot be read: {seen.errno_name}"]
    problems: list[str] = []
    wanted = params.get("sha256")
    if isinstance(wanted, str):
        digest = hashlib.sha256(content).hexdigest()
        if digest != wanted.lower():
            problems.append(f"its SHA-256 is {digest} ({len(content)} bytes)")
    text = content.decode("utf-8", "backslashreplace")
    broken = violations(params, text)
    if broken:
        problems.append(f"{', '.join(broken)}: it holds {shown(text)}")
    return problems


ORACLE = Oracle(
    name="file",
    summary="A file afterwards: contains, lacks, equals, sha256, exists.",
    judge=judge,
    looks_at=looks_at,
)
