"""The simulated kernel's own files, hooks, tasks and log."""

import pytest

from faultrun.kernel.log import injections
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.hooks import KERNEL, USER, Gfp
from faultrun.simkernel.kernel import DEBUGFS, SimKernel
from faultrun.simkernel.log import RECORD_BYTES, RING_BYTES
from faultrun.simkernel.points import POINTS, Slab
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.slab_caches import CACHES
from faultrun.simkernel.tree import TextFile

SLAB = f"{DEBUGFS}/failslab"
COPY = f"{DEBUGFS}/fail_usercopy"


def kernel(version="6.12", name="m"):
    return SimKernel(version=KernelVersion.parse(version), seed=7, name=name, devices=())


def arm(machine, directory, **values):
    for name, value in values.items():
        machine.tree.write(f"{DEBUGFS}/{directory}/{name.replace('_', '-')}", f"{value}\n", None)


def refused(call, *args):
    with pytest.raises(SimErrno) as caught:
        call(*args)
    return caught.value.name


def test_every_file_has_its_default():
    tree = kernel().tree
    read = {name: tree.read(f"{SLAB}/{name}", None) for name in tree.list(SLAB)}
    assert read == {
        "cache-filter": "N\n",
        "ignore-gfp-wait": "Y\n",
        "interval": "1\n",
        "probability": "0\n",
        "reject-end": "0x0000000000000000\n",
        "reject-start": "0x0000000000000000\n",
        "require-end": "0xffffffffffffffff\n",
        "require-start": "0x0000000000000000\n",
        "space": "0\n",
        "stacktrace-depth": "32\n",
        "task-filter": "N\n",
        "times": "1\n",
        "verbose": "2\n",
        "verbose_ratelimit_burst": "10\n",
        "verbose_ratelimit_interval_ms": "0\n",
    }


def test_versions_differ_in_their_files():
    assert "require-start" not in kernel("6.1").tree.list(SLAB)
    assert "require-start" in kernel("6.8").tree.list(SLAB)
    old, new = kernel("6.12"), kernel("7.3")
    for machine in (old, new):
        machine.fault("nvme0/fault_inject")
    directory = f"{DEBUGFS}/nvme0/fault_inject"
    assert "opcode" not in old.tree.list(directory)
    assert new.tree.read(f"{directory}/opcode", None) == "0xffff\n"
    assert new.tree.read(f"{directory}/status", None) == "0x0001\n"
    assert new.tree.read(f"{directory}/dont_retry", None) == "Y\n"


def test_what_the_kernel_takes_without_a_word():
    tree = kernel().tree
    tree.write(f"{SLAB}/task-filter", "maybe\n", None)
    assert tree.read(f"{SLAB}/task-filter", None) == "N\n"
    tree.write(f"{SLAB}/stacktrace-depth", "99\n", None)
    assert tree.read(f"{SLAB}/stacktrace-depth", None) == "32\n"
    tree.write(f"{SLAB}/probability", "101\n", None)
    assert tree.read(f"{SLAB}/probability", None) == "101\n"
    assert refused(tree.write, f"{SLAB}/probability", "-1\n", None) == "EINVAL"
    assert refused(tree.read, f"{SLAB}/nonsense", None) == "ENOENT"
    assert refused(tree.list, "/sys/kernel/nonsense") == "ENOENT"


def test_filters_come_before_the_decision():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=-1)
    task = machine.tasks.spawn("cp")
    assert not machine.slab(task, 64, KERNEL)
    assert machine.slab(task, 64, Gfp.ATOMIC)
    assert not machine.slab(task, 64, Gfp.NOFAIL)
    arm(machine, "failslab", ignore_gfp_wait="N")
    assert machine.slab(task, 64, KERNEL)
    arm(machine, "failslab", cache_filter="Y")
    assert not machine.slab(task, 64, KERNEL, (), "dentry")
    arm(machine, "fail_page_alloc", probability=100, times=-1, ignore_gfp_wait="N")
    assert not machine.pages(task, 0, KERNEL)
    assert machine.pages(task, 1, KERNEL)
    assert not machine.pages(task, 1, USER)


def test_task_filter_and_inheritance():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=-1, ignore_gfp_wait="N", task_filter="Y")
    parent = machine.tasks.spawn("sh")
    assert not machine.slab(parent, 64, KERNEL)
    machine.tree.write(f"/proc/{parent.pid}/make-it-fail", "1\n", None)
    machine.tree.write(f"/proc/{parent.pid}/fail-nth", "5\n", None)
    child = machine.tasks.spawn("cp", parent)
    assert child.make_it_fail
    assert child.fail_nth == 0
    assert machine.slab(child, 64, KERNEL)
    assert not machine.slab(None, 64, Gfp.ATOMIC)


