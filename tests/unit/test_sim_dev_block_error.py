"""A disk's error_injection file (7.3): what it takes, what it shows, and which bios meet a rule."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sim_machine import machine, run
from faultrun.kernel.blk_op import OPS
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.devices.block_error import ErrorRules
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno

FILE = "/sys/kernel/debug/block/nvme0n1/error_injection"
U64 = 2**64 - 1


def kernel(seed=1):
    return SimKernel(version=KernelVersion.parse("7.3"), seed=seed, name="m", devices=())


def rules():
    return ErrorRules(kernel(), "sda")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("add,op=READ,status=IOERR", f"0:{U64} op=READ,status=IOERR,chance=1"),
        ("add,op=WRITE,status=NOSPC,start=8", f"8:{U64} op=WRITE,status=NOSPC,chance=1"),
        (
            "status=MEDIUM,nr_sectors=8,start=0x10,op=READ,add,chance=010",
            "16:23 op=READ,status=MEDIUM,chance=8",
        ),
        ("add,,op=DISCARD,\nstatus=AGAIN\n", f"0:{U64} op=DISCARD,status=AGAIN,chance=1"),
        (
            f"add,op=READ,status=IOERR,start={U64 - 1},nr_sectors=1",
            f"{U64 - 1}:{U64 - 1} op=READ,status=IOERR,chance=1",
        ),
        ("add,op=READ,op=WRITE,status=IOERR", f"0:{U64} op=WRITE,status=IOERR,chance=1"),
    ],
)
def test_what_is_taken_reads_back(text, line):
    made = rules()
    made.write(text, None)
    assert made.read(None) == line + "\n"


@pytest.mark.parametrize(
    ("text", "errno"),
    [
        ("", "EINVAL"),
        ("add", "EINVAL"),
        ("add,op=READ", "EINVAL"),
        ("add,status=IOERR", "EINVAL"),
        ("op=READ,status=IOERR", "EINVAL"),
        ("add,op=read,status=IOERR", "EINVAL"),
        ("add,op=READ,status=ioerr", "EINVAL"),
        ("add,op=READ,status=OK", "EINVAL"),
        ("add,op=READ,status=NEXUS", "EINVAL"),
        ("add,op=READ,status=IOERR,chance=0", "EINVAL"),
        ("add,op=READ,status=IOERR,chance=4294967296", "ERANGE"),
        ("add,op=READ,status=IOERR,start=18446744073709551616", "ERANGE"),
        (f"add,op=READ,status=IOERR,start={U64},nr_sectors=1", "EINVAL"),
        ("add,op=READ,status=IOERR,start=-1", "EINVAL"),
        ("add,op=READ,status=IOERR,start=", "EINVAL"),
        ("add,op=READ,status=IOERR,start=1x", "EINVAL"),
        ("add,op=READ,status=IOERR,size=1", "EINVAL"),
        ("add,add,op=READ,status=IOERR", "EINVAL"),
        ("add,removeall", "EINVAL"),
        ("removeall,op=READ", "EINVAL"),
        ("removeall,removeall", "EINVAL"),
    ],
)
def test_what_is_refused_changes_nothing(text, errno):
    made = rules()
    made.write("add,op=READ,status=IOERR", None)
    before = made.read(None)
    with pytest.raises(SimErrno) as refused:
        made.write(text, None)
    assert refused.value.name == errno
    assert made.read(None) == before


def test_removeall_removes_all():
    made = rules()
    for status in ("IOERR", "MEDIUM", "TARGET"):
        made.write(f"add,op=READ,status={status}", None)
    assert [line.split("status=")[1].split(",")[0] for line in made.read(None).splitlines()] == [
        "TARGET", "MEDIUM", "IOERR",
    ]  # fmt: skip
    made.write("removeall\n", None)
    assert made.read(None) == ""


RULE = st.tuples(
    st.sampled_from(OPS[:4]),
    st.sampled_from(("IOERR", "MEDIUM", "NOSPC", "TARGET")),
    st.integers(0, 40),
    st.integers(0, 20),
)
BIO = st.tuples(st.sampled_from(OPS[:4]), st.integers(0, 60), st.integers(0, 16))


@settings(print_blob=True)
@given(st.lists(RULE, max_size=6), st.lists(BIO, min_size=1, max_size=8))
def test_the_newest_rule_that_overlaps_counts(given_rules, bios):
    machine_kernel = kernel()
    made = ErrorRules(machine_kernel, "sda")
    for op, status, start, count in given_rules:
        made.write(f"add,op={op},status={status},start={start},nr_sectors={count}", None)
    task = machine_kernel.tasks.spawn("dd")
    for op, sector, sectors in bios:
        touched = set(range(sector, sector + sectors))
        wanted = ""
        for rule_op, status, start, count in given_rules:
            bad = set(range(start, start + count)) if count else set(range(start, 200))
            if op == rule_op and touched & bad:
                wanted = status
        assert made.status(op, sector, sectors, task) == wanted


@given(st.integers(2, 20), st.integers(0, 2**32))
def test_one_in_so_many_is_hit(chance, seed):
    machine_kernel = kernel(seed)
    made = ErrorRules(machine_kernel, "sda")
    made.write(f"add,op=READ,status=IOERR,chance={chance}", None)
    task = machine_kernel.tasks.spawn("dd")
    tries = 400
    hits = sum(made.status("READ", 0, 8, task) == "IOERR" for _ in range(tries))
    # Six standard deviations of a binomial distribution.
    mean, spread = tries / chance, (tries / chance * (1 - 1 / chance)) ** 0.5
    assert abs(hits - mean) < 6 * spread + 1


def test_only_ten_lines_in_five_seconds():
    target = machine("7.3")
    script = f"echo add,op=READ,status=IOERR > {FILE}; for n in $(seq 14); do"
    script += " dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null; done"
    run(target, f"{script}; sleep 6; dd if=/dev/nvme0n1 of=/dev/null count=1 iflag=direct")
    log = run(target, "dmesg -t").stdout
    assert log.count("injecting I/O error for READ") == 11
    assert "__blk_error_inject: 4 callbacks suppressed" in log


def test_rules_are_there_since_7_3_and_die_with_the_disk():
    for version in ("6.1", "6.19"):
        assert run(machine(version), f"test -e {FILE}").exit_code == 1
    target = machine("7.3")
    target.hold([FILE])
    target.write(FILE, b"add,op=READ,status=IOERR\n")
    run(target, "echo 1 > /sys/class/nvme/nvme0/device/remove")
    with pytest.raises(Exception, match="EIO"):
        target.read(FILE)


def test_a_bio_that_meets_a_rule_never_becomes_a_request():
    target = machine("7.3")
    done = run(
        target,
        f"echo add,op=READ,status=MEDIUM > {FILE}; cd /sys/kernel/debug/nvme0n1/fault_inject\n"
        "echo 5 > space; echo 100 > probability\n"
        "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct status=none; cat space",
    )
    assert "No data available" in done.stderr
    assert done.stdout == "5\n"


def test_fail_make_request_is_asked_first():
    target = machine("7.3")
    attr = "/sys/kernel/debug/fail_make_request"
    done = run(
        target,
        f"echo add,op=READ,status=MEDIUM > {FILE}; echo 1 > /sys/block/nvme0n1/make-it-fail\n"
        f"echo 100 > {attr}/probability\n"
        "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct",
    )
    assert "Input/output error" in done.stderr
    assert "injecting" not in run(target, "dmesg").stdout
