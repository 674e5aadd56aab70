import shutil
import subprocess
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultrun.targets.recipes import gpt

SECTOR = 512


def disk_of(size_mib, count):
    disk = bytearray(size_mib << 20)
    for at, data in gpt.pieces(size_mib, count):
        disk[at * SECTOR : at * SECTOR + len(data)] = data
    assert len(disk) == size_mib << 20
    return bytes(disk)


@given(st.integers(2, 40), st.integers(1, 15))
def test_both_headers_check_their_table_and_each_other(size_mib, count):
    count = min(count, size_mib - 1)
    disk = disk_of(size_mib, count)
    assert disk[510:512] == b"\x55\xaa"
    last = len(disk) // SECTOR - 1
    tables = []
    for here, other in ((1, last), (last, 1)):
        head = bytearray(disk[here * SECTOR : here * SECTOR + 92])
        assert head[:8] == b"EFI PART"
        told, head[16:20] = int.from_bytes(head[16:20], "little"), bytes(4)
        assert zlib.crc32(head) == told
        assert int.from_bytes(head[24:32], "little") == here
        assert int.from_bytes(head[32:40], "little") == other
        at = int.from_bytes(head[72:80], "little") * SECTOR
        table = disk[at : at + 128 * 128]
        assert zlib.crc32(table) == int.from_bytes(head[88:92], "little")
        tables.append(table)
    assert tables[0] == tables[1]
    ends = 2048
    for number in range(count):
        entry = tables[0][128 * number : 128 * (number + 1)]
        first, until = (int.from_bytes(entry[at : at + 8], "little") for at in (32, 40))
        assert first == ends
        ends = until + 1
        assert until > first
        assert (until + 1 - first) % 2048 == 0 or number == count - 1
    assert ends <= last - 32


def test_a_known_program_reads_it_so(tmp_path):
    tool = shutil.which("partx")
    if tool is None:
        pytest.skip("partx is not installed")
    (tmp_path / "disk").write_bytes(disk_of(16, 2))
    words = [tool, "-go", "START,SECTORS", tmp_path / "disk"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert said == ["2048", "14336", "16384", "14336"]
