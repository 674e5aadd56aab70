"""Whatever is injected into whatever is done: what was refused has changed nothing, in any order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from data.sim_machine import machine, run
from faultrun.capabilities.notifier import CHAINS, ROOT

MEMORY = "/sys/devices/system/memory"
NAMES = st.sampled_from(["eth0", "dummy0", "dummy1", "br0", "lo"])
NET = st.one_of(
    st.builds("ip link set {} mtu {}".format, NAMES, st.sampled_from([68, 1024, 1500, 67, 70000])),
    st.builds("ip link set {} {}".format, NAMES, st.sampled_from(["up", "down"])),
    st.builds("ip link set {} name {}".format, NAMES, NAMES),
    st.builds("ip link add {} type {}".format, NAMES, st.sampled_from(["dummy", "bridge"])),
    st.builds("ip link set {} master br0".format, NAMES),
    st.builds("ip link set {} nomaster".format, NAMES),
    st.builds("ip link del {}".format, NAMES),
    st.builds("echo {} > /sys/class/net/eth0/mtu".format, st.integers(60, 2000)),
)
BLOCKS = st.builds(
    f"echo {{}} > {MEMORY}/memory{{}}/state".format,
    st.sampled_from(["online", "offline", "online_movable", "online_kernel", "nonsense"]),
    st.integers(0, 7),
)
ERRORS = st.sampled_from([0, 0, -12, -16, -4095])


def inject(target, chain, event, error):
    target.write(f"{ROOT}/{chain}/actions/{event}/error", f"{error}\n".encode())


def quiet(target, chain):
    for event in CHAINS[chain]:
        inject(target, chain, event, 0)


def injected(target, cursor):
    records, cursor, _ = target.log(cursor)
    return sum(record.text.startswith("Injecting error") for record in records), cursor


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(CHAINS["netdev"]), ERRORS, NET), max_size=12))
def test_a_refused_network_operation_has_changed_nothing(steps):
    target, cursor = machine(), 0
    for event, error, command in steps:
        before = run(target, "ip addr").stdout
        inject(target, "netdev", event, error)
        done = run(target, command)
        count, cursor = injected(target, cursor)
        quiet(target, "netdev")
        after = run(target, "ip addr").stdout
        if done.exit_code:
            assert after == before, (command, done.stderr)
        if error == 0:
            assert count == 0
        elif count and " nomaster" not in command and " del " not in command:
            assert done.exit_code, command
        names = [line.split(": ")[1] for line in after.splitlines() if line[0].isdecimal()]
        assert target.list("/sys/class/net") == tuple(sorted(names))
        assert len(set(names)) == len(names)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(CHAINS["memory"]), ERRORS, BLOCKS), max_size=12))
def test_a_refused_memory_block_is_what_it_was(steps):
    target, cursor = machine(), 0
    show = f"grep . {MEMORY}/memory*/state {MEMORY}/memory*/valid_zones"
    for event, error, command in steps:
        before = run(target, show).stdout
        inject(target, "memory", event, error)
        done = run(target, command)
        count, cursor = injected(target, cursor)
        quiet(target, "memory")
        assert (run(target, show).stdout == before) == bool(done.exit_code)
        assert count <= bool(error)
        assert not count or done.exit_code
