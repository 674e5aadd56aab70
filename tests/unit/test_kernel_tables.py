"""Tables about Linux: errno texts, oops patterns, lost data, bystanders, log parsing."""

import errno
import os

import pytest

from faultrun.capabilities.errnos import right_errnos
from faultrun.kernel.bystanders import bystander
from faultrun.kernel.errno import ALIASES, BY_NAME, message_of, number_of, reported
from faultrun.kernel.log import injections, parse_console
from faultrun.kernel.loss import first_loss
from faultrun.kernel.nvme_status import status_of
from faultrun.kernel.oops import first_oops, kind_of
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Injection, Setting
from faultrun.model.mark import NOWHERE
from faultrun.model.target import LogLine


def test_errnos_are_this_systems():
    for name, entry in BY_NAME.items():
        assert getattr(errno, name) == entry.number
        assert os.strerror(entry.number) == entry.message
    for alias, name in ALIASES.items():
        assert getattr(errno, alias) == getattr(errno, name)
    assert number_of("EWOULDBLOCK") == 11
    assert message_of("EIO") == "Input/output error"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("dd: error reading '/dev/sda': Input/output error\n", ("EIO",)),
        ("cp: No such device or address", ("ENXIO",)),
        ("mount: no such device.", ("ENODEV",)),
        ("a: Cannot allocate memory; b: Input/output error", ("ENOMEM", "EIO")),
        ("Input/output errors everywhere", ()),
        ("", ()),
        ("all is well", ()),
    ],
)
def test_reported(text, names):
    assert reported(text) == names


@pytest.mark.parametrize(
    ("text", "fate"),
    [
        ("Kernel panic - not syncing: dumptest", "panic"),
        ("kernel BUG at drivers/misc/lkdtm/bugs.c:105!", "task-killed"),
        ("Oops: invalid opcode: 0000 [#1] SMP", "task-killed"),
        ("BUG: kernel NULL pointer dereference, address: 0000000000000000", "task-killed"),
        (
            "WARNING: CPU: 0 PID: 70 at drivers/misc/lkdtm/bugs.c:112 lkdtm_WARNING+0x15/0x19",
            "warning",
        ),
        (
            "WARNING: drivers/misc/lkdtm/bugs.c:112 at lkdtm_WARNING+0x15/0x19, CPU#0: sh/70",
            "warning",
        ),
        ("WARNING: at cleanup_srcu_struct+0x1f/0x40, CPU#1: modprobe/88", "warning"),
        ("Unable to handle kernel NULL pointer dereference at virtual address 08", "task-killed"),
        ("Internal error: Oops - BUG: 00000000f2000800 [#1] SMP", "task-killed"),
        ("BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 43s!", "hang"),
        ("WARNING: bad unlock balance detected!", "warning"),
        ("WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected", "warning"),
        ("cp/93 still has locks held!", "warning"),
        ("VFS: Busy inodes after unmount of nvme0n1 (ext4)", "warning"),
        ("sysfs: cannot create duplicate filename '/devices/virtual/nvme'", "warning"),
        ("BUG: TASK stack guard page was hit at 000000008d17f934", "panic"),
        ("BUG: unable to handle page fault for address: ffffffffffffffff", "task-killed"),
        ("INFO: task cp:93 blocked for more than 120 seconds.", "hang"),
        ("watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [sh:70]", "hang"),
        ("rcu: INFO: rcu_sched self-detected stall on CPU", "hang"),
        ("WARNING: possible circular locking dependency detected", "warning"),
        ("BUG: KASAN: slab-use-after-free in foo+0x1/0x2", "warning"),
        ("kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)", "warning"),
    ],
)
def test_oops(text, fate):
    assert kind_of(text).fate == fate
    assert first_oops([LogLine(t_ns=0, level=6, text="calm"), LogLine(t_ns=1, level=4, text=text)])


@pytest.mark.parametrize(
    "text",
    [
        "FAULT_INJECTION: forcing a failure.\nname failslab, interval 1, probability 100, space 0, times 1",
        "nvme nvme0: resetting controller",
        "EXT4-fs error (device nvme0n1): __ext4_find_entry:1615: inode #2: comm cp: reading directory",
        "critical medium error, dev nvme0n1, sector 0 op 0x0:(READ) flags 0x800 phys_seg 1 prio class 2",
        "Warning message trigger count: 2",
        "debug: BUGGY device ignored",
        "INFO: lockdep is turned off.",
        "nvme nvme0: Device not ready; aborting reset, CSTS=0x1",
        "systemd[1]: WARNING: unit at rest",
        "nvme0n1: Read(0x2) @ LBA 0, 8 blocks, Internal Error (sct 0x0 / sc 0x6) DNR ",
    ],
)
def test_no_oops(text):
    assert first_oops([LogLine(t_ns=0, level=5, text=text)]) == ""


