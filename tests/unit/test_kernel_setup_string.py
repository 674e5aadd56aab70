"""Setup strings and command lines as the kernel documents' own examples have them."""

import pytest

from faultrun.kernel.boot_line import Word, unknown, words
from faultrun.kernel.setup_string import Cut, Reading, Refusal, Setup, read
from faultrun.kernel.version import KNOWN, KernelVersion

WRAPPED, FULL = 7766279631452241919, 2**64 - 1


def setup(interval, probability, space, times):
    return Setup(interval=interval, probability=probability, space=space, times=times)


@pytest.mark.parametrize("version", KNOWN)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5,0,7,9", setup(5, 0, 7, 9)),
        ("1,100,0,-1", setup(1, 100, 0, -1)),
        ("010,100,0,1", setup(10, 100, 0, 1)),
        ("1,100,0,1x", setup(1, 100, 0, 1)),
        (" 1,\t100,\n0, -1 ", setup(1, 100, 0, -1)),
        ("\udca01,100,0,1", setup(1, 100, 0, 1)),
        ("1,100,0,4294967295", setup(1, 100, 0, -1)),
        ("1,100,-5,-7", setup(1, 100, -5, -7)),
        ("1,100,0,1\0,junk", setup(1, 100, 0, 1)),
    ],
)
def test_taken(text, expected, version):
    told = read(text, KernelVersion.parse(version))
    assert isinstance(told, Reading)
    assert told.setup == expected


@pytest.mark.parametrize("version", KNOWN)
@pytest.mark.parametrize(
    ("text", "count", "rest"),
    [
        ("", 0, ""), ("bad", 0, "bad"), ("0x10,100,0,1", 1, "x10,100,0,1"), ("+1,100,0,1", 0, "+1,100,0,1"),
        ("-1,100,0,1", 0, "-1,100,0,1"), ("1,-5,0,1", 1, "-5,0,1"), ("1 ,100,0,1", 1, " ,100,0,1"),
        ("1,100,0", 3, ""), ("1,100,0,", 3, ""), ("1,100,0,-", 3, "-"), ("1,100,0,- 1", 3, "- 1"),
        ("1,100%,0,1", 2, "%,0,1"), ("\xa01,100,0,1", 0, "\xa01,100,0,1"), ("1\0,100,0,1", 1, ""),
        ("\u0661,100,0,1", 0, "\u0661,100,0,1"),
    ],
)  # fmt: skip
def test_refused(text, count, rest, version):
    assert read(text, KernelVersion.parse(version)) == Refusal(read=count, rest=rest)


@pytest.mark.parametrize("version", KNOWN)
def test_too_large_wraps_and_saturates_in_7_3(version):
    kept = FULL if version == "7.3" else WRAPPED
    told = read("99999999999999999999,100,2147483648,4294967295", KernelVersion.parse(version))
    assert isinstance(told, Reading)
    assert told.setup == setup(kept, 100, -(2**31), -1)
    assert told.cuts == (
        Cut(name="interval", written="99999999999999999999", kept=kept),
        Cut(name="space", written="2147483648", kept=-(2**31)),
        Cut(name="times", written="4294967295", kept=-1),
    )


def test_no_number_is_too_long():
    long = "9" * 9000
    for version in KNOWN:
        told = read(f"{long},{long},-{long},{long}", KernelVersion.parse(version))
        assert isinstance(told, Reading)
        assert told.setup.interval == (FULL if version == "7.3" else (10**9000 - 1) % 2**64)
        assert len(told.cuts) == 4


def test_words_of_a_command_line():
    line = 'quiet  failslab="1, 100,0,5"\t"root=a b" x="" init=/bin/sh -- failslab=2,2,2,2'
    assert words(line) == (
        Word(name="quiet", value=None),
        Word(name="failslab", value="1, 100,0,5"),
        Word(name="root", value="a b"),
        Word(name="x", value=""),
        Word(name="init", value="/bin/sh"),
    )


def test_what_nobody_took_is_listed_words_first_and_each_name_once():
    refused = [
        Word(name="failslab", value="a"),
        Word(name="fail_futex", value=None),
        Word(name="fail_usercopy", value="b"),
        Word(name="failslab", value="c"),
    ]
    assert unknown(refused) == (
        'Unknown kernel command line parameters "fail_futex failslab=c fail_usercopy=b",'
        " will be passed to user space."
    )
