"""Memory blocks and processors that go offline and come back."""

import pytest

from data.sim_machine import machine, run

MEMORY = "/sys/devices/system/memory"
CPU = "/sys/devices/system/cpu"
CHAIN = "/sys/kernel/debug/notifier-error-inject/memory/actions"


def log(target):
    return [record.text for record in target.log(0)[0]]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (0, "Invalid argument"),
        (1, "Device or resource busy"),
        (3, "Device or resource busy"),
        (4, ""),
        (7, ""),
    ],
)
@pytest.mark.parametrize("file", ["state", "online"])
def test_which_blocks_can_go_offline(block, message, file):
    target = machine()
    word = "offline" if file == "state" else "0"
    done = run(target, f"echo {word} > {MEMORY}/memory{block}/{file}")
    assert message in done.stderr
    assert (done.exit_code == 0) == (not message)
    state = target.read(f"{MEMORY}/memory{block}/state")
    assert state == (b"online\n" if message else b"offline\n")
    assert log(target) == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("online", True),
        ("online_movable", True),
        ("going-offline", True),
        ("", True),
        ("OFFLINE", True),
        ("offline", False),
    ],
)
def test_the_state_file_refuses_what_is_so_already(text, refused):
    target = machine()
    done = run(target, f"echo '{text}' > {MEMORY}/memory7/state")
    assert done.exit_code == int(refused)
    assert ("Invalid argument" in done.stderr) == refused


def test_the_online_file_takes_what_is_so_already():
    target = machine()
    done = run(
        target,
        f"cd {MEMORY}/memory7; echo 1 > online; echo 0 > online; echo 0 > online; cat online",
    )
    assert (done.exit_code, done.stdout) == (0, "0\n")
    assert "Invalid argument" in run(target, f"echo maybe > {MEMORY}/memory7/online").stderr


@pytest.mark.parametrize("number", [1, 12, 16, 22])
def test_a_refused_block_stays_as_it_was(number):
    target = machine()
    run(target, f"echo offline > {MEMORY}/memory6/state")
    before = {
        f"{block}/{name}": target.read(f"{MEMORY}/{block}/{name}")
        for block in target.list(MEMORY)
        if block.startswith("memory")
        for name in target.list(f"{MEMORY}/{block}")
    }
    script = f"""
        echo -{number} > {CHAIN}/MEM_GOING_OFFLINE/error
        echo -{number} > {CHAIN}/MEM_GOING_ONLINE/error
        echo offline > {MEMORY}/memory7/state
        echo 0 > {MEMORY}/memory7/online
        echo online > {MEMORY}/memory6/state
        echo online_kernel > {MEMORY}/memory6/state
        echo 1 > {MEMORY}/memory6/online
    """
    done = run(target, script)
    assert done.stderr.count("write error") == 5
    assert log(target) == [
        *[f"Injecting error (-{number}) to MEM_GOING_OFFLINE"] * 2,
        *[f"Injecting error (-{number}) to MEM_GOING_ONLINE"] * 3,
    ]
    assert {path: target.read(f"{MEMORY}/{path}") for path in before} == before


@pytest.mark.parametrize("block", [0, 1])
def test_a_block_that_cannot_go_never_asks_the_notifiers(block):
    target = machine()
    run(
        target,
        f"echo -12 > {CHAIN}/MEM_GOING_OFFLINE/error; echo offline > {MEMORY}/memory{block}/state",
    )
    assert log(target) == []


def test_a_block_comes_back_into_the_zone_that_was_asked_for():
    target = machine()
    done = run(
        target,
        f"""
        cd {MEMORY}/memory5
        cat valid_zones
        echo offline > state; cat valid_zones
        echo online > state; cat valid_zones
        echo offline > state; echo online_kernel > state; cat valid_zones
        cd ../memory7
        echo offline > state; cat valid_zones
        cd ..; cat memory0/valid_zones memory1/valid_zones block_size_bytes memory7/phys_index
        """,
    )
    assert done.stdout.splitlines() == [
        "Movable", "Movable Normal", "Movable", "Normal", "Normal Movable",
        "none", "DMA32", "8000000", "00000007",
    ]  # fmt: skip


def test_a_processor_goes_and_comes_and_says_so():
    target = machine()
    done = run(target, f"nproc; echo 0 > {CPU}/cpu1/online; nproc; cat {CPU}/online {CPU}/offline")
    assert done.stdout == "2\n1\n0\n1\n"
    done = run(target, f"echo 0 > {CPU}/cpu1/online; echo 1 > {CPU}/cpu1/online; cat {CPU}/online")
    assert done.stdout == "0-1\n"
    assert log(target) == [
        "smpboot: CPU 1 is now offline",
        "smpboot: Booting Node 0 Processor 1 APIC 0x1",
    ]
    assert "Permission denied" in run(target, f"echo 0 > {CPU}/cpu0/online").stderr
    assert "Invalid argument" in run(target, f"echo x > {CPU}/cpu1/online").stderr
