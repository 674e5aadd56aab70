"""What is refused on a machine that nobody can throw away: all of it, with its place, and no more."""

import re

import pytest

from faultrun.capabilities.registry import known
from faultrun.kernel.crash_types import CRASH_TYPES, Fate
from faultrun.kernel.mounts import mounts, swaps, under
from faultrun.model.campaign import TargetSpec
from faultrun.plan.build import make_plan
from faultrun.plan.hazards import hazards, looks_at_devices
from faultrun.plan.precious import Look, Precious, precious
from faultrun.plan.select import Selection
from faultrun.spec.choice import Choice
from faultrun.spec.load import load

HEAD = """\
campaign: hazards
target:
  local: {}
  simulated:
    kernel: "6.12"
    devices:
      nvme0: {kind: nvme, namespaces: 2}
      nvme1: {kind: nvme}
      sda: {kind: scsi_debug}
      nullb0: {kind: null_blk}
      mmc0: {kind: mmc}
steps:
"""


def version(_spec: TargetSpec):
    return ""


def found(tmp_path, steps, seen=None):
    path = tmp_path / "hazards.yaml"
    path.write_text(HEAD + steps)
    loaded = load(path, overrides={}, choice=Choice(kind="local", version_of=version))
    assert loaded.campaign is not None, loaded.diagnostics
    plan = make_plan(loaded.campaign, known(), selection=Selection(), seed=1)
    told = hazards(plan, known(), seen or Precious(), hint="take a guest")
    assert all(one.hint == "take a guest" for one in told)
    assert all(one.mark.file == str(path) for one in told)
    return told


def codes(tmp_path, inject, run="ls /", seen=None, expect="{exit: 0}"):
    step = f"  one:\n    inject: {inject}\n    run: {run}\n    expect: {expect}\n"
    return [one.code for one in found(tmp_path, step, seen)]


@pytest.mark.parametrize("crash", CRASH_TYPES, ids=lambda crash: crash.name)
def test_a_crash_type_is_refused_unless_the_machine_survives_it(tmp_path, crash):
    if crash.since or crash.until:
        pytest.skip("not a type of 6.12")
    inject = f"{{lkdtm: {{cpoint_name: DIRECT, cpoint_type: {crash.name}}}}}"
    run = f"echo {crash.name} > /sys/kernel/debug/provoke-crash/DIRECT"
    wanted = [] if crash.fate is Fate.SURVIVES else ["FR180"]
    assert codes(tmp_path, inject, f"'{run}'") == wanted


def test_a_crash_point_is_refused_whatever_its_type(tmp_path):
    harmless = next(one.name for one in CRASH_TYPES if one.fate is Fate.SURVIVES and not one.since)
    inject = f"{{lkdtm: {{cpoint_name: FS_SUBMIT_BH, cpoint_type: {harmless}}}}}"
    assert codes(tmp_path, inject) == ["FR180"]


@pytest.mark.parametrize("fate", ["panic", "hang", "task-killed"])
def test_who_expects_the_end_is_refused(tmp_path, fate):
    step = f"  one:\n    run: ls /\n    expect: {{fate: {fate}}}\n"
    assert [one.code for one in found(tmp_path, step)] == ["FR180"]


def test_who_expects_to_survive_is_not(tmp_path):
    assert found(tmp_path, "  one:\n    run: ls /\n    expect: {fate: survives}\n") == ()


EVERYBODY = ("failslab", "fail_page_alloc", "fail_futex", "fail_sunrpc")


@pytest.mark.parametrize("name", EVERYBODY)
@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ("probability: 100, times: -1", False),
        ("task-filter: true, probability: 100, times: -1", False),
        ("task-filter: false, probability: 100, times: -1", True),
        ("task-filter: false, probability: 90, times: -1", True),
        ("task-filter: false, probability: 89, times: -1", False),
        ("task-filter: false, probability: 100, times: 101", True),
        ("task-filter: false, probability: 100, times: 100", False),
        ("task-filter: false, probability: 100, times: 1", False),
        ("task-filter: false, probability: 100, times: -1, interval: 2", False),
        ("task-filter: false, probability: 100, times: -1, interval: 1", True),
    ],
)
def test_who_hits_everybody_is_refused(tmp_path, name, settings, refused):
    assert codes(tmp_path, f"{{{name}: {{{settings}}}}}") == (["FR182"] if refused else [])


def test_required_callers_are_a_filter(tmp_path):
    settings = "task-filter: false, probability: 100, times: -1, require: {function: vfs_fstatat}"
    told = codes(tmp_path, f"{{failslab: {{{settings}}}}}")
    assert told == []


