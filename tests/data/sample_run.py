"""Makes run folders in the documented record format: any size, every verdict, hostile text.

Nothing here uses the product: the generator and the reader meet only in the format.
"""

import hashlib
import json

MS = 1_000_000
HOSTILE_OUT = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\n"
    "</script><!-- <script> --> &amp; \"quoted\" 'too'\n"
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x9b1m bell\x07 back\x08space\r\n"
    "right-to-left \u202egnp.exe\u202c zero\u200bwidth \ud800 \\xff\\xfe broken\n"
    "{{ 7 * 7 }} {% raw %} ${7*7} javascript:alert(3)\u2028next\n"
)
ORIGINS = (
    (
        "baseline",
        (),
        "Without a fault the controller identifies itself, resets, and its disk reads.",
    ),
    ("passthrough-status", ("baseline",), "A status reaches the user of a passthrough command."),
    ("never-retried", ("baseline",), "Admin commands are not retried."),
    ("reset-harmless", ("baseline",), "Losing this command costs nothing."),
    ("reset-fewer-queues", ("baseline",), "One I/O queue cannot be created; the other goes on."),
    ("reset-loses-disk", ("reset-harmless",), "The controller stays live without its disk."),
    ("reset-dies", ("reset-harmless",), "Identify Controller fails; the driver gives up."),
    ("slab-under-reset", ("reset-fewer-queues",), "Small allocations fail while it resets."),
    ("io-status", ("baseline",), "Reads fail with a media error."),
    ("io-retried", ("io-status",), "Without Do Not Retry the read is tried again."),
    ("data-integrity", ("io-retried",), "What was written before the fault is still there."),
    ("recovery", ("reset-dies", "reset-loses-disk", "baseline"), "A dead controller comes back."),
    ("after-all", ("recovery", "data-integrity"), "The machine is as it was."),
)
STORY = {
    "PASS": ("right-errno", "All 3 expectations held; 1 fault fired on the workload's path."),
    "FAIL": ("wrong-errno", "The exit status is 0, but it had to be other than 0."),
    "VACUOUS": (
        "not-activated",
        "Everything held, but no fault fired: 'nvme' armed nvme0 and the workload made no admin command.",
    ),
    "ERROR": ("no-fault", "The machine went away while the attributes were read back."),
    "SKIP": ("no-fault", "The program 'fio' is not on this machine."),
}


VIOLATION = {
    "FAIL": "failed",
    "ERROR": "could not be judged, because our side broke",
    "VACUOUS": "proved nothing, because no fault hit home",
}


def verdict_of(index, origin):
    """A fixed pattern with every verdict in it, mostly PASS."""
    if origin == "baseline" or index < 2:
        return "PASS"
    return {7: "FAIL", 19: "VACUOUS", 31: "SKIP", 37: "ERROR", 43: "FAIL"}.get(index % 97, "PASS")


