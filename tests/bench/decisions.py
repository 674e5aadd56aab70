"""Decisions: bulk draws against a compiled C loop that makes each decision, in one run."""

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from faultrun.kernel.batch import decide_batch, decide_many
from faultrun.kernel.fault_attr import FaultAttr
from faultrun.simkernel.prng import Prng

CALLS = 10**9
ROUNDS = 3

C_LOOP = r"""
#include <stdint.h>
#include <stdio.h>
/* The same questions in the same order: probability, times, space, interval, draw. */
static uint64_t state = 1;
static inline uint32_t draw(void) {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return (uint32_t)(((state >> 32) * 100) >> 32);
}
static volatile unsigned long probability = 1, interval = 1;
static volatile int times = -1, space = 0;
int main(void) {
    uint64_t hits = 0, count = 0;
    for (uint64_t i = 0; i < %dULL; i++) {
        if (probability == 0 || times == 0) continue;
        if (space > 1) { space -= 1; continue; }
        if (interval > 1 && ++count %% interval) continue;
        if (probability <= draw()) continue;
        if (times != -1) times -= 1;
        hits++;
    }
    printf("%%llu\n", (unsigned long long)hits);
    return 0;
}
"""


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bulk():
    hits = decide_batch(FaultAttr(probability=1, times=-1), 1, CALLS, Prng(7))
    assert 0.99e7 < hits < 1.01e7, hits


def bounded():
    attr = FaultAttr(probability=1, times=100, interval=3, space=10**6)
    assert decide_batch(attr, 1, 10**12, Prng(7)) == 100


def single():
    sizes = [64, 4096, 192, 8] * 250_000
    failed = decide_many(FaultAttr(probability=1, times=-1), sizes, Prng(7).percent)
    assert 8_000 < len(failed) < 12_000, len(failed)


def main():
    compiler = shutil.which("gcc") or shutil.which("cc")
    ours, many, few, theirs = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "loop"
        if compiler:
            source = Path(folder) / "loop.c"
            source.write_text(C_LOOP % CALLS)
            subprocess.run([compiler, "-O2", "-o", program, source], check=True)
        for _ in range(ROUNDS):
            ours.append(timed(bulk))
            few.append(timed(bounded))
            many.append(timed(single))
            if compiler:
                theirs.append(
                    timed(lambda: subprocess.run([program], check=True, capture_output=True))
                )
    print(f"10^12 calls, times=100, interval 3: {statistics.median(few) * 1000:9.3f} ms")
    print(f"10^9 calls at probability 1:        {statistics.median(ours) * 1000:9.3f} ms")
    if theirs:
        ratio = statistics.median(theirs) / statistics.median(ours)
        print(
            f"  the same in a C loop:             {statistics.median(theirs) * 1000:9.3f} ms"
            f"  ({ratio:,.0f} times as long)"
        )
    print(f"single unequal calls:               {1e6 / statistics.median(many):9.0f} a second")


if __name__ == "__main__":
    main()
