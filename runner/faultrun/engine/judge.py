"""From expectations and evidence to a verdict: the worst finding decides, and every one is kept.

Some findings are implied by every step; they are made here, in the same form as the stated ones:
a step that arms a fault must have had it fire on the workload's path, the kernel must not oops,
the workload must end by itself, and without a fault it must succeed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from faultrun.capabilities.registry import known
from faultrun.engine.outcome import classify
from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.plan import Task
from faultrun.model.verdict import SEVERITY, Finding, Outcome, OutcomeClass, Verdict

_ENDINGS = frozenset({"exit", "signal", "errno", "fate"})
"""Oracles whose claim says how the workload has to end, and so replaces what is implied."""

_BAD_ENDS = frozenset({"oops", "crash"})
"""Outcome classes that cannot be had without something bad in the kernel log."""

_REACTIONS = frozenset(
    {"exit", "signal", "errno", "fate", "outcome", "stderr", "kernel_log", "attributes"}
)
"""Oracles that look at how the fault was met: without a fault they can claim nothing."""


def judge(
    task: Task, evidence: Evidence, oracles: Mapping[str, Oracle], *, late_oops: str = ""
) -> Outcome:
    """Judge one step. ``late_oops`` is what the kernel log showed after the workload had ended."""
    if evidence.finished.unmodelled:
        return _unmodelled(evidence)
    expectations = task.step.expectations
    oops = evidence.oops
    findings: list[Finding] = []
    claims: list[Expectation] = []
    for expectation in expectations:
        if expectation.oracle == "outcome":
            claims.append(expectation)
        else:
            findings.append(_explained(_ask(expectation, evidence, oracles), task))
    outcome = classify(evidence, findings, oops=oops, late=bool(late_oops))
    if claims:
        known = replace(evidence, outcome=outcome.value)
        findings.extend(_ask(expectation, known, oracles) for expectation in claims)
    findings.extend(_implied(task, evidence, outcome, oops, late_oops))
    if _had_nothing_to_react_to(evidence, findings, oops):
        findings = [_excuse(finding) for finding in findings]
    verdict = max(
        (finding.verdict for finding in findings), key=SEVERITY.__getitem__, default=Verdict.PASS
    )
    return Outcome(
        verdict=verdict,
        outcome=outcome,
        findings=tuple(findings),
        reasons=_reasons(evidence, findings, verdict),
    )


def _ask(expectation: Expectation, evidence: Evidence, oracles: Mapping[str, Oracle]) -> Finding:
    oracle = oracles.get(expectation.oracle)
    if oracle is not None:
        return oracle.judge(expectation, evidence)
    return Finding(
        oracle=expectation.oracle,
        verdict=Verdict.ERROR,
        expected=f"an oracle named '{expectation.oracle}'",
        found="this faultrun has none of that name",
        place=str(expectation.mark),
    )


def _implied(
    task: Task, evidence: Evidence, outcome: OutcomeClass, oops: str, late_oops: str
) -> list[Finding]:
    stated = {expectation.oracle for expectation in task.step.expectations}
    allowed = _allowed_outcomes(task.step.expectations)
    found: list[Finding] = []
    if evidence.armed:
        found.extend(_fired(task, evidence, explicit="injected" in stated))
    wanted = _no_oops(task.step.expectations)
    told = "fate" in stated
    if wanted is None and oops and not told and not allowed & _BAD_ENDS:
        found.append(_fail("kernel_log", "no oops (implied)", f"the kernel log says: {oops}"))
    if wanted is not False and late_oops and not allowed & _BAD_ENDS:
        text = f"after the workload had ended, the kernel log says: {late_oops}"
        found.append(_fail("kernel_log", "no oops (implied)", text))
    if evidence.died and not told and ("hang" if evidence.hung else "crash") not in allowed:
        found.append(_fail("outcome", "the kernel stays alive (implied)", evidence.died))
    if evidence.finished.timed_out and "hang" not in allowed and not stated & _ENDINGS:
        seconds = task.command.timeout_ns / 1_000_000_000
        text = f"it was killed after its timeout of {seconds:g} s"
        found.append(_fail("exit", "the workload ends by itself (implied)", text))
    calm = not evidence.armed and outcome is OutcomeClass.NO_FAULT
    if calm and not stated & _ENDINGS and evidence.finished.exit_code != 0:
        text = describe_end(evidence)
        found.append(_fail("exit", "exit status 0 (implied: nothing is armed)", text))
    return found


def _fired(task: Task, evidence: Evidence, *, explicit: bool) -> list[Finding]:
    """No fault fired, no pass; one that hit somebody else, or changed nothing, proves as little."""
    if not evidence.injected:
        if explicit:
            return []
        wanted = "at least 1 injection (implied: the step arms a fault)"
        return [_nothing(wanted, f"{_why_none(evidence)}{_foreseen(task)}")]
    if where := _off_path(evidence):
        return [_nothing("an injection on the workload's own path (implied)", where)]
    if success := _successes(task):
        found = f"{_times(evidence.injected)}, but {success}: nothing was different"
        return [_nothing("an injection that changes something (implied)", found)]
    return []


def _nothing(expected: str, found: str) -> Finding:
    return Finding(
        oracle="injected", verdict=Verdict.VACUOUS, expected=expected, found=found, place=""
    )


def _foreseen(task: Task) -> str:
    """What the dry run of the workload says of a fault that never fired."""
    return f"; in a dry run {task.prediction.why}" if task.prediction.why else ""


def _successes(task: Task) -> str:
    """Why no injection of the step changes anything; empty if one does."""
    told: list[str] = []
    for injection in task.step.injections:
        table = known().get(injection.capability)
        why = table.harmless(injection.place(), injection.values()) if table is not None else ""
        if not why:
            return ""
        told.append(why)
    return " and ".join(dict.fromkeys(told))


def _explained(finding: Finding, task: Task) -> Finding:
    """A stated number of injections that were none, with what the dry run says of it."""
    if finding.oracle != "injected" or finding.verdict is not Verdict.VACUOUS:
        return finding
    return replace(finding, found=f"{finding.found}{_foreseen(task)}")


def _why_none(evidence: Evidence) -> str:
    unknown = [count for count in evidence.counts if count.injected is None]
    if unknown:
        name = unknown[0].capability
        by = (
            f"counter of {name}"
            if unknown[0].budget
            else f"kernel log, by which {name} is counted,"
        )
        return f"none that could be counted: the {by} could not be read"
    for count in evidence.counts:
        if count.injected == 0 and count.left is not None and count.left < count.budget:
            return (
                f"none: {count.path} went from {count.budget} to {count.left}, but the kernel log"
                " tells of no injection, so that somebody else wrote it"
            )
    if evidence.finished.fail_nth_left:
        left = evidence.finished.fail_nth_left
        return f"none: {left} more fault points would have been needed before fail-nth fires"
    return "none: the workload never met the fault while it was armed"


def _off_path(evidence: Evidence) -> str:
    """Where every single injection fell, if none of them was the workload's; otherwise empty."""
    hits = evidence.hits
    if not hits or len(hits) < evidence.injected or evidence.log_lost:
        return ""
    if any(hit.on_path is not False for hit in hits):
        return ""
    places: dict[str, int] = {}
    for hit in hits:
        places[hit.why] = places.get(hit.why, 0) + 1
    told = "; ".join(f"{number} {why}" for why, number in places.items())
    return f"{_times(evidence.injected)}, but never on the workload's path: {told}"


