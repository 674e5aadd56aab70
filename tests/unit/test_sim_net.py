"""Network devices: ip's words, the kernel's order of events, and what a refusal takes back."""

import re
import shutil
import subprocess

import pytest

from data.sim_machine import machine, run
from faultrun.model.target import Command

CHAIN = "/sys/kernel/debug/notifier-error-inject/netdev/actions"
SETUP = """
ip link add dummy0 type dummy
ip link add br0 type bridge
ip link add bond0 type bond mode active-backup
ip tuntap add tun0 mode tun
"""


def events(target):
    texts = [record.text for record in target.log(0)[0]]
    return [text for text in texts if text.startswith("Injecting")]


def seen(text, command):
    """The devices, but for what bond_enslave() leaves behind: a queue, and another bond address."""
    if command != "ip link set dummy0 master bond0":
        return text
    text = re.sub(r"(dummy0: .*) qdisc noqueue", r"\1 qdisc noop", text)
    return re.sub(r"(bond0: .*\n    link/ether) [0-9a-f:]+", r"\1 any", text)


@pytest.mark.parametrize(
    ("event", "command", "times", "message"),
    [
        ("NETDEV_CHANGEMTU", "ip link set eth0 mtu 1024", 2, "RTNETLINK answers: {}"),
        ("NETDEV_PRECHANGEMTU", "ip link set eth0 mtu 1024", 1, "RTNETLINK answers: {}"),
        ("NETDEV_PRECHANGEMTU", "echo 1024 > /sys/class/net/eth0/mtu", 1, "echo: write error: {}"),
        ("NETDEV_CHANGEMTU", "echo 1024 > /sys/class/net/eth0/mtu", 2, "echo: write error: {}"),
        ("NETDEV_PRE_UP", "ip link set dummy0 up", 1, "RTNETLINK answers: {}"),
        ("NETDEV_PRE_UP", "echo 1 > /sys/class/net/dummy0/flags", 1, "echo: write error: {}"),
        ("NETDEV_PRE_UP", "ip link set dummy0 master bond0", 1, "RTNETLINK answers: {}"),
        ("NETDEV_CHANGENAME", "ip link set dummy0 name other", 2, "RTNETLINK answers: {}"),
        ("NETDEV_POST_INIT", "ip link add new type dummy", 1, "RTNETLINK answers: {}"),
        ("NETDEV_REGISTER", "ip link add new type bridge", 1, "RTNETLINK answers: {}"),
        ("NETDEV_REGISTER", "ip tuntap add new mode tap", 1, "ioctl(TUNSETIFF): {}"),
        ("NETDEV_PRECHANGEUPPER", "ip link set dummy0 master br0", 1, "RTNETLINK answers: {}"),
        ("NETDEV_CHANGEUPPER", "ip link set dummy0 master br0", 1, "RTNETLINK answers: {}"),
        ("NETDEV_CHANGEUPPER", "ip link set dummy0 master bond0", 1, "RTNETLINK answers: {}"),
        ("NETDEV_PRE_TYPE_CHANGE", "ip link set tun0 master bond0", 1, "Device or resource busy"),
    ],
)
@pytest.mark.parametrize("error", [(12, "Cannot allocate memory"), (5, "Input/output error")])
def test_a_refused_operation_changes_nothing(event, command, times, message, error):
    number, words = error
    target = machine()
    before = seen(run(target, f"{SETUP}\nip addr").stdout, command)
    done = run(target, f"echo -{number} > {CHAIN}/{event}/error\n{command}")
    assert done.exit_code != 0
    assert message.format(words) in done.stderr
    assert events(target) == [f"Injecting error (-{number}) to {event}"] * times
    after = run(target, f"echo 0 > {CHAIN}/{event}/error; ip addr").stdout
    assert seen(after, command) == before
    assert run(target, command).exit_code == 0


def test_the_document_s_netdev_example_to_the_letter():
    target = machine()
    done = run(target, f"echo -22 > {CHAIN}/NETDEV_CHANGEMTU/error\nip link set eth0 mtu 1024")
    assert (done.exit_code, done.stderr) == (2, "RTNETLINK answers: Invalid argument\n")


