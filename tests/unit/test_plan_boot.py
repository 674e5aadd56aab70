"""Plans as kernel command lines, and command lines as campaigns."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from faultrun.capabilities.registry import builtin
from faultrun.cli import boot_words
from faultrun.cli.main import main
from faultrun.kernel.setup_string import Setup
from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.model.campaign import Campaign, Injection, Setting, Step, TargetSpec, Workload
from faultrun.model.mark import NOWHERE
from faultrun.plan.boot import boot_plan
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.spec.load import load

HEAD = """\
campaign: c
target: {simulated: {kernel: "6.12", devices: {nvme0: {kind: nvme, namespaces: 2}}}}
steps:
"""

TWO = """\
  slab:
    inject: {failslab: {probability: 10, interval: 3, times: 5, verbose: 1}}
    run: "true"
    expect: {injected: some}
  disk:
    repeat: 2
    inject:
      fail_make_request: {disk: nvme0n1, probability: 100, times: -1, task-filter: N}
      fail-nth: {nth: 3}
    run: "true"
    expect: {injected: some}
  nothing:
    run: "true"
"""


def written(folder, steps, head=HEAD):
    path = folder / "c.yaml"
    path.write_text(head + steps)
    return path


def boot(path):
    loaded = load(path, overrides={})
    assert loaded.campaign is not None, loaded.diagnostics
    return boot_plan(planned(loaded.campaign), builtin())


def planned(campaign):
    return make_plan(campaign, builtin(), selection=Selection(), seed=None)


def test_every_step_and_all_of_them(tmp_path):
    made = boot(written(tmp_path, TWO))
    assert made.line == "failslab=3,10,0,5 fail_make_request=1,100,0,-1"
    assert [(step.step, step.line()) for step in made.steps] == [
        ("slab", "failslab=3,10,0,5"),
        ("disk", "fail_make_request=1,100,0,-1"),
        ("nothing", ""),
    ]
    assert made.steps[0].notes == (
        "failslab: verbose 1 has no place in a setup string and stays 2",
        "failslab: task-filter stays N: every task is hit, not only the workload's",
        "failslab: times, space and interval count from boot on, not from the workload on",
    )
    assert made.steps[1].notes == (
        "fail_make_request: nothing is hit until"
        " `echo 1 > /sys/block/nvme0n1/make-it-fail` after boot",
        "fail-nth: a task arms itself after it was forked; a command line reaches no task",
    )
    assert made.conflicts == ()


def test_a_template_is_for_every_device_and_two_devices_conflict(tmp_path):
    steps = """\
  admin:
    inject: {nvme: {device: nvme0, status: 0x6, dont_retry: false, probability: 100, space: 4}}
    run: "true"
    expect: {injected: some}
  io:
    inject: {nvme: {device: nvme0n1, probability: 100, times: 2}}
    run: "true"
    expect: {injected: some}
"""
    made = boot(written(tmp_path, steps))
    assert made.line == ""
    (finding,) = made.conflicts
    assert (finding.code, finding.mark.line, finding.related[0].mark.line) == ("FR150", 9, 5)
    assert "1,100,4,1 for step 'admin' and 1,100,0,2 for step 'io'" in finding.message
    notes = made.steps[0].notes
    assert (
        "nvme_core.fail_request: status 0x0006 has no place in a setup string and stays 0x0001"
        in notes
    )
    assert (
        "nvme_core.fail_request: dont_retry N has no place in a setup string and stays Y" in notes
    )
    assert any("not only nvme0" in note for note in notes)
    assert any("Identify Controller fails" in note for note in notes)


def test_equal_settings_agree(tmp_path):
    step = """\
  {0}:
    inject: {{nvme: {{device: nvme0{0}, probability: 100, times: 2}}}}
    run: "true"
    expect: {{injected: some}}
