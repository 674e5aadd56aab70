"""The pages of ``faultrun explain``, made from the same tables that the rest works with."""

import textwrap

from faultrun.capabilities.boot import handling
from faultrun.capabilities.place import filled, meant
from faultrun.capabilities.registry import known, plugins
from faultrun.cli.manual_expect import EXPECTATIONS
from faultrun.cli.manual_target import PAGES, target_page
from faultrun.kernel.setup_string import GRAMMAR
from faultrun.model.capability import Arming, AttrSpec, Capability, Context
from faultrun.simkernel.programs.registry import SHELLS, names, program
from faultrun.spec.codes import CODES
from faultrun.spec.ranges import SIDES

WIDTH = 96


def words() -> list[str]:
    """Everything that has a page."""
    attributes = {spec.name for table in known().values() for spec in table.attrs}
    return sorted({*known(), *attributes, *EXPECTATIONS, *CODES, *SIDES, *PAGES, "programs"})


def page(word: str) -> str | None:
    """The page about a word, or None."""
    if word in known():
        return _capability(known()[word])
    if word in CODES:
        code = CODES[word]
        head = f"{word}  {code.severity.value}: {code.title}"
        return f"{head}\n\n{_wrap(code.explanation)}\n"
    if word in EXPECTATIONS:
        return f"expect: {word}\n\n{EXPECTATIONS[word]}\n"
    if word in SIDES:
        return _callers(word)
    if word in PAGES:
        return target_page(word)
    if word == "programs":
        return _programs()
    return _attribute(word)


def contents() -> str:
    """What there is to be told, a line each."""
    lines = ["Capabilities (`faultrun explain NAME`):"]
    lines += [f"  {name:<18} {table.summary}" for name, table in known().items()]
    lines += ["", "Expectations:"]
    lines += [f"  {name:<18} {text.splitlines()[0]}" for name, text in EXPECTATIONS.items()]
    lines += ["", "Codes and lint rules:"]
    lines += [f"  {name:<18} {code.title}" for name, code in sorted(CODES.items())]
    lines += [
        "",
        "Also: any attribute (`probability`), `require` and `reject`: callers by name, `target` and",
        "`targets`: where it runs, and `programs`: what the simulator can run.",
    ]
    return "\n".join(lines) + "\n"


def _wrap(text: str, indent: str = "  ") -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        textwrap.fill(part, WIDTH, initial_indent=indent, subsequent_indent=indent)
        for part in paragraphs
    )