def test_loss():
    lost = (
        "EXT4-fs (nvme0n1): failed to convert unwritten extents -- potential data loss!  (inode 13)"
    )
    assert first_loss([LogLine(t_ns=0, level=3, text=lost)]) == lost
    read = "Buffer I/O error on dev sda, logical block 0, async page read"
    assert first_loss([LogLine(t_ns=0, level=3, text=read)]) == ""
    written = "Buffer I/O error on dev sda, logical block 0, lost async page write"
    assert first_loss([LogLine(t_ns=0, level=3, text=written)]) == written


def test_bystanders():
    assert bystander(("kmem_cache_alloc", "create_object", "kmemleak_alloc")) == "kmemleak"
    assert bystander(("kmem_cache_alloc", "ext4_mkdir")) == ""


CONSOLE = """\
[   17.665235] FAULT_INJECTION: forcing a failure.
               name fault_inject, interval 1, probability 100, space 0, times 1
[   17.665393] CPU: 0 UID: 0 PID: 94 Comm: cp Not tainted 6.12.95 #1 
[   17.665446] Call Trace:
[   17.665475]  <IRQ>
[   17.665505]  dump_stack_lvl+0x5d/0x6f
[   17.665656]  should_fail_ex+0x138/0x161
[   17.665656]  should_fail+0xf/0x11
[   17.665690]  nvme_should_fail+0x71/0x96
[   17.665731]  nvme_poll_cq+0x19e/0x2dc
[   17.665731]  ? tick_irq_enter+0xa8/0xc0
[   17.665770]  nvme_irq+0x2f/0x4d
[   17.666434]  </IRQ>
[   17.666067] RIP: 0010:handle_softirqs+0x6a/0x1ff
[   17.700000] nvme0n1: Write(0x1) @ LBA 18434, 2 blocks
"""  # noqa: W291  # the kernel prints that blank


def test_a_real_console_is_read():
    (found,) = injections(parse_console(CONSOLE))
    assert (found.name, found.times, found.comm, found.pid) == ("fault_inject", 1, "cp", 94)
    assert found.chain[:3] == ("nvme_should_fail", "nvme_poll_cq", "nvme_irq")
    assert "tick_irq_enter" not in found.chain
    assert found.t_ns == 17_665_235_000


UML = """\
<5>[    1.610000][   T44] FAULT_INJECTION: forcing a failure.
<5>[    1.610000][   T44] name failslab, interval 1, probability 100, space 0, times -1
<4>[    1.610000] CPU: 0 UID: 0 PID: 44 Comm: a b (c) Tainted: G        W          6.12.95 #1
<4>[    1.610000] Tainted: [W]=WARN
<4>[    1.610000] Stack:
<4>[    1.610000]  60c8fa10 60454bb4 00000000 600293d4
<4>[    1.610000]  60c8fa40 6045a4c8
<4>[    1.610000] Call Trace:
<4>[    1.610000]  [<60031d6f>] show_stack+0x12a/0x138
<4>[    1.610000]  [<6045a4c8>] dump_stack_lvl+0x5d/0x6f
<4>[    1.610000]  [<602c2a3b>] ? should_fail_ex.part.0+0x10/0x20
<4>[    1.610000]  [<602c2a3b>] should_fail_ex+0x138/0x161
<4>[    1.610000]  [<600f1e3b>] kmem_cache_alloc.isra.0+0x71/0x96
<4>[    1.610000]  [<600f1e3b>] ? hard_handler+0x0/0x80
<4>[    1.610000]  [<60100e3b>] getname_flags+0x2f/0x4d
"""


def test_user_mode_linux_prints_addresses_and_its_stack():
    (found,) = injections(parse_console(UML))
    assert (found.comm, found.pid, found.times) == ("a b (c)", 44, -1)
    assert found.chain == ("kmem_cache_alloc", "getname_flags")


def test_size_limit_replaces_oncs():
    texts = {
        version: (
            status_of(0x4183, KernelVersion.parse(version)).text,
            status_of(0x183, KernelVersion.parse(version)).blk_status,
        )
        for version in ("6.8", "6.12", "6.19")
    }
    assert texts == {
        "6.8": ("ONCS Not Supported", "NOTSUPP"),
        "6.12": ("ONCS Not Supported", "IOERR"),
        "6.19": ("Command Size Limits Exceeded", "IOERR"),
    }


def nvme(status):
    settings = () if status is None else (Setting(name="status", value=status, mark=NOWHERE),)
    return Injection(capability="nvme", where=(), settings=settings, mark=NOWHERE)


@pytest.mark.parametrize(
    ("status", "errno_name"),
    [(None, "EOPNOTSUPP"), (0x281, "ENODATA"), (0x81, "ENOSPC"), (6, "EIO")],
)
def test_the_right_errno_of_a_status(status, errno_name):
    assert right_errnos(nvme(status), "6.12")[0] == errno_name
    assert "EIO" in right_errnos(nvme(status), "6.12")
