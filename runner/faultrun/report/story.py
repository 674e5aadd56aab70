"""The decision and what is missing from it, in sentences: read first, so written with most care."""

from collections import Counter
from collections.abc import Sequence

from faultrun.record.fields import Fields, flag, part, text, texts, whole
from faultrun.report.hostile import clean
from faultrun.report.view import NOT_RUN, Gap, GateView, StepView
from faultrun.report.words import listed, many

_BROKE = "could not be judged because the harness or the machine broke"
_SAID = {
    "FAIL": ("behaved otherwise than expected", "behaved otherwise than expected"),
    "ERROR": (_BROKE, _BROKE),
    "VACUOUS": (
        "proved nothing because no fault reached its path",
        "proved nothing because no fault reached their paths",
    ),
    "SKIP": ("was skipped", "were skipped"),
    NOT_RUN: ("was never run to its end", "were never run to their end"),
}
"""What a verdict says of one step, and of several."""


def _counts(steps: Sequence[StepView], violations: Sequence[str]) -> tuple[str, ...]:
    counts = Counter(step.verdict for step in steps)
    passed, total = counts["PASS"], len(steps)
    if passed == total:
        said = [f"All {many(total, 'step')} passed." if total > 1 else "The only step passed."]
    else:
        said = [f"{passed:,} of {many(total, 'step')} passed."]
    for verdict, (one, several) in _SAID.items():
        count = counts[verdict]
        if count and not any(f"({verdict})" in told for told in violations):
            said.append(f"{count:,} {one if count == 1 else several} ({verdict}).")
    return tuple(said)


def _injections(injected: int, exact: bool) -> str:
    if not injected:
        return (
            "No fault was injected at all." if exact else "No fault is known to have been injected."
        )
    bound = "exactly" if exact else "at least"
    return f"{bound.capitalize()} {many(injected, 'fault')} {'was' if injected == 1 else 'were'} injected."


def gate_view(
    header: Fields, end: Fields, ended: bool, steps: Sequence[StepView], faults: tuple[int, bool]
) -> GateView:
    """The decision of the gate with its reasons. ``faults`` are the injections, and if exact."""
    decision, policy = part(end, "gate"), part(header, "gate")
    violations = tuple(clean(item) for item in texts(decision, "violations"))
    sentences = [*_counts(steps, violations), _injections(*faults)]
    if not ended:
        headline, passed = "No decision", None
        sentences.insert(0, "The record ends before the run did, so that no gate was decided.")
    elif flag(end, "interrupted"):
        headline, passed = "Interrupted", False
        sentences.insert(0, "The run was interrupted before it was complete.")
    else:
        passed = flag(decision, "passed")
        headline = "Gate passed" if passed else "Gate failed"
    if ended and not flag(end, "restored", default=True):
        sentences.insert(0, "Restore is incomplete: a kernel may still be armed.")
    rules = [f"a vacuous step {_ruled(text(policy, 'vacuous', 'fail'))}"]
    rules.append(f"a skipped step {_ruled(text(policy, 'skip', 'allow'))}")
    minimum = whole(policy, "min_passed")
    if minimum:
        rules.append(f"at least {many(minimum, 'step')} must pass")
    sentences.append(f"By this gate {listed(rules)}; FAIL and ERROR always fail it.")
    return GateView(
        passed=passed, headline=headline, sentences=tuple(sentences), violations=violations
    )


def _ruled(word: str) -> str:
    return "fails it" if word == "fail" else "is allowed"


def _by_reason(steps: Sequence[StepView]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for step in steps:
        found.setdefault(" ".join(step.reasons) or "no reason was recorded", []).append(step.id)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _group(title: str, steps: Sequence[StepView], limit: int = 8) -> list[Gap]:
    reasons = _by_reason(steps)
    verdict = steps[0].verdict if steps else ""
    gaps = [
        Gap(title=title, sentence=why, steps=tuple(ids), verdict=verdict)
        for why, ids in reasons[:limit]
    ]
    rest = [step for _, ids in reasons[limit:] for step in ids]
    if rest:
        gaps.append(
            Gap(title=title, sentence="For further reasons.", steps=tuple(rest), verdict=verdict)
        )
    return gaps


def failures_of(steps: Sequence[StepView]) -> tuple[Gap, ...]:
    """What went wrong, the same story told once; ``title`` is the verdict."""
    wrong = {word: [step for step in steps if step.verdict == word] for word in ("FAIL", "ERROR")}
    return (*_group("FAIL", wrong["FAIL"]), *_group("ERROR", wrong["ERROR"]))


def gaps_of(header: Fields, steps: Sequence[StepView]) -> tuple[Gap, ...]:
    """What a reader may not conclude from this run."""
    by_verdict = {word: [step for step in steps if step.verdict == word] for word in _SAID}
    gaps = _group("Skipped", by_verdict["SKIP"])
    gaps += _group("Not run", by_verdict[NOT_RUN])
    gaps += _group("Nothing proven", by_verdict["VACUOUS"])
    selection = part(header, "selection")
    chosen = [
        f"--{key} {clean(word)}"
        for key in ("only", "from", "tag")
        for word in texts(selection, key)
    ]
    if chosen:
        gaps.append(
            Gap(
                title="Selection",
                sentence=f"Only a part of the campaign was asked for: {listed(chosen)}.",
                steps=(),
            )
        )
    if text(part(header, "target"), "kind") == "simulated":
        gaps.append(
            Gap(
                title="Simulated kernel",
                sentence=(
                    "No real kernel or device took part: timing, drivers that are not modelled,"
                    " races and memory corruption are beyond this run."
                ),
                steps=(),
            )
        )
    return tuple(gaps)