def _allowed_outcomes(expectations: Sequence[Expectation]) -> frozenset[str]:
    allowed: set[str] = set()
    for expectation in expectations:
        if expectation.oracle == "outcome" and isinstance(expectation.params, Mapping):
            classes = expectation.params.get("classes")
            if isinstance(classes, Sequence):
                allowed.update(str(item) for item in classes)
    return frozenset(allowed)


def _no_oops(expectations: Sequence[Expectation]) -> bool | None:
    """What the step says of an oops: must not be, may be, or nothing."""
    for expectation in expectations:
        if expectation.oracle == "kernel_log" and isinstance(expectation.params, Mapping):
            wanted = expectation.params.get("no_oops")
            if isinstance(wanted, bool):
                return wanted
    return None


def _had_nothing_to_react_to(evidence: Evidence, findings: Sequence[Finding], oops: str) -> bool:
    if evidence.injected or oops or evidence.died or evidence.finished.exit_code != 0:
        return False
    return any(
        finding.oracle == "injected" and finding.verdict is Verdict.VACUOUS for finding in findings
    )


def _excuse(finding: Finding) -> Finding:
    """An unmet reaction to a fault that never fired says nothing about the kernel."""
    if finding.verdict is not Verdict.FAIL or finding.oracle not in _REACTIONS:
        return finding
    found = f"{finding.found}; no fault fired, so there was nothing to react to"
    return replace(finding, verdict=Verdict.VACUOUS, found=found)


def _unmodelled(evidence: Evidence) -> Outcome:
    reason = f"the simulated kernel cannot run this: {evidence.finished.unmodelled}"
    return Outcome(
        verdict=Verdict.SKIP,
        outcome=OutcomeClass.NOT_ACTIVATED if evidence.armed else OutcomeClass.NO_FAULT,
        findings=(),
        reasons=(reason,),
    )


def _reasons(evidence: Evidence, findings: Sequence[Finding], verdict: Verdict) -> tuple[str, ...]:
    if verdict is Verdict.PASS:
        return (_why_passed(evidence, len(findings)),)
    bad = [finding for finding in findings if finding.verdict is not Verdict.PASS]
    # Whether the fault fired comes first: it explains most of what follows.
    bad.sort(key=lambda finding: (finding.oracle != "injected", -SEVERITY[finding.verdict]))
    return tuple(
        f"{finding.oracle}: expected {finding.expected}; found {finding.found}" for finding in bad
    )


def _why_passed(evidence: Evidence, number: int) -> str:
    held = "every expectation held" if number else "nothing was expected of the workload"
    if not evidence.armed:
        calm = held if number else "the workload succeeded"
        return f"nothing was armed, and {calm}"
    if not evidence.injected:
        return f"no fault fired, as expected, and {held}"
    return f"{_times(evidence.injected)}{_where(evidence)}, and {held}"


def _where(evidence: Evidence) -> str:
    on_path = sum(1 for hit in evidence.hits if hit.on_path)
    if on_path >= evidence.injected:
        return " on the workload's own path"
    if on_path:
        return f", {on_path} of them known to lie on the workload's own path"
    places = {hit.why for hit in evidence.hits}
    if len(places) == 1:
        return f" {places.pop()}"
    return " (where it fell, the kernel log does not tell)"


def _times(number: int) -> str:
    return "the fault fired once" if number == 1 else f"the fault fired {number} times"


def _fail(oracle: str, expected: str, found: str) -> Finding:
    return Finding(oracle=oracle, verdict=Verdict.FAIL, expected=expected, found=found, place="")


def describe_end(evidence: Evidence) -> str:
    """How the workload ended, in words."""
    finished = evidence.finished
    if evidence.died:
        return f"the kernel died: {evidence.died}"
    if finished.timed_out:
        return "it was killed after its timeout"
    if finished.signal is not None:
        return f"it was killed by signal {finished.signal}"
    return f"exit status {finished.exit_code}"
