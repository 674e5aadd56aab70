"""Why a machine cannot inject something: every reason, and the command that takes the first away."""

import gzip
from dataclasses import replace

import pytest

from faultrun.capabilities.registry import builtin
from faultrun.kernels.arch import ARCHES
from faultrun.model.target import TargetInfo
from faultrun.targets.found import Look, facts_of, pattern_of
from faultrun.targets.why import (
    LOCKDOWN,
    MOUNTS,
    STATUS,
    Machine,
    config_of,
    fix,
    forbidden,
    offers,
    reasons,
)

ON = {name: "y" for capability in builtin().values() for name in capability.requires}
GOOD = Machine(name="local", kind="local", release="6.12.95", config=ON, offers=offers())
SLAB = builtin()["failslab"]
SLAB_PATH = "/sys/kernel/debug/failslab"


def told(machine, capability=SLAB, path=SLAB_PATH):
    return reasons(capability, path, machine), fix(capability, path, machine)


def test_a_kernel_option_that_is_off_is_named_each():
    config = {name: "y" for name in ON if name != "CONFIG_FAILSLAB"}
    why, remedy = told(replace(GOOD, config=config))
    assert "CONFIG_FAILSLAB is not set in kernel 6.12.95" in why
    assert not any("CONFIG_FAULT_INJECTION_DEBUG_FS" in reason for reason in why)
    assert remedy == "faultrun kernel build --uml"


def test_all_reasons_are_told_and_the_first_obstacle_is_taken_away_first():
    bad = replace(
        GOOD,
        config={"CONFIG_OTHER": "y"},
        root=False,
        debugfs=False,
        lockdown="none [integrity] confidentiality",
    )
    why, remedy = told(bad)
    for part in (
        "does not exist on local",
        "CONFIG_FAILSLAB is not set",
        "CONFIG_FAULT_INJECTION_DEBUG_FS is not set",
        "only root can look",
        "debugfs is not mounted",
        "locked down (none [integrity] confidentiality)",
    ):
        assert sum(part in reason for reason in why) == 1, part
    assert remedy == "faultrun kernel build --uml"
    assert told(replace(bad, config=ON))[1] == "sudo faultrun ..."
    assert told(replace(bad, config=ON, kind="ssh"))[1] == "faultrun ... --sudo"
    assert told(replace(bad, config=ON, root=True))[1] == "faultrun kernel build --uml"
    assert told(replace(bad, config=ON, root=True, lockdown=""))[1] == (
        "mount -t debugfs none /sys/kernel/debug"
    )


def test_configfs_that_is_not_mounted():
    capability = builtin()["null_blk_timeout"]
    why, remedy = told(
        replace(GOOD, configfs=False), capability, "/sys/kernel/config/nullb/*/timeout_inject"
    )
    assert "configfs is not mounted on /sys/kernel/config" in why
    assert remedy == "mount -t configfs none /sys/kernel/config"


@pytest.mark.parametrize(
    ("name", "option", "remedy"),
    [
        ("scsi_debug", "CONFIG_SCSI_DEBUG", "modprobe scsi_debug"),
        ("lkdtm", "CONFIG_LKDTM", "modprobe lkdtm"),
        ("dm_flakey", "CONFIG_DM_FLAKEY", "modprobe dm_flakey"),
        ("pm_notifier", "CONFIG_PM_NOTIFIER_ERROR_INJECT", "modprobe pm_notifier_error_inject"),
    ],
)
def test_a_module_that_is_not_loaded(name, option, remedy):
    capability = builtin()[name]
    machine = replace(GOOD, config={**ON, option: "m"})
    why, command = told(machine, capability, pattern_of(capability))
    assert any(option in reason and "is not loaded" in reason for reason in why)
    assert command == remedy


@pytest.mark.parametrize(
    ("name", "release", "bound", "remedy"),
    [
        ("blk_error_injection", "6.12.95", "since 7.3", "faultrun kernel build --uml"),
        ("md_faulty", "6.12.95", "gone in 6.8", "--source TREE (Linux older than 6.8)"),
    ],
)
def test_a_version_that_does_not_have_it(name, release, bound, remedy):
    capability = builtin()[name]
    why, command = told(replace(GOOD, release=release), capability, pattern_of(capability))
    assert any(bound in reason for reason in why)
    assert remedy in command