def test_usercopy_that_could_not_be_disarmed_is_refused_before_anybody_asks_where(tmp_path):
    path = tmp_path / "usercopy.yaml"
    inject = "{fail_usercopy: {task-filter: false, probability: 100, times: -1}}"
    text = f"campaign: usercopy\nsteps:\n  one:\n    inject: {inject}\n    run: ls /\n    expect: {{exit: 0}}\n"
    for kind in ("simulated", "uml", "qemu", "local", "ssh"):
        path.write_text(text)
        loaded = load(path, overrides={}, choice=Choice(kind=kind, version_of=version))
        assert loaded.campaign is None
        assert "FR104" in [one.code for one in loaded.diagnostics]


def test_a_function_that_fails_for_everybody_is_refused(tmp_path):
    settings = "function: should_failslab, retval: -12, times: 1"
    assert codes(tmp_path, f"{{fail_function: {{{settings}}}}}") == []
    assert codes(tmp_path, f"{{fail_function: {{{settings}, task-filter: false}}}}") == ["FR183"]


@pytest.mark.parametrize(
    ("inject", "refused"),
    [
        ("{netdev_notifier: {event: NETDEV_PRE_UP, error: -EINVAL}}", True),
        ("{pm_notifier: {event: PM_SUSPEND_PREPARE, error: -EINVAL}}", True),
        ("{memory_notifier: {event: MEM_GOING_OFFLINE, error: -ENOMEM}}", False),
    ],
)
def test_a_notifier_that_cuts_off_is_refused(tmp_path, inject, refused):
    assert codes(tmp_path, inject) == (["FR184"] if refused else [])


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT", True),
        ("echo c > /proc/sysrq-trigger", True),
        ("echo mem > /sys/power/state", True),
        ("echo core > /sys/power/pm_test", True),
        ("rtcwake -m mem -s 5", True),
        ("systemctl suspend", True),
        ("true; reboot", True),
        ("true && poweroff -f", True),
        ("(halt)", True),
        ("echo reboot", False),
        ("cat /sys/power/wakeup_count", False),
        ("systemctl status", False),
        ("ls /sys/kernel/debug", False),
    ],
)
def test_a_workload_that_ends_the_machine_is_refused(tmp_path, text, refused):
    step = f"  one:\n    run: |\n      {text}\n    expect: {{exit: 0}}\n"
    assert [one.code for one in found(tmp_path, step)] == (["FR185"] if refused else [])
    step = f"  one:\n    run: ls /\n    cleanup: |\n      {text}\n    expect: {{exit: 0}}\n"
    assert [one.code for one in found(tmp_path, step)] == (["FR185"] if refused else [])


VITAL = Precious(disks={"nvme0n1p2": "/ lies on it", "nvme0n1": "/ lies on it"})
SCSI = Precious(disks={"sda1": "/home lies on it", "sda": "/home lies on it", "host0": ""})


@pytest.mark.parametrize(
    ("inject", "seen", "refused"),
    [
        ("{nvme: {device: nvme0n1, probability: 100, times: 1}}", VITAL, True),
        ("{nvme: {device: nvme0, probability: 100, times: 1}}", VITAL, True),
        ("{nvme: {device: nvme0n2, probability: 100, times: 1}}", VITAL, True),
        ("{nvme: {device: nvme1n1, probability: 100, times: 1}}", VITAL, False),
        ("{fail_make_request: {disk: nvme0n1, probability: 100, times: 1}}", VITAL, True),
        ("{fail_make_request: {disk: nvme1n1, probability: 100, times: 1}}", VITAL, False),
        ("{fail_make_request: {disk: sda, probability: 100, times: 1}}", SCSI, True),
        ("{fail_make_request: {disk: sda, probability: 100, times: 1}}", VITAL, False),
        ("{fail_io_timeout: {disk: sda, probability: 100, times: 1}}", SCSI, True),
        (
            "{fail_mmc_request: {host: mmc0, probability: 100, times: 1}}",
            Precious(disks={"mmc0": "/ lies on it"}),
            True,
        ),
        ("{fail_mmc_request: {host: mmc0, probability: 100, times: 1}}", VITAL, False),
        ("{null_blk_timeout: {disk: nullb0, probability: 100, times: 1}}", VITAL, False),
        (
            "{fail_make_request: {disk: sda, probability: 100, times: 1}}",
            Precious(unknown=("/",)),
            True,
        ),
        (
            "{null_blk_timeout: {disk: nullb0, probability: 100, times: 1}}",
            Precious(unknown=("/",)),
            False,
        ),
        (
            "{null_blk_timeout: {disk: nullb0, probability: 100, times: 1}}",
            Precious(disks={"nullb0": "/ lies on it"}),
            True,
        ),
    ],
)
def test_a_disk_that_the_machine_lives_on_is_refused(tmp_path, inject, seen, refused):
    assert codes(tmp_path, inject, seen=seen) == (["FR181"] if refused else [])


