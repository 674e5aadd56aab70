"""Disks that fail by sector or by command: NVMe, scsi_debug, dm-dust."""

from faultrun.agree.draw import Draw
from faultrun.agree.made import Family, Made
from faultrun.agree.shell import ARM, errnos, pairs
from faultrun.agree.values import settings
from faultrun.kernel.nvme_status import STATUSES
from faultrun.kernel.version import KernelVersion

_NVME = "/sys/kernel/debug/nvme0n1/fault_inject"


def _nvme(draw: Draw, _number: int, version: KernelVersion) -> Made:
    """A command completes where no task is, so that no filter works; each attempt is a check."""
    status = draw.one(STATUSES).value if draw.chance(80) else draw.between(0, 0x7FF)
    final = draw.chance(60)
    chosen = dict(settings(draw, (1,), most=8, marked=False))
    # A caller's range needs a caller: how a transport completes is not the same everywhere.
    chosen |= {"require-start": "0", "reject-end": "0", "reject-start": "0"}
    chosen |= {"require-end": "18446744073709551615"}
    extra = [("status", f"0x{status:x}"), ("dont_retry", "Y" if final else "N")]
    if version.has("7.3", None):
        extra.append(("opcode", draw.one(("0xffff", "0xffff", "0x02", "0x01"))))
    reads = draw.between(3, 9)
    return Made(
        script=f"{ARM}cd {_NVME}\narm probability=0 {pairs((*extra, *chosen.items()))}\n"
        f"{errnos('/dev/nvme0n1', 4096, tuple(range(reads)))}"
        'echo 0 > probability\necho "seen left $(cat times) $(cat space)"\n',
    )


def _medium(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    """What a read touches of the bad sectors decides, and nothing else."""
    start, count = draw.between(0, 60), draw.between(1, 12)
    places = tuple(draw.between(0, 9) for _ in range(draw.between(4, 10)))
    return Made(
        script=errnos("/dev/sda", 4096, places),
        inject=f"scsi_debug: {{opts: 0x2, medium_error_start: {start}, medium_error_count: {count}}}",
    )


def _unit(draw: Draw, _number: int, _version: KernelVersion) -> Made:
    """A unit's own error: so many times or for ever, for one command or for all."""
    sense = draw.one(("2 3 11 0", "2 5 24 0", "2 b 44 0", "2 4 44 0", "2 7 27 0", "2 8 0 0"))
    command = draw.one(("28", "28", "2a"))
    times = draw.one((-1, -2, -3, 1))
    return Made(
        script=errnos("/dev/sda", 4096, tuple(range(draw.between(3, 7)))),
        inject=f'scsi_debug_error: {{unit: "0:0:0:0", type: "2", command: "{command} 0 0 {sense}",'
        f" error: {times}}}",
    )


def _dust(draw: Draw, number: int, _version: KernelVersion) -> Made:
    name = f"dust{number}"
    bad = sorted({draw.between(0, 15) for _ in range(draw.between(1, 6))})
    # Where no udev makes device nodes, dmsetup does.
    lines = ["export DM_DISABLE_UDEV=1"]
    lines += [f'dmsetup create {name} --table "0 2048 dust /dev/nullb0 0 4096"']
    lines += [f"dmsetup message {name} 0 addbadblock {block}" for block in bad]
    if draw.chance(30):
        lines.append(f"dmsetup message {name} 0 removebadblock {draw.one(bad)}")
    if draw.chance(80):
        lines.append(f"dmsetup message {name} 0 enable")
    places = tuple(draw.between(0, 15) for _ in range(draw.between(4, 10)))
    write = draw.one(bad)
    lines.append(
        f"dd if=/dev/zero of=/dev/mapper/{name} bs=4096 seek={write} count=1 oflag=direct"
        " status=none"
    )
    # Writing a block heals it.
    return Made(
        script="{\n"
        + "\n".join(lines[:-1])
        + "\n} > /dev/null\n"
        + errnos(f"/dev/mapper/{name}", 4096, places)
        + lines[-1]
        + "\n"
        + errnos(f"/dev/mapper/{name}", 4096, (write,))
        + f"dmsetup remove {name}\n",
    )


def families() -> tuple[Family, ...]:
    """One for each kind of disk that has faults of its own."""
    return (
        Family(name="nvme", capability="nvme", group="nvme", share=7, make=_nvme,
               devices=("nvme0",)),
        Family(name="medium", capability="scsi_debug", group="scsi", share=4, make=_medium,
               devices=("sda",)),
        Family(name="unit", capability="scsi_debug_error", group="scsi", share=3, make=_unit,
               devices=("sda",), since="6.8"),
        Family(name="dust", capability="dm_dust", group="dust", share=3, make=_dust,
               devices=("nullb0",)),
    )  # fmt: skip
