"""What a campaign becomes: steps, cells, settings, workloads, expectations in normal form."""

import textwrap

import pytest

from faultrun.model.diagnostic import Severity
from faultrun.spec.load import load

HEAD = """\
campaign: x
target: {simulated: {kernel: "6.12", devices: {nvme0: {kind: nvme, namespaces: 2}}}}
"""


@pytest.fixture
def read(tmp_path):
    def loaded(text, *, files=None, overrides=None):
        for name, content in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content))
        path = tmp_path / "c.yaml"
        path.write_text(text)
        return load(path, overrides=overrides or {})

    return loaded


@pytest.fixture
def steps(read):
    def built(body, use="[]", **more):
        text = textwrap.indent(textwrap.dedent(body), "  ")
        loaded = read(f"{HEAD}use: {use}\nsteps:\n{text}", **more)
        assert loaded.campaign is not None, loaded.diagnostics
        return loaded.campaign.steps

    return built


@pytest.fixture
def errors(read):
    def found(text, **more):
        loaded = read(text, **more)
        return [
            (item.code, item.mark.line, item.message)
            for item in loaded.diagnostics
            if item.severity is Severity.ERROR
        ]

    return found


def values(injection):
    return {setting.name: setting.value for setting in injection.settings}


def params(step):
    return {item.oracle: item.params for item in step.expectations}


def test_the_whole_document(read):
    loaded = read(
        """\
campaign: whole
summary: all of it
owner: us
tags: [a, b]
seed: 0x10
vars: {dev: nvme0}
defaults: {timeout: 2m, group: g, tags: [d], requires: [nvme], expect: {kernel_log: no-oops}}
target:
  simulated: {kernel: "6.8", devices: {nvme0: {kind: nvme, size_mib: 16, transport: tcp}}}
steps:
  first: {run: "echo {{ dev }}", tags: [e], summary: "on {{ dev }}"}
  second:
    needs: [first]
    run: [nvme, id-ctrl, "/dev/{{ dev }}", 0x10, true, 1.50]
    timeout: 1500us
    group: own
    repeat: 3
    requires: ["program:nvme"]
    cleanup: {script: "true", stdin: in, env: {A: 1, B: "{{ dev }}"}}
    expect: {exit: 0, kernel_log: {has: x}}
gate: {vacuous: allow, skip: fail, min_passed: 2}
"""
    )
    campaign = loaded.campaign
    assert loaded.diagnostics == ()
    assert campaign is not None
    assert (campaign.name, campaign.summary, campaign.owner) == ("whole", "all of it", "us")
    assert (campaign.tags, campaign.seed) == (("a", "b"), 16)
    assert (campaign.gate.vacuous, campaign.gate.skip, campaign.gate.min_passed) == (
        "allow",
        "fail",
        2,
    )
    assert campaign.target.kernel == "6.8"
    assert campaign.target.devices[0].option("size_mib", 0) == 16
    first, second = campaign.steps
    assert (first.id, first.summary, first.group, first.timeout_ns) == (
        "first",
        "on nvme0",
        "g",
        120 * 10**9,
    )
    assert first.tags == ("d", "e")
    assert first.workload.script == "echo nvme0"
    assert second.workload.argv == ("nvme", "id-ctrl", "/dev/nvme0", "0x10", "true", "1.50")
    assert (second.group, second.timeout_ns, second.repeat) == ("own", 1_500_000, 3)
    assert second.requires == ("nvme", "program:nvme")
    assert [need.id for need in second.needs] == ["first"]
    assert second.cleanup is not None
    assert second.cleanup.stdin == "in"
    assert second.cleanup.env == (("A", "1"), ("B", "nvme0"))
    assert params(second)["kernel_log"]["has"] == ["x"]
    assert [name.rpartition("/")[2] for name, _ in campaign.sources] == ["c.yaml"]