"""
    made = boot(written(tmp_path, step.format("n1") + step.format("n2")))
    assert made.line == "nvme_core.fail_request=1,100,0,2"
    assert made.conflicts == ()


def test_every_capability_has_a_line_or_a_reason():
    """Whoever adds a capability with a boot option gets it here, and others get a reason."""
    for version in KNOWN:
        for name, table in builtin().items():
            where = tuple(
                Setting(name=item.name, value=item.example, mark=NOWHERE)
                for item in table.parameters
            )
            injection = Injection(capability=name, where=where, settings=(), mark=NOWHERE)
            step = Step(
                id="s", origin="s", workload=Workload(mark=NOWHERE, script="true"), mark=NOWHERE,
                injections=(injection,),
            )  # fmt: skip
            target = TargetSpec(kernel=version)
            campaign = Campaign(name="c", mark=NOWHERE, steps=(step,), target=target)
            (made,) = boot_plan(planned(campaign), builtin()).steps
            there = KernelVersion.parse(version).has(table.since, table.until)
            if table.boot_option is not None and there:
                assert made.line() == f"{table.boot_option}=1,0,0,1"
            else:
                assert made.line() == ""
                assert made.notes[0].startswith(f"{name}: ")


def test_the_verb_prints_one_line_to_paste(tmp_path, capsys):
    assert main(["plan", "--boot-options", str(written(tmp_path, TWO))]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if not line.startswith("#")] == [
        "failslab=3,10,0,5 fail_make_request=1,100,0,-1"
    ]
    assert main(["plan", "--json", "--boot-options", str(written(tmp_path, TWO))]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["line"] == "failslab=3,10,0,5 fail_make_request=1,100,0,-1"
    assert [step["step"] for step in document["steps"]] == ["slab", "disk", "nothing"]
    assert main(["plan", "--boot-options", "--only", "nothing", str(tmp_path / "c.yaml")]) == 0
    assert "no step injects anything" in capsys.readouterr().out


LINE = (
    "quiet failslab=5,0,7,9 fail_make_request=bad nvme_core.fail_request=1,100,0,1"
    " failslab=1,200,-1,4294967295xyz fail_futex"
)


def test_a_line_is_read_back(capsys):
    assert main(["explain", "--json", "--boot-options", LINE]) == 0
    told = json.loads(capsys.readouterr().out)
    first, bad, nvme, last, bare = told["options"]
    assert first["sets"] == {"interval": 5, "probability": 0, "space": 7, "times": 9}
    assert first["remarks"][0] == "a later `failslab=1,200,-1,4294967295xyz` counts instead"
    assert bad["answer"] == "refused"
    assert "the kernel logs: FAULT_INJECTION: failed to parse arguments" in bad["says"]
    assert nvme["inject"] == (
        "nvme: {device: nvme0n1, interval: 1, probability: 100, space: 0, times: 1}"
    )
    assert last["sets"] == {"interval": 1, "probability": 200, "space": -1, "times": -1}
    assert (
        "times 4294967295 does not fit 32 bits with a sign: kernel 6.12 keeps -1" in last["remarks"]
    )
    assert "'xyz' after the fourth number is ignored" in last["remarks"]
    assert bare["answer"] == "no value"
    assert told["log"] == (
        'Unknown kernel command line parameters "fail_futex fail_make_request=bad",'
        " will be passed to user space."
    )
    assert told["others"] == 1


def test_the_version_decides(capsys):
    line = "fail_usercopy=99999999999999999999,1,0,1"
    for version, kept in (("6.19", "7766279631452241919"), ("7.3", "18446744073709551615")):
        assert main(["explain", "--kernel", version, "--boot-options", line]) == 0
        assert f"kernel {version} keeps {kept}" in capsys.readouterr().out


def test_lines_from_files_and_mistakes(tmp_path, capsys):
    path = tmp_path / "cmdline"
    path.write_bytes(b"ro \xff\x1b[31m fail_futex=\xff\x1b[31m\n")
    assert main(["explain", "--boot-options", f"@{path}"]) == 0
    out = capsys.readouterr().out
    assert "fail_futex=\\udcff\\x1b[31m" in out
    assert "\x1b" not in out
    assert main(["explain", "--boot-options", f"@{tmp_path}/none"]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main(["explain", "--kernel", "new", "--boot-options", "x"]) == 2
    assert "'new' is not a kernel version" in capsys.readouterr().err


OPTIONS = sorted(
    table.boot_option
    for table in builtin().values()
    if table.boot_option
    and not table.lock_out
    and all(item.example.startswith("nvme0") for item in table.parameters)
)
"""Those that the campaign below has a device for, and that may be armed without a filter."""


@settings(max_examples=40)
@given(
    st.sampled_from(OPTIONS),
    st.builds(
        Setup,
        interval=st.integers(0, 2**64 - 1),
        probability=st.integers(0, 100),
        space=st.integers(0, 2**31 - 1),
        times=st.integers(-1, 2**31 - 1),
    ),
)
def test_what_is_explained_plans_to_the_same_line(tmp_path_factory, option, setup):
    text = setup.text()
    told = boot_words.tell(f"{option}={text}", KernelVersion.parse("7.3"))
    (word,) = told.told
    assert word.option.setup is not None
    head = HEAD.replace("6.12", "7.3")
    steps = f"  s:\n    inject:\n      {word.inject}\n    run: 'true'\n"
    made = boot(written(tmp_path_factory.mktemp("boot"), steps, head))
    assert made.line == f"{option}={text}"
