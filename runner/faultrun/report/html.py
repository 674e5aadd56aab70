"""The run report as one self-contained HTML file: no network, a strict policy, nothing trusted.

What it looks like stands in ``reports/html``; this file only joins the parts. Scripts and styles
are inlined and named by their hashes in the Content-Security-Policy, so that nothing else can run
or style, whatever a console printed. Jinja2 escapes every value; data blocks are base64.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from faultrun import resources
from faultrun.report.graph import worst
from faultrun.report.pack import packed
from faultrun.report.view import ORDER, RunView, StepView
from faultrun.report.words import duration, many, short

STYLES = ("base.css", "overview.css", "pictures.css", "steps.css", "print.css")
EARLY = ("early.js",)
SCRIPTS = (
    "dom.js",
    "theme.js",
    "data.js",
    "table.js",
    "filter.js",
    "evidence.js",
    "detail.js",
    "main.js",
)
STATIC_LIMIT = 500
"""Steps that are listed without script and in print; above it, those that did not pass."""
_CLOSE_LIMIT = 40


def _joined(folder: Path, names: Sequence[str]) -> str:
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def _script(folder: Path, names: Sequence[str]) -> str:
    return f'"use strict";\n(() => {{\n{_joined(folder, names)}\n}})();\n'


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """A Content-Security-Policy that allows exactly these inline texts and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {' '.join(map(_hash, styles))}",
            f"script-src {' '.join(map(_hash, scripts))}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _link(step: str) -> str:
    return f"#s={quote(step, safe='')}"


def _kind(verdict: str) -> str:
    """The CSS class of a verdict."""
    known = verdict.lower().replace(" ", "-")
    return known if verdict in ORDER else "skip"


def _shares(counts: Sequence[tuple[str, int]]) -> tuple[tuple[str, int, str, str], ...]:
    """The parts of the bar: verdict, count, x and width in percent, each wide enough to be seen."""
    shown = [(word, count) for word, count in counts if count]
    total = sum(count for _, count in shown) or 1
    widths = [max(100 * count / total, 0.8) for _, count in shown]
    scale = 100 / (sum(widths) or 1)
    parts: list[tuple[str, int, str, str]] = []
    x = 0.0
    for (word, count), width in zip(shown, widths, strict=True):
        parts.append((word, count, f"{x:.2f}", f"{width * scale:.2f}"))
        x += width * scale
    return tuple(parts)


_FILTERS: Mapping[str, Callable[..., str]] = {
    "duration": duration,
    "kind": _kind,
    "link": _link,
    "many": many,
    "short": short,
}


def _listed(steps: Sequence[StepView]) -> tuple[StepView, ...]:
    if len(steps) <= STATIC_LIMIT:
        return tuple(steps)
    return tuple(step for step in steps if step.verdict != "PASS")[:STATIC_LIMIT]


def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name, function in _FILTERS.items():
        environment.filters[name] = function
    return environment


def page(
    template: str,
    *,
    styles: Sequence[str],
    scripts: Sequence[str],
    values: Mapping[str, object],
) -> bytes:
    """One page of ``reports/html`` in UTF-8, self-contained. The same values give the same bytes."""
    folder = resources.tree("reports") / "html"
    style = _joined(folder, styles)
    early, script = _script(folder, EARLY), _script(folder, scripts)
    text = (
        _environment(folder)
        .get_template(template)
        .render(
            csp=policy((style,), (early, script)),
            style=Markup(style),  # noqa: S704 - our own file
            early=Markup(early),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            **values,
        )
    )
    return text.encode("utf-8", "backslashreplace")


def render(view: RunView) -> bytes:
    """The run report. The same view gives the same bytes."""
    listed = _listed(view.steps)
    close = tuple(step for step in listed if step.verdict in {"FAIL", "ERROR", "VACUOUS"})
    return page(
        "run.html.j2",
        styles=STYLES,
        scripts=SCRIPTS,
        values={
            "view": view,
            "data": packed(view.steps),
            "shares": _shares(view.counts),
            "overall": worst([step.verdict for step in view.steps]) if view.steps else "NOT RUN",
            "listed": listed,
            "unlisted": Counter(step.verdict for step in view.steps).total() - len(listed),
            "close": frozenset(step.index for step in close[:_CLOSE_LIMIT]),
        },
    )
