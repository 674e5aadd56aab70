"""What differs between the five kernels, fact by fact, as a simulated machine shows it.

Each row is one fact: how it is looked at, and what each kernel answers.
"""

import pytest

from data.sim_machine import machine, run
from faultrun.kernel.control_file import show
from faultrun.kernel.fault_attr import FaultAttr, stack_allows
from faultrun.kernel.setup_string import read
from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.model.campaign import TargetSpec
from faultrun.model.capability import AttrKind
from faultrun.simkernel.kernel import SimKernel
from faultrun.targets.simulated import SimulatedTarget

DEBUG = "/sys/kernel/debug"
DISK = f"{DEBUG}/nvme0n1/fault_inject"
READ = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct"


def bare(version):
    return SimKernel(version=KernelVersion.parse(version), seed=1, name="m", devices=())


def told(version, script):
    """What a script prints, on a machine with one NVMe disk."""
    return run(machine(version), script).stdout.strip()


def nvme_error(version, status, what):
    """The log of a direct read that got this status, without DNR."""
    script = (
        f"echo {status} > {DISK}/status; echo N > {DISK}/dont_retry; echo 0 > {DISK}/verbose\n"
        f"echo 9 > {DISK}/times; echo 100 > {DISK}/probability\n{READ}\necho $(cat {DISK}/times)\n"
        f"dmesg | grep -o '{what}'"
    )
    done = run(machine(version), script)
    return done.stderr.splitlines()[0].rsplit(": ", 1)[-1], *done.stdout.split("\n")[:-1]


def a_stack_that_does_not_match(version):
    """Space and count after six checks of which the required range allowed none."""
    attr = bare(version).fault("failslab")
    attr.core.probability, attr.core.times = 100, -1
    attr.core.space, attr.core.interval = 3, 2
    attr.core.require_start, attr.core.require_end = 1, 2
    task = bare(version).tasks.spawn("t")
    assert not any(attr.should_fail(1, task, ("vfs_read",)) for _ in range(6))
    return attr.core.space, attr.core.count


def fail_nth_and_a_stack_that_does_not_match(version):
    """What is left of fail-nth 2 after one check that the stack filter refused."""
    kernel = bare(version)
    attr, task = kernel.fault("failslab"), kernel.tasks.spawn("t")
    attr.core.require_start, attr.core.require_end = 1, 2
    task.fail_nth = 2
    assert not attr.should_fail(1, task, ("vfs_read",))
    return task.fail_nth


def default_ranges_walk(version):
    walked = []
    early = KernelVersion.parse(version).has("6.8", None)
    assert stack_allows(FaultAttr(), lambda: walked.append(1) or (), stack_first=early)
    return bool(walked)


def slab_mark(version):
    mark = "/sys/kernel/slab/kmalloc-64/failslab"
    return told(version, f"{{ echo 1 > {mark}; }} 2>/dev/null; cat {mark}")


def one_letter(version, letter):
    file = f"{DEBUG}/failslab/task-filter"
    old = "N" if letter == "e" else "Y"
    return told(version, f"echo {old} > {file}; echo {letter} > {file}; cat {file}")


def trace_header(version):
    script = f"echo 1 > {DISK}/times; echo 100 > {DISK}/probability; {READ} 2>/dev/null; dmesg | grep CPU:"
    return " UID: 0 " in told(version, script)


def since(version, old, new):
    """``old`` before a version, ``new`` from it on."""
    at = KNOWN.index(version)
    return {name: old if KNOWN.index(name) < at else new for name in KNOWN}