def test_fail_nth_counts_across_capabilities_and_shields():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=-1, ignore_gfp_wait="N")
    task = machine.tasks.spawn("t")
    machine.tree.write(f"/proc/{task.pid}/fail-nth", "3", None)
    assert not machine.slab(task, 64, KERNEL)
    assert not machine.usercopy(task)
    assert machine.slab(task, 64, KERNEL)
    assert machine.tree.read(f"/proc/{task.pid}/fail-nth", None) == "0\n"


def test_reading_fail_nth_back_is_a_fault_point_itself():
    """The count is formatted before it is copied out: read 1, and the copy fails with EFAULT."""
    machine = kernel()
    task = machine.tasks.spawn("t")
    handle = machine.tree.open(f"/proc/{task.pid}/fail-nth", task)
    handle.write("1\n", None)
    assert refused(handle.read, task) == "EFAULT"
    assert handle.read(task) == "0\n"


def test_proc_files_refuse_what_the_kernel_refuses():
    machine = kernel()
    task = machine.tasks.spawn("t")
    path = f"/proc/{task.pid}/make-it-fail"
    assert refused(machine.tree.write, path, "2\n", None) == "EINVAL"
    assert refused(machine.tree.write, path, "maybe\n", None) == "EINVAL"
    machine.tree.write(path, " 1 \n", None)
    assert machine.tree.read(path, None) == "1\n"
    nth = machine.tree.open(f"/proc/{task.pid}/fail-nth", None)
    assert refused(nth.write, " 1\n", None) == "EINVAL"
    assert refused(nth.write, "4294967296\n", None) == "ERANGE"
    machine.tasks.exit(task)
    assert refused(nth.read, None) == "ESRCH"


def test_disarming_is_a_victim_of_the_fault_but_a_held_handle_is_not():
    machine = kernel()
    runner = machine.tasks.spawn("faultrun")
    held = machine.tree.open(f"{SLAB}/probability", runner)
    arm(machine, "failslab", ignore_gfp_wait="N", times=-1)
    held.write("100\n", runner)
    for _ in range(50):
        assert refused(machine.tree.write, f"{SLAB}/probability", "0\n", runner) == "ENOMEM"
    held.write("0\n", runner)
    machine.tree.write(f"{SLAB}/probability", "0\n", runner)


def test_usercopy_at_full_rate_cannot_be_disarmed():
    machine = kernel()
    runner = machine.tasks.spawn("faultrun")
    held = machine.tree.open(f"{COPY}/probability", runner)
    arm(machine, "fail_usercopy", times=-1)
    held.write("100\n", runner)
    for _ in range(50):
        assert refused(held.write, "0\n", runner) == "EFAULT"


def test_log_of_an_injection_can_be_read_back():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=3, ignore_gfp_wait="N")
    task = machine.tasks.spawn("cp")
    machine.clock.advance(1_234_567_891)
    assert machine.slab(task, 64, KERNEL, ("kmem_cache_alloc_noprof", "getname_flags"))
    records, cursor, lost = machine.log.records(0)
    (found,) = injections(records)
    assert (found.name, found.interval, found.probability, found.space, found.times) == (
        "failslab", 1, 100, 0, 3,
    )  # fmt: skip
    assert (found.comm, found.pid) == ("cp", task.pid)
    assert found.chain == ("kmem_cache_alloc_noprof", "getname_flags")
    assert found.t_ns == 1_234_567_000
    assert lost == 0
    assert machine.log.records(cursor) == ((), cursor, 0)
    assert "UID: 0 PID" in records[1].text
    assert "UID" not in _header("6.8")


def _header(version):
    machine = kernel(version)
    arm(machine, "failslab", probability=100, ignore_gfp_wait="N")
    machine.slab(None, 64, KERNEL)
    return machine.log.records(0)[0][1].text


def test_silent_sites_spend_but_do_not_log():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=2, ignore_gfp_wait="N")
    assert machine.slab(None, 64, KERNEL | Gfp.NOWARN)
    assert machine.tree.read(f"{SLAB}/times", None) == "1\n"
    assert machine.log.records(0)[0] == ()


