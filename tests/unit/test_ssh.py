"""A machine over SSH, with a real sshd on loopback: good days, and the bad days of the link."""

import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from data.ssh_server import free_port, keygen, must_be_there, program, server
from faultrun.model.target import AttrRefused, Command, TargetBroken, TargetDied
from faultrun.model.undo import Undo
from faultrun.targets.agent_target import AgentTarget
from faultrun.targets.shared import SharedTarget
from faultrun.targets.ssh import RemoteMachine
from faultrun.targets.ssh_address import Address

SECOND_NS = 1_000_000_000
PATIENCE_S = 30

pytestmark = pytest.mark.skipif(
    program() is None and not must_be_there(),
    reason="there is no sshd (apt-get install openssh-server)",
)


@pytest.fixture
def sshd(tmp_path):
    folder = tmp_path / "sshd"
    folder.mkdir()
    with server(folder) as running:
        yield running


def machine(sshd, text="lab", **more):
    return AgentTarget(RemoteMachine(Address.parse(text, (sshd.config,)), **more))


def refusal(target):
    began = time.monotonic()
    with pytest.raises(TargetBroken) as broken, target:
        pass
    assert time.monotonic() - began < PATIENCE_S
    return str(broken.value)


def script(text, seconds=60):
    return Command(timeout_ns=seconds * SECOND_NS, script=text)


def until(true):
    give_up = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def running(word):
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and word.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("text", "user", "host", "port"),
    [
        ("lab", "", "lab", 0),
        ("root@lab", "root", "lab", 0),
        ("lab:2222", "", "lab", 2222),
        ("u@10.0.0.1:22", "u", "10.0.0.1", 22),
        ("[::1]", "", "::1", 0),
        ("u@[fe80::1]:2200", "u", "fe80::1", 2200),
    ],
)
def test_an_address_is_taken_apart_and_put_together(text, user, host, port):
    address = Address.parse(text)
    assert (address.user, address.host, address.port) == (user, host, port)
    assert str(address) == text


def test_nothing_of_the_agent_stays_on_the_other_machine(sshd):
    life = RemoteMachine(Address.parse("lab", (sshd.config,)))
    with AgentTarget(life) as target:
        assert target.info.release == os.uname().release
        folder = Path(target.run(script("pwd")).stdout.strip())
        assert folder.name.startswith("faultrun-work-")
        assert folder.exists()
        agent = life._former
    until(lambda: not folder.exists())
    until(lambda: not Path(f"/proc/{agent}").exists())
    assert not list(Path("/sys/fs/cgroup").glob(f"*/faultrun-{agent}"))


def test_a_host_nobody_knows_the_key_of(sshd):
    sshd.known_hosts.write_text("")
    assert "the host key of lab is not known" in refusal(machine(sshd))


def test_a_host_key_that_changed(sshd):
    keygen(sshd.folder / "other_key")
    sshd.know(sshd.folder / "other_key")
    said = refusal(machine(sshd))
    assert "the host key of lab is not the one in" in said
    assert str(sshd.known_hosts) in said


def test_a_configuration_that_switches_host_keys_off_is_refused(sshd):
    sshd.write_config(UserKnownHostsFile="none")
    assert "switches off the check of host keys" in refusal(machine(sshd))


def test_a_key_that_is_not_let_in(sshd):
    keygen(sshd.folder / "stranger")
    sshd.write_config(IdentityFile=sshd.folder / "stranger")
    said = refusal(machine(sshd))
    assert "refuses to let" in said
    assert "asks for no password" in said


def test_a_host_that_does_not_exist(sshd):
    sshd.write_config(HostName="no-such-host.invalid")
    assert "lab cannot be reached" in refusal(machine(sshd))


def test_a_port_where_nobody_listens(sshd):
    sshd.write_config(Port=free_port())
    assert "lab cannot be reached: Connect" in refusal(machine(sshd))


def test_a_port_that_is_no_ssh(sshd):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        sshd.write_config(Port=one.getsockname()[1])

        def answer():
            peer, _ = one.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\0" * 65536)

        thread = threading.Thread(target=answer)
        thread.start()
        said = refusal(machine(sshd))
        thread.join()
    assert "lab cannot be reached" in said


def test_a_machine_without_python(sshd):
    (sshd.folder / "authorized_keys").write_text(
        'command="exec env PATH=/nowhere /bin/sh -c \\"$SSH_ORIGINAL_COMMAND\\"" '
        + Path(f"{sshd.user_key}.pub").read_text()
    )
    said = refusal(machine(sshd))
    assert "the agent did not start on lab" in said
    assert "python3" in said
    assert "not found" in said


