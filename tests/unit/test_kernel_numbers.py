"""How the kernel reads numbers: what the vectors do not hold."""

import pytest

from faultrun.kernel.control_file import parse, reads_back
from faultrun.kernel.numbers import (
    Refused,
    kstrtoint,
    kstrtoll,
    kstrtoull,
    scanned_int,
    signed,
    simple_strtoul,
)
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind

NOW = KernelVersion.parse("6.12")


def refusal(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.name


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("99999999999999999999x", "ERANGE"),  # too large is noticed before the rest is looked at
        ("99999999999999999999\n\n", "ERANGE"),
        ("0x1ffffffffffffffff ", "ERANGE"),
        ("0" * 30 + "7", 7),
        ("9" * 5000, "ERANGE"),
        ("5\0junk", 5),  # a C string ends at its NUL
        ("\0", "EINVAL"),
        ("5\n\0junk", 5),
        ("5\n5", "EINVAL"),
        ("\u0665", "EINVAL"),  # digits of other scripts are none
        ("\xb2", "EINVAL"),
        ("0b1", "EINVAL"),
        ("1_000", "EINVAL"),
        ("09", "EINVAL"),
        ("+", "EINVAL"),
        ("++1", "EINVAL"),
    ],
)
def test_unsigned(text, answer):
    if isinstance(answer, int):
        assert kstrtoull(text) == answer
    else:
        assert refusal(kstrtoull, text) == answer


def test_signed():
    assert kstrtoll("-9223372036854775808") == -(2**63)
    assert refusal(kstrtoll, "-9223372036854775809") == "ERANGE"
    assert refusal(kstrtoll, "9223372036854775808") == "ERANGE"
    assert refusal(kstrtoll, "-+1") == "EINVAL"
    assert refusal(kstrtoll, "-99999999999999999999z") == "ERANGE"
    assert kstrtoint("-0x80000000") == -(2**31)
    assert refusal(kstrtoint, "2147483648") == "ERANGE"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7), ("-3", -3), ("  12x", 12), ("\xa05", 5), ("0x1", 0), ("1x", 1), ("+5", None),
        ("- 5", None), ("", None), ("garbage", None), ("\xb2", None), ("4294967296", 0),
        ("2147483648", -(2**31)), ("\u20075", None), ("\0005", None),
    ],
)  # fmt: skip
def test_scanned(text, value):
    assert scanned_int(text, NOW) == value


@pytest.mark.parametrize(
    ("text", "wraps", "saturates"),
    [
        ("18446744073709551615", -1, -1),
        ("18446744073709551616", 0, -1),
        ("18446744073709551617", 1, -1),
        ("-18446744073709551616", 0, 1),
        ("-18446744073709551618", -2, 1),
    ],
)
def test_more_than_64_bits_wrap_or_saturate(text, wraps, saturates):
    """Seen on Linux 7.3.4: 18446744073709551616 turns io-timeout-fail on."""
    new = KernelVersion.parse("7.3")
    assert scanned_int(text, NOW) == wraps
    assert scanned_int(text, new) == saturates
    if not text.startswith("-"):
        assert signed(simple_strtoul(text, NOW), 32) == wraps
        assert signed(simple_strtoul(text, new), 32) == saturates


def test_a_switch_takes_what_sscanf_takes():
    for text, before, after in (("+1", 0, 0), ("4294967296", 1, 0), ("-3", 0, 1), ("x", 1, 1)):
        assert parse(AttrKind.FLAG, text, NOW, before) == after, text
        assert reads_back(AttrKind.FLAG, text, NOW, str(before)) == str(after), text


def test_leading_digits():
    for text, value in ((" 1", 0), ("12x", 12), ("-1", 0), ("", 0), ("\xb2", 0), ("0x1", 0)):
        assert simple_strtoul(text, NOW) == value, text


def test_nothing_is_too_long_to_be_read():
    long = "9" * 9000
    assert isinstance(scanned_int(long, NOW), int)
    assert isinstance(simple_strtoul(long, NOW), int)
    assert refusal(parse, AttrKind.ULONG, long, NOW, 0) == "ERANGE"
