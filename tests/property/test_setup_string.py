"""Setup strings: what is written is read back, and a second, naive reading agrees on anything."""

from hypothesis import example, given
from hypothesis import strategies as st

from data.naive_setup import naive_setup
from faultrun.kernel.boot_line import words
from faultrun.kernel.setup_string import Reading, Refusal, Setup, read
from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.simkernel.kernel import SimKernel

VERSIONS = tuple(KernelVersion.parse(text) for text in KNOWN)
U64 = st.integers(0, 2**64 - 1)
S32 = st.integers(-(2**31), 2**31 - 1)
SETUPS = st.builds(Setup, interval=U64, probability=U64, space=S32, times=S32)

BLANK = st.text(alphabet=" \t\n\v\f\r", max_size=2)
DIGITS = st.text(alphabet="0123456789", max_size=30)
SIGN = st.sampled_from(["", "", "", "-", "+", "--"])
PIECES = st.one_of(
    st.tuples(BLANK, SIGN, DIGITS).map("".join), st.sampled_from(["", "0x10", "1e3", "1%", "x"])
)
NEAR = st.tuples(
    st.lists(PIECES, min_size=1, max_size=6), st.sampled_from([",", ",", ",", ";", " ,"])
).map(lambda made: made[1].join(made[0]))


@given(SETUPS, st.sampled_from(VERSIONS), st.sampled_from(["", "x", ",5", " quiet", "-"]))
def test_what_is_written_is_read_back(setup, version, tail):
    told = read(setup.text() + tail, version)
    assert told == Reading(setup=setup, cuts=(), ignored=tail)


@given(st.one_of(NEAR, st.text(max_size=30)), st.sampled_from(VERSIONS))
@example("99999999999999999999,100,0,1", VERSIONS[0])
@example("99999999999999999999,100,0,1", VERSIONS[-1])
@example("1,100,-99999999999999999999,99999999999999999999", VERSIONS[-1])
@example("1,100,0,1\N{ARABIC-INDIC DIGIT ONE}", VERSIONS[0])
def test_a_naive_reading_agrees(text, version):
    told = read(text, version)
    naive = naive_setup(text.partition("\0")[0], saturates=version >= VERSIONS[-1])
    if naive is None:
        assert isinstance(told, Refusal), told
    else:
        assert isinstance(told, Reading), told
        assert tuple(told.setup.values().values()) == naive
        written = naive_setup(told.setup.text())
        assert written == naive


@given(NEAR, st.sampled_from(VERSIONS))
def test_a_refusal_says_how_far_it_came(text, version):
    told = read(text, version)
    if isinstance(told, Refusal):
        assert 0 <= told.read < 4
        assert text.endswith(told.rest)
        assert f"{told.read} of 4" in told.reason()


@given(NEAR, st.sampled_from(VERSIONS))
def test_a_cut_is_named_exactly_where_the_value_changed(text, version):
    told = read(text, version)
    if isinstance(told, Reading):
        values = told.setup.values()
        cut = {item.name for item in told.cuts}
        for name, word in zip(values, text.split(",")[:4], strict=True):
            digits = "".join(char for char in word if char in "-0123456789" or char.isalpha())
            number = int(digits.split("x")[0].split("e")[0])
            assert (name in cut) == (number != values[name]), (name, told)


LINES = st.lists(
    st.tuples(
        st.sampled_from(
            ["failslab", "fail-usercopy", "nvme_core.fail_request", "quiet", '"', "--"]
        ),
        st.sampled_from(["=", "", '="']),
        NEAR,
    ).map("".join),
    max_size=5,
).map(" ".join)


@given(LINES, st.sampled_from(KNOWN))
def test_any_command_line_boots(line, version):
    kernel = SimKernel(
        version=KernelVersion.parse(version), seed=1, name="m", devices=(), cmdline=line
    )
    core = kernel.fault("failslab").core
    good = [
        naive_setup(word.value, saturates=version == "7.3")
        for word in words(line)
        if word.name == "failslab" and word.value is not None
    ]
    last = next((value for value in reversed(good) if value is not None), (1, 0, 0, 1))
    assert (core.interval, core.probability, core.space, core.times) == last
