"""The error files of notifier error injection: what they take, keep and answer; the log's line."""

import re
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data.sim_machine import machine, run, write
from faultrun.capabilities.errnos import right_errnos
from faultrun.capabilities.notifier import CHAINS, ROOT
from faultrun.model.campaign import Injection, Setting
from faultrun.model.mark import NOWHERE
from faultrun.model.target import AttrRefused

SUSPEND = f"{ROOT}/pm/actions/PM_SUSPEND_PREPARE/error"


def reading(text):
    """What the kernel's own words say of a text: sign, base by prefix, one newline, 23 bytes."""
    short = text[:23]
    number = re.match(r"([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", short)
    if number is None:
        return "EINVAL"
    digits = number[2]
    if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xX":
        value = int(digits, 8)
    else:
        value = int(digits, 0)
    if value >= 2**64:
        return "ERANGE"
    if short[number.end() :] not in ("", "\n"):
        return "EINVAL"
    value = -value if number[1] == "-" else value
    if not -(2**63) <= value < 2**63:
        return "ERANGE"
    (low,) = struct.unpack("<i", struct.pack("<Q", value % 2**64)[:4])
    return max(-4095, min(0, low))


@pytest.mark.parametrize("kernel", ["6.1", "6.8", "6.12", "6.19", "7.3"])
@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("-12", "-12"),
        ("-12\n", "-12"),
        ("0", "0"),
        ("-0", "0"),
        ("5", "0"),
        ("4095", "0"),
        ("-4095", "-4095"),
        ("-4096", "-4095"),
        ("-5000", "-4095"),
        ("4294967284", "-12"),
        ("0xfffffff4", "-12"),
        ("-4294967297", "-1"),
        ("-4294967296", "0"),
        ("-2147483649", "0"),
        ("-2147483648", "-4095"),
        ("-0x16", "-22"),
        ("-026", "-22"),
        ("+3", "0"),
        ("-9223372036854775808", "0"),
        ("-00000000000000000000012", "-1"),
    ],
)
def test_an_error_file_cuts_and_clamps_without_a_word(kernel, text, back):
    target = machine(kernel)
    assert write(target, SUSPEND, text) == ""
    assert target.read(SUSPEND).decode() == f"{back}\n"


@pytest.mark.parametrize(
    ("text", "errno"),
    [
        ("", "EINVAL"),
        ("\n", "EINVAL"),
        ("ENOMEM", "EINVAL"),
        (" -12", "EINVAL"),
        ("-12 ", "EINVAL"),
        ("-12\n\n", "EINVAL"),
        ("--12", "EINVAL"),
        ("-+12", "EINVAL"),
        ("-", "EINVAL"),
        ("08", "EINVAL"),
        ("0x", "EINVAL"),
        ("1.5", "EINVAL"),
        ("9223372036854775808", "ERANGE"),
        ("-9223372036854775809", "ERANGE"),
        ("0xffffffffffffffff", "ERANGE"),
        ("99999999999999999999", "ERANGE"),
    ],
)
def test_what_an_error_file_refuses_leaves_it_as_it_was(text, errno):
    target = machine()
    target.write(SUSPEND, b"-7\n")
    assert write(target, SUSPEND, text) == errno
    assert target.read(SUSPEND) == b"-7\n"


NUMBERS = st.builds(
    lambda sign, form, value, tail: sign + form.format(value) + tail,
    st.sampled_from(["", "-", "+", "--", " "]),
    st.sampled_from(["{}", "0x{:x}", "0X{:X}", "0{:o}", "{:030d}"]),
    st.one_of(st.integers(0, 5000), st.integers(0, 2**65), st.sampled_from([2**31, 2**32, 2**63])),
    st.sampled_from(["", "\n", "\n\n", " ", "x", "\t"]),
)


@given(NUMBERS | st.text("0123456789abfxX+-. \n", max_size=27))
@example("-00000000000000000000012")
@example("08")
def test_a_random_text_is_read_as_the_kernel_says(text):
    target = machine()
    target.write(SUSPEND, b"-7\n")
    wanted = reading(text)
    refused = write(target, SUSPEND, text)
    stored = int(target.read(SUSPEND))
    assert (refused or stored) == wanted
    assert not refused or stored == -7


@pytest.mark.parametrize("kernel", ["6.1", "7.3"])
def test_the_directories_are_those_of_a_real_machine(kernel):
    target = machine(kernel)
    assert target.list(ROOT) == ("memory", "netdev", "pm")
    for chain in ("memory", "netdev", "pm"):
        assert target.list(f"{ROOT}/{chain}") == ("actions",)
        assert target.list(f"{ROOT}/{chain}/actions") == tuple(sorted(CHAINS[chain]))
        for event in CHAINS[chain]:
            assert target.list(f"{ROOT}/{chain}/actions/{event}") == ("error",)
            assert target.read(f"{ROOT}/{chain}/actions/{event}/error") == b"0\n"
    assert "notifier-error-inject" in target.list("/sys/kernel/debug")
    with pytest.raises(AttrRefused, match="ENOENT"):
        target.read(f"{ROOT}/pSeries-reconfig/actions/PSERIES_RECONFIG_ADD/error")
    with pytest.raises(AttrRefused, match="ENOENT"):
        target.read(f"{ROOT}/netdev/actions/NETDEV_CHANGEDEVNAME/error")


def test_the_line_has_no_prefix_and_the_level_of_pr_info():
    target = machine()
    run(target, f"echo -12 > {SUSPEND}; echo mem > /sys/power/state")
    records, _, _ = target.log(0)
    lines = [record for record in records if "Injecting" in record.text]
    assert [(line.level, line.text) for line in lines] == [
        (6, "Injecting error (-12) to PM_SUSPEND_PREPARE")
    ]
    shown = run(target, "dmesg | grep Inject").stdout
    assert re.fullmatch(r"\[ +\d+\.\d{6}\] Injecting error \(-12\) to PM_SUSPEND_PREPARE\n", shown)


def test_an_error_stays_until_it_is_made_zero():
    target = machine()
    done = run(
        target,
        f"echo -16 > {SUSPEND}\n"
        "for i in 1 2 3; do echo mem > /sys/power/state; done\n"
        f"echo 0 > {SUSPEND}; echo freezer > /sys/power/pm_test; echo mem > /sys/power/state",
    )
    assert done.exit_code == 0
    assert done.stderr.count("Device or resource busy") == 3
    assert target.read("/sys/power/suspend_stats/success") == b"1\n"


def injection(capability, event, error):
    return Injection(
        capability=capability,
        where=(Setting(name="event", value=event, mark=NOWHERE),),
        settings=(Setting(name="error", value=error, mark=NOWHERE),),
        mark=NOWHERE,
    )


@pytest.mark.parametrize(
    ("capability", "event", "error", "names"),
    [
        ("pm_notifier", "PM_SUSPEND_PREPARE", -12, ("ENOMEM",)),
        ("memory_notifier", "MEM_GOING_ONLINE", -16, ("EBUSY",)),
        ("netdev_notifier", "NETDEV_CHANGEMTU", -22, ("EINVAL",)),
        ("netdev_notifier", "NETDEV_PRE_TYPE_CHANGE", -12, ("ENOMEM", "EBUSY")),
    ],
)
def test_the_right_errno_is_the_injected_one(capability, event, error, names):
    assert right_errnos(injection(capability, event, error), "6.12") == names
