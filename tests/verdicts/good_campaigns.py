"""A table of good campaigns: workloads, faults and settings that really fire, with what must come out.

Each row is one step, written as its author would write it. What is expected is worked out from the
settings, never read off a run.
"""

from dataclasses import dataclass

MACHINE = """\
target:
  simulated:
    kernel: "6.12"
    devices:
      nvme0: {kind: nvme, namespaces: 1, size_mib: 64, partitions: 2}
      mmc0: {kind: mmc, size_mib: 16}
      nullb0: {kind: null_blk, size_mib: 16}
      sda: {kind: scsi_debug, size_mib: 16}
"""

ERRNOS = {
    "EOPNOTSUPP": (0x1, 0x2, 0xB),
    "EREMOTEIO": (0x21, 0x80, 0x82),
    "ENODATA": (0x280, 0x281, 0x287),
    "EILSEQ": (0x181, 0x282, 0x284),
}
"""NVMe statuses by errno: drivers/nvme/host/core.c:nvme_error_status(), block/blk-core.c."""

READ = "dd if=/dev/{disk} of=/dev/null bs={size} count=16 iflag=direct"
WRITE = "dd if=/dev/zero of=/dev/{disk} bs={size} count=16 oflag=direct"
LOOKS = "for i in 1 2 3 4 5 6 7 8 9; do test -d /etc || echo $i; done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    name: str
    inject: str
    run: str
    expect: str

    def text(self):
        return (
            f"campaign: {self.name}\nsummary: One of a hundred good campaigns.\nseed: 7\n{MACHINE}"
            f"steps:\n  step:\n    timeout: 300s\n    inject: {{{self.inject}}}\n"
            f"    run: {self.run}\n    expect: {{{self.expect}, kernel_log: no-oops}}\n"
        )


def nvme_statuses():
    """The N-th read of sixteen meets a status; `space` counts the commands before it."""
    for errno, statuses in ERRNOS.items():
        for at, status in enumerate(statuses):
            nth = (1, 5, 16)[at]
            yield Good(
                name=f"nvme-{status:x}-{nth}",
                inject=f"nvme: {{device: nvme0n1, status: {status:#x}, probability: 100,"
                f" space: {nth}, times: 1}}",
                run=READ.format(disk="nvme0n1", size="4k"),
                expect=f"exit: 1, errno: {errno}, injected: exactly 1,"
                f' stderr: "{nth - 1}+0 records in", outcome: right-errno',
            )


def nvme_retries():
    """One to five failures of one command are retried away; the seventh is never made."""
    for times in (1, 2, 3, 4, 5):
        yield Good(
            name=f"nvme-retries-{times}",
            inject="nvme: {device: nvme0n1, status: 0x6, dont_retry: false, probability: 100,"
            f" times: {times}}}",
            run=READ.format(disk="nvme0n1", size="4k"),
            expect=f"exit: 0, injected: exactly {times}, outcome: tolerated",
        )
    yield Good(
        name="nvme-retries-end",
        inject="nvme: {device: nvme0n1, status: 0x6, dont_retry: false, probability: 100, times: 9}",
        run=READ.format(disk="nvme0n1", size="4k"),
        expect="exit: 1, errno: EIO, injected: exactly 6, attributes: {nvme.times: 3}",
    )


def nvme_admin():
    """A passthrough command is told whatever the controller said."""
    for status in (0x1, 0x2, 0x6, 0x10B):
        yield Good(
            name=f"nvme-admin-{status:x}",
            inject=f"nvme: {{device: nvme0, status: {status:#x}, probability: 100, times: 1}}",
            run="nvme id-ctrl /dev/nvme0",
            expect="exit: nonzero, injected: exactly 1",
        )