def test_settings_keep_type_order_and_place(steps):
    (step,) = steps(
        """\
        a:
          inject:
            nvme: {device: nvme0n2, status: 0x281, dont_retry: N, task-filter: y, probability: 100, times: -1}
          run: dd
          expect: {exit: 1}
        """
    )
    (injection,) = step.injections
    assert injection.place() == {"device": "nvme0n2"}
    assert values(injection) == {
        "status": 0x281,
        "dont_retry": False,
        "task-filter": True,
        "probability": 100,
        "times": -1,
    }
    assert injection.setting("status").mark.line == 7


def test_several_capabilities_and_fail_nth(steps):
    (step,) = steps(
        """\
        a:
          inject:
            - failslab: {probability: 10, times: -1}
              fail_make_request: {disk: nvme0n1, probability: 5, times: 3}
            - fail-nth: {nth: 7}
          run: dd
          expect: {exit: 1}
        """
    )
    assert [item.capability for item in step.injections] == [
        "failslab",
        "fail_make_request",
        "fail-nth",
    ]


def test_cells_have_stable_ids_in_the_order_of_the_axes(steps):
    made = steps(
        """\
        a:
          matrix: {status: [0x1, 2], retry: [true, false], text: ["a,b", "x y"]}
          inject: {nvme: {device: nvme0, status: "{{ status }}", dont_retry: "{{ retry }}", probability: 100, times: 1}}
          run: "echo {{ text }}"
          expect: {exit: 0}
        """
    )
    assert len(made) == 8
    assert made[0].id == "a[status=0x1,retry=true,text=a%2Cb]"
    assert made[1].id == "a[status=0x1,retry=true,text=x y]"
    assert made[-1].id == "a[status=2,retry=false,text=x y]"
    assert made[0].cell == (("status", 1), ("retry", True), ("text", "a,b"))
    assert values(made[0].injections[0])["dont_retry"] is True
    assert values(made[-1].injections[0])["status"] == 2
    assert {step.origin for step in made} == {"a"}
    assert len({step.id for step in made}) == 8


def test_cells_that_look_alike_have_different_ids(steps):
    made = steps('a: {matrix: {v: [1, "1", true, "true", "%31"]}, run: "echo {{ v }}"}\n')
    assert [step.id for step in made] == [
        "a[v=1]",
        "a[v='1']",
        "a[v=true]",
        "a[v='true']",
        "a[v=%2531]",
    ]


def test_long_values_are_cut_with_a_digest(steps):
    made = steps(f'a: {{matrix: {{v: ["{"x" * 100}", "{"x" * 99}y"]}}, run: "echo {{{{ v }}}}"}}\n')
    ids = [step.id for step in made]
    assert ids[0] != ids[1]
    assert all(len(name) < 70 for name in ids)


def test_cells_share_what_is_the_same(steps):
    made = steps(
        """\
        a:
          matrix: {n: [1, 2], m: [1, 2]}
          inject: {nvme: {device: nvme0, probability: 100, times: 1, space: "{{ n }}"}}
          run: "true"
          expect: {exit: 0, stdout: "{{ m }}"}
        """
    )
    assert made[0].workload is made[3].workload
    assert made[0].injections is made[1].injections
    assert made[0].injections is not made[2].injections
    assert made[0].expectations[0] is made[3].expectations[0]


def test_overrides(read):
    text = HEAD + 'vars: {n: 1}\nsteps: {a: {run: "echo {{ n }}"}}\n'
    loaded = read(text, overrides={"n": "two"})
    assert loaded.campaign is not None
    assert loaded.campaign.steps[0].workload.script == "echo two"
    loaded = read(text, overrides={"m": 1})
    assert [item.code for item in loaded.diagnostics] == ["FR060"]


