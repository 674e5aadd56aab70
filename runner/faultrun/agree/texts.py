"""Random texts for control files: numbers at every edge, in every notation, and what is none.

They are written as bash's ``printf %b`` reads them.
"""

from faultrun.agree.draw import Draw

_EDGES = (
    0, 1, 2, 7, 8, 31, 32, 33, 99, 100, 101, 255, 256, 4095, 4096, 32767, 65535, 65536, 74565,
    2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 99999999999, 2**63 - 1, 2**63, 2**64 - 1, 2**64,
    10**23,
)  # fmt: skip

_ODD = (
    "", " ", "\\n", "\\t", "-", "+", "0x", "0X", "08", "0x1g", "1e3", "7.5", "0b11", "1 2", "1,2",
    "--1", "+-1", "++1", "%d", "none", "ENOMEM", "7\\n\\n", "7\\n8", "\\n7", "1_000", "\\0601",
    "00000000000000000000000012", "0000000000000000000000123", "123456789012345678901234567890",
    "0x0000000000000000000000001",
)  # fmt: skip

_WORDS = (
    "y", "Y", "yes", "n", "N", "no", "t", "T", "true", "f", "F", "false", "1", "0", "10", "01", "on",
    "On", "oN", "off", "OFF", "of", "o", "o1", "e", "E", "enable", "d", "D", "disable", "maybe",
    "2", " Y", "Y ", "\\nY", "-1", "0xff", "+1",
)  # fmt: skip

_SIGNS = ("", "", "", "", "-", "+", " ", "\\t")
_ENDS = ("", "", "", "\\n", "\\n", " ", "x", "\\n\\n", "\\r")


def number(draw: Draw) -> str:
    """A number or nearly one."""
    if draw.chance(25):
        return draw.one(_ODD)
    value = draw.one(_EDGES) if draw.chance(70) else draw.between(0, 10**6)
    form = draw.one(("{}", "{}", "{}", "0x{:x}", "0X{:X}", "0{:o}"))
    return draw.one(_SIGNS) + form.format(value) + draw.one(_ENDS)


def truth(draw: Draw) -> str:
    """A bool or nearly one."""
    return draw.one(_WORDS) + draw.one(("", "", "\\n", "x")) if draw.chance(85) else number(draw)