def bios():
    """The N-th bio fails, read or written, of a disk or a partition, in sectors or more."""
    for disk in ("nvme0n1", "nvme0n1p2", "sda", "nullb0"):
        place = f"nvme0n1/{disk}" if "p" in disk else disk
        for size, nth in (("512", 3), ("4k", 7), ("64k", 1)):
            for what, line in (("read", READ), ("write", WRITE)):
                yield Good(
                    name=f"bio-{disk}-{what}-{size}",
                    inject=f"fail_make_request: {{disk: {place}, probability: 100,"
                    f" interval: {nth}, times: 1}}",
                    run=line.format(disk=disk, size=size),
                    expect=f'exit: 1, errno: EIO, injected: exactly 1, stderr: "{nth - 1}+0 records'
                    ' out", outcome: right-errno',
                )


def slabs():
    """Every K-th name that a shell looks up cannot be had, M times; exec's own is spent by space."""
    for interval, times in ((1, 1), (1, 4), (2, 1), (2, 3), (3, 2), (4, 2)):
        gone = "".join(f"{interval * nth}\\n" for nth in range(1, times + 1))
        yield Good(
            name=f"slab-{interval}-{times}",
            inject="failslab: {cache: names_cache, cache-filter: true, ignore-gfp-wait: false,"
            f" probability: 100, space: 4097, interval: {interval}, times: {times}}}",
            run=LOOKS,
            expect=f'stdout: {{equals: "{gone}"}}, injected: exactly {times}',
        )


def points():
    """The N-th fault point of a program, whatever it is."""
    for nth in range(1, 7):
        yield Good(
            name=f"nth-{nth}",
            inject=f"fail-nth: {{nth: {nth}}}",
            run="[cat, /proc/version]",
            expect="injected: exactly 1",
        )


def notifiers():
    """A refused operation is refused with the notifier's errno."""
    operations = {
        "pm_notifier": ("PM_SUSPEND_PREPARE", "echo mem > /sys/power/state", 1),
        "memory_notifier": (
            "MEM_GOING_OFFLINE",
            "echo offline > /sys/devices/system/memory/memory7/state",
            1,
        ),
        "netdev_notifier": ("NETDEV_PRECHANGEMTU", "ip link set eth0 mtu 1024", 2),
    }
    for chain, (event, line, status) in operations.items():
        for errno in ("ENOMEM", "EBUSY", "EINVAL", "EIO"):
            yield Good(
                name=f"{chain.replace('_', '-')}-{errno.lower()}",
                inject=f"{chain}: {{event: {event}, error: -{errno}}}",
                run=line,
                expect=f"exit: {status}, errno: {errno}, injected: exactly 1, outcome: right-errno",
            )


def functions():
    """A system call returns what it is given, and its caller says so."""
    calls = {"unlinkat": "touch /tmp/a; rm /tmp/a", "mkdir": "mkdir /tmp/a"}
    for call, line in calls.items():
        for value, errno in ((-30, "EROFS"), (-28, "ENOSPC"), (-13, "EACCES"), (-5, "EIO")):
            yield Good(
                name=f"function-{call}-{errno.lower()}",
                inject=f"fail_function: {{function: __x64_sys_{call}, retval: {value},"
                " probability: 100, times: 1}",
                run=line,
                expect=f"exit: 1, errno: {errno}, injected: exactly 1",
            )


def futexes():
    """The third check of a requeue is the requeue's own; the second of a PI lock is EDEADLK."""
    yield Good(
        name="futex-requeue",
        inject="fail_futex: {probability: 100, space: 3, times: 1}",
        run="perf bench futex requeue -t 2 -q 1",
        expect="exit: 1, errno: EFAULT, injected: exactly 1, outcome: right-errno",
    )
    yield Good(
        name="futex-lock-pi",
        inject="fail_futex: {probability: 100, space: 3, times: 1}",
        run="perf bench futex lock-pi -t 1 -r 1",
        expect="exit: 0, errno: EDEADLK, injected: exactly 1",
    )
    for check in (2, 4):
        yield Good(
            name=f"futex-retried-{check}",
            inject=f"fail_futex: {{probability: 100, space: {check}, times: 1}}",
            run="perf bench futex lock-pi -t 1 -r 1",
            expect='exit: 0, stderr: {equals: ""}, injected: exactly 1, outcome: tolerated',
        )