@pytest.mark.parametrize(
    ("written", "oracle", "normal"),
    [
        ("exit: 0", "exit", {"code": 0}),
        ("exit: zero", "exit", {"zero": True}),
        ("exit: nonzero", "exit", {"nonzero": True}),
        ("signal: SEGV", "signal", {"name": "SIGSEGV"}),
        ("signal: 11", "signal", {"name": "SIGSEGV"}),
        ("signal: SIGIOT", "signal", {"name": "SIGABRT"}),
        ("stdout: a", "stdout", {"contains": ["a"], "lacks": [], "matches": [], "equals": None}),
        (
            "stderr: {lacks: a, matches: [b, c], equals: ''}",
            "stderr",
            {"contains": [], "lacks": ["a"], "matches": ["b", "c"], "equals": ""},
        ),
        ("errno: EIO", "errno", {"names": ["EIO"]}),
        ("errno: [ENOMEM, EWOULDBLOCK]", "errno", {"names": ["ENOMEM", "EAGAIN"]}),
        ("injected: none", "injected", {"min": 0, "max": 0}),
        ("injected: some", "injected", {"min": 1, "max": None}),
        ("injected: exactly 2", "injected", {"min": 2, "max": 2}),
        ("injected: at least 0", "injected", {"min": 0, "max": None}),
        ("injected: at most 3", "injected", {"min": 0, "max": 3}),
        ("injected: between 1 and 3", "injected", {"min": 1, "max": 3}),
        ("injected: {at_least: 1, at_most: 2}", "injected", {"min": 1, "max": 2}),
        ("injected: {exactly: 1}", "injected", {"min": 1, "max": 1}),
        (
            "kernel_log: no-oops",
            "kernel_log",
            {"has": [], "lacks": [], "matches": [], "no_oops": True},
        ),
        (
            "kernel_log: {has: [a, b], no_oops: false}",
            "kernel_log",
            {"has": ["a", "b"], "lacks": [], "matches": [], "no_oops": False},
        ),
        (
            "attributes: {nvme.times: 0, nvme.dont_retry: true, nvme.status: 0x10}",
            "attributes",
            {"nvme.times": "0", "nvme.dont_retry": "Y", "nvme.status": "16"},
        ),
        (
            "file: {/a: {equals: x, contains: y, exists: true}}",
            "file",
            {"/a": {"equals": "x", "contains": ["y"], "exists": True}},
        ),
        ("device: {nvme0: live}", "device", {"nvme0": "live"}),
        (
            "duration: {under: 5s, over: 10ms}",
            "duration",
            {"under_ns": 5 * 10**9, "over_ns": 10**7},
        ),
        ("outcome: [tolerated, oops]", "outcome", {"classes": ["tolerated", "oops"]}),
        ('exit: "{{ 2 + 3 }}"', "exit", {"code": 5}),
        ('injected: "exactly {{ 1 + 1 }}"', "injected", {"min": 2, "max": 2}),
        ("device: {nvme0: \"{{ 'dead' }}\"}", "device", {"nvme0": "dead"}),
    ],
)
def test_expectations_in_normal_form(steps, written, oracle, normal):
    (step,) = steps(
        f"""\
        a:
          inject: {{nvme: {{device: nvme0, probability: 100, times: 2}}}}
          run: nvme id-ctrl /dev/nvme0
          expect:
            {written}
        """
    )
    assert params(step) == {oracle: normal}
    assert step.expectations[0].mark.line == 9


LIBRARY = """\
    library: lib
    faults:
      nth:
        parameters:
          n: {type: integer, minimum: 1, maximum: 64, unit: commands}
          dev: {type: string, pattern: "^nvme", default: nvme0}
        inject: {nvme: {device: "{{ dev }}", space: "{{ n }}", probability: 100, times: 1}}
      outer:
        parameters: {n: {type: integer}}
        inject:
          use: lib.nth
          with: {n: "{{ n + 1 }}"}
          failslab: {probability: 1, times: 1}
    workloads:
      id:
        parameters: {dev: {type: string, default: nvme0}}
        run: nvme id-ctrl /dev/{{ dev }}
      argv: {run: {argv: [a, b], env: {A: 1}}}
    expectations:
      fired: {expect: {injected: exactly 1, exit: 0, kernel_log: no-oops}}
      code: {parameters: {c: {type: integer}}, expect: {exit: "{{ c }}"}}
"""


