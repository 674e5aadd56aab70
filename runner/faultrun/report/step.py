"""One planned task and its events become one step of the report."""

import shlex
from dataclasses import dataclass

from faultrun.record.fields import Fields, flag, items, maybe, part, parts, real, text, texts, whole
from faultrun.report.evidence import Acts, Limits, evidence_of
from faultrun.report.hostile import clean
from faultrun.report.view import NOT_RUN, AskedView, FindingView, InjectionView, StepView
from faultrun.report.words import many
from faultrun.spec.claims import claim


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, as far as it decides what happens: enough to type it again."""

    file: str
    seed: int
    target: str

    def again(self, only: str = "") -> str:
        """The shell command that runs the campaign, or just one step of it with its needs."""
        words = ["faultrun", self.file or "CAMPAIGN.yaml", "--seed", str(self.seed)]
        if self.target != "simulated":
            words += ["--target", self.target]
        if only:
            words += ["--only", only]
        return clean(shlex.join(words))


def _scalar(data: object) -> str:
    if isinstance(data, bool):
        return "true" if data else "false"
    return clean(str(data))


def _injection(data: Fields) -> InjectionView:
    where = part(data, "where")
    return InjectionView(
        capability=clean(text(data, "capability")),
        where=", ".join(f"{clean(name)} {_scalar(item)}" for name, item in where.items()),
        settings=tuple(
            (clean(name), _scalar(item)) for name, item in part(data, "settings").items()
        ),
    )


def _prediction(data: Fields) -> str:
    if not data:
        return ""
    note = clean(text(data, "note"))
    if not flag(data, "known"):
        return f"Not predicted: {note}" if note else ""
    chance = real(data, "vacuous_chance")
    mean = f"{real(data, 'mean'):.4g}"
    said = f"{mean} {'injection' if mean == '1' else 'injections'} expected"
    if real(data, "spread"):
        said += f", give or take {real(data, 'spread'):.2g}"
    if whole(data, "checks"):
        said += f", in {many(whole(data, 'checks'), 'check')}"
    if chance:
        said += f"; {100 * chance:.2g} % chance that none fires"
    return f"{said}. {note}" if note else f"{said}."


def _asked(task: Fields) -> AskedView:
    argv = texts(task, "argv")
    return AskedView(
        needs=tuple(clean(name) for name in texts(task, "needs")),
        locks=tuple(clean(name) for name in texts(task, "locks")),
        cell=tuple((clean(name), _scalar(item)) for name, item in part(task, "cell").items()),
        timeout_ns=whole(task, "timeout_ns"),
        command=clean(text(task, "script") or shlex.join(argv)),
        cleanup=clean(text(task, "cleanup")),
        injections=tuple(_injection(item) for item in parts(task, "injections")),
        expectations=tuple(
            (
                clean(claim(text(item, "oracle"), item.get("params"))),
                clean(text(item, "place")),
            )
            for item in parts(task, "expectations")
        ),
        prediction=_prediction(part(task, "prediction")),
    )


def _finding(data: Fields) -> FindingView:
    return FindingView(
        oracle=clean(text(data, "oracle")),
        verdict=clean(text(data, "verdict")),
        expected=clean(text(data, "expected")[:4000]),
        found=clean(text(data, "found")[:4000]),
        place=clean(text(data, "place")),
    )


def _verdict(acts: Acts) -> tuple[str, tuple[str, ...]]:
    judged, skipped = acts.data("step.verdict"), acts.data("step.skip")
    reasons = texts(judged, "reasons") or texts(skipped, "reasons")
    if acts.has("step.verdict"):
        verdict = text(judged, "verdict")
    elif acts.has("step.skip"):
        verdict = "SKIP"
    elif acts.has("step.start"):
        verdict, reasons = NOT_RUN, ("It was started; the record ends before its verdict.",)
    else:
        verdict, reasons = NOT_RUN, ("The run ended before this step was started.",)
    if not reasons and verdict == "PASS":
        expected = len(items(judged, "findings"))
        reasons = (
            f"All of {many(expected, 'expectation')} held." if expected else "It ended well.",
        )
    return verdict, tuple(clean(reason[:4000]) for reason in reasons)


def step_view(index: int, task: Fields, acts: Acts, run: Asked, limits: Limits) -> StepView:
    """One step of the report. ``run`` is what was typed."""
    name = text(task, "id")
    verdict, reasons = _verdict(acts)
    judged, started = acts.data("step.verdict"), acts.data("step.start")
    asked = _asked(task)
    evidence = evidence_of(task, acts, (asked.command, asked.cleanup), limits)
    begin, end = acts.time("step.start"), acts.time("step.verdict")
    elapsed = maybe(judged, "elapsed_ns")
    if elapsed is None:
        elapsed = end - begin if begin is not None and end is not None else 0
    seen = whole(judged, "injected", whole(acts.data("evidence"), "injected"))
    return StepView(
        index=index,
        id=clean(name),
        origin=clean(text(task, "origin", name)),
        summary=clean(text(task, "summary")),
        verdict=verdict,
        outcome=clean(text(judged, "outcome")),
        reasons=reasons,
        findings=tuple(_finding(item) for item in parts(judged, "findings")),
        injected=seen,
        elapsed_ns=elapsed,
        start_ns=begin,
        slot=whole(started, "slot"),
        machine=clean(text(started, "machine") or text(task, "machine")),
        group=clean(text(task, "group")),
        tags=tuple(clean(tag) for tag in texts(task, "tags")),
        capabilities=tuple(dict.fromkeys(item.capability for item in asked.injections)),
        place=clean(text(task, "place")),
        rerun=run.again(name),
        asked=asked,
        evidence=evidence,
    )
