"""What every kind of control file takes, refuses and reads back: random texts, written and read."""

from collections.abc import Iterator, Mapping

from faultrun.agree import texts
from faultrun.agree.draw import Draw
from faultrun.agree.made import Family, Made
from faultrun.agree.shell import PUT, quoted
from faultrun.capabilities.registry import builtin
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind, AttrSpec, Capability

_TEXTS = 8
_DEBUGFS = "/sys/kernel/debug"
_NULLB = "/sys/kernel/config/nullb/texts"

_GLOBAL = (
    "failslab", "fail_page_alloc", "fail_usercopy", "fail_futex", "fail_sunrpc",
    "fail_make_request", "fail_io_timeout", "fail_mempool_alloc",
)  # fmt: skip

_NULL_BLK = ("null_blk_timeout", "null_blk_requeue", "null_blk_init_hctx")


def _specs(table: Capability, version: KernelVersion) -> tuple[AttrSpec, ...]:
    return tuple(
        spec
        for spec in table.attrs
        if not spec.path and spec.written and version.has(spec.since, spec.until)
    )


def _attributes(draw: Draw, table: Capability, directory: str, version: KernelVersion) -> Made:
    """Texts for the files of one set; nothing is ever armed, because `times` or `probability` is 0."""
    specs = _specs(table, version)
    lines: list[str] = []
    touched: dict[str, AttrSpec] = {}
    for _ in range(_TEXTS):
        if draw.chance(3):
            lines.append(f"put nothing-of-that-name {quoted(texts.number(draw))}")
            continue
        spec = draw.one(specs)
        touched[spec.name] = spec
        chosen = texts.truth(draw) if spec.kind is AttrKind.BOOL else texts.number(draw)
        lines.append(f"put {spec.name} {quoted(chosen)}")
        if spec.name == "probability":
            lines.append("echo 0 > probability")
        if spec.name == "times":
            lines.append("echo 0 > times")
    usual = [
        f"echo {spec.default} > {name}"
        for name, spec in touched.items()
        if name not in ("probability", "times")
    ]
    lines = [
        *(f"cd {directory}", "echo 0 > probability", "echo 0 > times", *usual),
        *(*lines, *usual, "echo 1 > times"),
        f'echo "seen names" $(ls {directory})',
    ]
    return Made(script=PUT + "\n".join(lines) + "\n", settings=_TEXTS)


def _global(name: str) -> Family:
    table = builtin()[name]

    def make(draw: Draw, _number: int, version: KernelVersion) -> Made:
        return _attributes(draw, table, table.directory, version)

    return Family(
        name=f"texts-{name}", capability=name, group="texts", share=2, make=make,
        since=table.since,
    )  # fmt: skip


def _null_blk(name: str) -> Family:
    table = builtin()[name]

    def make(draw: Draw, _number: int, version: KernelVersion) -> Made:
        directory = table.directory.replace("{disk}", "texts")
        made = _attributes(draw, table, directory, version)
        return Made(
            script=f"mkdir {_NULLB}\n{made.script}cd /\nrmdir {_NULLB}\n", settings=made.settings
        )

    return Family(
        name=f"texts-{name}", capability=name, group="null-blk", share=2, make=make,
        devices=("nullb0",), since=table.since,
    )  # fmt: skip


def _nvme(draw: Draw, _number: int, version: KernelVersion) -> Made:
    table = builtin()["nvme"]
    device = draw.one(("nvme0", "nvme0n1"))
    return _attributes(draw, table, f"{_DEBUGFS}/{device}/fault_inject", version)


def _events(name: str) -> tuple[str, ...]:
    return builtin()[name].parameters[0].choices


def _notifier(name: str) -> Family:
    table = builtin()[name]

    def make(draw: Draw, _number: int, _version: KernelVersion) -> Made:
        lines = []
        for _ in range(_TEXTS):
            file = f"{draw.one(_events(name))}/error"
            lines += [f"put {file} {quoted(texts.number(draw))}", f"echo 0 > {file}"]
        directory = table.directory.removesuffix("/{event}")
        return Made(script=f"{PUT}cd {directory}\n" + "\n".join(lines) + "\n", settings=_TEXTS)

    return Family(name=f"texts-{name}", capability=name, group="texts", share=2, make=make)


def _task(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    """The two files of a task that sleeps: nobody else's calls are counted in it."""
    lines = [f"{PUT}sleep 1000 &", "sleep 0.2", "cd /proc/$!"]
    for _ in range(_TEXTS):
        file = draw.one(("make-it-fail", "fail-nth"))
        lines.append(f"put {file} {quoted(texts.number(draw))}")
    lines += ["put fail-nth 0", "cd /", "kill $!"]
    return Made(script="\n".join(lines) + "\n", settings=_TEXTS)


def _switches(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    lines = [f"{PUT}cd /sys/block/nullb0"]
    for _ in range(_TEXTS):
        file = draw.one(("make-it-fail", "io-timeout-fail"))
        lines.append(f"put {file} {quoted(texts.number(draw))}")
    lines += ["echo 0 > make-it-fail", "echo 0 > io-timeout-fail"]
    return Made(script="\n".join(lines) + "\n", settings=_TEXTS)


def _scsi(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    """`every_nth` is put back before `opts` can make anything of it."""
    lines = [f"{PUT}cd /sys/bus/pseudo/drivers/scsi_debug"]
    for _ in range(_TEXTS):
        file = draw.one(("every_nth", "opts"))
        lines += [f"put {file} {quoted(texts.number(draw))}", f"echo 0 > {file}"]
    return Made(script="\n".join(lines) + "\n", settings=_TEXTS)


def _crash(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    """What is no crash type is refused at every point; none of these is one."""
    points: Mapping[str, str] = {"DIRECT": "DIRECT"}
    lines = [f"cd {_DEBUGFS}/provoke-crash"]
    for _ in range(_TEXTS):
        word = draw.one(("OVERFLOW", "WRITE_R0", "panic", " PANIC", "\\n", "PANIC x", "0", "NONE"))
        point = draw.one(tuple(points))
        lines.append(
            f"said=$( {{ printf '%b' {quoted(word)} > {point}; }} 2>&1 ) && said=taken"
            f' || said=${{said##*: }}\necho "seen {point} $said"'
        )
    return Made(script="\n".join(lines) + "\n", settings=_TEXTS)


def _families() -> Iterator[Family]:
    yield from map(_global, _GLOBAL)
    yield from map(_null_blk, _NULL_BLK)
    yield from map(_notifier, ("pm_notifier", "netdev_notifier"))
    yield Family(name="texts-nvme", capability="nvme", group="nvme", share=2, make=_nvme,
                 devices=("nvme0",))  # fmt: skip
    yield Family(name="texts-task", capability="fail-nth", group="texts", share=2, make=_task)
    yield Family(name="texts-switch", capability="fail_make_request", group="null-blk", share=2,
                 make=_switches, devices=("nullb0",))  # fmt: skip
    yield Family(name="texts-scsi", capability="scsi_debug", group="scsi", share=2, make=_scsi,
                 devices=("sda",))  # fmt: skip
    yield Family(name="texts-lkdtm", capability="lkdtm", group="texts", share=1, make=_crash)


def families() -> tuple[Family, ...]:
    """One for each place that has control files of its own."""
    return tuple(_families())
