"""The summary of a run as plain text: for terminals, mail and the logs of a CI."""

from faultrun.report.view import RunView, StepView
from faultrun.report.words import duration, many

_ID_LIMIT = 48


def _line(step: StepView, width: int) -> str:
    head = f"{step.verdict:<8} {step.id:<{width}} {step.injected:>8,} {step.outcome:<14}"
    why = " ".join(" ".join(step.reasons).split())
    return f"{head} {why if len(why) <= 300 else why[:299] + chr(0x2026)}".rstrip()


def summary(view: RunView) -> str:
    """A line for each step with verdict, injections, outcome and reason, then the decision.

    Ends with a newline. No colour and no control characters, whatever the record holds.
    """
    width = min(max((len(step.id) for step in view.steps), default=4), _ID_LIMIT)
    lines = [f"{view.name}: {view.summary}" if view.summary else view.name, ""]
    lines.append(f"{'verdict':<8} {'step':<{width}} {'injected':>8} {'outcome':<14} why")
    lines += [_line(step, width) for step in view.steps]
    lines.append("")
    totals = ", ".join(f"{count:,} {verdict}" for verdict, count in view.counts if count)
    clock = "of virtual time" if view.virtual else "long"
    bound = "" if view.injected_exact else "at least "
    lines.append(
        f"{many(len(view.steps), 'step')}: {totals or 'none'}; "
        f"{bound}{many(view.injected, 'injection')}; {duration(view.duration_ns)} {clock}"
    )
    lines += [f"  {sentence}" for sentence in view.gate.sentences]
    lines += [f"  violated: {sentence}" for sentence in view.gate.violations]
    lines += [f"  note: {note}" for note in view.notes]
    lines.append(f"{view.gate.headline.upper()}. Again: {view.rerun}")
    lines.append(f"record {view.record_sha256}")
    return "\n".join(line.replace("\n", " ") for line in lines) + "\n"
