"""A plan as prose for people, and as data for the record."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from faultrun.model.campaign import Campaign, DeviceSpec, Injection, TargetSpec, Workload
from faultrun.model.data import Json
from faultrun.model.plan import Plan, Task, Write
from faultrun.plan.document import Written, task_document
from faultrun.plan.waves import waves
from faultrun.plan.words import duration, expectation, forecast, many, visible

_NAMED = 12
_PAD = " " * 11

Told = dict[tuple[tuple[str, str, str], ...], tuple[tuple[str, ...], ...]]
"""How equal sets of writes are armed, disarmed and restored, told once: cells repeat them."""

HOW = """\
Before a step's first write the old value of every file is read and put into the record, and the
triggers are opened. After the run the triggers are turned off first, through those open files; then
the evidence is read; then every old value (OLD below) is written back and read back. None of this
has been done yet.
"""


def as_text(plan: Plan) -> str:
    """Every command and every write in the order in which they will be done."""
    lines = [*_head(plan), "", *HOW.splitlines()]
    told: Told = {}
    total = len(plan.tasks)
    for task in plan.tasks:
        lines += ("", f"Step {task.order + 1:,} of {total:,}: {task.id}")
        lines += _step(task, told)
    if not "".join(lines).isprintable():
        lines = [visible(line) for line in lines]
    return "\n".join(lines) + "\n"


def as_json(plan: Plan) -> Mapping[str, Json]:
    """The plan as ``plan.json`` of a record holds it.

    A task with more than 200 needs lists the last run of each step that it needs, so that a
    matrix that needs a matrix does not write down every pair.
    """
    written: Written = {}
    return {"tasks": [task_document(task, written) for task in plan.tasks]}


def _head(plan: Plan) -> Iterator[str]:
    campaign = plan.campaign
    yield f"Plan of campaign '{campaign.name}'"
    if campaign.summary:
        yield f"  {_prose(campaign.summary)}"
    yield ""
    if campaign.owner or campaign.tags:
        tags = f"tags {', '.join(campaign.tags)}" if campaign.tags else ""
        yield _line("owner", "; ".join(filter(None, (campaign.owner, tags))))
    yield _line("target", _target(campaign))
    if len(campaign.targets) > 1:
        yield _line("runs on", ", ".join(spec.kind for spec in campaign.targets))
    yield _line("seed", f"{plan.seed}")
    yield _line("digest", plan.digest)
    yield _line("size", _size(plan))
    if plan.critical_path:
        yield _line("critical", _chain(plan.critical_path))
    yield _line("gate", _gate(campaign))
    found = waves(plan.tasks)
    yield ""
    yield (
        f"Order: {many(len(found), 'wave')}. Steps of one wave may run side by side, as far as slots,"
        " machines and locks allow."
    )
    for number, names in enumerate(found, 1):
        yield f"  {number:>7}  {_folded(names)}"
    groups = _groups(plan.tasks)
    if groups:
        yield ""
        yield "Groups: their steps share one machine, one after the other."
        for group, members in groups.items():
            yield f"  {group}: {', '.join(members[:_NAMED])}{_more(members)}"


def _target(campaign: Campaign) -> str:
    target = campaign.target
    where = f"{target.kind}{' at ' if target.host else ''}{target.host}"
    kernel = f"{'any kernel, planned for' if target.any_kernel else 'kernel'} {target.kernel}"
    devices = "; ".join(_device(device) for device in target.devices)
    booted = f", booted with `{target.cmdline}`" if target.cmdline else ""
    size = f", {_GUESTS[target.kind](target)}" if target.kind in _GUESTS else ""
    return f"{where}, {kernel}{size}{booted}{' with ' if devices else ''}{devices}"


_GUESTS: Mapping[str, Callable[[TargetSpec], str]] = {
    "uml": lambda spec: f"{spec.memory_mib:,} MiB",
    "qemu": lambda spec: (
        f"{spec.memory_mib:,} MiB, {many(spec.cpus, 'cpu')}, files by {spec.files}"
    ),
}
"""What a guest is made with, by kind of target."""


def _device(device: DeviceSpec) -> str:
    options = ", ".join(f"{name} {value}" for name, value in device.options)
    return f"{device.name} ({device.kind}{': ' if options else ''}{options})"


def _size(plan: Plan) -> str:
    armed = [task for task in plan.tasks if task.step.injections]
    writes = sum(len(task.writes) for task in armed)
    machines = len({task.machine for task in plan.tasks})
    return (
        f"{many(len(plan.tasks), 'step')} on {many(machines, 'machine')};"
        f" {len(armed):,} with a fault, {many(writes, 'write')} to arm them"
    )


def _chain(path: Sequence[str]) -> str:
    shown = path if len(path) <= _NAMED else (*path[: _NAMED - 1], "...", path[-1])
    return f"{' -> '.join(shown)} (longest chain: {many(len(path), 'step')})"


def _gate(campaign: Campaign) -> str:
    gate = campaign.gate
    rules = f"vacuous steps: {gate.vacuous}; skipped steps: {gate.skip}"
    return f"{rules}; at least {many(gate.min_passed, 'step')} passed" if gate.min_passed else rules


def _folded(names: Mapping[str, int]) -> str:
    shown = [
        name if count == 1 else f"{name} ({count:,} runs)"
        for name, count in list(names.items())[:_NAMED]
    ]
    return f"{', '.join(shown)}{_more(names)}"


def _more(names: Mapping[str, int] | Sequence[str]) -> str:
    return f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""


def _groups(tasks: Iterable[Task]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task in tasks:
        if task.step.group is not None:
            found.setdefault(task.step.group, []).append(task.id)
    return found


def _prose(text: str) -> str:
    return " ".join(text.split())


def _line(name: str, text: str) -> str:
    return f"  {name:<8} {text}"


def _step(task: Task, told: Told) -> list[str]:
    step = task.step
    how = f"for at most {duration(step.timeout_ns)}"
    key = tuple([(write.path, write.value, write.origin) for write in task.writes])
    if key not in told:
        told[key] = (tuple(_armed(task.writes)), tuple(_disarmed(task)), tuple(_restored(task)))
    armed, disarmed, restored = told[key]
    lines = [f"  {_prose(step.summary)}"] if step.summary else []
    lines.append(_line("place", str(step.mark)))
    if step.needs:
        lines.append(_line("after", ", ".join(need.id for need in step.needs)))
    lines.append(_line("machine", _machine(task)))
    if task.locks:
        lines.append(_line("locks", ", ".join(task.locks)))
    if step.targets:
        lines.append(_line("targets", ", ".join(step.targets)))
    if step.requires:
        lines.append(_line("requires", ", ".join(step.requires)))
    lines += _listed("arm", [_injection(injection) for injection in step.injections])
    lines += armed
    lines += _command("run", step.workload, f"{_marked(task)}{how}")
    said = forecast(task.prediction, _probabilities(task))
    if said:
        lines.append(_line("forecast", said))
    lines += disarmed
    if step.cleanup is not None:
        lines += _command("cleanup", step.cleanup, how)
    lines += restored
    lines += _listed("expect", [expectation(claim) for claim in step.expectations])
    return lines


def _listed(name: str, texts: Sequence[str]) -> list[str]:
    return [_line("" if number else name, text) for number, text in enumerate(texts)]


def _machine(task: Task) -> str:
    if task.step.group is None:
        return "a clean one of its own"
    return f"shared with group {task.step.group}, as the steps before left it"


def _marked(task: Task) -> str:
    marks = ["make-it-fail 1"] if task.command.make_it_fail else []
    if task.command.fail_nth:
        marks.append(f"fail-nth {task.command.fail_nth}")
    return f"with {' and '.join(marks)}, set by the child before exec, " if marks else ""


def _command(name: str, workload: Workload, how: str) -> Iterator[str]:
    yield _line(name, how)
    if workload.argv:
        yield f"{_PAD}> {list(workload.argv)!r}"
    for line in workload.script.splitlines():
        yield f"{_PAD}> {visible(line)}"
    for key, value in workload.env:
        yield f"{_PAD}with {key}={value} in its environment"
    if workload.stdin:
        yield f"{_PAD}with {workload.stdin!r} on its standard input"


def _armed(writes: Sequence[Write]) -> Iterator[str]:
    echoes = [_arming(write) for write in writes]
    width = max((len(echo) for echo in echoes), default=0)
    for number, (echo, write) in enumerate(zip(echoes, writes, strict=True), 1):
        yield f"{number:>9}. {echo:<{width}}  {_back(write)}; {write.origin}"


def _injection(injection: Injection) -> str:
    where = ", ".join(f"{item.name} {item.value}" for item in injection.where)
    return f"{injection.capability}{' on ' if where else ''}{where}"


def _echo(value: str, path: str) -> str:
    return f"echo {shlex.quote(value) if value else value} > {path}"


def _arming(write: Write) -> str:
    """What is written; an address that is still unknown is told by what is looked up."""
    if write.lookup is None:
        return _echo(write.value, write.path)
    return f"{write.path} <- {write.value}"


def _undoing(write: Write, old: str) -> Iterator[str]:
    """What is written to undo a write; where it shows elsewhere, only as long as it does."""
    only = f"  while it shows in {write.rule.seen_in}" if write.rule.seen_in else ""
    return (f"{_echo(line, write.path)}{only}" for line in (write.rule.undo or old).splitlines())


def _back(write: Write) -> str:
    if write.lookup is not None:
        return "looked up before arming, reads back the address"
    if write.rule.seen_in:
        back = f"shows in {write.rule.seen_in}"
    elif write.reads_back is None:
        back = "read back unpredicted"
    else:
        back = f"reads back {write.reads_back}"
    if write.trigger:
        back += ", the trigger"
    if write.volatile:
        back += ", then counts down"
    return f"{back}, if the kernel has it" if write.optional else back


def _disarmed(task: Task) -> list[str]:
    triggers = [write for write in reversed(task.writes) if write.trigger]
    off = _listed(
        "disarm",
        [line for write in triggers for line in _undoing(write, write.disarm)],
    )
    counted = [
        f"injections of {item.capability} = lines of the kernel log with {' or '.join(item.traces)}"
        if item.traces
        else f"injections of {item.capability} = {item.budget:,} - what {item.path} reads"
        for item in task.counters
    ]
    return off + _listed("count", counted)


def _restored(task: Task) -> list[str]:
    own = [write for write in reversed(task.writes) if not write.rule.made]
    quiet = [write for write in own if not write.trigger]
    triggers = [write for write in own if write.trigger]
    return _listed(
        "restore",
        [line for write in (*quiet, *triggers) for line in _undoing(write, "OLD")],
    )


def _probabilities(task: Task) -> tuple[int, ...]:
    return tuple(
        int(write.value)
        for write in task.writes
        if write.path.endswith("/probability") and write.value.isdecimal()
    )