def test_a_recorded_sequence_of_uml():
    target = machine()
    done = run(
        target,
        f"""
        ip link add dummy0 type dummy; ip link show dummy0
        cd {CHAIN}
        cat NETDEV_CHANGEMTU/error
        echo -22 > NETDEV_CHANGEMTU/error; ip link set dummy0 mtu 1024; echo rc=$?
        echo -12 > NETDEV_PRE_UP/error; ip link set dummy0 up; echo rc=$?
        echo 5 > NETDEV_PRE_UP/error; cat NETDEV_PRE_UP/error
        echo -5000 > NETDEV_PRE_UP/error; cat NETDEV_PRE_UP/error
        """,
    )
    lines = done.stdout.splitlines()
    assert lines[0].partition(": ")[2] == (
        "dummy0: <BROADCAST,NOARP> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000"
    )
    assert lines[1].startswith("    link/ether ")
    assert lines[1].endswith(" brd ff:ff:ff:ff:ff:ff")
    assert lines[2:] == ["0", "rc=2", "rc=2", "0", "-4095"]
    assert done.stderr == (
        "RTNETLINK answers: Invalid argument\nRTNETLINK answers: Cannot allocate memory\n"
    )
    assert events(target) == [
        "Injecting error (-22) to NETDEV_CHANGEMTU",
        "Injecting error (-22) to NETDEV_CHANGEMTU",
        "Injecting error (-12) to NETDEV_PRE_UP",
    ]


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        ("ip link set nope mtu 1", 1, 'Cannot find device "nope"'),
        ("ip link set eth0 mtu 67", 2, "Error: mtu less than device minimum."),
        ("ip link set eth0 mtu 65536", 2, "Error: mtu greater than device maximum."),
        ("ip link set eth0 mtu many", 255, 'argument "many" is wrong: Invalid "mtu" value'),
        ("ip link set eth0 mtu 1500", 0, ""),
        ("ip link set dummy0 mtu 100000", 0, ""),
        ("echo 67 > /sys/class/net/eth0/mtu", 1, "Invalid argument"),
        ("ip link set dummy0 name eth0", 2, "RTNETLINK answers: File exists"),
        ("ip link set dummy0 name a/b", 255, '"name" not a valid ifname'),
        ("ip link set dummy0 name sixteen-letters-", 255, '"name" not a valid ifname'),
        ("ip link add dummy0 type dummy", 2, "RTNETLINK answers: File exists"),
        ("ip link add x type nonsense", 2, "Error: Unknown device type."),
        ("ip link del eth0", 2, "RTNETLINK answers: Operation not supported"),
        ("ip link set eth0 master dummy0", 2, "RTNETLINK answers: Operation not supported"),
        ("ip link set br0 master br0", 2, "Error: Can not enslave a bridge to a bridge."),
        ("ip link set lo master br0", 2, "RTNETLINK answers: Invalid argument"),
        ("ip link set eth0 master bond0", 2, "Error: Device can not be enslaved while up."),
        ("ip addr add 10.0.2.15/24 dev eth0", 2, "Error: ipv4: Address already assigned."),
        ("ip frobnicate", 1, 'Object "frobnicate" is unknown, try "ip help".'),
    ],
)
def test_what_ip_and_the_kernel_refuse_by_themselves(command, status, message):
    target = machine()
    run(target, SETUP)
    done = run(target, command)
    assert done.exit_code == status
    assert message in done.stderr
    assert events(target) == []


@pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed")
@pytest.mark.parametrize(
    "words",
    [
        "link show nope",
        "link set nope mtu 3",
        "link set nope up",
        "link set lo mtu",
        "link set lo mtu many",
        "link set lo txqueuelen many",
        "link set lo name a/b",
        "link set lo name sixteen-letters-x",
        "link set lo master nope",
        "link set lo alias",
        "link set",
        "link delete",
        "link delete nope",
        "link add",
        "link add foo",
        "link add x type",
        "link add mtu many type dummy",
        "link show lo extra",
        "addr add 1.2.3.4/24",
        "addr add x dev lo",
        "addr add 1.2.3.4/24 dev nope",
        "addr show nope",
        "tuntap add x",
        "tuntap add x mode none",
        "tuntap add mode",
        "frobnicate",
    ],
)
def test_a_wrong_command_line_is_answered_as_iproute2_does(words):
    # None of these gets as far as asking the kernel to change something.
    real = subprocess.run(
        ["ip", *words.split()], capture_output=True, text=True, check=False, timeout=60
    )
    mine = run(machine(), argv=("ip", *words.split()))
    assert (mine.exit_code, mine.stdout, mine.stderr) == (real.returncode, real.stdout, real.stderr)


