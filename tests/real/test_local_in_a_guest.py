"""``--target local`` on a kernel that can inject faults: inside a guest, for which it is the machine."""

import sys
from pathlib import Path

import pytest

from faultrun.cli.machines import machines
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command

pytestmark = pytest.mark.real

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = ("/tmp", "/run", "/mnt", "/var/tmp", "/dev", "/proc", "/sys")
SECOND_NS = 1_000_000_000

CAMPAIGN = """\
campaign: here
target: {local: {}}
steps:
  slab:
    inject: {failslab: {probability: 100, times: 1, ignore-gfp-wait: false}}
    run: cat /proc/version
    expect: {injected: exactly 1}
  nth:
    inject: {fail-nth: {nth: 3}}
    run: cat /proc/version
    expect: {injected: exactly 1}
  page:
    inject: {fail_page_alloc: {probability: 100, times: 3, min-order: 0, ignore-gfp-wait: false, ignore-gfp-highmem: false}}
    run: ls /
    expect: {injected: at least 1}
"""

KILLED = """\
campaign: killed
target: {local: {}}
steps:
  armed:
    inject:
      failslab: {probability: 50, times: -1, ignore-gfp-wait: false, space: 1000000000}
      fail_page_alloc: {probability: 10, times: -1, min-order: 0, space: 1000000000}
    run: sleep 600
    timeout: 900s
    expect: {exit: 0}
"""

STATE = """
state() {
  cat /sys/kernel/debug/failslab/{probability,times,space,task-filter,ignore-gfp-wait} \\
      /sys/kernel/debug/fail_page_alloc/{probability,times,space,task-filter,min-order} | tr '\\n' ' '
  echo
}
until_is() {
  for _ in $(seq 300); do [ "$(cat /sys/kernel/debug/failslab/probability)" = "$1" ] && return; sleep 0.1; done
  echo "never $1"; exit 9
}
"""


@pytest.fixture(scope="module")
def guest(uml_kernel):
    if str(ROOT).startswith(HIDDEN) or sys.prefix.startswith(HIDDEN):
        pytest.skip(f"{ROOT} lies where a guest has a folder of its own")
    spec = TargetSpec(kind="uml", any_kernel=True, memory_mib=512)
    with machines("uml", spec, 0, str(uml_kernel.path))("guest") as machine:
        yield machine


def inside(guest, script, campaign):
    words = f"RUN='{sys.executable} -m faultrun'\n{STATE}\ncat > /tmp/c.yaml\n{script}"
    done = guest.run(Command(timeout_ns=300 * SECOND_NS, script=words, stdin=campaign))
    assert done.exit_code == 0, done
    return done.stdout


def test_faults_fire_on_the_machine_itself_and_everything_is_put_back(guest):
    script = """
before=$(state)
$RUN run /tmp/c.yaml --target local --out /tmp/one --no-report || exit 5
[ "$before" = "$(state)" ] || { state; exit 6; }
ls -d /tmp/faultrun-work-* && exit 7
exit 0
"""
    out = inside(guest, script, CAMPAIGN)
    assert "here: 3 PASS; 5 faults injected" in out
    assert "gate passed" in out


def test_a_runner_that_is_killed_leaves_the_machine_as_it_was(guest):
    script = """
before=$(state)
$RUN run /tmp/c.yaml --target local --out /tmp/two --no-report >/tmp/log 2>&1 &
until_is 50
sleep 0.5
pgrep -x sleep >/dev/null || exit 3
kill -KILL $! || exit 4
until_is 0
for _ in $(seq 100); do ls -d /tmp/faultrun-work-* >/dev/null 2>&1 || break; sleep 0.1; done
pgrep -x sleep && exit 5
[ "$before" = "$(state)" ] || { state; exit 6; }
$RUN restore /tmp/two | tail -1
[ "$before" = "$(state)" ] || exit 7
ls -d /tmp/faultrun-work-* && exit 8
exit 0
"""
    assert "restored /sys/kernel/debug/failslab/probability = 0" in inside(guest, script, KILLED)
