"""fail_function: the list and what it refuses, the four error types, and what a function returns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sim_machine import machine, run, write
from faultrun.capabilities.fail_function import DIRECTORY, look_for
from faultrun.kernel.error_injection import DEFAULTS, accepts, type_of, types_for
from faultrun.model.target import AttrRefused
from faultrun.simkernel.injected_functions import INJECTABLE
from faultrun.spec.load import load

INJECT = f"{DIRECTORY}/inject"


@pytest.mark.parametrize(
    ("kind", "taken", "refused"),
    [
        ("NULL", [0], [1, -1, -4095, 2**64 - 1]),
        ("ERRNO", [-1, -12, -4095, 2**64 - 1, 0xFFFFFFFFFFFFF001], [0, 1, -4096, 0xFFFFFFF4]),
        ("ERRNO_NULL", [0, -1, -4095], [1, -4096]),
        ("TRUE", [1], [0, -1, 2]),
    ],
)
def test_each_type_takes_what_the_kernel_takes(kind, taken, refused):
    assert [value for value in taken if not accepts(kind, value)] == []
    assert [value for value in refused if accepts(kind, value)] == []
    assert accepts(kind, DEFAULTS[kind])


@given(st.integers(-(2**63), 2**64 - 1))
def test_types_for_is_the_inverse_of_accepts(value):
    assert set(types_for(value)) == {kind for kind in DEFAULTS if accepts(kind, value)}


@pytest.mark.parametrize(
    ("text", "errno"),
    [
        ("open_ctree\n", ""),
        ("  open_ctree \t\n", ""),
        ("no_such_function", "EINVAL"),
        ("open_ctree should_fail_bio", "EINVAL"),
        ("vfs_read", "ERANGE"),
        ("!open_ctree", "ENOENT"),
        ("", ""),
        ("open_ctree" + " " * 600 + "x", ""),
    ],
)
def test_what_the_list_takes(text, errno):
    target = machine()
    assert write(target, INJECT, text) == errno
    listed = target.read(INJECT).decode()
    assert listed == ("open_ctree\n" if "open_ctree" in text and not errno else "")


def test_a_function_is_listed_once_in_order_and_goes_with_its_folder():
    target = machine()
    assert [write(target, INJECT, name) for name in ("should_fail_bio", "open_ctree")] == ["", ""]
    assert write(target, INJECT, "open_ctree") == "EBUSY"
    assert target.read(INJECT) == b"should_fail_bio\nopen_ctree\n"
    retval = f"{DIRECTORY}/open_ctree/retval"
    assert target.read(retval) == b"ffffffffffffffea\n"
    assert write(target, retval, "18446744073709551604") == ""
    assert target.read(retval) == b"fffffffffffffff4\n"
    assert write(target, retval, "-12") == "EINVAL"
    target.hold([retval])
    assert write(target, INJECT, "!open_ctree") == ""
    with pytest.raises(AttrRefused) as gone:
        target.read(retval)
    assert gone.value.errno_name == "EIO"
    target.release()
    assert "open_ctree" not in target.list(DIRECTORY)
    assert write(target, INJECT, "\n") == ""
    assert target.read(INJECT) == b""


def test_the_directory_has_no_file_for_the_return_value_of_all():
    names = machine().list(DIRECTORY)
    assert "retval" not in names
    assert {"inject", "injectable", "probability", "times", "task-filter"} <= set(names)


def test_everything_listed_has_a_type():
    lines = machine().read(f"{DIRECTORY}/injectable").decode().splitlines()
    assert [line.split("\t") for line in lines] == [[name, type_of(name)] for name in INJECTABLE]
    assert all(kind in DEFAULTS for _name, kind in (line.split("\t") for line in lines))


def test_fail_nth_counts_an_injected_function():
    target = machine()
    assert write(target, INJECT, "__x64_sys_mkdir") == ""
    done = run(target, argv=("mkdir", "/tmp/x"), nth=1)
    assert done.exit_code != 0
    without = machine()
    clean = run(without, argv=("mkdir", "/tmp/x"), nth=10_000)
    armed = machine()
    write(armed, INJECT, "__x64_sys_mkdir")
    counted = run(armed, argv=("mkdir", "/tmp/x"), nth=10_000)
    assert clean.fail_nth_left - counted.fail_nth_left == 1


def campaign(tmp_path, inject):
    path = tmp_path / "c.yaml"
    path.write_text(
        "campaign: c\nsteps:\n  s:\n    inject:\n      fail_function: "
        f"{{{inject}, probability: 100, times: 1}}\n    run: mount /a /b\n    expect: {{exit: 32}}\n"
    )
    return [(item.code, item.message) for item in load(path, overrides={}).diagnostics]


@pytest.mark.parametrize(
    ("inject", "codes"),
    [
        ("function: open_ctree, retval: -12", []),
        ("function: open_ctree, retval: 0", ["FR130"]),
        ("function: open_ctree, retval: -ENOMEM", []),
        ("function: open_ctree, retval: ENOMEM", ["FR021"]),
        ("function: open_ctree, retval: -ENOSUCH", ["FR015"]),
        ("function: should_fail_alloc_page, retval: -12", ["FR130"]),
        ("function: should_fail_alloc_page, retval: 1", []),
        ("function: open_ctree, retval: -4096", ["FR021"]),
        ("function: unheard_of, retval: 0", []),
        ("function: 'a b', retval: -1", ["FR015"]),
        ("retval: -1", ["FR013"]),
    ],
)
def test_a_wrong_return_value_is_told_before_anything_runs(tmp_path, inject, codes):
    assert [code for code, _ in campaign(tmp_path, inject)] == codes


def test_what_has_to_be_seen_names_the_types_that_would_do():
    (listed, typed) = look_for({"function": "f"}, {"retval": -12})
    assert listed.ending == ""
    assert typed.ending.endswith("(ERRNO|ERRNO_NULL)")
    assert "ERRNO or ERRNO_NULL" in typed.why
    assert look_for({"function": "f"}, {}) == (listed,)