@pytest.mark.parametrize(
    "command", ["ip route", "ip link add v type veth peer name w", "ip -s link"]
)
def test_what_is_not_modelled_is_said(command):
    target = machine()
    done = target.run(Command(script=command, timeout_ns=1_000_000_000))
    assert done.unmodelled


def test_a_device_follows_its_name_in_sysfs():
    target = machine()
    run(target, "ip link add dummy0 type dummy; ls /sys/class/net; ip link set dummy0 name other")
    assert target.list("/sys/class/net") == ("eth0", "lo", "other")
    assert target.read("/sys/class/net/other/mtu") == b"1500\n"
    run(target, "ip link del other")
    assert target.list("/sys/class/net") == ("eth0", "lo")


def test_a_device_made_before_anybody_looked_is_in_sysfs_too():
    target = machine()
    run(target, "ip link add dummy0 type dummy up mtu 9000")
    assert target.read("/sys/class/net/dummy0/mtu") == b"9000\n"
    assert target.read("/sys/class/net/dummy0/operstate") == b"unknown\n"


def test_a_port_of_a_bridge_logs_as_on_real_machines():
    target = machine()
    run(target, "ip link add br0 type bridge; ip link set br0 up; ip link set eth0 master br0")
    assert [record.text for record in target.log(0)[0]] == [
        "br0: port 1(eth0) entered blocking state",
        "br0: port 1(eth0) entered disabled state",
        "virtio_net virtio0 eth0: entered allmulticast mode",
        "virtio_net virtio0 eth0: entered promiscuous mode",
        "br0: port 1(eth0) entered blocking state",
        "br0: port 1(eth0) entered forwarding state",
    ]
    shown = run(target, "ip link show eth0; ip link show br0").stdout
    assert "qdisc pfifo_fast master br0 state UP" in shown
    assert "br0: <BROADCAST,MULTICAST,UP,LOWER_UP>" in shown


def test_an_active_device_is_renamed_since_6_8_only():
    old, new = machine("6.1"), machine("6.8")
    command = "ip link set eth0 name wan0"
    assert "Device or resource busy" in run(old, command).stderr
    assert run(new, command).exit_code == 0
    assert new.log(0)[0][0].text == "virtio_net virtio0 wan0: renamed from eth0 (while UP)"


def test_a_device_that_has_its_master_already_asks_nobody():
    target = machine()
    run(target, f"{SETUP}\nip link set dummy0 master br0")
    done = run(
        target,
        f"echo -16 > {CHAIN}/NETDEV_PRECHANGEUPPER/error; ip link set dummy0 master br0",
    )
    assert (done.exit_code, events(target)) == (0, [])


def test_a_device_that_is_refused_by_a_new_master_has_left_the_old_one():
    target = machine()
    run(target, f"{SETUP}\nip link add br1 type bridge; ip link set dummy0 master br0")
    run(target, f"echo -16 > {CHAIN}/NETDEV_CHANGEUPPER/error; ip link set dummy0 master br1")
    assert len(events(target)) == 2
    assert "master" not in run(target, "ip link show dummy0").stdout


def test_leaving_a_master_cannot_be_refused():
    target = machine()
    run(target, f"{SETUP}\nip link set dummy0 master br0")
    done = run(
        target,
        f"""
        echo -16 > {CHAIN}/NETDEV_PRECHANGEUPPER/error
        echo -16 > {CHAIN}/NETDEV_CHANGEUPPER/error
        ip link set dummy0 nomaster && ip link show dummy0
        """,
    )
    assert done.exit_code == 0
    assert "master" not in done.stdout
    assert events(target) == [
        "Injecting error (-16) to NETDEV_PRECHANGEUPPER",
        "Injecting error (-16) to NETDEV_CHANGEUPPER",
    ]


def test_a_bond_without_addresses_needs_active_backup():
    target = machine()
    run(target, f"{SETUP}\nip link add bond1 type bond")
    assert "Operation not supported" in run(target, "ip link set tun0 master bond1").stderr
    assert target.read("/sys/class/net/bond1/type") == b"1\n"
    assert run(target, "ip link set tun0 master bond0").exit_code == 0
    assert target.read("/sys/class/net/bond0/type") == b"65534\n"