ROWS = {
    "stack check: what a refused check spends": (
        a_stack_that_does_not_match, since("6.8", (1, 4), (3, 0)),
    ),
    "stack check: before a pending fail-nth is counted": (
        fail_nth_and_a_stack_that_does_not_match, since("6.8", 1, 2),
    ),
    "stack filter can be built on x86_64": (
        lambda v: told(v, f"test -e {DEBUG}/failslab/require-start; echo $?"),
        since("6.8", "1", "0"),
    ),
    "default ranges walk the stack": (default_ranges_walk, since("6.8", True, False)),
    "require and reject read back": (
        lambda v: show(AttrKind.XUL, 2**64 - 1, KernelVersion.parse(v)),
        since("6.8", "18446744073709551615", "0xffffffffffffffff"),
    ),
    "a range as a file shows it": (
        lambda v: told(v, f"cat {DEBUG}/failslab/reject-start 2>/dev/null"),
        since("6.8", "", "0x0000000000000000"),
    ),
    "bool e": (lambda v: one_letter(v, "e"), since("6.19", "N", "Y")),
    "bool d": (lambda v: one_letter(v, "d"), since("6.19", "Y", "N")),
    "failslab mark of a cache": (slab_mark, since("6.8", "0", "1")),
    "NVMe opcode filter": (
        lambda v: told(v, f"cat {DISK}/opcode 2>/dev/null"), since("7.3", "", "0xffff"),
    ),
    # Built without NVMe authentication both orders complete the request at once.
    "NVMe AUTH_REQUIRED": (
        lambda v: nvme_error(v, "0x191", "I/O error"),
        since("6.12", *[("Input/output error", "8", "I/O error")] * 2),
    ),
    "status 0x183": (
        lambda v: nvme_error(v, "0x183", "[a-zI/O ]* error, dev"),
        since(
            "6.12",
            ("Operation not supported", "3", " operation not supported error, dev"),
            ("Input/output error", "3", " I/O error, dev"),
        ),
    ),
    "words of status 0x183": (
        lambda v: nvme_error(v, "0x183", "blocks, .* (sct")[2],
        since(
            "6.19",
            "blocks, ONCS Not Supported (sct",
            "blocks, Command Size Limits Exceeded (sct",
        ),
    ),
    "reservation conflict": (
        lambda v: nvme_error(v, "0x83", "[a-z ]* error, dev"),
        since(
            "6.8",
            ("Invalid exchange", "3", " critical nexus error, dev"),
            ("Invalid exchange", "3", " reservation conflict error, dev"),
        ),
    ),
    "opting in to the log of passthrough errors": (
        lambda v: told(v, "cat /sys/class/nvme/nvme0/passthru_err_log_enabled 2>/dev/null"),
        since("6.8", "", "off"),
    ),
    "UID in the header of a trace": (trace_header, since("6.12", False, True)),
    "setup string overflow": (
        lambda v: read("99999999999999999999,1,0,1", KernelVersion.parse(v)).setup.interval,
        since("7.3", 7766279631452241919, 2**64 - 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", KNOWN)
@pytest.mark.parametrize("fact", ROWS)
def test_a_fact(fact, version):
    look, expected = ROWS[fact]
    assert look(version) == expected[version]


@pytest.mark.parametrize("version", [*KNOWN, "6.1.192", "6.12.95", "7.3.4"])
def test_every_version_boots(version):
    target = SimulatedTarget(TargetSpec(kernel=version), seed=1)
    assert run(target, "uname -r; cat /proc/sys/kernel/osrelease").stdout.split() == [version] * 2


def test_versions_are_ordered_as_numbers():
    parsed = [KernelVersion.parse(text) for text in KNOWN]
    assert parsed == sorted(parsed)
    assert KernelVersion.parse("6.12.95-amd64 #1").has("6.12", "6.19")
    assert not KernelVersion.parse("6.8.0").has("6.12", None)
    assert KernelVersion.parse("6.1.192").has(None, "6.8")
    assert KernelVersion.parse("10.0").has("7.3", None)
    assert not KernelVersion.parse("6.19").has("6.8", "6.19")
    for wrong in ("", "6", "six", "v6.1"):
        with pytest.raises(ValueError, match="is not a kernel version"):
            KernelVersion.parse(wrong)


def test_a_version_is_known_between_the_oldest_and_the_newest():
    known = [*KNOWN, "6.1.192", "6.5", "7.0", "7.3.4"]
    assert [text for text in known if not KernelVersion.known(text)] == []
    assert [text for text in ("5.15", "6.0.19", "7.4", "10.1") if KernelVersion.known(text)] == []
