"""Debian's kernel sources, fetched by an apt configuration of our own.

The system's apt sources are read, for the mirror and its keys, and never changed: lists, cache and
sources lie in our cache folder, and no root is needed.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faultrun.kernels.errors import KernelError, printable
from faultrun.kernels.finding import parse_version
from faultrun.kernels.work import Work

SUITES = ("bookworm", "bookworm-backports", "trixie-backports")
"""Where linux-source-6.1, -6.12 and the newest one lie."""
_RELEASES = frozenset(
    {"bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable"}
)
_ETC = Path("/etc/apt")
_OTHER = "--source DIR|TARBALL takes a kernel source that you have"
_STANZA = re.compile(r"\n[ \t]*\n")
_ONE_LINE = re.compile(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+\S+)*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A Debian mirror; ``signed_by`` is a keyring, a key as text, or empty for apt's own."""

    uri: str
    signed_by: str

    def sources(self) -> str:
        """A source list for it, with the suites that have kernels."""
        signed = f"Signed-By: {self.signed_by}\n" if self.signed_by else ""
        suites = " ".join(SUITES)
        return f"Types: deb\nURIs: {self.uri}\nSuites: {suites}\nComponents: main\n{signed}"


def mirrors(text: str, *, one_line: bool) -> Iterator[Mirror]:
    """The Debian mirrors that one of apt's source lists names, in either of its forms."""
    if one_line:
        for line in text.splitlines():
            found = _ONE_LINE.fullmatch(line.split("#")[0].strip())
            if found:
                options = dict(
                    word.split("=", 1) for word in (found[1] or "").split() if "=" in word
                )
                fields = {
                    "uris": found[2],
                    "suites": found[3],
                    "components": found[4],
                    "signed-by": options.get("signed-by", ""),
                }
                yield from _debian(fields)
        return
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in _STANZA.split(kept):
        fields = _fields(stanza)
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            yield from _debian(fields)


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t"):
            if name:
                fields[name] += "\n" + line
        else:
            name, _colon, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _debian(fields: dict[str, str]) -> Iterator[Mirror]:
    main = "main" in fields.get("components", "").split()
    if main and _RELEASES & set(fields.get("suites", "").split()):
        for uri in fields.get("uris", "").split():
            yield Mirror(uri=uri, signed_by=fields.get("signed-by", ""))


def system_mirror(etc: Path = _ETC) -> Mirror:
    """The Debian mirror that this machine's own apt uses. Raises KernelError."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix in (".list", ".sources") and file.is_file():
            text = file.read_text(errors="replace")
            for mirror in mirrors(text, one_line=file.suffix == ".list"):
                return mirror
    raise KernelError(f"no source list under {etc} names a Debian mirror", hint=_OTHER)


def newest(madison: str) -> str:
    """The package version that apt would take, from what `apt-cache madison` prints."""
    rows = [line.split("|") for line in madison.splitlines() if line.count("|") >= 2]
    return rows[0][1].strip() if rows else ""


def offered(names: Iterable[str]) -> tuple[str, ...]:
    """The kernel versions among package names, oldest first."""
    found = [
        name.removeprefix("linux-source-")
        for name in names
        if re.fullmatch(r"linux-source-\d+\.\d+", name.strip())
    ]
    return tuple(sorted(found, key=parse_version))


def fetch(work: Work, version: str, folder: Path) -> Path:
    """The source tarball of that kernel in ``folder``, as PACKAGE_VERSION.tar.xz."""
    options = _options(folder / "apt", system_mirror())
    status = work.run(["apt-get", *options, "-q", "update"], cwd=folder)
    package = f"linux-source-{version}"
    _status, told = work.answer(["apt-cache", *options, "madison", package])
    found = newest(told)
    if not found:
        raise _not_found(work, options, version, updated=status == 0)
    kept = folder / f"{package}_{found}.tar.xz"
    if kept.is_file():
        return kept
    part = folder / ".part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    words = ["apt-get", *options, "-q", "download", f"{package}={found}"]
    if work.run(words, cwd=part) != 0:
        raise KernelError(
            f"{package} {found} could not be fetched: {_complaint(work)}", hint=_no_network()
        )
    (deb,) = part.glob("*.deb")
    if work.run(["dpkg-deb", "-x", deb.name, "out"], cwd=part) != 0:
        raise KernelError(f"{deb.name} could not be unpacked: {_complaint(work)}")
    (part / "out" / "usr" / "src" / f"{package}.tar.xz").rename(kept)
    shutil.rmtree(part)
    return kept


def _options(home: Path, mirror: Mirror) -> list[str]:
    """apt, with nothing of the system's but its list of what is installed."""
    for name in ("lists/partial", "cache/archives/partial", "parts"):
        (home / name).mkdir(parents=True, exist_ok=True)
    sources = home / "faultrun.sources"
    sources.write_text(mirror.sources())
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": home / "parts",
        "Dir::State::lists": home / "lists",
        "Dir::Cache": home / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "30",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _not_found(work: Work, options: list[str], version: str, *, updated: bool) -> KernelError:
    _status, told = work.answer(["apt-cache", *options, "pkgnames", "linux-source-"])
    there = offered(told.splitlines())
    if not there or not updated:
        complaint = _complaint(work)
        return KernelError(
            f"apt could not fetch its package lists: {complaint}", hint=_no_network()
        )
    return KernelError(
        f"Debian's {', '.join(SUITES)} have no Linux {version}; they have {', '.join(there)}",
        hint=f"--version {there[-1]}, or {_OTHER}",
        usage=True,
    )


def _no_network() -> str:
    proxy = "" if os.environ.get("http_proxy") else " (behind a proxy: set http_proxy)"
    return f"try again with a network{proxy}; {_OTHER}"


def _complaint(work: Work) -> str:
    """The first line in which apt says what is wrong."""
    lines = work.tail().splitlines()
    said = [line for line in lines if line.startswith(("E:", "Err:", "W:", "dpkg-deb:"))]
    return printable(next(iter(said), lines[-1] if lines else "it says nothing"))
