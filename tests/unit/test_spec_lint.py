"""Lint says what is certain and nothing else: the same campaign, right and wrong."""

import textwrap

import pytest

from faultrun.model.campaign import Workload
from faultrun.model.mark import NOWHERE
from faultrun.spec.codes import CODES
from faultrun.spec.load import load
from faultrun.spec.programs import Traffic, traffic

HEAD = 'campaign: x\ntarget: {simulated: {kernel: "7.3", devices: {nvme0: {kind: nvme}}}}\nsteps:\n'
ADMIN = "run: nvme id-ctrl /dev/nvme0\n  expect: {exit: 1}"
IO = "run: dd if=/dev/nvme0n1 of=/dev/null\n  expect: {exit: 1}"
SLAB = "run: 'true'\n  expect: {exit: 1}"


@pytest.fixture
def codes(tmp_path):
    def found(*steps):
        path = tmp_path / "c.yaml"
        body = "".join(f"s{n}:\n  {step}\n" for n, step in enumerate(steps))
        path.write_text(HEAD + textwrap.indent(body, "  "))
        return [item.code for item in load(path, overrides={}).diagnostics]

    return found


def nvme(values, rest=ADMIN, device="nvme0"):
    return f"inject: {{nvme: {{device: {device}, {values}}}}}\n  {rest}"


def slab(values, rest=SLAB):
    return f"inject: {{failslab: {{{values}}}}}\n  {rest}"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (nvme("probability: 100, times: 1"), []),
        (nvme("probability: 100"), ["FR101"]),
        (nvme("probability: 5, times: -1"), []),
        (nvme("probability: 5, times: -1, interval: 1"), []),
        (nvme("probability: 5, times: -1, interval: 2"), ["FR102"]),
        (nvme("probability: 100, times: -1, interval: 2"), []),
        (nvme("probability: 100, times: 1", IO), ["FR103"]),
        (nvme("probability: 100, times: 1", ADMIN, "nvme0n1"), ["FR103"]),
        (nvme("probability: 100, times: 1", IO, "nvme0n1"), []),
        (nvme("probability: 100, times: 1", IO, "nvme0c0n1"), []),
        (
            nvme("probability: 100, times: 1", IO.replace("exit: 1", "exit: 0, injected: none")),
            [],
        ),
        (slab("probability: 100, times: -1"), []),
        (slab("probability: 100, times: -1, task-filter: N"), []),
        (slab("probability: 100, times: -1, task-filter: N, ignore-gfp-wait: N"), ["FR104"]),
        (slab("probability: 99, times: -1, task-filter: N, ignore-gfp-wait: N"), []),
        (slab("probability: 100, times: 5, task-filter: N, ignore-gfp-wait: N"), []),
        (slab("probability: 100, times: 2000000, task-filter: N, ignore-gfp-wait: N"), ["FR104"]),
        (
            "inject: {fail_usercopy: {probability: 100, times: -1, task-filter: N}}\n  " + SLAB,
            ["FR104"],
        ),
        ("inject: {fail_usercopy: {probability: 100, times: -1}}\n  " + SLAB, []),
        (nvme("probability: 100, times: 1", "run: nvme id-ctrl /dev/nvme0"), ["FR106"]),
        (
            nvme(
                "probability: 100, times: 1",
                "run: nvme id-ctrl /dev/nvme0\n  expect: {kernel_log: no-oops}",
            ),
            ["FR106"],
        ),
        ("run: 'true'\n  expect: {injected: exactly 1}", ["FR107"]),
        ("run: 'true'\n  expect: {injected: none}", []),
        ("run: 'true'\n  expect: {injected: at most 3}", []),
        (nvme("probability: 100, times: 1, task-filter: Y"), ["FR108"]),
        (nvme("probability: 100, times: 1, task-filter: N"), []),
        (slab("probability: 100, times: 1, task-filter: Y"), []),
        (nvme("times: 1"), ["FR109"]),
        (nvme("times: 1, probability: 0"), ["FR109"]),
        (nvme("times: 0, probability: 100"), ["FR110"]),
        (nvme("times: 0, probability: 0", "run: x\n  expect: {injected: none}"), []),
        ("inject: {fail-nth: {nth: 3}}\n  " + SLAB, []),
        ("matrix: {n: [1, 2]}\n  run: 'true'", ["FR111"]),
        ("matrix: {n: [1, 2]}\n  run: 'true'\n  summary: '{{ n }}'", []),
        ("matrix: {n: [1, 2]}\n  run: 'true'\n  group: 'g{{ n }}'", []),
        (slab("probability: 100, interval: 7, times: 1", SLAB + "\n  repeat: 2"), []),
        (
            slab("probability: 100, interval: 7, times: 1", SLAB + "\n  repeat: 2\n  group: g"),
            ["FR112"],
        ),
        ("tags: [a, a]\n  run: 'true'", ["FR113"]),
        (
            nvme(
                "probability: 100, times: 1",
                ADMIN.replace("exit: 1", "exit: 1, injected: exactly 2"),
            ),
            ["FR115"],
        ),
        (
            nvme(
                "probability: 100, times: -1",
                ADMIN.replace("exit: 1", "exit: 1, injected: exactly 2"),
            ),
            [],
        ),
        (
            "inject: {fail-nth: {nth: 1}}\n  run: 'true'\n  expect: {injected: at least 2}",
            ["FR115"],
        ),
    ],
)
def test_rules_of_a_step(codes, step, expected):
    assert codes(step) == expected


