"""Start-up: `--version` and a cold smoke campaign against a bare interpreter, in turns."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
ROOT = Path(__file__).resolve().parents[2]
FAULTRUN = Path(sys.executable).with_name("faultrun")


def timed(*command, cwd):
    began = time.perf_counter()
    subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, check=True)
    return time.perf_counter() - began


def main():
    bare, version, smoke = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            bare.append(timed(sys.executable, "-c", "pass", cwd=folder))
            version.append(timed(FAULTRUN, "--version", cwd=folder))
            smoke.append(
                timed(
                    FAULTRUN, ROOT / "campaigns" / "smoke.yaml", "--out", f"r{number}", cwd=folder
                )
            )
    base = statistics.median(bare)
    for name, values in (("python -c pass", bare), ("--version", version), ("smoke", smoke)):
        median = statistics.median(values)
        print(f"{name:<15} {median * 1000:7.1f} ms  {median / base:5.1f} times a bare interpreter")


if __name__ == "__main__":
    main()
