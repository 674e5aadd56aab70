"""Slab, pages, copies, futexes and fail-nth: calls of one program, each of known checks."""

from faultrun.agree.draw import Draw
from faultrun.agree.made import Family, Made
from faultrun.agree.shell import ARM, PUT, pairs
from faultrun.agree.values import Pairs, by_chance, settings
from faultrun.kernel.version import KernelVersion
from faultrun.resources import tree

_GROUP = "checks"
_ROOT = "/sys/kernel/debug"
_PROGRAM = "/tmp/checks"  # noqa: S108 - a path of the machine under test

_SETUP = f"""\
cat > {_PROGRAM}.c <<'EOF'
{{source}}
EOF
cc -O1 -o {_PROGRAM} {_PROGRAM}.c && echo "seen built"
"""

_SLAB = "/sys/kernel/slab"
_CACHES = ("kmalloc-256", "kmalloc-512", "kmalloc-1k", "kmalloc-2k", "kmalloc-4k", "kmalloc-8k")
_SIZES = {"a": 256, "b": 512, "c": 1024, "d": 2048, "e": 4096, "f": 8192}


def _step(draw: Draw, name: str, extra: Pairs, calls: str, sizes: tuple[int, ...]) -> Made:
    """Of which the mark of the task decides in one of eight."""
    copies = name == "fail_usercopy"
    # A shared futex is asked about again only while nothing has failed.
    counted = not copies and "s" not in calls
    chosen = by_chance(draw, counted=counted) if draw.chance(12) else ()
    drawn = bool(chosen)
    if drawn:
        calls = (calls * 200)[:200]
    # A copy that fails is also the one that takes the mark off again, until `times` is used up.
    chosen = chosen or settings(draw, sizes, most=6 if copies else 0)
    mark = 1 if drawn or draw.chance(88) else 0
    seen = "drawn" if drawn else "decisions"
    lines = [
        f"cd {_ROOT}/{name}",
        f"arm probability=0 {pairs(extra)} {pairs(chosen)}",
        f'echo "seen {seen} $({_PROGRAM} {mark} 0 {calls})"',
        "echo 0 > probability",
    ]
    if not drawn:
        lines.append('echo "seen left $(cat times) $(cat space)"')
    return Made(script=ARM + "\n".join(lines) + "\n")


def _slab(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    calls = draw.word("abcdef" if draw.chance(60) else "aaab", draw.between(6, 24))
    if draw.chance(30):
        calls += draw.word("gup", 3)
    spared = draw.one(("N",) * 8 + ("Y",))
    sizes = tuple(_SIZES[letter] for letter in calls if letter in _SIZES)
    return _step(draw, "failslab", (("ignore-gfp-wait", spared),), calls, sizes)


def _marked(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    """Only caches with the mark count; those of kmalloc() are marked by their names."""
    marked = sorted({draw.one(_CACHES) for _ in range(draw.between(1, 4))})
    calls = draw.word("abcdef", draw.between(8, 20))
    extra = (("ignore-gfp-wait", "N"), ("cache-filter", draw.one("YYYN")))
    marks = "".join(f"put {_SLAB}/{cache}/failslab 1\n" for cache in marked)
    clear = "".join(f"put {_SLAB}/{cache}/failslab 0\n" for cache in marked)
    made = _step(draw, "failslab", extra, calls, tuple(_SIZES.values()))
    return Made(script=f"{PUT}{marks}{made.script}echo N > cache-filter\n{clear}")


def _pages(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    calls = draw.word("gggga", draw.between(6, 20))
    extra = (
        ("ignore-gfp-wait", draw.one(("N",) * 8 + ("Y",))),
        ("ignore-gfp-highmem", draw.one(("Y", "N"))),
        # Whoever touches a page asks for one of order 0: only above it calls count alone.
        ("min-order", draw.one(("1", "2", "2", "3"))),
    )
    return _step(draw, "fail_page_alloc", extra, calls, (4,))


def _copies(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    return _step(draw, "fail_usercopy", (), draw.word("uuuug", draw.between(6, 24)), (1,))


def _futexes(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    calls = draw.word("ppss", draw.between(6, 24))
    return _step(draw, "fail_futex", (("ignore-private", draw.one("NNY")),), calls, (1,))


def _nth(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    """Every call counts as many checks as it has, of whatever capability, armed or not."""
    calls = draw.word("abcdefgupsu", draw.between(6, 16))
    others = "\n".join(
        f"arm {name}/probability=0 {' '.join(f'{name}/{pair}' for pair in rest)}"
        for name, rest in (
            ("failslab", ("ignore-gfp-wait=N", "cache-filter=N", *_open())),
            ("fail_page_alloc", ("ignore-gfp-wait=N", "min-order=2", *_open())),
            ("fail_usercopy", _open()),
            ("fail_futex", (f"ignore-private={draw.one('NY')}", *_open())),
        )
    )
    nth = draw.between(1, 24)
    times = draw.one(("0", "1", "3", "-1"))
    return Made(
        script=f"{ARM}cd {_ROOT}\n{others}\narm failslab/times={times}\n"
        f'echo "seen decisions $({_PROGRAM} {draw.between(0, 1)} {nth} {calls})"\n'
        'echo "seen left $(cat failslab/times)"\n',
    )


def _open() -> tuple[str, ...]:
    return (
        "require-start=0", "require-end=18446744073709551615", "reject-start=0", "reject-end=0",
        "times=1", "space=0", "interval=1", "verbose=0",
    )  # fmt: skip


def families() -> tuple[Family, ...]:
    """One for each capability that a program can meet by system calls alone."""
    source = (tree("campaigns") / "library" / "checks.c").read_text(encoding="utf-8")
    setup = _SETUP.replace("{source}", source.rstrip())
    return tuple(
        Family(
            name=name, capability="failslab" if make is _marked else name, group=_GROUP, share=share, make=make, setup=setup,
            since="6.8",
        )
        for name, share, make in (
            ("failslab", 7, _slab),
            ("failslab-marks", 3, _marked),
            ("fail_page_alloc", 5, _pages),
            ("fail_usercopy", 5, _copies),
            ("fail_futex", 5, _futexes),
            ("fail-nth", 5, _nth),
        )
    )  # fmt: skip
