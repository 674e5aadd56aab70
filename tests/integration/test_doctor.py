"""``faultrun doctor``: whole command lines on this machine, whatever it has."""

import json
import os
import subprocess
import sys

import pytest

from faultrun.capabilities.registry import builtin


def doctor(*words, **env):
    done = subprocess.run(
        [sys.executable, "-m", "faultrun", "doctor", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1", **env},
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_table_has_every_capability_and_every_target(tmp_path):
    code, out, err = doctor(FAULTRUN_CACHE=str(tmp_path))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["simulated", "uml", "qemu", "local"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[2 : 2 + len(builtin())]}
    assert set(rows) >= set(builtin())
    assert all(len(cells) == 4 for cells in rows.values())
    assert rows["failslab"][:3] == ["yes", "-", "-"]
    assert "uml: there is no kernel for --target uml yet" in out
    assert "to have it: faultrun kernel build --uml" in out
    assert "\033" not in out


def test_colours_are_for_those_who_see_them():
    assert "\033[32m" in doctor("--target", "simulated", "--color", "always")[1]


def test_one_target_has_all_reasons_in_words_and_as_json():
    code, out, _err = doctor("--target", "simulated")
    assert code == 0
    assert "  usable      failslab\n" in out
    code, text, _err = doctor("--target", "simulated", "--json")
    (told,) = json.loads(text)["targets"]
    assert told["capabilities"].keys() >= builtin().keys()
    for name, one in told["capabilities"].items():
        if not one["usable"]:
            assert one["reasons"], name
            for reason in one["reasons"]:
                assert f"      {reason}\n" in out


def test_this_machine_is_asked_itself():
    code, text, err = doctor("--target", "local", "--json")
    document = json.loads(text)
    (told,) = document["targets"]
    assert told["release"] == os.uname().release
    usable = [name for name, one in told["capabilities"].items() if one["usable"]]
    assert code == (0 if usable else 3), err
    for name, one in told["capabilities"].items():
        assert one["usable"] or (one["reasons"] and one["fix"]), name
    means = {one["name"]: one for one in document["means"]}
    assert {
        "python",
        "user",
        "uml kernel",
        "qemu kernel",
        "qemu",
        "kvm",
        "asyncssh",
    } <= means.keys()
    assert all(one["there"] or one["fix"] for one in means.values())


@pytest.mark.parametrize(
    ("name", "said", "remedy"),
    [
        ("uml", "there is no kernel for --target uml yet", "faultrun kernel build --uml"),
        ("qemu", "there is no kernel for --target qemu yet", "faultrun kernel build --qemu"),
        ("ssh:no-such-host.invalid", "no-such-host.invalid cannot be reached", ""),
    ],
)
def test_a_target_that_cannot_be_had_says_why(tmp_path, name, said, remedy):
    code, out, _err = doctor("--target", name, FAULTRUN_CACHE=str(tmp_path))
    assert code == 3
    assert f"{name}: cannot be used: " in out
    assert said in out
    if remedy:
        assert f"to have it: {remedy}" in out


def test_a_target_that_is_none_is_a_mistake():
    code, out, err = doctor("--target", "locla")
    assert (code, out) == (2, "")
    assert "did you mean 'local'?" in err


@pytest.mark.real
def test_a_uml_guest_is_asked_with_a_device_of_every_kind(uml_kernel):
    code, text, err = doctor("--target", "uml", "--kernel", str(uml_kernel.path), "--json")
    assert code == 0, err
    (told,) = json.loads(text)["targets"]
    for name in ("failslab", "fail-nth", "nvme", "null_blk_timeout", "scsi_debug"):
        assert told["capabilities"][name]["usable"], name
    mmc = told["capabilities"]["fail_mmc_request"]
    assert not mmc["usable"]
    assert "--target qemu" in mmc["fix"]
