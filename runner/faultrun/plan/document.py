"""A task as plain JSON data: what ``faultrun plan --json`` prints and every record keeps."""

from collections.abc import Mapping, Sequence

from faultrun.model.campaign import Expectation, Injection
from faultrun.model.capability import LookFor, WriteRule
from faultrun.model.data import Json
from faultrun.model.plan import Prediction, Task, Write
from faultrun.model.stack_range import Edge

Written = dict[tuple[str, str, str], Mapping[str, Json]]
"""Writes already put into words: the cells of a matrix mostly write the same."""

_NEEDS = 200


def task_document(task: Task, written: Written) -> Mapping[str, Json]:
    """One entry of ``plan.json``. ``written`` is shared by the tasks of one plan, empty at first."""
    step = task.step
    return {
        "id": task.id,
        "origin": step.origin,
        "summary": step.summary,
        "needs": _needs(task),
        "group": step.group,
        "machine": task.machine,
        "tags": list(step.tags),
        "locks": list(task.locks),
        "order": task.order,
        "cell": dict(step.cell),
        "timeout_ns": step.timeout_ns,
        "script": step.workload.script,
        "argv": list(step.workload.argv),
        "cleanup": "" if step.cleanup is None else step.cleanup.text(),
        "injections": [_injected(item) for item in step.injections],
        "writes": [_write(item, written) for item in task.writes],
        "counters": [
            {
                "capability": item.capability,
                "path": item.path,
                "budget": item.budget,
                "unlimited": item.unlimited,
                **({"traces": list(item.traces)} if item.traces else {}),
            }
            for item in task.counters
        ],
        "expectations": [_expected(item) for item in step.expectations],
        "prediction": _predicted(task.prediction),
        "place": str(step.mark),
        **({"targets": list(step.targets)} if step.targets else {}),
        **({"look_for": [_looked_for(item) for item in task.look_for]} if task.look_for else {}),
    }


def _needs(task: Task) -> list[Json]:
    if len(task.needs) <= _NEEDS:
        return list(task.needs)
    last = {need.partition("#")[0].partition("[")[0]: need for need in task.needs}
    return list(last.values())


def _injected(injection: Injection) -> Mapping[str, Json]:
    return {
        "capability": injection.capability,
        "where": injection.place(),
        "settings": injection.values(),
        **_ranges(injection),
    }


def _ranges(injection: Injection) -> Mapping[str, Json]:
    return {
        item.side.value: {edge.value: item.words(edge) for edge in Edge}
        for item in injection.ranges
    }


def _write(write: Write, written: Written) -> Mapping[str, Json]:
    """The cells of a matrix mostly write the same: one dict for all of them."""
    key = (write.path, write.value, write.origin)
    if key not in written:
        written[key] = {
            "path": write.path,
            "value": write.value,
            "reads_back": write.reads_back,
            "origin": write.origin,
            "volatile": write.volatile,
            "trigger": write.trigger,
            **({"lookup": True} if write.lookup is not None else {}),
            **({"optional": True} if write.optional else {}),
            **({"disarm": write.disarm} if write.trigger and write.disarm != "0" else {}),
            **_ruled(write.rule),
        }
    return written[key]


def _ruled(rule: WriteRule) -> Mapping[str, Json]:
    """How a file is undone and seen that is not simply a value."""
    told: dict[str, Json] = {
        "undo": rule.undo,
        "undone_by": rule.undone_by,
        "seen_in": rule.seen_in,
        "seen_as": rule.seen_as,
        "made": rule.made,
    }
    return {key: value for key, value in told.items() if value}


def _looked_for(wanted: LookFor) -> Mapping[str, Json]:
    return {
        "path": wanted.path,
        "words": list(wanted.words),
        "ending": wanted.ending,
        "why": wanted.why,
    }


def _expected(claim: Expectation) -> Mapping[str, Json]:
    return {"oracle": claim.oracle, "params": _json(claim.params), "place": str(claim.mark)}


def _json(data: Json) -> Json:
    """The same with plain dicts and lists, which is all that an encoder takes."""
    if isinstance(data, Mapping):
        return {key: _json(item) for key, item in data.items()}
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [_json(item) for item in data]
    return data


def _predicted(prediction: Prediction) -> Mapping[str, Json]:
    return {
        "known": prediction.known,
        "note": prediction.note,
        "checks": prediction.checks,
        "mean": prediction.mean,
        "spread": prediction.spread,
        "vacuous_chance": prediction.vacuous_chance,
    }