def test_all_is_told_at_once_each_with_its_place_and_once(tmp_path):
    told = found(
        tmp_path,
        "  crash:\n"
        "    inject: {lkdtm: {cpoint_name: DIRECT, cpoint_type: PANIC}}\n"
        "    run: ls /\n"
        "    repeat: 3\n"
        "    expect: {exit: 0}\n"
        "  disk:\n"
        "    matrix: {size: [1, 2]}\n"
        "    inject: {nvme: {device: nvme0n1, probability: 100, times: 1}}\n"
        "    run: ls /\n"
        "    expect: {exit: 0}\n"
        "  sleep:\n"
        "    run: rtcwake -m mem\n"
        "    expect: {exit: 0}\n",
        VITAL,
    )
    first = len(HEAD.splitlines())
    assert [(one.code, one.mark.line - first) for one in told] == [
        ("FR180", 2),
        ("FR181", 8),
        ("FR185", 12),
    ]
    assert all(re.match(r"step '(crash|disk|sleep)': ", one.message) for one in told)


def test_a_campaign_for_guests_finds_nothing(tmp_path):
    assert codes(tmp_path, "{failslab: {probability: 100, times: 1}}") == []


def test_only_a_plan_that_names_devices_has_to_look_for_them(tmp_path):
    for inject, looks in (
        ("{nvme: {device: nvme0n1, probability: 100, times: 1}}", True),
        ("{failslab: {probability: 100, times: 1}}", False),
        ("{fail_function: {function: should_failslab, retval: -12}}", False),
        ("{memory_notifier: {event: MEM_GOING_OFFLINE, error: -ENOMEM}}", False),
    ):
        path = tmp_path / "hazards.yaml"
        path.write_text(
            HEAD + f"  one:\n    inject: {inject}\n    run: ls /\n    expect: {{exit: 0}}\n"
        )
        loaded = load(path, overrides={}, choice=Choice(kind="local", version_of=version))
        plan = make_plan(loaded.campaign, known(), selection=Selection(), seed=1)
        assert looks_at_devices(plan, known()) is looks


def machine(mountinfo, real, names=None, texts=None):
    lists = names or {}
    files = {"/proc/self/mountinfo": mountinfo, **(texts or {})}
    return Look(
        text=lambda path: files.get(path, ""),
        names=lambda path: lists.get(path, ()),
        real=lambda path: real.get(path, ""),
    )


def disk(name, number, parent="/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/block"):
    whole = name.rstrip("0123456789") if name.startswith("sd") else name
    real = f"{parent}/{whole}" + (f"/{name}" if name != whole else "")
    return {f"/sys/dev/block/{number}": real, f"/sys/class/block/{name}": real}


def test_a_partition_means_its_disk_and_what_that_hangs_on():
    seen = precious(machine("1 0 8:1 / / rw - ext4 /dev/root rw\n", disk("sda1", "8:1")))
    assert seen.unknown == ()
    assert {"sda1", "sda", "host0", "ata1"} <= seen.disks.keys()
    assert set(seen.disks.values()) == {"/ lies on it"}


def test_a_mapped_root_means_all_that_it_is_made_of():
    dm = "/sys/devices/virtual/block/dm-0"
    seen = precious(
        machine(
            "1 0 253:0 / / rw - ext4 /dev/mapper/vg-root rw\n2 1 8:17 / /mnt rw - ext4 /dev/sdb1 rw\n",
            {
                "/sys/dev/block/253:0": dm,
                "/sys/class/block/dm-0": dm,
                "/sys/class/block/md0": "/sys/devices/virtual/block/md0",
                **disk("sda3", "8:3"),
                **disk("sdb1", "8:17"),
            },
            {f"{dm}/slaves": ("md0",), "/sys/devices/virtual/block/md0/slaves": ("sda3",)},
        )
    )
    assert {"dm-0", "md0", "sda3", "sda"} <= seen.disks.keys()
    assert not {"sdb", "sdb1"} & seen.disks.keys()


