"""A real kernel: first verdict, warm step and fail-nth sweep on User-mode Linux, in one run.

Needs `faultrun kernel build --uml` and a C compiler. Boots, runs and the sweep's two forms are
measured in turns, so that what others do on the machine meets all of them.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from faultrun.kernels.finding import find
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.uml import UmlLife
from faultrun.targets.uml_guest import UmlBoot, UmlGuest

ROUNDS = 10
STEPS = 60
SECOND_NS = 1_000_000_000
FAULTRUN = Path(sys.executable).with_name("faultrun")

ONE = """campaign: one
target: {uml: {}}
steps:
  first: {run: "true", expect: {exit: 0}}
"""

WARM = f"""campaign: warm
target: {{uml: {{}}}}
steps:
  warm:
    group: same
    repeat: {STEPS}
    inject:
      failslab: {{probability: 100, interval: 1, times: 1, space: 100000000, verbose: 1}}
    run: "true"
    expect: {{exit: 0, injected: none}}
"""

SWEEP = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
    struct timespec from, to;
    int rounds, n, fd[2], nth = open("/proc/thread-self/fail-nth", O_RDWR);
    char text[16];
    if (nth < 0) { perror("fail-nth"); return 1; }
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (rounds = 0; rounds < 1000; rounds++)
        for (n = 1; n < 12; n++) {
            int length = snprintf(text, sizeof text, "%d", n);
            if (pwrite(nth, text, length, 0) != length) return 2;
            if (!socketpair(AF_UNIX, SOCK_STREAM, 0, fd)) { close(fd[0]); close(fd[1]); }
            while (pwrite(nth, "0", 1, 0) != 1) ;
        }
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec);
    return 0;
}
"""


def booted(kernel):
    began = time.perf_counter()
    guest = UmlGuest(UmlBoot.of(kernel.path, TargetSpec(kind="uml")))
    took = time.perf_counter() - began
    guest.end()
    return took


def first_verdict(folder, number):
    began = time.perf_counter()
    with subprocess.Popen(
        [FAULTRUN, "--no-report", "--out", f"one{number}", "one.yaml"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        line = next(line for line in run.stderr if "PASS" in line)
        took = time.perf_counter() - began
        run.communicate()
    assert "first" in line, line
    return took


def warm_steps(folder):
    subprocess.run(
        [FAULTRUN, "--no-report", "-q", "--out", "warm", "warm.yaml"], cwd=folder, check=False
    )
    started, took = {}, []
    for text in (folder / "warm" / "events.jsonl").read_text().splitlines():
        event = json.loads(text)
        if event["kind"] == "step.start":
            started[event["step"]] = event["t"]
        elif event["kind"] == "step.verdict":
            assert event["data"]["findings"], event
            took.append((event["t"] - started[event["step"]]) / 1_000_000)
    assert len(took) == STEPS
    return took[5:]


def sweeps(kernel, folder):
    """(nanoseconds of the loop in a step's run: block, of the loop run by hand), in turns."""
    source = folder / "sweep.c"
    source.write_text(SWEEP)
    subprocess.run(["gcc", "-O2", "-o", folder / "sweep", source], check=True)
    campaign = {
        "campaign": "sweep",
        "target": {"uml": {}},
        "steps": {
            "sweep": {
                "repeat": 3,
                "inject": {
                    "failslab": {
                        "probability": 100,
                        "interval": 1_000_000_000,
                        "ignore-gfp-wait": False,
                        "times": 1_000_000,
                        "verbose": 0,
                    }
                },
                "run": "base64 -d > /run/sweep <<'END'\n"
                + subprocess.run(
                    ["base64", folder / "sweep"], capture_output=True, text=True, check=True
                ).stdout
                + "END\nchmod +x /run/sweep\n/run/sweep\n",
                "expect": {"exit": 0},
            }
        },
    }
    (folder / "sweep.yaml").write_text(json.dumps(campaign))
    subprocess.run(
        [FAULTRUN, "--no-report", "-q", "--out", "sweep-run", "sweep.yaml"], cwd=folder, check=False
    )
    block = [
        int(json.loads(text)["data"]["stdout"])
        for text in (folder / "sweep-run" / "events.jsonl").read_text().splitlines()
        if '"kind": "command"' in text or '"kind":"command"' in text
    ]
    life = UmlLife(kernel.path, TargetSpec(kind="uml"), release=kernel.release)
    by_hand = []
    with RenewableTarget(life) as guest:
        put = (
            "cd /sys/kernel/debug/failslab; echo N > ignore-gfp-wait; echo 0 > verbose\n"
            + campaign["steps"]["sweep"]["run"]
        )
        for _ in range(3):
            done = guest.run(Command(timeout_ns=120 * SECOND_NS, script=put))
            by_hand.append(int(done.stdout))
    return block, by_hand


def main():
    kernel = find("uml")
    if kernel is None:
        sys.exit("no kernel: faultrun kernel build --uml")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "one.yaml").write_text(ONE)
        (folder / "warm.yaml").write_text(WARM)
        boots, firsts = [], []
        for number in range(ROUNDS):
            boots.append(booted(kernel))
            firsts.append(first_verdict(folder, number))
        boot, first = statistics.median(boots), statistics.median(firsts)
        print(f"Linux {kernel.release}, User-mode Linux")
        print(f"boot to the agent's first word   {boot * 1000:7.0f} ms")
        print(f"faultrun FILE to first verdict   {first * 1000:7.0f} ms  {first / boot:.2f} boots")
        warm = warm_steps(folder)
        print(
            f"warm step, five attributes       {statistics.median(warm):7.1f} ms"
            f"  (fastest {min(warm):.1f}, slowest {max(warm):.1f})"
        )
        block, by_hand = sweeps(kernel, folder)
        print(
            f"11,000 injected calls            {min(block) / 1e6:7.0f} ms in a run: block,"
            f" {min(by_hand) / 1e6:.0f} ms in C by hand: {min(block) / min(by_hand):.2f} times"
        )


if __name__ == "__main__":
    main()