def test_verbosity_and_rate_limit():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=-1, ignore_gfp_wait="N", verbose=1)
    machine.slab(None, 64, KERNEL)
    assert len(machine.log.records(0)[0]) == 1
    tree = machine.tree
    tree.write(f"{SLAB}/verbose_ratelimit_interval_ms", "250\n", None)
    tree.write(f"{SLAB}/verbose_ratelimit_burst", "2\n", None)
    for _ in range(5):
        machine.slab(None, 64, KERNEL)
    assert len(machine.log.records(0)[0]) == 3
    # 250 jiffies at HZ=250 are a second, not 250 ms.
    machine.clock.advance(500_000_000)
    machine.slab(None, 64, KERNEL)
    assert len(machine.log.records(0)[0]) == 3
    machine.clock.advance(600_000_000)
    machine.slab(None, 64, KERNEL)
    texts = [record.text for record in machine.log.records(0)[0]]
    assert texts[3] == "fail_dump: 4 callbacks suppressed"


def test_the_ring_loses_the_oldest_and_says_so():
    machine = kernel()
    for number in range(RING_BYTES // (RECORD_BYTES + 8) + 100):
        machine.log.emit(6, f"{number:08d}")
    records, _cursor, lost = machine.log.records(0)
    assert lost >= 100
    assert records[0].text == f"{lost:08d}"


def test_a_directory_that_goes_away_under_an_open_handle():
    machine = kernel()
    machine.fault("nvme0/fault_inject")
    path = f"{DEBUGFS}/nvme0/fault_inject/probability"
    held = machine.tree.open(path, None)
    machine.drop_fault("nvme0/fault_inject")
    assert refused(held.read, None) == "EIO"
    assert refused(held.write, "0\n", None) == "EIO"
    assert refused(machine.tree.read, path, None) == "ENOENT"
    assert "nvme0" not in machine.tree.list(DEBUGFS)
    machine.fault("nvme0/fault_inject")
    assert machine.tree.read(path, None) == "0\n"


def test_checks_are_counted_in_order():
    machine = kernel()
    machine.forget_checks()
    arm(machine, "failslab", ignore_gfp_wait="N")
    machine.forget_checks()
    task = machine.tasks.spawn("t")
    for _ in range(3):
        machine.slab(task, 64, KERNEL, ("alloc_file",))
    machine.slab(task, 128, KERNEL, ("d_alloc",))
    (one, two) = machine.checks()[SLAB]
    assert (one.site, one.count, one.size, one.in_task) == ("alloc_file", 3, 64, True)
    assert (two.site, two.count, two.size) == ("d_alloc", 1, 128)


def test_stack_ranges_decide_by_caller():
    from faultrun.simkernel.symbols import address

    machine = kernel()
    arm(machine, "failslab", probability=100, times=-1, ignore_gfp_wait="N")
    start = address("nvme_reset_work")
    arm(machine, "failslab", require_start=hex(start), require_end=hex(start + 0x1000))
    assert not machine.slab(None, 64, KERNEL, ("kmalloc", "ext4_mkdir"))
    assert machine.slab(None, 64, KERNEL, ("kmalloc", "nvme_reset_work"))


def test_same_seed_and_name_same_draws():
    def draws(name):
        machine = kernel(name=name)
        arm(machine, "failslab", probability=50, times=-1, ignore_gfp_wait="N", verbose=0)
        return [machine.slab(None, 64, KERNEL) for _ in range(64)]

    assert draws("a") == draws("a")
    assert draws("a") != draws("b")


def test_marks_of_caches_let_one_cache_fail():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=-1, ignore_gfp_wait="N", cache_filter="Y")
    task, tree = machine.tasks.spawn("t"), machine.tree
    mark = "/sys/kernel/slab/dentry/failslab"
    assert tree.read(mark, None) == "0\n"
    assert not machine.slab(task, 192, KERNEL, (), "dentry")
    tree.write(mark, "1\n", None)
    assert tree.read(mark, None) == "1\n"
    assert machine.slab(task, 192, KERNEL, (), "dentry")
    assert not machine.slab(task, 256, KERNEL, (), "filp")
    assert not machine.slab(task, 192, KERNEL)
    tree.write(mark, "no\n", None)
    assert not machine.slab(task, 192, KERNEL, (), "dentry")
    assert "dentry" in tree.list("/sys/kernel/slab")
    assert tree.list("/sys/kernel/slab/dentry") == ("failslab",)
    assert refused(tree.read, "/sys/kernel/slab/nonsense/failslab", None) == "ENOENT"
    assert refused(kernel("6.1").tree.write, mark, "1\n", None) == "EACCES"


