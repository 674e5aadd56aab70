"""``--target``: which of a campaign's targets is checked, planned and run."""

import json

import pytest

from data.machine_tree import grow

TWO = """\
campaign: two
target:
  simulated: {kernel: "6.12", devices: {nvme0: {kind: nvme}}}
  qemu: {kernel: "6.1", cpus: 2}
steps:
  anywhere:
    run: "true"
    expect: {exit: 0}
  guest:
    targets: [qemu]
    inject: {nvme: {device: nvme0n1, status: 0x281, probability: 100, times: 1}}
    run: dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
    expect: {exit: 1, injected: exactly 1}
"""
OPCODE = TWO.replace("status: 0x281", "opcode: 2, status: 0x281")
HERE = """\
campaign: here
target: {local: {disposable: true}}
steps:
  a:
    run: "true"
    expect: {exit: 0}
"""


def test_a_step_is_skipped_where_it_does_not_run(cli):
    ended = cli(cli.write("c.yaml", TWO), "--out", "run")
    assert ended.code == 0, ended.err
    assert "guest: it runs on qemu only; this is simulated" in ended.err
    assert "warning" not in ended.err
    tasks = json.loads((cli.cwd / "run" / "plan.json").read_text())["tasks"]
    assert [task.get("targets") for task in tasks] == [None, ["qemu"]]


def test_a_gate_counts_no_step_that_is_kept_for_another_target(cli):
    strict = TWO + "gate: {skip: fail, min_passed: 2}\n"
    ended = cli(cli.write("c.yaml", strict), "--out", "run")
    assert ended.code == 0, ended.out
    assert "two: 1 PASS, 1 SKIP" in ended.out


def test_a_gate_counts_a_step_that_is_meant_for_this_target_and_cannot_run(cli):
    lacking = "    targets: [simulated, qemu]\n    requires: ['program:no-such-program']"
    strict = TWO.replace("    targets: [qemu]", lacking) + "gate: {skip: fail}\n"
    ended = cli(cli.write("c.yaml", strict), "--out", "run")
    assert ended.code == 1, ended.out
    assert "1 step did not run, and the gate allows no skips (SKIP)" in ended.out


def test_a_program_that_a_real_machine_lacks_is_told_before_anything_is_written(cli):
    root = grow(cli.cwd / "machine")
    text = HERE.replace('run: "true"', "run: cd / && exec no-such-program | cat")
    ended = cli("run", cli.write("c.yaml", text), "--target", f"local:{root}", "--out", "run")
    assert "needs the program 'no-such-program', which this machine does not" in ended.err
    assert ended.code == 1
    assert "0 steps passed, but the gate demands at least 1" in ended.out


def test_a_mirrored_folder_is_of_the_kind_local(cli):
    root = grow(cli.cwd / "machine")
    text = TWO.replace("targets: [qemu]", "targets: [simulated, qemu]")
    path = cli.write("c.yaml", text)
    ended = cli("run", path, "--target", f"local:{root}", "--out", "run")
    assert ended.code == 0, ended.err
    assert "guest: it runs on simulated and qemu only; this is local" in ended.err
    assert "c.yaml:2:1: warning[FR172]: this campaign does not say that it runs on local" in (
        ended.err
    )


def test_a_plan_says_which_target_it_is_for(cli):
    path = cli.write("c.yaml", TWO)
    own, guest = cli("plan", path).out, cli("plan", path, "--target", "qemu").out
    assert "target   simulated, kernel 6.12 with nvme0 (nvme)" in own
    assert "target   qemu, kernel 6.1, 512 MiB, 2 cpus" in guest
    assert "with nvme0 (nvme)" in guest
    for text in (own, guest):
        assert "runs on  simulated, qemu" in text
        assert "targets  qemu" in text
    assert "forecast not known: it runs on qemu only; this is simulated" in own
    assert "forecast expects 1.0 injections" in guest


def test_the_digest_knows_the_target_and_where_a_step_runs(cli):
    def digest(text, *words):
        plan = cli("plan", cli.write("c.yaml", text), *words).out
        return next(line for line in plan.splitlines() if "digest" in line)

    found = {
        digest(TWO),
        digest(TWO, "--target", "qemu"),
        digest(TWO.replace("cpus: 2", "cpus: 3"), "--target", "qemu"),
        digest(TWO.replace("targets: [qemu]", "targets: [qemu, simulated]")),
    }
    assert len(found) == 4
    assert digest(TWO) == digest(TWO.replace("cpus: 2", "cpus: 3"))