def test_rules_of_a_group(codes):
    nth = "group: g\n  inject: {fail-nth: {nth: 3}}\n  " + SLAB
    after = "group: g\n  " + slab("probability: 100")
    written = "group: g\n  " + slab("probability: 100, times: 1")
    elsewhere = slab("probability: 100")
    other = "group: h\n  " + slab("probability: 100")
    device = "group: g\n  " + nvme("probability: 100")
    assert codes(nth, after) == ["FR105", "FR101"]
    assert codes(after, nth) == ["FR101"]
    assert codes(nth, written) == []
    assert codes(nth, elsewhere, other) == ["FR101", "FR101"]
    assert codes(nth, device) == ["FR101"]
    interval = "group: g\n  " + slab("probability: 100, times: 1, interval: 3")
    assert codes(written, interval) == ["FR112"]
    assert codes(interval, written) == []
    here, there = "targets: [simulated]\n  ", "targets: [qemu]\n  "
    assert codes(here + written, here + interval) == ["FR112"]
    assert "FR112" not in codes(here + written, there + interval)


def test_a_finding_of_many_cells_is_told_once(codes, tmp_path):
    step = 'matrix: {p: [1, 2, 3]}\n  inject: {nvme: {device: nvme0, probability: "{{ p }}"}}\n  '
    assert codes(step + ADMIN) == ["FR101"]
    (found,) = load(tmp_path / "c.yaml", overrides={}).diagnostics
    assert found.message.endswith("(in 's0[p=1]' and others)")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("dd if=/dev/nvme0n1 of=/dev/null", Traffic.IO),
        ("set -e\nmount /dev/nvme0n1 /mnt && cp a /mnt || exit 1 # nvme id-ctrl", Traffic.IO),
        ("X=1 dd if=a; for f in a b; do cat $f; done", Traffic.IO),
        ("if ! dd if=a; then exit 1; fi", Traffic.IO),
        ("echo 'nvme id-ctrl' | cat > /dev/null 2>&1", Traffic.IO),
        ("/usr/sbin/nvme id-ctrl /dev/nvme0 > /dev/null", Traffic.ADMIN),
        ("nvme smart-log /dev/nvme0; echo $?", Traffic.ADMIN),
        ("nvme read /dev/nvme0n1", Traffic.IO),
        ("nvme reset /dev/nvme0", Traffic.UNKNOWN),
        ("nvme id-ctrl /dev/nvme0; dd if=/dev/nvme0n1", Traffic.UNKNOWN),
        ("echo 1 > /sys/class/nvme/nvme0/reset_controller", Traffic.UNKNOWN),
        ("./own-program", Traffic.UNKNOWN),
        ("$TOOL x; dd if=a", Traffic.UNKNOWN),
        ("dd if=$(own)", Traffic.UNKNOWN),
        ("dd if=`own`", Traffic.UNKNOWN),
        ("cat <<E\nx\nE", Traffic.UNKNOWN),
        ("true", Traffic.UNKNOWN),
    ],
)
def test_what_a_script_certainly_sends(script, expected):
    assert traffic(Workload(mark=NOWHERE, script=script)) is expected


def test_codes_are_explained():
    for name, code in CODES.items():
        assert name[:2] == "FR"
        assert len(name) == 5
        assert code.title[0].islower() or code.title.startswith("YAML"), code.title
        assert not code.title.endswith(".")
        assert code.explanation.endswith(".")
        assert len(code.explanation) > 20