def test_a_link_that_is_cut_while_a_step_runs_is_our_fault_and_comes_back(sshd, tmp_path):
    path = tmp_path / "probability"
    path.write_text("700\n")
    with machine(sshd) as target:
        target.hold([str(path)])
        target.guard([Undo(step="s", path=str(path), value="700", trigger=True)])
        target.write(str(path), b"100\n")
        word = f"600.{time.monotonic_ns()}"

        def cut():
            until(lambda: running(word))
            sshd.drop()

        thread = threading.Thread(target=cut)
        thread.start()
        began = time.monotonic()
        with pytest.raises(TargetBroken, match=r"was lost.*the machine went on running"):
            target.run(script(f"setsid sleep {word} & sleep {word}", 600))
        thread.join()
        assert time.monotonic() - began < PATIENCE_S
        # The agent over there was alone, and did what it had been told to do then.
        until(lambda: path.read_text() == "700\n" and not running(word))
        assert target.read(str(path)) == b"700\n"
        assert target.run(script("echo back")).stdout == "back\n"


def test_a_link_that_is_cut_for_good_ends_in_bounded_time(sshd):
    with machine(sshd, return_s=2) as target:
        sshd.stop()
        began = time.monotonic()
        with pytest.raises(TargetBroken, match=r"is lost.*no way back within 2 s"):
            target.read("/proc/version")
        assert time.monotonic() - began < PATIENCE_S
        with pytest.raises(TargetBroken):
            target.recover("it was lost")


def test_a_link_that_falls_silent_is_given_up_and_the_agent_there_is_asked_to_end(sshd, tmp_path):
    path = tmp_path / "probability"
    path.write_text("700\n")
    life = RemoteMachine(Address.parse("lab", (sshd.config,)))
    target = SharedTarget(life)
    with target.claim("run", "a run", "today"), target:
        target.guard([Undo(step="s", path=str(path), value="700", trigger=True)])
        target.write(str(path), b"100\n")
        former = life._former
        # As when a cable is pulled: everybody lives, nobody hears anything.
        for pid in sshd.sessions():
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(TargetBroken, match=r"the machine went on running"):
            target.run(script("true"))
        assert time.monotonic() - began < 3 * PATIENCE_S
        assert path.read_text() == "700\n"
        # Its parent is one of those that were stopped, so nobody has taken note of its end.
        with suppress(FileNotFoundError):
            assert Path(f"/proc/{former}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        assert target.run(script("echo back")).stdout == "back\n"


def test_a_machine_that_boots_anew_has_died(sshd):
    life = RemoteMachine(Address.parse("lab", (sshd.config,)))
    with AgentTarget(life) as target:
        life._boot = "the boot before this one"
        sshd.drop()
        with pytest.raises(TargetDied, match="has booted anew"):
            target.run(script("true"))
        target.recover("it booted anew")
        assert target.run(script("echo back")).stdout == "back\n"


RUNNER = """
    import sys
    from pathlib import Path
    from faultrun.model.target import Command
    from faultrun.model.undo import Undo
    from faultrun.targets.agent_target import AgentTarget
    from faultrun.targets.ssh import RemoteMachine
    from faultrun.targets.ssh_address import Address

    config, path, word = sys.argv[1:]
    with AgentTarget(RemoteMachine(Address.parse("lab", (Path(config),)))) as target:
        target.guard([Undo(step="s", path=path, value="7", trigger=True, armed="100")])
        target.write(path, b"100\\n")
        target.run(Command(timeout_ns=600_000_000_000, script=f"sleep {word}"))
"""


def test_a_runner_that_is_killed_leaves_nothing_armed_or_running_there(sshd, tmp_path):
    path = tmp_path / "probability"
    path.write_text("7\n")
    word = f"600.{time.monotonic_ns()}"
    words = [sys.executable, "-c", textwrap.dedent(RUNNER), str(sshd.config), str(path), word]
    runner = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        until(lambda: len(running(word)) > 1)
        assert path.read_text() == "100\n"
    finally:
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    until(lambda: path.read_text() == "7\n" and not running(word))


def test_what_is_refused_over_there_is_no_broken_link(sshd):
    with machine(sshd) as target:
        with pytest.raises(AttrRefused) as refused:
            target.write("/proc/version", b"1\n")
        assert refused.value.errno_name in {"EACCES", "EPERM", "EIO"}


def test_two_and_a_half_megabytes_come_over_whole(sshd):
    with machine(sshd) as target:
        done = target.run(script("seq 1 350000"))
    assert done.exit_code == 0
    assert re.fullmatch(r"1\n2\n3\n.*\n350000\n", done.stdout, re.DOTALL)


def test_root_is_asked_for_by_sudo_without_a_password(sshd):
    target = machine(sshd, sudo=True)
    try:
        with target:
            assert target.run(script("id -u")).stdout == "0\n"
    except TargetBroken as broken:
        # Whoever has no sudo, or would be asked by it, is told so.
        assert "the agent did not start on lab, which says:" in str(broken)
        assert "sudo" in str(broken)
