"""On which targets a campaign runs: what the document lists, what the command line chooses."""

import json

import pytest

from faultrun.cli.target_name import UnknownTarget, target_name
from faultrun.kernel.version import KNOWN
from faultrun.model.campaign import TARGET_KINDS, TargetSpec
from faultrun.model.diagnostic import Severity
from faultrun.resources import tree
from faultrun.spec.choice import Choice
from faultrun.spec.host import FORM, wrong_host
from faultrun.spec.load import load

STEPS = 'steps: {a: {run: "true", expect: {exit: 0}}}\n'
NVME = "{nvme0: {kind: nvme}}"


@pytest.fixture
def read(tmp_path):
    def loaded(target, steps=STEPS, **choice):
        path = tmp_path / "c.yaml"
        path.write_text(f"campaign: x\n{target}{steps}")
        return load(path, overrides={}, choice=Choice(**choice))

    return loaded


@pytest.fixture
def campaign(read):
    def built(target, steps=STEPS, **choice):
        loaded = read(target, steps, **choice)
        assert loaded.campaign is not None, loaded.diagnostics
        return loaded.campaign

    return built


def codes(loaded):
    return [(found.code, found.mark.line, found.mark.column) for found in loaded.diagnostics]


def names(spec):
    return [device.name for device in spec.devices]


def test_without_a_target_it_runs_on_the_simulated_kernel(campaign):
    made = campaign("")
    assert made.target == TargetSpec()
    assert made.targets == ()


def test_every_kind_can_be_listed_and_left_empty(campaign):
    made = campaign("target: {" + ", ".join(f"{kind}: " for kind in TARGET_KINDS) + "}\n")
    assert tuple(spec.kind for spec in made.targets) == TARGET_KINDS
    same = campaign("target: {" + ", ".join(f"{kind}: {{}}" for kind in TARGET_KINDS) + "}\n")
    assert same.targets == made.targets


def test_all_that_a_guest_can_be_told(campaign):
    text = (
        "target:\n"
        f'  uml: {{kernel: "6.12", cmdline: quiet, memory_mib: 64, devices: {NVME}}}\n'
        "  qemu: {memory_mib: 65536, cpus: 64, files: 9p}\n"
        "  ssh: {host: 'me@lab-1.example:2222', disposable: true}\n"
        "  local: {disposable: true}\n"
    )
    uml, qemu, ssh, local = campaign(text).targets
    assert (uml.kernel, uml.any_kernel, uml.cmdline, uml.memory_mib) == ("6.12", False, "quiet", 64)
    assert (qemu.memory_mib, qemu.cpus, qemu.files) == (65536, 64, "9p")
    assert (ssh.host, ssh.disposable, local.disposable) == ("me@lab-1.example:2222", True, True)
    assert (uml.disposable, uml.host, uml.files) == (False, "", "initramfs")


@pytest.mark.parametrize(
    ("written", "kind"),
    [("uml, simulated", "simulated"), ("qemu, uml", "qemu"), ("local", "local")],
)
def test_the_simulated_kernel_is_taken_if_it_is_there(campaign, written, kind):
    text = "".join(f"  {word}:\n" for word in written.split(", "))
    assert campaign(f"target:\n{text}").target.kind == kind


@pytest.mark.parametrize("kind", TARGET_KINDS)
def test_a_listed_kind_is_chosen_without_a_word(read, kind):
    text = "".join(f"  {word}:\n" for word in TARGET_KINDS)
    loaded = read(f"target:\n{text}", kind=kind)
    assert loaded.diagnostics == ()
    assert loaded.campaign.target.kind == kind
    assert loaded.campaign.target in loaded.campaign.targets


@pytest.mark.parametrize("kind", ["uml", "qemu", "local", "ssh"])
def test_a_kind_that_is_not_listed_is_told_and_gets_the_first_ones_devices(read, kind):
    target = f'target: {{simulated: {{kernel: "6.1", cmdline: quiet, devices: {NVME}}}}}\n'
    loaded = read(target, kind=kind)
    assert codes(loaded) == [("FR172", 2, 1)]
    (found,) = loaded.diagnostics
    assert found.severity is Severity.WARNING
    assert found.message == f"this campaign does not say that it runs on {kind}"
    spec = loaded.campaign.target
    assert (spec.kind, spec.kernel, spec.any_kernel, spec.cmdline) == (kind, "6.1", True, "")
    assert names(spec) == ["nvme0"]


def test_a_campaign_for_guests_can_be_tried_on_the_simulated_kernel(read):
    loaded = read(f'target: {{uml: {{kernel: "6.8", devices: {NVME}}}}}\n', kind="simulated")
    assert codes(loaded) == [("FR172", 2, 1)]
    spec = loaded.campaign.target
    assert (spec.kind, spec.kernel, spec.any_kernel) == ("simulated", "6.8", False)
    assert names(spec) == ["nvme0"]


def test_a_campaign_without_a_target_is_told_at_its_name(read):
    assert codes(read("", kind="uml")) == [("FR172", 1, 1)]
    assert codes(read("", kind="simulated")) == []


def test_own_devices_win_over_those_of_the_first_that_lists_some(campaign):
    text = (
        "target:\n"
        "  uml:\n"
        f"  simulated: {{devices: {NVME}}}\n"
        "  qemu: {devices: {sda: {kind: scsi_debug}}}\n"
        "  ssh: {devices: {}}\n"
        "  local:\n"
    )
    made = campaign(text)
    assert [names(spec) for spec in made.targets] == [["nvme0"], ["nvme0"], ["sda"], [], ["nvme0"]]