def cards():
    """Up to three data errors of one sector are retried away."""
    for times in (1, 2, 3):
        yield Good(
            name=f"mmc-{times}",
            inject=f"fail_mmc_request: {{host: mmc0, probability: 100, times: {times}}}",
            run="dd if=/dev/mmcblk0 of=/dev/null bs=512 count=1 iflag=direct",
            expect=f"exit: 0, injected: exactly {times}, outcome: tolerated",
        )


def lost_completions():
    """What becomes of a lost completion is the driver's affair, and takes its time."""
    yield Good(
        name="timeout-nvme",
        inject="fail_io_timeout: {disk: nvme0n1, probability: 100, times: 1}",
        run="dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct",
        expect="exit: 0, injected: exactly 1, duration: {over: 60s, under: 61s}, outcome: tolerated",
    )
    yield Good(
        name="timeout-null-blk",
        inject="fail_io_timeout: {disk: nullb0, probability: 100, times: 1}",
        run="dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct",
        expect="exit: 1, errno: ETIMEDOUT, injected: exactly 1, duration: {over: 5s, under: 6s}",
    )
    for times in (1, 2):
        yield Good(
            name=f"null-blk-requeue-{times}",
            inject=f"null_blk_requeue: {{disk: nullb0, probability: 100, times: {times}}}",
            run="dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct",
            expect=f"exit: 0, injected: exactly {times}, outcome: tolerated",
        )


def modules():
    """A failing init function is ENOMEM, and nothing of the module stays."""
    for module in ("dummy", "brd", "zram", "null_blk", "btrfs", "ext4"):
        yield Good(
            name=f"module-{module.replace('_', '-')}",
            inject="failslab: {ignore-gfp-wait: false, probability: 100, times: 1,"
            " require: {function: do_one_initcall}}",
            run=f"modprobe {module}",
            expect="exit: 1, errno: ENOMEM, injected: exactly 1, outcome: right-errno",
        )


def connections():
    """Requests are sent again when a connection breaks, and files are what they were."""
    mount = "mkdir -p /srv/nfs /mnt && exportfs -o rw localhost:/srv/nfs && mount -t nfs localhost:/srv/nfs /mnt"
    for times in (1, 2, 3, 4):
        yield Good(
            name=f"nfs-{times}",
            inject=f"fail_sunrpc: {{probability: 100, times: {times}, task-filter: false,"
            " ignore-client-disconnect: true, ignore-cache-wait: true}",
            run=f"{mount} && echo hello > /mnt/a && cat /srv/nfs/a",
            expect=f'exit: 0, stdout: {{equals: "hello\\n"}}, injected: exactly {times},'
            " outcome: tolerated",
        )


def chances():
    """One check in ten or four of 1000, give or take five standard deviations."""
    for percent, least, most in ((10, 53, 147), (25, 182, 318)):
        yield Good(
            name=f"chance-{percent}",
            inject=f"failslab: {{cache: names_cache, cache-filter: true, ignore-gfp-wait: false,"
            f" probability: {percent}, space: 4097, times: -1, verbose: 0}}",
            run="n=0; while [ $n -lt 1000 ]; do test -d /etc; n=$((n + 1)); done",
            expect=f"exit: 0, injected: {{at_least: {least}, at_most: {most}}}",
        )


FAMILIES = (
    nvme_statuses, nvme_retries, nvme_admin, bios, slabs, points, notifiers, functions, futexes,
    cards, lost_completions, modules, connections, chances,
)  # fmt: skip

GOOD = {good.name: good for family in FAMILIES for good in family()}