def test_fragments_arguments_and_overrides(steps):
    one, two = steps(
        """\
        a:
          matrix: {k: [3, 4]}
          inject: {use: lib.outer, with: {n: "{{ k * 2 }}"}, nvme: {times: 9, status: 5}}
          run: {use: lib.id, with: {dev: nvme0n1}}
          expect: {use: [lib.fired, lib.code], with: {c: "{{ k }}"}, injected: some}
          cleanup: {use: lib.argv, env: {B: 2}, stdin: s}
        """,
        files={"parts/lib.yaml": LIBRARY},
        use="[parts/lib.yaml]",
    )
    nvme, slab = one.injections
    assert values(nvme) == {"space": 7, "probability": 100, "times": 9, "status": 5}
    assert values(two.injections[0])["space"] == 9
    assert nvme.place() == {"device": "nvme0"}
    assert slab.capability == "failslab"
    assert one.workload.script == "nvme id-ctrl /dev/nvme0n1"
    assert params(one)["exit"] == {"code": 3}
    assert params(one)["injected"] == {"min": 1, "max": None}
    assert params(one)["kernel_log"]["no_oops"] is True
    assert one.cleanup is not None
    assert one.cleanup.argv == ("a", "b")
    assert one.cleanup.env == (("A", "1"), ("B", "2"))
    assert one.cleanup.stdin == "s"


def test_a_value_wrong_in_the_library_is_told_at_the_use_and_at_its_origin(read):
    loaded = read(
        HEAD
        + "use: [lib.yaml]\nsteps:\n  a:\n    inject: {use: lib.far, with: {n: 50}}\n"
        + "    run: 'true'\n    expect: {exit: 0}\n",
        files={
            "lib.yaml": """\
            library: lib
            faults:
              far:
                parameters: {n: {type: integer}}
                inject: {nvme: {device: nvme0, probability: "{{ n * 10 }}", times: 1}}
            """
        },
    )
    (found,) = loaded.diagnostics
    assert (found.code, found.mark.line) == ("FR021", 6)
    assert found.related[0].mark.line == 5
    assert found.related[0].mark.file.endswith("lib.yaml")


def test_fragments_do_not_see_the_variables_of_the_campaign(errors):
    found = errors(
        "campaign: x\nuse: [lib.yaml]\nvars: {secret: 1}\n"
        "steps: {a: {run: {use: lib.w}}, b: {run: 'echo {{ secret }}'}}\n",
        files={"lib.yaml": "library: lib\nworkloads: {w: {run: 'echo {{ secret }}'}}\n"},
    )
    assert [code for code, _, _ in found] == ["FR030"]


@pytest.mark.parametrize(
    "path", ["../lib.yaml", "/etc/passwd", "a/../../lib.yaml", "link.yaml", "linked/lib.yaml", ".."]
)
def test_libraries_stay_in_the_folder(tmp_path, path):
    (tmp_path / "lib.yaml").write_text("library: lib\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link.yaml").symlink_to("../lib.yaml")
    (inner / "linked").symlink_to("..")
    (inner / "c.yaml").write_text(f"campaign: x\nuse: [{path}]\nsteps: {{a: {{run: x}}}}\n")
    loaded = load(inner / "c.yaml", overrides={})
    assert [item.code for item in loaded.diagnostics] == ["FR041"]


def test_links_within_the_folder_are_fine_and_a_file_is_read_once(read, tmp_path):
    (tmp_path / "again.yaml").symlink_to("lib.yaml")
    loaded = read(
        "campaign: x\nuse: [lib.yaml, again.yaml, ./lib.yaml]\nsteps: {a: {run: {use: lib.w}}}\n",
        files={"lib.yaml": "library: lib\nworkloads: {w: {run: 'true'}}\n"},
    )
    assert loaded.diagnostics == ()


def test_libraries_that_use_each_other_in_a_circle(errors):
    found = errors(
        "campaign: x\nuse: [a.yaml]\nsteps: {a: {run: {use: b.w}}}\n",
        files={
            "a.yaml": "library: a\nuse: [b.yaml]\n",
            "b.yaml": "library: b\nuse: [a.yaml]\nworkloads: {w: {run: 'true'}}\n",
        },
    )
    assert [code for code, _, _ in found] == ["FR042"]