def test_an_open_version_is_planned_for_the_newest_that_is_known(campaign):
    made = campaign('target:\n  simulated: {kernel: "6.1"}\n  uml: {kernel: ""}\n  local:\n')
    simulated, uml, local = made.targets
    assert (simulated.kernel, simulated.any_kernel) == ("6.1", False)
    assert (uml.kernel, uml.any_kernel) == (KNOWN[-1], True)
    assert (local.kernel, local.any_kernel) == ("6.1", True)


def test_the_version_that_was_found_decides_what_exists(read):
    """`opcode` of nvme came with 7.3; the plan and every check are made for what was found."""
    steps = (
        "steps:\n"
        "  a:\n"
        "    inject: {nvme: {device: nvme0n1, opcode: 2, status: 0x281, times: 1, probability: 100}}\n"
        "    run: dd if=/dev/nvme0n1 of=/dev/null count=1 iflag=direct\n"
        "    expect: {exit: 1}\n"
    )
    target = f"target: {{uml: {{devices: {NVME}}}}}\n"
    assert codes(read(target, steps)) == []
    asked = []

    def found(spec):
        asked.append(spec)
        return "6.12"

    loaded = read(target, steps, version_of=found)
    assert [found.code for found in loaded.diagnostics] == ["FR024"]
    assert [(spec.kind, spec.any_kernel) for spec in asked] == [("uml", True)]
    plain = read(target, version_of=found).campaign.target
    assert (plain.kernel, plain.any_kernel) == ("6.12", False)


def test_a_host_of_the_command_line_wins(campaign):
    text = "target: {ssh: {host: root@lab1}}\n"
    assert campaign(text).target.host == "root@lab1"
    assert campaign(text, kind="ssh", host="me@lab2:23").target.host == "me@lab2:23"


def test_a_step_is_checked_for_a_target_on_which_it_runs(campaign, read):
    steps = (
        "steps:\n"
        "  a:\n"
        "    targets: [KIND]\n"
        "    inject: {nvme: {device: nvme0n2, status: 0x281, times: 1, probability: 100}}\n"
        "    run: dd if=/dev/nvme0n2 of=/dev/null count=1 iflag=direct\n"
        "    expect: {exit: 1}\n"
    )
    target = (
        "target:\n"
        f"  simulated: {{devices: {NVME}}}\n"
        "  qemu: {devices: {nvme0: {kind: nvme, namespaces: 2}}}\n"
    )
    (step,) = campaign(target, steps.replace("KIND", "qemu")).steps
    assert step.targets == ("qemu",)
    loaded = read(target, steps.replace("KIND", "simulated"))
    assert codes(loaded) == [("FR025", 8, 29)]


def test_targets_of_the_defaults_hold_unless_a_step_names_its_own(campaign):
    steps = (
        "defaults: {targets: [uml, qemu]}\n"
        "steps:\n"
        '  a: {run: "true", expect: {exit: 0}}\n'
        '  b: {run: "true", targets: [simulated], expect: {exit: 0}}\n'
    )
    a, b = campaign("target: {uml: , simulated: }\n", steps).steps
    assert (a.targets, b.targets) == (("uml", "qemu"), ("simulated",))


def test_the_pattern_of_a_host_is_the_schemas():
    schema = json.loads((tree("schemas") / "campaign.v1.json").read_text())
    ssh = schema["properties"]["target"]["properties"]["ssh"]["properties"]
    assert ssh["host"]["pattern"] == FORM


def test_kinds_and_defaults_are_the_schemas():
    schema = json.loads((tree("schemas") / "campaign.v1.json").read_text())
    kinds = schema["properties"]["target"]["properties"]
    assert tuple(kinds) == TARGET_KINDS
    assert tuple(schema["$defs"]["targets"]["items"]["enum"]) == TARGET_KINDS
    assert schema["$defs"]["targets"]["maxItems"] == len(TARGET_KINDS)
    assert schema["$defs"]["memory_mib"]["default"] == TargetSpec().memory_mib
    assert kinds["qemu"]["properties"]["cpus"]["default"] == TargetSpec().cpus
    assert kinds["qemu"]["properties"]["files"]["default"] == TargetSpec().files
    assert kinds["simulated"]["properties"]["kernel"]["default"] == TargetSpec().kernel


@pytest.mark.parametrize(
    "host", ["lab1", "root@lab1", "me@lab-1.example:22", "10.0.0.7", "[fe80::1]", "u@[::1]:2222"]
)
def test_a_host_can_be(host):
    assert wrong_host(host) is None
    assert target_name(f"ssh:{host}").host == host


@pytest.mark.parametrize(
    "host",
    ["-oProxyCommand=x", "root:pw@lab1", "a b", "root@", "@lab1", "lab1:", "lab1:0", "lab1:65536",
     "lab1\n", "lab1;reboot", "root@-lab", "é"],
)  # fmt: skip
def test_a_host_cannot_be(host, read):
    assert wrong_host(host) is not None
    loaded = read(f"target: {{ssh: {{host: {json.dumps(host)}}}}}\n")
    assert [(found.mark.line, found.mark.column) for found in loaded.diagnostics] == [(2, 22)]
    with pytest.raises(UnknownTarget):
        target_name(f"ssh:{host}")


@pytest.mark.parametrize("text", ["simulated", "uml", "qemu", "local", "local:x:y", "ssh"])
def test_a_target_is_named(text):
    name = target_name(text)
    assert f"{name.kind}:{name.rest}".rstrip(":") == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "known are"),
        ("moon", "known are"),
        ("Uml", "did you mean 'uml'"),
        ("qemuu", "did you mean 'qemu'"),
        ("simulated:x", "known are"),
        ("uml:6.12", "known are"),
        ("local:", "known are"),
        ("ssh:", "known are"),
    ],
)
def test_a_target_is_not_known(text, told):
    with pytest.raises(UnknownTarget, match="is not known") as no:
        target_name(text)
    assert told in str(no.value)
