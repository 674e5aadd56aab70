"""The name of a plan: a SHA-256 over everything that decides what will be done.

File names, marks, summaries and reasons decide nothing, so that the same campaign has the same
digest in every folder. Needs are taken as written: the runs they mean follow from the ids.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from faultrun.model.campaign import Campaign, TargetSpec
from faultrun.model.capability import PLAIN
from faultrun.model.data import Json
from faultrun.model.plan import Task, Write
from faultrun.model.target import Command

FORM = 1
"""Changes whenever the meaning of the digest does."""


def digest_of(campaign: Campaign, tasks: Sequence[Task], seed: int) -> str:
    """64 hexadecimal digits."""
    encode = json.JSONEncoder(
        sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain
    ).encode
    target, gate = campaign.target, campaign.gate
    head = [
        FORM,
        campaign.name,
        seed,
        [target.kind, target.kernel, *([target.cmdline] if target.cmdline else [])],
        *_machine(target),
        [[device.name, device.kind, sorted(device.options)] for device in target.devices],
        [gate.vacuous, gate.skip, gate.min_passed],
    ]
    total = hashlib.sha256(encode(head).encode())
    for task in tasks:
        step = task.step
        body = [
            task.id,
            task.machine,
            [need.id for need in step.needs],
            step.requires,
            task.locks,
            [_written(write) for write in task.writes],
            [[item.path, item.budget, *item.traces] for item in task.counters],
            _command(task.command),
            _command(task.cleanup),
            [[item.oracle, item.params] for item in step.expectations],
            *([[item.path, item.words, item.ending] for item in task.look_for]),
            *([["targets", *step.targets]] if step.targets else []),
        ]
        total.update(f"\n{encode(body)}".encode())
    return total.hexdigest()


def _machine(target: TargetSpec) -> Sequence[Json]:
    """What there is of a machine besides its kernel; the simulated one has no more."""
    if target.kind == TargetSpec().kind:
        return []
    return [[target.memory_mib, target.cpus, target.files, target.host, target.disposable]]


def _written(write: Write) -> Sequence[Json]:
    """What is written, and what undoes it where that is not the old value."""
    rule = write.rule
    told: list[Json] = [write.path, write.value, write.trigger]
    if write.disarm != "0":
        told.append(write.disarm)
    if rule is not PLAIN:
        told += [rule.undo, rule.undone_by, rule.seen_in, rule.seen_as, rule.made]
    return told


def _command(command: Command | None) -> Sequence[Json]:
    if command is None:
        return []
    return [
        command.timeout_ns,
        command.script,
        command.argv,
        command.stdin,
        command.env,
        command.make_it_fail,
        command.fail_nth,
    ]


def _plain(value: Json) -> Json:
    """What the encoder does not know: any other mapping or sequence."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"not plain data: {value!r}")