def test_two_libraries_of_one_name(errors):
    found = errors(
        "campaign: x\nuse: [a.yaml, b.yaml]\nsteps: {a: {run: x}}\n",
        files={"a.yaml": "library: same\n", "b.yaml": "library: same\n"},
    )
    assert [code for code, _, _ in found] == ["FR046"]


def test_a_cycle_of_a_thousand_steps_is_one_finding_with_every_place(read):
    text = "".join(
        f"  s{n}:\n    needs: [s{(n + 1) % 1000}]\n    run: 'true'\n" for n in range(1000)
    )
    loaded = read(f"campaign: x\nsteps:\n{text}")
    (found,) = loaded.diagnostics
    assert found.code == "FR052"
    assert len(found.related) == 999
    assert len(found.message) < 200
    marks = {found.mark, *(other.mark for other in found.related)}
    assert len(marks) == 1000


def test_separate_circles_are_told_separately_and_needs_without_circle_not(errors):
    found = errors(
        "campaign: x\nsteps:\n"
        "  a: {needs: [b], run: x}\n  b: {needs: [a], run: x}\n"
        "  c: {needs: [d, a], run: x}\n  d: {needs: [c], run: x}\n"
        "  e: {needs: [a, c], run: x}\n  f: {needs: [e, a], run: x}\n"
    )
    assert [(code, line) for code, line, _ in found] == [("FR052", 3), ("FR052", 5)]


def test_a_million_cells_are_refused_unbuilt(errors):
    axis = list(range(1000))
    found = errors(
        f"campaign: x\nsteps:\n  a:\n    matrix: {{p: {axis}, q: {axis}}}\n    run: 'true'\n"
    )
    assert [code for code, _, _ in found] == ["FR053"]
    assert "1,000 x 1,000 = 1,000,000" in found[0][2]


def test_sixteen_axes_of_a_thousand_are_refused_unbuilt(errors):
    axes = ", ".join(f"p{n}: {list(range(1000))}" for n in range(16))
    found = errors(f"campaign: x\nsteps: {{a: {{matrix: {{{axes}}}, run: 'true'}}}}\n")
    assert "FR053" in [code for code, _, _ in found]


def test_everything_is_told_at_once_also_in_cells_that_cannot_be_built(errors):
    found = errors(
        HEAD
        + "steps:\n  a:\n    matrix: {n: [1, 200, 300]}\n    run: {use: no.thing}\n"
        + '    inject: {nvme: {device: nvme0, probability: "{{ n }}", times: 1, staus: 1}}\n'
        + "    expect: {errno: EWHAT, exit: 0}\n    needs: [b]\n"
    )
    assert [(code, line) for code, line, _ in found] == [
        ("FR043", 6),
        ("FR021", 7),
        ("FR012", 7),
        ("FR026", 8),
        ("FR050", 9),
    ]
    assert "'a[n=200]' and others" in found[1][2]


