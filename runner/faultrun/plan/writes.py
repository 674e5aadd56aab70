"""An injection becomes writes: the campaign's values, and what the engine adds, each with a reason.

What is added and what is left alone, and why: ``runner/decisions/0006-what-is-written.md``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from faultrun.capabilities.place import directory_of, filled, meant, path_of, switches_of
from faultrun.kernel.control_file import reads_back, reads_back_config
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Injection, Setting
from faultrun.model.capability import (
    PLAIN,
    Arming,
    AttrSpec,
    Capability,
    Context,
    LookFor,
    Switch,
    WriteRule,
)
from faultrun.model.data import Scalar
from faultrun.model.plan import Counter, Write
from faultrun.model.stack_range import Edge, Lookup
from faultrun.plan.errors import PlanError
from faultrun.plan.values import number, text_of

BUDGET = 2_000_000_000
"""Stands for "no limit". `times` counts down only if it is not -1 (lib/fault-inject.c:
should_fail_ex()), so that a number can be counted; it fits the 32 bits of an atomic_t."""

_FILTERED = "faultrun: so that only the workload's own tasks are hit"
_COUNTED = "faultrun: the kernel's default, written because `times` is the counter of injections"
_SWITCHED = "faultrun: a switch of its own, without which nothing is injected"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSet:
    """All that arms one step: the engine's writes, its counters, and what the child arms itself."""

    writes: tuple[Write, ...] = ()
    counters: tuple[Counter, ...] = ()
    make_it_fail: bool = False
    fail_nth: int = 0
    look_for: tuple[LookFor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A capability at one place: its attributes in the order of arming, with their paths."""

    capability: Capability
    where: Mapping[str, str]
    attributes: tuple[tuple[str, AttrSpec, str], ...]
    added: dict[str, Write]
    first: tuple[Write, ...]
    switches: tuple[Write, ...]
    counted: str
    traces: tuple[str, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Site:
    """One attribute of a capability in one place."""

    capability: Capability
    where: Mapping[str, str]
    spec: AttrSpec
    path: str


class Arsenal:
    """Turns injections into writes for one kernel version; equal writes are one value."""

    def __init__(self, capabilities: Mapping[str, Capability], version: KernelVersion) -> None:
        self._capabilities = capabilities
        self._version = version
        self._places: dict[tuple[object, ...], _Place] = {}
        self._made: dict[tuple[object, ...], Write] = {}

    def arm(self, injections: Sequence[Injection]) -> WriteSet:
        """Everything that arms these injections, in order: all triggers come last.

        A file that two injections name is written once, with the value of the later one.
        """
        early: dict[str, Write] = {}
        triggers: dict[str, Write] = {}
        counters: dict[str, Counter] = {}
        look_for: dict[LookFor, None] = {}
        nth = 0
        for injection in injections:
            place = self._place(injection)
            if place.capability.arming is Arming.TASK:
                nth = _nth(place.capability, injection)
                continue
            look_for.update(
                dict.fromkeys(place.capability.look_for(place.where, injection.values()))
            )
            if not provoked(place.capability, place.where):
                for write in self._writes(place, injection):
                    (triggers if write.trigger else early)[_key(write)] = write
            if place.counted:
                counters[place.counted] = _counter(place, injection)
        writes = (*early.values(), *triggers.values())
        return WriteSet(
            writes=writes,
            counters=tuple(counters.values()),
            make_it_fail=any(
                write.value == "Y" and write.path.endswith("/task-filter") for write in writes
            ),
            fail_nth=nth,
            look_for=tuple(look_for),
        )

    def _place(self, injection: Injection) -> _Place:
        key = (injection.capability, *[(item.name, item.value) for item in injection.where])
        found = self._places.get(key)
        if found is None:
            capability = self._capabilities.get(injection.capability)
            if capability is None:
                raise PlanError(
                    f"{injection.mark}: there is no capability '{injection.capability}'"
                )
            where = meant(capability, injection.place())
            found = self._places[key] = self._open(capability, where)
        return found

    def _open(self, capability: Capability, where: Mapping[str, str]) -> _Place:
        directory = directory_of(capability, where)
        attributes = tuple(
            (name, spec, path_of(capability, spec, where))
            for name in capability.arm_order
            if (spec := capability.attr(name)) is not None
        )
        added: dict[str, Write] = {}
        for name, spec, path in attributes:
            site = _Site(capability, where, spec, path)
            if name == "times" and capability.counted:
                added[name] = self._write(site, spec.default, _COUNTED, optional=spec.optional)
            elif name == "task-filter" and capability.context is Context.TASK:
                added[name] = self._write(site, "Y", _FILTERED, optional=spec.optional)
        traces = capability.traces
        counted = f"{directory}/times" if "times" in added else ""
        return _Place(
            capability=capability,
            where=where,
            attributes=attributes,
            added=added,
            first=self._switches(capability, where, first=True),
            switches=self._switches(capability, where, first=False),
            counted=counted or (directory if traces else ""),
            traces=() if counted else traces,
        )

    def _writes(self, place: _Place, injection: Injection) -> list[Write]:
        """One injection in the order of its capability, then the switches.

        The caller moves triggers behind all of it, so that a switch is thrown while the
        probability is still 0 (block/blk-core.c:should_fail_request() asks the switch first).
        """
        given = {setting.name: setting for setting in injection.settings}
        place = _with_parts(place, given)
        writes: list[Write] = list(place.first)
        looked_up = _lookups(injection)
        for name, spec, path in place.attributes:
            setting = given.get(name)
            if not spec.written:
                continue
            if name in looked_up:
                writes.append(_sought(spec, path, looked_up[name]))
            elif setting is not None:
                writes.append(self._given(place, spec, path, setting))
            elif name in place.added:
                writes.append(place.added[name])
        writes.extend(place.switches)
        return writes

    def _given(self, place: _Place, spec: AttrSpec, path: str, setting: Setting) -> Write:
        value, mark = setting.value, setting.mark
        # The text of a rule may hold parameters, which the cells of a matrix set on one line.
        known = () if spec.rule is PLAIN else tuple(place.where.items())
        key = (path, value, type(value), mark.line, mark.file, *place.parts, *known)
        write = self._made.get(key)
        if write is None:
            where = f"{mark.file.rpartition('/')[2]}:{mark.line}"
            origin = f"campaign, {where}"
            if spec.name == "times" and place.capability.counted and number(value) == -1:
                value = BUDGET
                origin = f"faultrun: stands for -1 (no limit, {where}), but can be counted"
            site = _Site(place.capability, place.where, spec, path)
            write = self._made[key] = self._write(
                site, value, origin, trigger=spec.name == place.capability.trigger
            )
        return write

    def _write(
        self,
        site: _Site,
        value: Scalar,
        origin: str,
        *,
        trigger: bool = False,
        optional: bool = False,
    ) -> Write:
        spec, where = site.spec, site.where
        plain = text_of(spec.kind, value)
        text = filled(spec.rule.text, {**where, "value": plain})
        back = (
            reads_back_config(spec.kind, text, self._version)
            if site.capability.configfs
            else reads_back(spec.kind, text, self._version, "")
        )
        return Write(
            path=site.path,
            value=text,
            kind=spec.kind,
            reads_back=None if spec.rule.seen_in else back,
            origin=origin,
            volatile=spec.volatile,
            trigger=trigger,
            optional=optional,
            rule=_rule(spec.rule, where, plain),
            disarm=site.capability.disarm_value,
        )

    def _switches(
        self, capability: Capability, where: Mapping[str, str], *, first: bool
    ) -> tuple[Write, ...]:
        return tuple(
            self._switch(switch, where)
            for switch in switches_of(capability, where)
            if switch.first == first
        )

    def _switch(self, switch: Switch, where: Mapping[str, str]) -> Write:
        value = filled(switch.value, where)
        back = reads_back(switch.kind, value, self._version, "")
        return Write(
            path=filled(switch.path, where),
            value=value,
            kind=switch.kind,
            reads_back=None if switch.rule.seen_in else back,
            origin=_SWITCHED,
            rule=_rule(switch.rule, where, value),
        )


def provoked(capability: Capability, where: Mapping[str, str]) -> bool:
    """Whether the workload itself provokes the fault in this place, so that nothing is written."""
    return capability.arming is Arming.WORKLOAD or any(
        where.get(name) == text for name, text in capability.provoked
    )


def _lookups(injection: Injection) -> dict[str, Lookup]:
    """The files of the injection's ranges of callers, with what is looked up for each."""
    return {
        f"{item.side.value}-{edge.value}": Lookup(range=item, edge=edge)
        for item in injection.ranges
        for edge in Edge
    }


def _sought(spec: AttrSpec, path: str, lookup: Lookup) -> Write:
    """A write whose value is known on the running kernel only."""
    mark = lookup.range.mark
    return Write(
        path=path,
        value=lookup.words(),
        kind=spec.kind,
        reads_back=None,
        origin=f"campaign, {mark.file.rpartition('/')[2]}:{mark.line}",
        lookup=lookup,
    )


def _with_parts(place: _Place, given: Mapping[str, Setting]) -> _Place:
    """The place, with the values of attributes that are only parts of another one's text."""
    parts = [spec for _, spec, _ in place.attributes if not spec.written]
    if not parts:
        return place
    values = {
        spec.name: text_of(
            spec.kind, given[spec.name].value if spec.name in given else spec.default
        )
        for spec in parts
    }
    return replace(place, where={**place.where, **values}, parts=tuple(values.values()))


def _key(write: Write) -> str:
    """A file is written once, but a list takes several of its lines."""
    return f"{write.path} {write.value}" if write.rule.undo else write.path


def _rule(rule: WriteRule, where: Mapping[str, str], value: str) -> WriteRule:
    if rule is PLAIN:
        return rule
    known = {**where, "value": value}
    return replace(
        rule,
        text=filled(rule.text, known),
        undo=filled(rule.undo, known),
        seen_in=filled(rule.seen_in, where),
        seen_as=filled(rule.seen_as, known, escape=True),
    )


def _counter(place: _Place, injection: Injection) -> Counter:
    if place.traces:
        specs = {name: spec for name, spec, _ in place.attributes}
        values = {
            setting.name: text_of(specs[setting.name].kind, setting.value)
            for setting in injection.settings
            if setting.name in specs
        }
        known = {**place.where, **values}
        traces = tuple(filled(trace, known, escape=True) for trace in place.traces)
        return Counter(capability=place.capability.name, path=place.counted, traces=traces)
    spec = next(spec for name, spec, _ in place.attributes if name == "times")
    setting = injection.setting("times")
    asked = number(spec.default if setting is None else setting.value)
    unlimited = asked == -1
    return Counter(
        capability=place.capability.name,
        path=place.counted,
        budget=BUDGET if unlimited or asked is None else asked,
        unlimited=unlimited,
    )


def _nth(capability: Capability, injection: Injection) -> int:
    """What the child writes for itself (fs/proc/base.c:proc_fail_nth_write())."""
    setting = injection.setting(capability.trigger)
    return 0 if setting is None else number(setting.value) or 0
