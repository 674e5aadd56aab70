"""Whatever a workload says, the simulated machine answers: an exit, a message, or a name it lacks.

Hypothesis prints what reproduces a failure.
"""

import sys
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from faultrun.model.target import Command
from faultrun.simkernel.programs.registry import PROGRAMS

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from sim_machine import machine

ODD = [
    "", "-", "--", "-1", "+1", "0", "1e3", "²", "٣", "1_0", "99999999999999999999999", "0x", "0x1g",
    "08", " 1", "a", "é", "\udcff", "*", "[", "[[:x:]]", "\\", "(", "s/(/x/", "s/a/\\9/", "1,2p", "x=y",
    "/", "/tmp", "/dev/null", "/dev/nvme0n1", "/dev/fd/9", "/nosuch", "/proc/self/fail-nth", "%s%5d%*d",
    "-n", "-c", "-k", "-e", "-f", "-o", "-t", "-s", "-1-", "3-1", "-c1e3", "-n²", "--lines=x", "if=/dev/zero",
    "bs=0", "count=1e3", "count=-1", "+%s", "-type", "-name", "{print $1}", "a(b", "-F", "1", "2", "4k",
]  # fmt: skip
BITS = [
    "$", "$((", "))", "${", "}", "x", "=", "1", "²", "'", '"', "`", "(", ")", "[[", "]]", "[", "]", "<", ">",
    "<(", ">(", "<<E\n", "\nE\n", "|", "&", "&&", ";", ";;", "\n", " ", "!", "{", "case", "in", "esac", "for", "do",
    "done", "while", "if", "then", "fi", "echo", "printf %d", "read", "shift", "break", "return", "trap", "kill",
    "wait", "local", "declare -i", "set -e", "set -u", "a[", "@", "*", "#", "%", "/", ":", "?", "-1", "1e3",
    "{1..3}", "<&", ">&", "exit", "$x", "${x", ":-", "\\", "~", "cat", "true", "false", "eval", "exec", "sleep 1",
]  # fmt: skip
FUZZ = settings(
    max_examples=400, deadline=None, print_blob=True, phases=[Phase.explicit, Phase.generate]
)
LIMIT_NS = 2_000_000_000


def answers(**command):
    """The target turns a Python exception of the simulator into TargetBroken, which fails here."""
    done = machine(size_mib=4).run(Command(timeout_ns=LIMIT_NS, **command))
    ended = (done.exit_code is not None) + (done.signal is not None) + bool(done.unmodelled)
    assert ended == 1, done
    assert done.exit_code is None or 0 <= done.exit_code <= 255


@FUZZ
@given(st.sampled_from(sorted(PROGRAMS)), st.lists(st.sampled_from(ODD), max_size=4), st.sampled_from(["", "a b\n1 2\n", "\0\xff"]))  # fmt: skip
def test_every_program_answers_odd_arguments(name, words, stdin):
    answers(argv=(name, *words), stdin=stdin)


@FUZZ
@given(st.lists(st.sampled_from(BITS), max_size=12).map(" ".join))
def test_the_shell_answers_odd_scripts(script):
    answers(script=script)


@FUZZ
@given(st.lists(st.sampled_from(BITS), max_size=8).map("".join))
def test_the_shell_answers_odd_words(script):
    answers(script=f"x=5; echo {script}")


@FUZZ
@given(st.sampled_from(["shift", "exit", "break", "kill", "wait", "trap", "read", "getopts", "printf", "test", "[", "set", "umask", "let", "declare", "local", "unset", "export", "cd", "type", "command", "return", "source", "exec"]), st.lists(st.sampled_from(ODD), max_size=4))  # fmt: skip
def test_every_builtin_answers_odd_arguments(name, words):
    quoted = " ".join("'" + word + "'" for word in words)
    answers(script=f"for i in 1; do {name} {quoted}; done; exit 0")