@pytest.mark.parametrize(
    ("kernel", "codes"), [("6.12", ["FR024"]), ("7.3", []), ("7.3.1", []), ("8.0", [])]
)
def test_attributes_of_other_kernels(errors, kernel, codes):
    found = errors(
        f'campaign: x\ntarget: {{simulated: {{kernel: "{kernel}", devices: {{nvme0: {{kind: nvme}}}}}}}}\n'
        "steps:\n  a:\n    inject: {nvme: {device: nvme0, opcode: 1, probability: 100, times: 1}}\n"
        "    run: x\n    expect: {exit: 0}\n"
    )
    assert [code for code, _, _ in found] == codes


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ("times: 99999999999999999999", "FR021"),
        ("times: -2", "FR021"),
        ("probability: 101", "FR021"),
        ("probability: 1.5", "FR022"),
        ("probability: 100.0", "FR022"),
        ("probability: .nan", "FR022"),
        ("probability: 1e2", "FR022"),
        ("probability: '5'", "FR014"),
        ("probability: true", "FR014"),
        ("probability: 1_0", "FR014"),
        ("probability: on", "FR014"),
        ("probability: [5]", "FR014"),
        ("probability:", "FR014"),
        ("dont_retry: yes", "FR014"),
        ("dont_retry: 1", "FR014"),
        ("status: 0x10000", "FR021"),
        ("space: -1", "FR021"),
        ("device: sda", "FR015"),
        ("device: nvme0n3", "FR025"),
        ("device: 5", "FR014"),
        ("probabilty: 5", "FR012"),
        ('probability: "{{ 50 * 3 }}"', "FR021"),
        ("probability: \"{{ 'a' }}\"", "FR014"),
        ('dont_retry: "{{ 1 }}"', "FR014"),
        ('times: "{{ 10 ** 20 }}"', "FR021"),
        ('device: "{{ 5 }}"', "FR014"),
        ("device: \"{{ 'nvme9' }}\"", "FR025"),
    ],
)
def test_wrong_values_of_attributes(errors, attribute, code):
    given = {"device": "nvme0", "probability": "1", "times": "1"}
    name, _, value = attribute.partition(":")
    given[name] = value.strip()
    flow = ", ".join(f"{key}: {text}" for key, text in given.items())
    found = errors(
        HEAD
        + f"steps:\n  a:\n    inject: {{nvme: {{{flow}}}}}\n    run: x\n    expect: {{exit: 0}}\n"
    )
    assert [(item[0], item[1]) for item in found] == [(code, 5)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("30", "FR014"), ("'30'", "FR023"), ("1.5s", "FR023"), ("10 s", "FR023"), ("5min", "FR023"),
        ("0s", "FR021"), ("25h", "FR021"), ("1us", "FR021"), ("-1s", "FR023"), ("''", "FR023"),
        ("99999999999999999999s", "FR023"), ("'{{ 5 }}'", "FR023"),
    ],
)  # fmt: skip
def test_wrong_durations(errors, text, code):
    found = errors(f"campaign: x\nsteps:\n  a: {{run: x, timeout: {text}}}\n")
    assert [item[0] for item in found] == [code]


def test_templates_cannot_make_structure(steps):
    (step,) = steps("a: {matrix: {v: ['a: [b', '- c', '{x}']}, run: 'x {{ v }}'}\n")[:1]
    assert step.workload.script == "x a: [b"


def test_huge_but_legal_campaign_of_plain_steps(read):
    body = "".join(f"  s{n}: {{run: 'true', expect: {{exit: 0}}}}\n" for n in range(3000))
    loaded = read(f"campaign: x\nsteps:\n{body}")
    assert loaded.campaign is not None
    assert len(loaded.campaign.steps) == 3000


def test_fragments_that_unfold_without_end_are_refused(errors):
    faults = "".join(
        f"  f{n}: {{inject: [{{use: lib.f{n - 1}}}, {{use: lib.f{n - 1}}}]}}\n"
        for n in range(1, 15)
    )
    library = f"library: lib\nfaults:\n  f0: {{inject: {{failslab: {{probability: 1}}}}}}\n{faults}"
    chain = "".join(f"  g{n}: {{run: {{use: lib.g{n + 1}}}}}\n" for n in range(2000))
    library += f"workloads:\n  g2000: {{run: 'true'}}\n{chain}"
    found = errors(
        "campaign: x\nuse: [lib.yaml]\nsteps:\n  a: {inject: {use: lib.f14}, run: x}\n"
        "  b: {run: {use: lib.g0}}\n",
        files={"lib.yaml": library},
    )
    assert [(code, line) for code, line, _ in found] == [
        ("FR006", 4),
        ("FR028", 4),
        ("FR006", 5),
    ]


def test_cells_that_unfold_to_gigabytes_are_refused(errors):
    axis = list(range(10_000))
    found = errors(
        f"campaign: x\nvars: {{long: {'x' * 60_000}}}\nsteps:\n  a:\n    matrix: {{n: {axis}}}\n"
        "    run: 'echo {{ n }} {{ long }} {{ long }}'\n"
    )
    assert [code for code, _, _ in found] == ["FR006"]
    many = "{{ long }}" * 5000
    found = errors(f"campaign: x\nvars: {{long: {'x' * 60_000}}}\nsteps:\n  a: {{run: '{many}'}}\n")
    assert [code for code, _, _ in found] == ["FR032"]