def test_a_check_looks_at_every_target_that_is_listed(cli):
    """`opcode` came with 7.3: the guest's kernel lacks it, the simulated one need not have it."""
    path = cli.write("c.yaml", OPCODE)
    for words in ([], ["--target", "qemu"], ["--target", "simulated"]):
        ended = cli("check", path, *words)
        assert ended.code == 2, words
        assert ended.err.count("error[FR024]") == 1
    newer = OPCODE.replace('"6.1"', '"7.3"')
    assert cli("check", cli.write("d.yaml", newer)).code == 0
    both = OPCODE.replace("    targets: [qemu]\n", "").replace('"6.12"', '"7.3"')
    path = cli.write("e.yaml", both)
    assert cli("check", path, "--target", "simulated").code == 0
    ended = cli("check", path)
    assert ended.code == 2
    assert "the target's kernel is 6.1" in ended.err


@pytest.mark.parametrize("verb", ["run", "plan", "check"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("qemuu", "did you mean 'qemu'?"),
        ("uml:6.12", "known are simulated, uml,"),
        ("ssh:root:secret@lab1", "and no password"),
    ],
)
def test_a_target_that_is_none_is_a_mistake_on_the_command_line(cli, verb, name, told):
    ended = cli(verb, cli.write("c.yaml", TWO), "--target", name)
    assert ended.code == 2
    assert f"target '{name}' is not known" in ended.err
    assert told in ended.err


def test_a_machine_is_touched_only_if_the_command_line_names_it(cli):
    path = cli.write("c.yaml", HERE)
    ended = cli("run", path, "--out", "run")
    assert ended.code == 2
    assert "say so with --target local" in ended.err
    assert not (cli.cwd / "run").exists()
    assert "target   local, any kernel" in cli("plan", path).out


def test_ssh_without_a_host_is_told(cli):
    path = cli.write("c.yaml", HERE.replace("local: {disposable: true}", "ssh: {}"))
    ended = cli("run", path, "--target", "ssh")
    assert ended.code == 2
    assert "needs a host" in ended.err


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("target", "memory_mib (64 to 65536 MiB; default 512)"),
        ("target", 'files (initramfs or 9p; default "initramfs")'),
        ("target", "disposable (default false)"),
        ("targets", "it is skipped, with that reason"),
        ("FR170", "would be skipped for ever"),
    ],
)
def test_the_keys_are_explained(cli, word, told):
    ended = cli("explain", word)
    assert ended.code == 0
    assert told in " ".join(ended.out.split())


def test_what_is_skipped_leaves_nothing_behind_in_a_forecast(cli):
    """On the simulated kernel the disk is never unbound, so that the fault fires there."""
    text = """\
campaign: behind
defaults: {group: one}
target:
  simulated: {devices: {nvme0: {kind: nvme}}}
  qemu:
steps:
  gone:
    targets: [qemu]
    run: echo 1 > /sys/class/nvme/nvme0/device/remove
  read:
    inject: {nvme: {device: nvme0n1, status: 0x281, probability: 100, times: 1}}
    run: dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
    expect: {exit: 1, injected: exactly 1}
"""
    path = cli.write("c.yaml", text)
    assert "expects 1.0 injections" in cli("plan", path).out
    assert "expects 1.0 injections" not in cli("plan", path, "--target", "qemu").out


@pytest.mark.parametrize("option", ["--drive", "--initrd"])
def test_own_files_are_for_qemu_and_have_to_be_there(cli, option, tmp_path):
    (tmp_path / "bzImage").write_bytes(b"x")
    campaign = cli.write("c.yaml", TWO)
    ended = cli(campaign, option, tmp_path / "bzImage")
    assert ended.code == 2
    assert "--initrd and --drive are for --target qemu, not simulated" in ended.err
    words = ("--target", "qemu", "--kernel", tmp_path / "bzImage", option, tmp_path / "none")
    ended = cli(campaign, *words)
    assert ended.code == 2
    assert f"{option} {tmp_path}/none: No such file or directory" in ended.err
