"""Each bad input gets a clear diagnostic, changes nothing, loses nothing."""

import resource
import subprocess
import sys

import pytest

STEP = "campaign: x\nsteps:\n  a:\n    run: 'true'\n"
ARMED = """\
campaign: x
target:
  simulated: {{kernel: "6.12", devices: {{nvme0: {{kind: nvme}}}}}}
steps:
  a:
    inject: {{nvme: {{device: nvme0n1, probability: 100, times: {times}}}}}
    run: dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
    expect: {{exit: 1}}
"""


def refused(cli, path, *needles, verb="run"):
    before = sorted(entry.name for entry in cli.cwd.iterdir())
    ended = cli(verb, path)
    assert ended.code == 2, ended.err
    for needle in needles:
        assert needle in ended.err, ended.err
    assert len(ended.err) < 100_000
    assert sorted(entry.name for entry in cli.cwd.iterdir()) == before
    return ended


def test_empty_file(cli):
    refused(cli, cli.write("c.yaml", ""), "c.yaml:1:1: error[FR", "empty")


def test_directory(cli):
    (cli.cwd / "c.yaml").mkdir()
    refused(cli, cli.cwd / "c.yaml", "error[FR", "directory")


def test_missing_file(cli):
    refused(cli, cli.cwd / "c.yaml", "error[FR", "c.yaml")


def test_binary_data(cli):
    path = cli.cwd / "c.yaml"
    path.write_bytes(bytes(range(256)) * 8)
    refused(cli, path, "error[FR")


def test_a_hundred_megabytes(cli):
    path = cli.cwd / "c.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    refused(cli, path, "error[FR", "MiB")
    # A child that may not have the file's size in memory: it is refused by its size alone.
    limit = 90 * 2**20
    done = subprocess.run(
        [sys.executable, "-m", "faultrun", "check", path],
        cwd=cli.cwd,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
    )
    assert done.returncode == 2, done.stderr
    assert "MiB" in done.stderr


def test_billion_laughs(cli):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    refused(cli, cli.write("c.yaml", "\n".join(lines) + "\n"), "error[FR")


def test_a_cycle_of_a_thousand_steps(cli):
    steps = "".join(
        f"  s{n:04d}:\n    needs: [s{(n + 1) % 1000:04d}]\n    run: 'true'\n" for n in range(1000)
    )
    ended = refused(cli, cli.write("c.yaml", f"campaign: x\nsteps:\n{steps}"), "cycle")
    assert ended.err.count("error[FR") == 1


def test_a_million_cells(cli):
    axis = "[" + ", ".join(str(n) for n in range(1000)) + "]"
    text = f"campaign: x\nsteps:\n  a:\n    matrix: {{p: {axis}, q: {axis}}}\n    run: 'true'\n"
    refused(cli, cli.write("c.yaml", text), "1,000,000", "error[FR")


def test_a_number_beyond_all_bounds(cli):
    path = cli.write("c.yaml", ARMED.format(times="99999999999999999999"))
    refused(cli, path, "99999999999999999999", "2147483647", "error[FR", "c.yaml:6:")


@pytest.mark.parametrize(
    "reach",
    [
        "{{ ().__class__.__bases__[0].__subclasses__() }}",
        "{{ x.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''.__class__.mro() }}",
        "{{ range(10**9) | list }}",
        "{{ 'x' * 10**10 }}",
    ],
)
def test_a_template_that_reaches_for_python(cli, reach):
    text = f'campaign: x\nvars: {{x: abc}}\nsteps:\n  a:\n    run: "echo {reach}"\n'
    ended = refused(cli, cli.write("c.yaml", text), "error[FR", "c.yaml:5:")
    assert "uid=" not in ended.err + ended.out


@pytest.mark.parametrize("path", ["../outside.yaml", "/etc/passwd", "lib/../../outside.yaml"])
def test_a_use_path_that_leaves_its_folder(cli, path):
    cli.write("outside.yaml", "library: outside\nsummary: x\n")
    inner = cli.write("inner/c.yaml", f"use: [{path}]\n{STEP}")
    refused(cli, inner, "error[FR", "folder")


def test_a_use_path_that_leaves_by_a_link(cli):
    cli.write("outside.yaml", "library: outside\nsummary: x\n")
    inner = cli.write("inner/c.yaml", f"use: [lib.yaml]\n{STEP}")
    (cli.cwd / "inner" / "lib.yaml").symlink_to("../outside.yaml")
    refused(cli, inner, "error[FR", "folder")


def test_a_full_disk_while_recording(cli, campaigns):
    """A file size limit stands in for a full disk: write(2) fails in the same place."""

    def small_files():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    done = subprocess.run(
        [sys.executable, "-m", "faultrun", campaigns / "nvme-admin.yaml", "--out", "run"],
        cwd=cli.cwd,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=small_files,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "record" in done.stderr
    # What was written before is whole, but for at most one torn line.
    shown = cli("report", "run")
    assert shown.code == 0, shown.err


UNPRIVILEGED = """
import os, sys
from faultrun.cli.main import main
campaign, warm, folder = sys.argv[1:]
# Everything is imported while we may read it; then root, whom no permission stops, steps down.
assert main([campaign, "--out", warm, "--quiet"]) == 0
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.exit(main([campaign, "--out", folder]))
"""


def test_a_run_folder_without_write_permission(cli, campaigns):
    folder = cli.cwd / "run"
    folder.mkdir(mode=0o555)
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, campaigns / "smoke.yaml", cli.cwd / "warm", folder],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "ermission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folder.iterdir()) == []


def test_a_second_run_in_the_same_folder(cli, campaigns):
    first = cli("run", campaigns / "smoke.yaml", "--out", "run")
    assert first.code == 0, first.err
    before = {
        entry.name: entry.read_bytes() for entry in (cli.cwd / "run").iterdir() if entry.is_file()
    }
    second = cli("run", campaigns / "smoke.yaml", "--out", "run")
    assert second.code == 2
    assert "run" in second.err
    after = {
        entry.name: entry.read_bytes() for entry in (cli.cwd / "run").iterdir() if entry.is_file()
    }
    assert before == after
