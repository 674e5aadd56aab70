"""Steps a second: faultrun's whole step against no-op steps of general runners, in one run.

faultrun runs 10,000 steps that each arm five attributes, run one program, are judged, restored
and recorded. The others run 2,000 steps that do nothing. Sides take turns; medians are compared.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = 10_000
PEER_STEPS = 2_000
ROUNDS = 3

CAMPAIGN = f"""\
campaign: bench
summary: {STEPS} steps that arm five attributes each.
seed: 1
target:
  simulated: {{kernel: "6.12", devices: {{nvme0: {{kind: nvme, namespaces: 1, size_mib: 16}}}}}}
steps:
  arm:
    matrix:
      hundreds: [{", ".join(str(n) for n in range(STEPS // 100))}]
      ones: [{", ".join(str(n) for n in range(100))}]
    inject:
      nvme: {{device: nvme0n1, status: 0x281, dont_retry: true, space: 0, times: 1, probability: 100}}
    run: "true"
    expect: {{exit: 0, injected: none, kernel_log: no-oops}}
"""


def timed(command, cwd):
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return time.perf_counter() - began, done


def faultrun(folder):
    (folder / "bench.yaml").write_text(CAMPAIGN)
    shutil.rmtree(folder / "run", ignore_errors=True)
    command = [
        sys.executable, "-m", "faultrun", "bench.yaml", "--out", "run", "--quiet", "--no-report",
    ]  # fmt: skip
    seconds, done = timed(command, folder)
    assert done.returncode in (0, 1), done.stderr
    verdicts = (folder / "run" / "events.jsonl").read_text().count('"kind":"step.verdict"')
    assert verdicts == STEPS, verdicts
    return STEPS / seconds


def plan(folder):
    (folder / "bench.yaml").write_text(CAMPAIGN)
    seconds, done = timed([sys.executable, "-m", "faultrun", "plan", "bench.yaml"], folder)
    assert done.returncode == 0, done.stderr
    return seconds


def chaostoolkit(folder):
    chaos = Path(sys.executable).with_name("chaos")
    if not chaos.exists():
        return None
    step = {
        "type": "action",
        "name": "noop",
        "provider": {"type": "python", "module": "os", "func": "getpid"},
    }
    experiment = {"title": "noop", "description": "noop", "method": [step] * PEER_STEPS}
    (folder / "experiment.json").write_text(json.dumps(experiment))
    command = [str(chaos), "--no-version-check", "run", "experiment.json"]
    seconds, done = timed(command, folder)
    assert done.returncode == 0, done.stderr
    return PEER_STEPS / seconds


def robot(folder):
    tests = "".join(f"T{n}\n    No Operation\n" for n in range(PEER_STEPS))
    (folder / "noop.robot").write_text("*** Test Cases ***\n" + tests)
    seconds, done = timed(
        [sys.executable, "-m", "robot", "--console", "none", "noop.robot"], folder
    )
    if "No module named robot" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return PEER_STEPS / seconds


def pytest(folder):
    code = "import pytest\n@pytest.mark.parametrize('n', range(%d))\ndef test(n): pass\n"
    (folder / "test_noop.py").write_text(code % PEER_STEPS)
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "--junitxml=out.xml", "test_noop.py",
    ]  # fmt: skip
    seconds, done = timed(command, folder)
    assert done.returncode == 0, done.stdout
    return PEER_STEPS / seconds


def memory():
    """The largest resident size of one whole run, report included, in MiB."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "bench.yaml").write_text(CAMPAIGN)
        process = subprocess.Popen(
            [sys.executable, "-m", "faultrun", "bench.yaml", "--out", "run", "--quiet"],
            cwd=name,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        return usage.ru_maxrss // 1024


def main():
    sides = {
        "faultrun": faultrun,
        "chaostoolkit": chaostoolkit,
        "robotframework": robot,
        "pytest": pytest,
    }
    rates = {name: [] for name in sides}
    plans = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(ROUNDS):
            for side, measure in sides.items():
                rate = measure(folder)
                if rate is not None:
                    rates[side].append(rate)
            plans.append(plan(folder))
    ours = statistics.median(rates["faultrun"])
    print(f"{os.cpu_count()} cpus, {ROUNDS} rounds, medians, whole processes")
    for side, values in rates.items():
        if not values:
            print(f"{side:<16} not installed")
            continue
        median = statistics.median(values)
        print(f"{side:<16} {median:9.0f} steps/s   faultrun is {ours / median:5.1f} times as fast")
    print(f"planning {STEPS} steps: {statistics.median(plans):.2f} s")
    print(f"memory of a run with its report: {memory()} MiB")


if __name__ == "__main__":
    main()
