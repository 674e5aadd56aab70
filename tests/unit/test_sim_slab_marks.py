"""failslab's mark on a cache: the file, the command line, and the injection's own parameter."""

import pytest

from data.sim_machine import machine
from faultrun.capabilities.registry import builtin
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Injection, Setting
from faultrun.model.mark import NOWHERE
from faultrun.plan.writes import Arsenal
from faultrun.simkernel.hooks import KERNEL
from faultrun.simkernel.kernel import DEBUGFS, SimKernel
from faultrun.simkernel.sim_errno import SimErrno

SLAB = "/sys/kernel/slab"


def kernel(version="6.12", line=""):
    release = KernelVersion.parse(version)
    return SimKernel(version=release, seed=7, name="m", devices=(), cmdline=line)


def mark(owner, cache, text="1\n"):
    try:
        owner.tree.write(f"{SLAB}/{cache}/failslab", text, None)
    except SimErrno as refused:
        return refused.name
    return owner.tree.read(f"{SLAB}/{cache}/failslab", None)


@pytest.mark.parametrize(
    ("version", "line", "cache", "text", "expected"),
    [
        ("6.12", "", "dentry", "1\n", "1\n"),
        ("6.12", "", "dentry", "1x", "1\n"),
        ("6.12", "", "dentry", "yes\n", "0\n"),
        ("6.12", "", "fs_cache", "1\n", "EINVAL"),
        ("6.12", "slab_nomerge", "fs_cache", "1\n", "1\n"),
        ("6.12", "slub_nomerge", "anon_vma_chain", "1\n", "1\n"),
        ("6.12", "slub_debug=A,fs_cache", "fs_cache", "0\n", "0\n"),
        ("6.1", "", "dentry", "1\n", "EACCES"),
        ("6.1", "slub_debug=A,dentry", "dentry", "0\n", "EACCES"),
        ("6.12", "", "nonsense", "1\n", "ENOENT"),
    ],
)
def test_the_file(version, line, cache, text, expected):
    assert mark(kernel(version, line), cache, text) == expected


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("", ()),
        ("slub_debug=A,dentry", ("dentry",)),
        ("slub_debug=FZ,dentry", ()),
        ("slub_debug=a,kmalloc-1*", ("kmalloc-1k", "kmalloc-16", "kmalloc-128", "kmalloc-192")),
        ("slub_debug=FZ;A,filp,dentry", ("filp", "dentry")),
    ],
)
def test_the_command_line(line, marked):
    owner = kernel("6.1", line)
    read = {
        name for name in owner.tree.list(SLAB)
        if owner.tree.read(f"{SLAB}/{name}/failslab", None) == "1\n"
    }  # fmt: skip
    assert read == set(marked)


def test_a_mark_from_the_command_line_counts():
    owner = kernel("6.1", "slub_debug=A,dentry")
    for name, text in (("probability", "100"), ("times", "-1"), ("ignore-gfp-wait", "N"), ("cache-filter", "Y")):  # fmt: skip
        owner.tree.write(f"{DEBUGFS}/failslab/{name}", text, None)
    task = owner.tasks.spawn("t")
    assert owner.slab(task, 192, KERNEL, (), "dentry")
    assert not owner.slab(task, 256, KERNEL, (), "filp")


def writes(**keys):
    where = tuple(
        Setting(name="cache", value=keys.pop("cache"), mark=NOWHERE) for _ in range("cache" in keys)
    )
    settings = tuple(Setting(name=name, value=value, mark=NOWHERE) for name, value in keys.items())
    injection = Injection(capability="failslab", where=where, settings=settings, mark=NOWHERE)
    return Arsenal(builtin(), KernelVersion.parse("6.12")).arm([injection]).writes


def test_the_switch_is_thrown_only_where_a_cache_is_named():
    paths = [write.path for write in writes(probability=100)]
    assert not [path for path in paths if path.startswith(SLAB)]
    marked = writes(probability=100, cache="dentry")
    assert [write.path for write in marked][-2:] == [
        f"{SLAB}/dentry/failslab",
        f"{DEBUGFS}/failslab/probability",
    ]
    assert marked[-2].value == marked[-2].reads_back == "1"


def test_a_machine_without_disks_has_failslab():
    assert "failslab" in machine().probe().capabilities