def names(count):
    """(id, origin, cell, needs) of that many steps, spread over the origins."""
    copies = max(1, -(-count // 120))
    origins = [
        (
            f"{origin}-{copy}" if copy else origin,
            tuple(f"{n}-{copy}" if copy else n for n in needs),
            text,
        )
        for copy in range(copies)
        for origin, needs, text in ORIGINS
    ]
    if count == 1:
        return [("reset-dies", "reset-dies", {}, (), ORIGINS[6][2])]
    sizes = [1 if o.startswith(("baseline", "recovery", "after-all")) else 0 for o, _, _ in origins]
    each, extra = divmod(count - sum(sizes), sizes.count(0))
    made, ids = [], {}
    for (origin, needs, summary), single in zip(origins, sizes, strict=True):
        size = 1 if single else each + (1 if extra > 0 else 0)
        extra -= 0 if single else 1
        for cell in range(1, size + 1):
            name = origin if single else f"{origin}[nth={cell}]"
            ids.setdefault(origin, []).append(name)
            made.append((name, origin, {} if single else {"nth": cell}, needs, summary))
    return [
        (name, origin, cell, [i for need in needs for i in ids.get(need, [])][:40], summary)
        for name, origin, cell, needs, summary in made
    ]


DIRECTORY = "/sys/kernel/debug/nvme0/fault_inject"


def writes_of(nth):
    wanted = "the campaign"
    engine = "the engine: a large budget counts injections"
    rows = [
        ("status", "0x1", "0x0001", wanted, False, False, "0x0001"),
        ("dont_retry", "Y", "Y", wanted, False, False, "Y"),
        ("space", str(nth), str(nth), wanted, True, False, "0"),
        ("times", "1", "1", engine, True, False, "1"),
        ("probability", "100", "100", wanted, False, True, "0"),
    ]
    return [
        {
            "path": f"{DIRECTORY}/{name}", "value": value, "reads_back": back, "origin": origin,
            "volatile": volatile, "trigger": trigger, "old": old,
        }
        for name, value, back, origin, volatile, trigger, old in rows
    ]  # fmt: skip


def task(order, row):
    name, origin, cell, needs, summary = row
    nth = cell.get("nth", 0)
    armed = origin not in ("baseline", "after-all") and not origin.startswith("baseline")
    script = 'nvme reset /dev/nvme0\nstatus=$?\necho "state $(cat /sys/class/nvme/nvme0/state)"\nexit $status\n'
    return {
        "id": name, "origin": origin, "summary": summary, "needs": needs, "group": None, "machine": name,
        "tags": ["reset", "nvme"] if "reset" in origin else ["io"] if "io-" in origin else ["baseline"],
        "locks": [DIRECTORY] if armed else [], "order": order, "cell": cell, "timeout_ns": 60_000 * MS,
        "script": script, "argv": [], "cleanup": "echo 1 > /sys/bus/pci/rescan" if armed else "",
        "injections": [
            {
                "capability": "failslab" if "slab" in origin else "nvme", "where": {"device": "nvme0"},
                "settings": {"status": "0x1", "space": nth, "probability": 100, "times": 1},
            }
        ] if armed else [],
        "writes": [{k: v for k, v in row.items() if k != "old"} for row in writes_of(nth)] if armed else [],
        "counters": [
            {"capability": "nvme", "path": f"{DIRECTORY}/times", "budget": 1, "unlimited": False}
        ] if armed else [],
        "expectations": [
            {"oracle": "exit", "params": {"nonzero": True}, "place": f"nvme-admin.yaml:{40 + order % 200}:15"},
            {"oracle": "injected", "params": {"min": 1, "max": 1}, "place": f"nvme-admin.yaml:{41 + order % 200}:15"},
            {"oracle": "kernel_log", "params": {"no_oops": True}, "place": "nvme-admin.yaml:22:26"},
        ] if armed else [{"oracle": "exit", "params": {"code": 0}, "place": "nvme-admin.yaml:36:13"}],
        "prediction": {
            "known": True, "note": "", "checks": 16, "mean": 1.0, "spread": 0.0, "vacuous_chance": 0.0
        } if armed else {"known": False, "note": "", "checks": 0, "mean": 0.0, "spread": 0.0, "vacuous_chance": 0.0},
        "place": f"nvme-admin.yaml:{38 + order % 200}:3",
    }  # fmt: skip


CHAIN = [
    "should_fail_ex", "should_fail", "nvme_should_fail", "nvme_poll_cq", "nvme_irq",
    "__handle_irq_event_percpu", "handle_irq_event", "handle_edge_irq", "common_interrupt",
]  # fmt: skip


def kernel_log(at, nth, fired):
    lines = [{"t": at, "level": 6, "text": "nvme nvme0: resetting controller"}]
    if fired:
        lines += [
            {
                "t": at + 3 * MS, "level": 5,
                "text": "FAULT_INJECTION: forcing a failure.\n"
                f"name fault_inject, interval 1, probability 100, space {nth}, times 1",
            },
            {"t": at + 3 * MS + 1000, "level": 6, "text": "CPU: 0 UID: 0 PID: 94 Comm: nvme Not tainted 6.12.0 #1"},
            {"t": at + 3 * MS + 2000, "level": 6, "text": "Call Trace:\n <IRQ>\n" + "\n".join(f" {f}+0x1f/0x60" for f in CHAIN)},
            {"t": at + 5 * MS, "level": 3, "text": "nvme nvme0: Identify Controller failed (16385)"},
            {"t": at + 6 * MS, "level": 4, "text": "nvme nvme0: Disabling device after reset failure: -5"},
        ]  # fmt: skip
    return [
        *lines,
        {"t": at + 9 * MS, "level": 6, "text": "nvme nvme0: 2/0/0 default/read/poll queues"},
    ]


def finished(verdict, hostile):
    return {
        "exit": 0 if verdict == "FAIL" else 1, "signal": None, "timed_out": False, "elapsed_ns": 9 * MS,
        "stdout": HOSTILE_OUT if hostile else "state live\ndisk present\n",
        "stderr": "Reset: Network dropped connection on reset\n", "stdout_file": None, "stderr_file": None,
        "pids": [94], "fail_nth_left": None, "unmodelled": "",
    }  # fmt: skip


def findings(job, verdict):
    made = []
    for number, claim in enumerate(job["expectations"]):
        bad = number == 0 and verdict == "FAIL"
        held = {
            "exit": ("not 0", "1"),
            "injected": ("exactly 1", "1"),
            "kernel_log": ("no oops", "none"),
        }
        expected, found = held[claim["oracle"]]
        made.append({
            "oracle": claim["oracle"], "verdict": "FAIL" if bad else "PASS", "expected": expected,
            "found": "0" if bad else found, "place": claim["place"],
        })  # fmt: skip
    return made


def step_events(job, verdict, at, slot, hostile):
    """(time, kind, data) of one step; its last event is its verdict."""
    nth = job["cell"].get("nth", 0)
    outcome, why = STORY[verdict]
    armed = bool(job["writes"])
    fired = armed and verdict in ("PASS", "FAIL")
    if not armed and verdict == "PASS":
        outcome, why = "no-fault", "The only expectation held."
    if verdict == "SKIP":
        yield at, "step.skip", {"reasons": [why]}
        return
    yield at, "step.start", {"slot": slot, "machine": job["machine"]}
    rows = writes_of(nth) if armed else []
    if rows:
        yield (
            at + 1000,
            "attr.intent",
            {"writes": [{"path": r["path"], "old": r["old"], "new": r["value"]} for r in rows]},
        )
        yield (
            at + 2000,
            "attr.armed",
            {
                "writes": [
                    {"path": r["path"], "back": r["reads_back"], "ok": True, "why": ""}
                    for r in rows
                ]
            },
        )
    yield at + 12 * MS, "command", finished(verdict, hostile)
    hits = [{
        "t": at + 3 * MS, "name": "fault_inject", "comm": "nvme", "pid": 94, "chain": CHAIN,
        "on_path": True, "why": "the workload's own task",
    }] if fired else []  # fmt: skip
    if rows:
        yield (
            at + 12 * MS + 5000,
            "attr.disarmed",
            {"writes": [{"path": f"{DIRECTORY}/probability", "value": "0", "ok": True, "why": ""}]},
        )
    yield at + 12 * MS + 9000, "evidence", {
        "injected": len(hits),
        "counts": [{
            "capability": "nvme", "path": f"{DIRECTORY}/times", "budget": 1, "left": 1 - len(hits),
            "injected": len(hits),
        }] if armed else [],
        "hits": hits, "log": kernel_log(at, nth, fired), "log_lost": 0,
        "after": {f"{DIRECTORY}/times": str(1 - len(hits))} if armed else {}, "files": {},
    }  # fmt: skip
    if rows:
        yield (
            at + 13 * MS,
            "cleanup",
            {**finished("PASS", False), "exit": 0, "stdout": "", "stderr": ""},
        )
        yield (
            at + 13 * MS + 3000,
            "attr.restored",
            {
                "writes": [
                    {"path": r["path"], "value": r["old"], "back": r["old"], "ok": True, "why": ""}
                    for r in reversed(rows)
                ],
                "complete": True,
            },
        )
    yield at + 13 * MS + 9000 + nth * MS, "step.verdict", {
        "verdict": verdict, "outcome": outcome, "findings": findings(job, verdict), "reasons": [why],
        "injected": len(hits), "elapsed_ns": 13 * MS + 9000 + nth * MS,
    }  # fmt: skip


def header(count, file="campaigns/nvme-admin.yaml"):
    source = "campaign: nvme-admin\nsteps:\n  baseline:\n    run: nvme id-ctrl /dev/nvme0\n"
    critical = ["baseline", "reset-harmless[nth=1]", "reset-dies[nth=1]", "recovery", "after-all"]
    return {
        "record": 1, "faultrun": "0.1.0", "started": "2026-08-17T09:30:00+00:00", "host": "bench-3",
        "command": ["faultrun", file, "--slots", "4"],
        "campaign": {
            "name": "nvme-admin", "owner": "storage-drivers", "tags": ["nvme", "admin"], "file": file,
            "summary": "Every admin command of an NVMe reset is failed in turn; the driver must recover.",
        },
        "sources": [{"name": file, "text": source, "sha256": hashlib.sha256(source.encode()).hexdigest()}],
        "seed": 20260817, "plan_digest": hashlib.sha256(str(count).encode()).hexdigest(),
        "target": {
            "name": "simulated", "kind": "simulated", "release": "6.12", "disposable": True, "durable": False
        },
        "slots": 4, "gate": {"vacuous": "fail", "skip": "allow", "min_passed": 1}, "critical_path": critical,
        "selection": {"only": [], "from": [], "tag": []},
    }  # fmt: skip


def write(folder, count, *, slots=4, hostile=False, verdict=verdict_of, end=True):
    """A run folder with that many steps; gives back its path."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [task(order, row) for order, row in enumerate(names(count))]
    events, clocks, counts = [], [0] * slots, {}
    for index, job in enumerate(jobs):
        word = verdict(index, job["origin"])
        counts[word] = counts.get(word, 0) + 1
        slot = min(range(slots), key=clocks.__getitem__)
        made = list(step_events(job, word, clocks[slot], slot, hostile and index % 5 == 0))
        events += [(at, kind, job["id"], data) for at, kind, data in made]
        clocks[slot] = made[-1][0] + 100_000
    events.sort(key=lambda item: item[0])
    last = max(clocks)
    events.insert(0, (0, "run.start", "", {"campaign": "nvme-admin", "tasks": count}))
    failed = {word: n for word, n in counts.items() if word not in ("PASS", "SKIP")}
    if end:
        events.append((last, "run.end", "", {
            "counts": counts, "interrupted": False, "restored": True, "not_run": [],
            "gate": {
                "passed": not failed,
                "violations": [f"{n} {'step' if n == 1 else 'steps'} {VIOLATION[word]} ({word})" for word, n in failed.items()],
            },
        }))  # fmt: skip
    with (folder / "events.jsonl").open("w", encoding="utf-8") as file:
        for seq, (at, kind, step, data) in enumerate(events, 1):
            row = {"seq": seq, "t": at, "kind": kind, "step": step, "data": data}
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
    (folder / "run.json").write_text(json.dumps(header(count)), encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps({"tasks": jobs}), encoding="utf-8")
    return folder