def _row(name: str, text: str) -> list[str]:
    """One line of the head of a page, or several that hang below each other."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {name:<10} ",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _capability(table: Capability) -> str:
    lines = [f"{table.name}: {table.summary}", "", _wrap(table.description), ""]
    lines += _row("files", table.directory)
    if table.boot_option:
        how = handling(table)
        lines += _row("boot", f"{table.boot_option}={GRAMMAR}")
        lines += _row("", f"a bad string: {how.refused}")
    lines += _row("needs", ", ".join(table.requires))
    lines += _row("errors", ", ".join(table.errnos) or "none")
    if table.attr("space") is not None:
        lines += _row("space is", table.size_unit)
    lines += _row("context", _context(table))
    lines += _row("simulator", _simulated(table))
    if table.since or table.until:
        lines += _row("kernels", _kernels(table))
    lines += _evidence(table)
    if table.lock_out:
        lines += _row("danger", table.lock_out)
    for parameter in table.parameters:
        may = "" if parameter.required else ", may be left out"
        lines += ["", f"  {parameter.name} (where; such as {parameter.example}{may})"]
        known = f" One of: {', '.join(parameter.choices)}." if parameter.choices else ""
        lines.append(_wrap(parameter.summary + known, "      "))
    for spec in table.attrs:
        lines += ["", *_spec(spec)]
    lines += ["", "  kernel source", *(f"      {ref}" for ref in table.kernel_refs)]
    return "\n".join(lines) + "\n"


def _callers(side: str) -> str:
    """``require`` and ``reject``: a range of callers by name."""
    wanted = "some caller has to lie in it" if side == "require" else "no caller may lie in it"
    text = (
        f"A range of callers by name, under an injection that has {side}-start and {side}-end:"
        f" {wanted}, or the fault does not fire. Addresses are looked up in /proc/kallsyms and"
        " /sys/module/NAME/sections just before arming; the record holds what was found. A module"
        " has to be loaded by then: load it in an earlier step of the same `group`."
    )
    forms = "\n".join(f"  {side}: {form:<38} {what}" for form, what in _FORMS)
    refs = "  Kernel: lib/fault-inject.c:fail_stacktrace()"
    return f"inject: {side}\n\n{_wrap(text)}\n\n{forms}\n\n{refs}\n"


_FORMS = (
    ("{function: NAME}", "a function, up to the next symbol"),
    ("{symbol: NAME}", "any symbol, up to the next one"),
    ("{function: NAME, module: NAME}", "the function of that module, if several have the name"),
    ("{module: NAME}", "a module's code: its section .text"),
    ("{module: NAME, section: .exit.text}", "another section, up to the next one"),
    ("{module: NAME, from: .text, to: .data}", "from the start of one to the start of another"),
)


def _simulated(table: Capability) -> str:
    if table.not_simulated:
        return f"real only, because {table.not_simulated}"
    return f"simulated: {table.modelled}"


def _kernels(table: Capability) -> str:
    bounds = (("since", table.since), ("gone in", table.until))
    return ", ".join(f"{word} Linux {bound}" for word, bound in bounds if bound)


def _evidence(table: Capability) -> list[str]:
    if table.counted:
        return _row("evidence", "exact, by what `times` counts down")
    if table.arming is Arming.TASK:
        return _row("evidence", "exact, by what fail-nth reads afterwards")
    examples = {item.name: item.example for item in table.parameters}
    further = {name: text for name, text in meant(table, examples).items() if name not in examples}
    traces = [filled(trace, further).rstrip() for trace in table.traces]
    words = "lines of the kernel log that match, as many as were not lost:"
    return [*_row("evidence", words), *(f"             {trace}" for trace in traces)]


def _context(table: Capability) -> str:
    if table.arming is Arming.TASK:
        return "the workload's own task; it arms itself"
    if table.context is Context.INTERRUPT:
        return "mostly interrupt: no task filter works there, fail-nth is blind"
    if table.attr("task-filter") is None:
        return "task: whichever task gets there is hit, there is no filter"
    return "task: only the workload's tasks are hit unless task-filter says N"


def _spec(spec: AttrSpec) -> list[str]:
    bounds = "" if spec.minimum is None else f", {spec.minimum} to {spec.maximum}"
    versions = "".join(
        f", {word} {version}"
        for word, version in (("since", spec.since), ("gone in", spec.until))
        if version
    )
    default = "has to be given" if spec.required else f"kernel default {spec.default}"
    if spec.default == "" and not spec.required:
        default += "empty"
    lines = [f"  {spec.name} ({spec.unit}{bounds}; {default}{versions})"]
    lines.append(_wrap(spec.summary, "      "))
    lines.append(f"      Kernel: {spec.kernel_ref}")
    return lines


def _attribute(word: str) -> str | None:
    owners: dict[tuple[str, ...], list[str]] = {}
    for name, table in known().items():
        spec = table.attr(word)
        if spec is not None:
            owners.setdefault(tuple(_spec(spec)), []).append(name)
    if not owners:
        return None
    parts = [
        "\n".join([f"{word} of {', '.join(names)}", *lines]) for lines, names in owners.items()
    ]
    return "\n\n".join(parts) + "\n"


def plugin_list() -> str:
    """Capabilities of other distributions: origin, object, and why one cannot be used."""
    lines = [
        f"{item.name:<18} {item.origin} ({item.value})"
        + (f"\n  cannot be used: it {item.problem}" if item.problem else "")
        for item in plugins()
    ]
    return "\n".join(lines or ["no distribution offers a capability"]) + "\n"


def _programs() -> str:
    lines = ["Programs that the simulated kernel can run, and where their model is from:", ""]
    lines += [f"  {name:<14} {note}" for name, note in sorted(_modelled().items())]
    return "\n".join(lines) + "\n"


def _modelled() -> dict[str, str]:
    return {name: program(name).modelled for name in names() if name not in SHELLS}
