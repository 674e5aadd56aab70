"""Bios, completions and null_blk's own faults: one read, one check.

A disk that a step makes by itself has fresh attributes, so that the phase of `interval` is known.
"""

from faultrun.agree.draw import Draw
from faultrun.agree.made import Family, Made
from faultrun.agree.shell import ARM, PUT, READS, errnos, pairs, quoted
from faultrun.agree.values import settings
from faultrun.kernel.blk_status import BLK_STATUSES
from faultrun.kernel.version import KernelVersion

_ROOT = "/sys/kernel/config/nullb"
_STATUSES = tuple(each.name for each in BLK_STATUSES if each.name not in ("OK", "NEXUS"))
_LARGE = (256, 512, 1024)
_LEFT = 'echo "seen left $(cat times) $(cat space)"'


def _disk(name: str, *, power: bool = True) -> str:
    """A disk of null_blk, from nothing to working."""
    on = "echo 1 > power\n" if power else ""
    return (
        f"mkdir {_ROOT}/{name} && cd {_ROOT}/{name}\n"
        f"echo 8 > size\necho 1 > memory_backed\n{on}disk=/dev/{name}\n"
    )


def _gone(name: str) -> str:
    return f"cd /\necho 0 > {_ROOT}/{name}/power\nrmdir {_ROOT}/{name}\n"


def _sizes(draw: Draw, count: int) -> tuple[int, ...]:
    """In KiB; what is larger than a request may be is split, and the rest asked about again."""
    usual = (4, 4, 8, 16, 32, 64)
    return tuple(draw.one(_LARGE if draw.chance(8) else usual) for _ in range(count))


def _bio(draw: Draw, number: int, _version: KernelVersion) -> Made:
    """All of them share one set of attributes, and so its counter: it goes on from step to step."""
    name = f"bio{number}"
    sizes = _sizes(draw, draw.between(4, 12))
    chosen = settings(draw, tuple(size * 1024 for size in sizes), marked=draw.chance(70))
    mark = draw.between(0, 1)
    return Made(
        script=f"{ARM}{READS}{_disk(name)}"
        f"echo {draw.one('1110')} > /sys/block/{name}/make-it-fail\n"
        f"cd /sys/kernel/debug/fail_make_request\n"
        f"arm probability=0 {pairs(chosen)}\n"
        f"echo {mark} > /proc/self/make-it-fail\nreads {' '.join(map(str, sizes))}\n"
        "echo 0 > /proc/self/make-it-fail\necho 0 > probability\n"
        f'echo "seen decisions $seen"\n{_LEFT}\n{_gone(name)}',
    )


def _completion(draw: Draw, number: int, _version: KernelVersion) -> Made:
    """null_blk asks when a request is queued, in the task that submits it."""
    name = f"lost{number}"
    reads = draw.between(3, 8)
    chosen = _slow(draw, marked=draw.chance(70))
    mark = draw.between(0, 1)
    return Made(
        script=f"{ARM}{READS}{_disk(name)}"
        f"echo 20 > /sys/block/{name}/queue/io_timeout\n"
        f"echo {draw.one('1110')} > /sys/block/{name}/io-timeout-fail\n"
        f"cd /sys/kernel/debug/fail_io_timeout\narm probability=0 {chosen}\n"
        f"echo {mark} > /proc/self/make-it-fail\nreads {' '.join(['4'] * reads)}\n"
        "echo 0 > /proc/self/make-it-fail\necho 0 > probability\n"
        f'echo "seen decisions $seen"\n{_LEFT}\n{_gone(name)}',
    )


def _slow(draw: Draw, *, marked: bool) -> str:
    """Each failure takes as long as the block layer's timer: two are enough."""
    return pairs(settings(draw, (1,), most=2, marked=marked))


def _timeout(draw: Draw, number: int, _version: KernelVersion) -> Made:
    name = f"slow{number}"
    reads = draw.between(3, 8)
    mark = draw.between(0, 1)
    return Made(
        script=f"{ARM}{READS}{_disk(name)}"
        f"echo 20 > /sys/block/{name}/queue/io_timeout\n"
        f"cd timeout_inject\narm {_slow(draw, marked=draw.chance(70))}\n"
        f"echo {mark} > /proc/self/make-it-fail\nreads {' '.join(['4'] * reads)}\n"
        "echo 0 > /proc/self/make-it-fail\necho 0 > probability\n"
        f'echo "seen decisions $seen"\n{_LEFT}\n{_gone(name)}',
    )


