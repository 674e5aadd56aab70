"""Kernel modules on the simulated machine: files, messages, failing inits, what is left behind."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sim_machine import machine, run
from faultrun.model.target import AttrRefused, Command
from faultrun.simkernel import symbols
from faultrun.simkernel.kallsyms import kernel_symbols
from faultrun.simkernel.module_table import MODULES

SLAB = "/sys/kernel/debug/failslab"
LOADABLE = sorted(name for name, spec in MODULES.items() if not spec.boot)


def arm(target, directory=SLAB, **values):
    for name, value in values.items():
        target.write(f"{directory}/{name.replace('_', '-')}", f"{value}\n".encode())


def left(target, directory=SLAB):
    return int(target.read(f"{directory}/times"))


@pytest.mark.parametrize("name", LOADABLE)
def test_every_module_comes_and_goes_without_a_trace(name):
    target = machine()
    before = target.read("/proc/modules"), target.read("/proc/kallsyms")
    done = run(target, f"modprobe {name} && modprobe -r {name}")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (target.read("/proc/modules"), target.read("/proc/kallsyms")) == before
    with pytest.raises(AttrRefused):
        target.list(f"/sys/module/{name}")


@pytest.mark.parametrize("name", ["dummy", "ext4", "zram", "null_blk", "brd"])
def test_a_failing_init_says_so_and_leaves_nothing(name):
    target = machine()
    run(target, "".join(f"modprobe {needed}\n" for needed in MODULES[name].depends))
    before = target.read("/proc/modules")
    # Allocations of the module's own, past those of loading any module.
    inits = symbols.address("do_one_initcall")
    arm(target, require_start=hex(inits), require_end=hex(inits + symbols.SLOT))
    arm(target, ignore_gfp_wait="N", times=1, probability=100)
    done = run(target, f"modprobe {name}")
    assert done.exit_code == 1
    wanted = f"modprobe: ERROR: could not insert '{name}': Cannot allocate memory\n"
    assert done.stderr == wanted
    assert left(target) == 0
    assert target.read("/proc/modules") == before
    with pytest.raises(AttrRefused):
        target.read(f"/sys/module/{name}/refcnt")
    log = "\n".join(line.text for line in target.log(0)[0])
    assert f"[{name}]" in log
    assert run(target, f"modprobe {name}").exit_code == 0


def test_by_default_only_atomic_allocations_fail():
    target = machine()
    arm(target, times=1000, probability=100)
    assert run(target, "modprobe ext4").exit_code == 0
    assert run(target, "modprobe dummy").exit_code == 1
    log = "\n".join(line.text for line in target.log(0)[0])
    assert " dev_addr_init+0x" in log
    assert " dummy_init_one+0x" in log
    # ext4's own allocations may all sleep; what failed was only ever tolerated.
    assert "[ext4]" not in log


@given(st.integers(0, 6))
def test_each_device_of_a_module_is_allocated(count):
    target = machine()
    arm(target, ignore_gfp_wait="N")
    target.forget_checks()
    run(target, f"insmod $(modinfo -n dummy) numdummies={count}")
    sites = [item.site for item in target.checks()[SLAB] for _ in range(item.count)]
    made = sites.count("__kmalloc_noprof")
    assert made == count


def test_arguments_are_kept_refused_and_ignored():
    target = machine()
    done = run(target, "modprobe brd rd_nr=2 nonsense=1; cat /sys/module/brd/parameters/rd_nr")
    assert done.stdout == "2\n"
    assert any("unknown parameter 'nonsense' ignored" in x.text for x in target.log(0)[0])
    done = run(target, "modprobe zram num_devices=-1")
    assert done.stderr == "modprobe: ERROR: could not insert 'zram': Invalid argument\n"
    done = run(target, "rmmod lkdtm; insmod $(modinfo -n lkdtm) cpoint_count=x")
    assert done.stderr.endswith("lkdtm.ko: Invalid parameters\n")


def test_options_of_the_configuration_are_taken():
    target = machine()
    script = """
        mkdir -p /etc/modprobe.d
        echo 'options brd rd_nr=3' > /etc/modprobe.d/brd.conf
        modprobe brd; cat /sys/module/brd/parameters/rd_nr
    """
    assert run(target, script).stdout == "3\n"


def test_what_is_in_use_stays():
    target = machine()
    done = run(target, "modprobe ext4; rmmod jbd2; modprobe -r jbd2; rmmod nvme; rmmod loop")
    assert done.stderr == (
        "rmmod: ERROR: Module jbd2 is in use by: ext4\n"
        "modprobe: FATAL: Module jbd2 is in use by: ext4.\n"
        "rmmod: ERROR: Module nvme is in use\n"
        "rmmod: ERROR: Module loop is not currently loaded\n"
    )
    assert run(target, "insmod $(modinfo -n ext4)").stderr.endswith("ext4.ko: File exists\n")
    assert run(target, "modprobe ext4").exit_code == 0


def test_insmod_does_not_fetch_what_is_needed():
    target = machine()
    done = run(target, "insmod $(modinfo -n zram)")
    assert done.exit_code == 1
    assert done.stderr.endswith("zram.ko: Unknown symbol in module\n")
    assert run(target, "insmod /nowhere/dummy.ko").stderr == (
        "insmod: ERROR: could not load module /nowhere/dummy.ko: No such file or directory\n"
    )


def test_a_module_that_is_not_modelled_is_named():
    done = machine().run(Command(script="modprobe xfs_of_mars", timeout_ns=10**9))
    assert "xfs_of_mars" in done.unmodelled


def test_addresses_are_hidden_where_the_kernel_hides_them():
    target = machine()
    run(target, "modprobe dummy; echo 2 > /proc/sys/kernel/kptr_restrict")
    assert set(target.read("/sys/module/dummy/sections/.text").decode().strip()) == {"0", "x"}
    assert {line.split()[0] for line in target.read("/proc/kallsyms").decode().splitlines()} == {
        "0" * 16
    }


def test_functions_do_not_overlap_and_lie_in_their_section():
    places = []
    for name, spec in MODULES.items():
        for section, functions in (
            (".text", spec.text),
            (".exit.text", spec.exit_text),
            (".init.text", spec.init_text),
        ):
            start, size = symbols.sections(name)[section]
            for function in functions:
                at = symbols.address(f"{function} [{name}]")
                assert start <= at < start + size
                places.append(at)
    places += [at for at, _ in kernel_symbols()]
    places.sort()
    assert all(b - a >= symbols.SLOT for a, b in itertools.pairwise(places))
    ranges = sorted(one for name in MODULES for one in symbols.sections(name).values())
    assert all(a + size <= b for (a, size), (b, _) in itertools.pairwise(ranges))


def test_every_frame_of_the_table_has_an_address():
    points = [p for spec in MODULES.values() for p in spec.init + spec.each + spec.exit]
    frames = {frame for point in points for frame in point.stack}
    assert len(frames) > 40
    for frame in frames:
        assert symbols.address(frame) % 16 == 0


def test_a_function_is_of_its_module_however_a_chain_names_it():
    assert symbols.parted("nvme_irq") == ("nvme_irq", "nvme")
    assert symbols.address("nvme_irq") == symbols.address("nvme_irq [nvme]")
    start, size = symbols.sections("nvme")[".text"]
    assert start <= symbols.address("nvme_irq") < start + size
    # Several modules have an init function of that name: it has to be said whose it is.
    assert symbols.parted("err_inject_init") == ("err_inject_init", "")
    known = {name for _, name in kernel_symbols()}
    assert "vfs_get_tree" in known
    assert known.isdisjoint(name for spec in MODULES.values() for name in spec.text)


def test_the_depth_of_the_walk_counts_the_decision_itself():
    target = machine()
    inits = symbols.address("do_one_initcall")
    run(target, "modprobe zsmalloc")
    arm(target, require_start=hex(inits), require_end=hex(inits + symbols.SLOT))
    # class_register() is called by zram_init(), and that by do_one_initcall(): the fifth with
    # should_fail_ex() and the allocator.
    arm(target, ignore_gfp_wait="N", times=1, stacktrace_depth=5, probability=100)
    assert run(target, "modprobe zram && modprobe -r zram").exit_code == 1
    assert left(target) == 0
    arm(target, times=1, stacktrace_depth=4)
    run(target, "modprobe zsmalloc")
    assert run(target, "modprobe zram && modprobe -r zram").exit_code == 0
    assert left(target) == 1