def test_a_device_that_is_not_there_is_only_a_reason_if_there_is_no_other():
    capability = builtin()["nvme"]
    path = pattern_of(capability)
    assert told(GOOD, capability, path)[0][-1] == "it has no device of kind nvme"
    assert not any(
        "device of kind" in one for one in told(replace(GOOD, root=False), capability, path)[0]
    )


def test_without_a_configuration_what_is_needed_is_said():
    why, remedy = told(replace(GOOD, config={}))
    assert "needs a kernel with CONFIG_FAULT_INJECTION_DEBUG_FS, CONFIG_FAILSLAB" in why
    assert remedy == "faultrun kernel build --uml"


def test_every_capability_has_a_reason_and_only_buildable_kernels_are_promised():
    made = {offer.arch: offer for offer in offers()}
    assert made.keys() == ARCHES.keys()
    for capability in builtin().values():
        machine = replace(GOOD, config={"CONFIG_OTHER": "y"})
        why, remedy = told(machine, capability, pattern_of(capability))
        assert len(why) > 1
        assert remedy.startswith("faultrun kernel build --")
        if remedy.endswith(tuple(made)):
            offer = made[remedy.rpartition("--")[2]]
            assert set(capability.requires) <= offer.options
            assert offer.version.has(capability.since, capability.until)


def test_who_is_not_root_may_only_set_fail_nth():
    user = replace(GOOD, root=False)
    for capability in builtin().values():
        expected = capability.name != "fail-nth"
        assert bool(forbidden(capability, user)) is expected
        assert forbidden(capability, GOOD) == ()


def test_a_machine_is_read_from_its_own_files():
    info = TargetInfo(name="m", kind="ssh", release="6.12.0", disposable=False, durable=True)
    texts = {
        STATUS: "Name:\tpython3\nUid:\t0\t1000\t1000\t1000\n",
        MOUNTS: "1 0 0:7 / /sys/kernel/debug rw - debugfs debugfs rw\n",
        LOCKDOWN: "none [integrity] confidentiality\n",
    }
    machine = Machine.of(info, texts, {})
    assert (machine.root, machine.debugfs, machine.configfs) == (False, True, False)
    assert machine.lockdown == "none [integrity] confidentiality"
    machine = Machine.of(
        info, {**texts, STATUS: "Uid:\t1000\t0\t0\t0\n", LOCKDOWN: "[none] integrity\n"}, {}
    )
    assert (machine.root, machine.lockdown) == (True, "")
    # Who does not tell is not accused of anything.
    assert Machine.of(info, dict.fromkeys(texts), {}) == Machine(
        name="m", kind="ssh", release="6.12.0", offers=offers()
    )


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_a_configuration_is_read_compressed_or_not(pack):
    text = b'# a comment\nCONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D="x y"\nCONFIG_E=0x10\n'
    assert config_of(pack(text)) == {
        "CONFIG_A": "y",
        "CONFIG_B": "m",
        "CONFIG_D": '"x y"',
        "CONFIG_E": "0x10",
    }


@pytest.mark.parametrize(
    "raw", [b"", b"\x1f\x8b", b"\x1f\x8bhalf", gzip.compress(b"CONFIG_A=y\n")[:9]]
)
def test_a_configuration_that_is_none_is_empty(raw):
    assert config_of(raw) == {}


def test_facts_hold_a_fix_for_what_is_missing_and_nothing_for_the_rest():
    look = Look.of_all()
    info = TargetInfo(name="m", kind="local", release="6.12.0", disposable=False, durable=True)
    there = [path == SLAB_PATH for path in look.patterns]
    facts = facts_of(info, look, there, {}, lacking={}, config=ON)
    assert facts.capabilities == {"failslab"}
    assert facts.fixes.keys() == facts.missing.keys()
    assert "failslab" not in facts.missing