def test_every_cache_that_is_allocated_from_can_be_marked():
    used = {
        point.cache for points in POINTS.values() for point in points if isinstance(point, Slab)
    }
    assert used <= CACHES


def test_private_futexes_can_be_spared():
    machine = kernel()
    arm(machine, "fail_futex", probability=100, times=-1)
    task = machine.tasks.spawn("t")
    assert machine.futex(task, private=True)
    arm(machine, "fail_futex", ignore_private="Y")
    assert not machine.futex(task, private=True)
    assert machine.futex(task)


def test_completions_are_dropped_in_interrupt_context():
    machine = kernel()
    arm(machine, "fail_io_timeout", probability=100, times=2)
    assert machine.io_timeout(None)
    arm(machine, "fail_io_timeout", task_filter="Y")
    assert not machine.io_timeout(None)


def test_a_tasks_directory():
    machine = kernel()
    task = machine.tasks.spawn("t")
    path = f"/proc/{task.pid}"
    files = ("comm", "fail-nth", "make-it-fail")
    assert machine.tree.list(path) == (*files, "task")
    assert machine.tree.list(f"{path}/task") == (str(task.pid),)
    assert machine.tree.list(f"{path}/task/{task.pid}") == files
    machine.tree.write(f"{path}/task/{task.pid}/make-it-fail", "1", None)
    assert task.make_it_fail
    for wrong in (f"{path}/task/1/comm", "/proc/\xb2/comm", f"/proc/{'9' * 5000}/comm"):
        assert refused(machine.tree.read, wrong, None) == "ENOENT"
    assert refused(machine.tree.list, "/proc/\xb2") == "ENOENT"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("4294967296", "ERANGE"), ("99999999999999", "ERANGE"), ("2", "EINVAL"), ("-1", "EINVAL"),
        ("", "EINVAL"), ("\xb2", "EINVAL"), ("1 1", "EINVAL"), ("0x2", "EINVAL"),
    ],
)  # fmt: skip
def test_make_it_fail_refuses(text, name):
    machine = kernel()
    task = machine.tasks.spawn("t")
    path = f"/proc/{task.pid}/make-it-fail"
    assert refused(machine.tree.write, path, text, None) == name


@pytest.mark.parametrize("text", ["1", " 1\n", "\t01\v", "0x1", "+1", "1\0junk", "1           2"])
def test_make_it_fail_takes(text):
    """Blanks at both ends, base 0, and only the first twelve bytes."""
    machine = kernel()
    task = machine.tasks.spawn("t")
    machine.tree.write(f"/proc/{task.pid}/make-it-fail", text, None)
    assert task.make_it_fail


def test_cancelling_a_fail_nth_that_is_at_one_fails_once():
    machine = kernel()
    task = machine.tasks.spawn("t")
    handle = machine.tree.open(f"/proc/{task.pid}/fail-nth", task)
    handle.write("2", task)
    assert handle.read(task) == "2\n"
    assert task.fail_nth == 1
    assert refused(handle.write, "0", task) == "EFAULT"
    assert task.fail_nth == 0
    handle.write("0", task)


def test_negative_limits_of_the_log_are_ints_to_the_kernel():
    machine = kernel()
    arm(machine, "failslab", probability=100, times=-1, ignore_gfp_wait="N", verbose=1)
    tree = machine.tree
    tree.write(f"{SLAB}/verbose_ratelimit_interval_ms", "0xffffffff", None)
    for _ in range(20):
        machine.slab(None, 64, KERNEL)
    assert len(machine.log.records(0)[0]) == 20
    tree.write(f"{SLAB}/verbose_ratelimit_interval_ms", "100", None)
    tree.write(f"{SLAB}/verbose_ratelimit_burst", "0xffffffff", None)
    for _ in range(20):
        machine.slab(None, 64, KERNEL)
    assert len(machine.log.records(0)[0]) == 20


def test_a_subtree_grows_once_and_only_when_it_is_touched():
    tree, made = kernel().tree, []

    def root():
        made.append("root")
        tree.provide("/sys/grown/below", lambda: {"leaf": TextFile(lambda: "leaf\n")})
        return {"own": TextFile(lambda: "own\n")}

    tree.grow("/sys/grown", root)
    assert not tree.exists("/sys/grownup/own")
    assert "grown" in tree.list("/sys")
    assert made == []
    assert tree.read("/sys/grown/below/leaf", None) == "leaf\n"
    assert tree.read("/sys/grown/own", None) == "own\n"
    assert tree.list("/sys/grown") == ("below", "own")
    assert not tree.exists("/sys/grown/below/other")
    assert made == ["root"]
