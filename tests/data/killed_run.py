"""A child process that runs the engine on a folder and kills itself before its N-th act.

Arguments: folder that mirrors a machine, run folder, number of the act before which to die.
An act is a write to a control file, or an event that reaches the record.
"""

import os
import signal
import sys
from pathlib import Path

from data.engine_plans import never, plan, task
from data.fuse import Fuse, Fused
from faultrun.engine.drive_threads import drive
from faultrun.gate.policy import decide
from faultrun.oracles.registry import builtin
from faultrun.record.header import Circumstances
from faultrun.record.writer import Recorder
from faultrun.targets.local import LocalTarget

WHEN = Circumstances(
    version="0", started="2026-01-01T00:00:00+00:00", host="h", command=(), file="f", slots=1
)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def main():
    root, folder, acts = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    fuse = Fuse(acts, die)
    target = LocalTarget(root)
    work = "echo 0 > sys/kernel/debug/failslab/times"
    tasks = plan(
        task("first", 0, script=work, inject=True, cleanup=":"),
        task("second", 1, script=work, inject=True, times=3),
    )
    with Recorder.start(folder, tasks, target.info, WHEN) as recorder:
        summary = drive(
            tasks,
            lambda _name: Fused(target, fuse),
            Fused(recorder, fuse),
            oracles=builtin(),
            gate=decide,
            slots=1,
            stop=never,
            clock=target.clock,
        )
    print(fuse.left, summary.restored)


if __name__ == "__main__":
    main()