def _requeue(draw: Draw, number: int, _version: KernelVersion) -> Made:
    """A request that is put back comes again and is asked again: all reads succeed in the end."""
    name = f"back{number}"
    chosen = settings(draw, (1,), most=12, marked=False)
    reads = draw.between(2, 8)
    return Made(
        script=f"{ARM}{READS}{_disk(name)}cd requeue_inject\narm {pairs(chosen)}\n"
        f"reads {' '.join(['4'] * reads)}\necho 0 > probability\n"
        f'echo "seen decisions $seen"\n{_LEFT}\n{_gone(name)}',
    )


def _start(draw: Draw, number: int, _version: KernelVersion) -> Made:
    """Two queues are asked at each start, one for submission and one for polling."""
    name = f"start{number}"
    marked = draw.chance(60)
    chosen = settings(draw, (1,), marked=marked)
    tries = draw.between(3, 8)
    return Made(
        script=f"{ARM}{_disk(name, power=False)}cd init_hctx_fault_inject\narm {pairs(chosen)}\n"
        f"echo {draw.between(0, 1)} > /proc/self/make-it-fail\nseen=\n"
        f"for i in $(seq {tries}); do\n"
        "  if echo 1 > ../power; then seen=$seen.; echo 0 > ../power; else seen=${seen}x; fi\n"
        "done 2> /dev/null\necho 0 > /proc/self/make-it-fail\necho 0 > probability\n"
        f'echo "seen decisions $seen"\n{_LEFT}\n{_gone(name)}',
    )


def _rule(draw: Draw) -> str:
    """A rule of a disk, or nearly one; none that is left to chance."""
    keys = [f"op={draw.one(('READ', 'READ', 'READ', 'WRITE', 'FLUSH', 'read', ''))}"]
    keys.append(f"status={draw.one((*_STATUSES, *_STATUSES, 'OK', 'EIO', ''))}")
    if draw.chance(60):
        keys.append(f"start={draw.one(('0', '8', '16', '0x18', '40', '-1', 'x'))}")
    if draw.chance(60):
        keys.append(
            f"nr_sectors={draw.one(('1', '8', '16', '1', '64', '0', '18446744073709551615'))}"
        )
    if draw.chance(25):
        keys.append(f"chance={draw.one(('1', '1', '0', '-1'))}")
    if draw.chance(15):
        keys.pop(draw.between(0, len(keys) - 1))
    return ",".join((draw.one(("add",) * 12 + ("del", "", "add,add")), *keys)) + draw.one(
        ("", "\\n")
    )


def _rules(draw: Draw, number: int, _version: KernelVersion) -> Made:
    """Rules are taken or refused; the newest that a read touches decides about it."""
    name = f"rule{number}"
    rules = [_rule(draw) for _ in range(draw.between(2, 6))]
    if draw.chance(20):
        rules.insert(draw.between(0, len(rules)), "removeall")
    places = tuple(draw.between(0, 11) for _ in range(draw.between(4, 9)))
    puts = "".join(f"put error_injection {quoted(rule)}\n" for rule in rules)
    return Made(
        script=f"{PUT}{_disk(name)}cd /sys/kernel/debug/block/{name}\n{puts}"
        'echo "seen rules" $(cat error_injection)\n'
        f"{errnos(f'/dev/{name}', 4096, places)}"
        f"put error_injection removeall\n{_gone(name)}",
        settings=len(rules) + 1,
    )


def families() -> tuple[Family, ...]:
    """The block layer's three, and null_blk's three."""
    rules = Family(
        name="rules", capability="blk_error_injection", group="null-blk", share=4, make=_rules,
        devices=("nullb0",), since="7.3",
    )  # fmt: skip
    return rules, *(
        Family(
            name=name, capability=capability, group="null-blk", share=share, make=make,
            devices=("nullb0",), since="6.8",
        )
        for name, capability, share, make in (
            ("bio", "fail_make_request", 7, _bio),
            ("completion", "fail_io_timeout", 2, _completion),
            ("null-blk-timeout", "null_blk_timeout", 2, _timeout),
            ("null-blk-requeue", "null_blk_requeue", 4, _requeue),
            ("null-blk-start", "null_blk_init_hctx", 5, _start),
        )
    )  # fmt: skip
