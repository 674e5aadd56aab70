"""The campaigns of memory, futexes, RPC, buffers and fail-nth, and campaigns that must not pass."""

import json

import pytest

SHIPPED = ("memory", "futex", "sunrpc", "buffers", "fail-nth")
HEAD = 'campaign: c\ntarget: {simulated: {kernel: "%s"}}\nsteps:\n'


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_campaign_passes(cli, campaigns, name):
    ended = cli("run", campaigns / f"{name}.yaml", "--json", "--no-report")
    assert ended.code == 0, ended.out
    told = json.loads(ended.out)
    meant = [
        step
        for step in told["steps"]
        if not any("this is simulated" in reason for reason in step["reasons"])
    ]
    assert {step["verdict"] for step in meant} == {"PASS"}
    assert told["counts"]["PASS"] == len(meant)
    assert sum(step["injected"] for step in meant) > len(meant) // 2


@pytest.mark.parametrize(
    ("kernel", "step", "code", "told"),
    [
        # The third look fails, not the second.
        (
            "6.12",
            "inject: {failslab: {cache: names_cache, cache-filter: true, ignore-gfp-wait: false,"
            " probability: 100, interval: 4, times: 1}}\n"
            "    run: for i in 1 2 3 4; do test -d /etc || echo $i; done\n"
            '    expect: {stdout: {equals: "2\\n"}, injected: exactly 1}',
            1,
            "FAIL",
        ),
        # A filter that spares everything: nothing fired, so nothing is proved.
        (
            "6.12",
            "inject: {fail_page_alloc: {probability: 100, times: -1}}\n"
            "    run: cat /proc/version\n"
            "    expect: {exit: 0}",
            1,
            "VACUOUS",
        ),
        (
            "6.12",
            "inject: {fail_sunrpc: {probability: 100, times: 1}}\n"
            "    run: echo no RPC here\n"
            "    expect: {exit: 0, injected: exactly 1}",
            1,
            "VACUOUS",
        ),
        # A merged cache cannot be marked.
        (
            "6.12",
            "inject: {failslab: {cache: fs_cache, cache-filter: true, probability: 100, times: 1}}\n"
            "    run: cat /proc/version\n"
            "    expect: {exit: 0}",
            3,
            "EINVAL",
        ),
        # Nor any cache of 6.1 at run time: told before anything is run, with what to do instead.
        (
            "6.1",
            "inject: {failslab: {cache: dentry, cache-filter: true, probability: 100, times: 1}}\n"
            "    run: cat /proc/version\n"
            "    expect: {exit: 0}",
            2,
            "slub_debug=A,<cache>",
        ),
        (
            "6.12",
            "inject: {fail_mempool_alloc: {probability: 100, times: 1}}\n"
            "    run: cat /proc/version\n"
            "    expect: {exit: 0}",
            2,
            "since 6.19",
        ),
        # An unfiltered, unlimited usercopy fault could never be taken back.
        (
            "6.12",
            "inject: {fail_usercopy: {probability: 100, times: -1, task-filter: false}}\n"
            "    run: cat /proc/version\n"
            "    expect: {exit: 1}",
            2,
            "could not be disarmed",
        ),
    ],
)
def test_a_campaign_that_must_not_pass(cli, kernel, step, code, told):
    path = cli.write("c.yaml", f"{HEAD % kernel}  s:\n    {step}\n")
    ended = cli("run", path, "--no-report")
    assert ended.code == code, ended.out + ended.err
    assert told in ended.out + ended.err


def test_a_program_that_is_not_known_is_no_pass(cli):
    step = (
        "inject: {failslab: {probability: 100, times: 1, ignore-gfp-wait: false, space: 1000000}}\n"
        "    run: echo 'int main(void) { return 0; }' > /tmp/a.c; gcc -o /tmp/a /tmp/a.c && /tmp/a\n"
        "    expect: {exit: 0}"
    )
    ended = cli("run", cli.write("c.yaml", f"{HEAD % '6.12'}  s:\n    {step}\n"), "--no-report")
    assert ended.code == 1
    assert "the C program '/tmp/a.c'" in ended.out + ended.err


def test_the_mark_of_a_cache_is_taken_back(cli):
    body = (
        "  s:\n"
        "    group: one\n"
        "    inject: {failslab: {cache: dentry, cache-filter: true, ignore-gfp-wait: false,"
        " probability: 100, times: 1}}\n"
        "    run: cat /sys/kernel/slab/dentry/failslab\n"
        '    expect: {stdout: {equals: "1\\n"}, injected: none}\n'
        "  after:\n"
        "    needs: [s]\n"
        "    group: one\n"
        "    run: cat /sys/kernel/slab/dentry/failslab\n"
        '    expect: {stdout: {equals: "0\\n"}}\n'
    )
    ended = cli("run", cli.write("c.yaml", HEAD % "6.12" + body), "--no-report")
    assert ended.code == 0, ended.out + ended.err