def test_a_btrfs_means_all_of_its_devices():
    seen = precious(
        machine(
            "1 0 0:31 /@ / rw - btrfs /dev/sda2 rw,subvol=/@\n",
            {"/dev/sda2": "/dev/sda2", **disk("sda2", "8:2"), **disk("sdb", "8:16")},
            {
                "/sys/fs/btrfs": ("features", "u-u-i-d"),
                "/sys/fs/btrfs/u-u-i-d/devices": ("sda2", "sdb"),
            },
        )
    )
    assert {"sda", "sda2", "sdb"} <= seen.disks.keys()
    assert seen.unknown == ()


def test_a_loop_means_the_disk_of_its_file():
    loop = "/sys/devices/virtual/block/loop0"
    seen = precious(
        machine(
            "1 0 7:0 / / rw - squashfs /dev/loop0 ro\n2 1 8:1 / /isodevice rw - vfat /dev/sda1 rw\n",
            {"/sys/dev/block/7:0": loop, "/sys/class/block/loop0": loop, **disk("sda1", "8:1")},
            texts={f"{loop}/loop/backing_file": "/isodevice/casper/root.squashfs\n"},
        )
    )
    assert {"loop0", "sda1", "sda"} <= seen.disks.keys()


def test_an_nvme_of_a_subsystem_means_all_its_controllers():
    folder = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0"
    seen = precious(
        machine(
            "1 0 259:1 / / rw - xfs /dev/nvme0n1p1 rw\n",
            {
                "/sys/dev/block/259:1": f"{folder}/nvme0n1/nvme0n1p1",
                "/sys/class/block/nvme0n1p1": f"{folder}/nvme0n1/nvme0n1p1",
            },
            {folder: ("nvme0", "nvme0n1", "nvme3", "nqn")},
        )
    )
    assert {"nvme0", "nvme3", "nvme0n1", "nvme0n1p1"} <= seen.disks.keys()


def test_swap_and_the_record_are_dear_too():
    seen = precious(
        machine(
            "1 0 0:2 / / rw - tmpfs none rw\n2 1 8:17 / /data rw - ext4 /dev/sdb1 rw\n"
            "3 1 8:33 / /more\\040room rw - ext4 /dev/sdc1 rw\n",
            {
                "/dev/sda2": "/dev/sda2",
                **disk("sda2", "8:2"),
                **disk("sdb1", "8:17"),
                **disk("sdc1", "8:33"),
            },
            texts={
                "/proc/swaps": "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n/data/swap file 1 0 -3\n"
            },
        ),
        "/more room/runs",
    )
    assert seen.disks["sda2"] == "the machine swaps to it"
    assert seen.disks["sdb"] == "the machine swaps to /data/swap on it"
    assert seen.disks["sdc1"] == "the record in /more room/runs is written to it"


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("1 0 0:40 / / rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/c,workdir=/d\n", True),
        ("1 0 0:40 / / rw - zfs tank/root rw\n", True),
        ("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", True),
        ("", True),
        ("1 0 0:40 / / rw - nfs4 server:/root rw\n", False),
        ("1 0 0:2 / / rw - rootfs rootfs rw\n", False),
    ],
)
def test_what_cannot_be_told_is_said(line, unknown):
    seen = precious(machine(line, {}))
    assert bool(seen.unknown) is unknown
    assert not seen.disks


def test_an_overlay_whose_folders_can_be_seen_means_their_disks():
    seen = precious(
        machine(
            "1 0 8:1 / /base rw - ext4 /dev/sda1 rw\n"
            "2 0 0:40 / / rw - overlay overlay rw,lowerdir=/base/low,upperdir=/base/up,workdir=/base/w\n",
            disk("sda1", "8:1"),
            {"/base/low": ("bin",), "/base/up": ("etc",)},
        )
    )
    assert {"sda1", "sda"} <= seen.disks.keys()
    assert seen.unknown == ()


def test_the_lists_of_the_kernel_are_read_as_it_writes_them():
    text = (
        "22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw\n"
        "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
        "30 27 254:1 /sub /srv/a\\040b rw master:1 propagate_from:2 - ext4 /dev/my\\040disk rw\n"
        "half a line\n"
    )
    told = mounts(text)
    assert [one.where for one in told] == ["/proc", "/", "/srv/a b"]
    assert told[2].source == "/dev/my disk"
    assert under("/srv/a b/c", told) is told[2]
    assert under("/srv/a bc", told) is told[1]
    assert swaps("Filename\t\t\t\tType\n") == ()
    assert swaps("Filename Type\n/dev/zram0 partition 1 0 100\n") == ("/dev/zram0",)
