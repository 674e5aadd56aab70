"""The simulated shell against the bash of this machine: same output, same status.

Random scripts print their seed; ``FAULTRUN_TEST_SEED`` repeats one.
"""

import os
import random
import shutil
import subprocess

import pytest

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command
from faultrun.simkernel.grammar import parse
from faultrun.simkernel.unmodelled import Unmodelled
from faultrun.targets.simulated import SimulatedTarget

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None, reason="no bash on this machine")

SCRIPTS = [
    'x="a  b"; echo $x "$x"; set -- $x; echo $# "$2"',
    "x=a.tar.gz; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.} ${#x} ${x/a/b} ${x//a/b} ${x:2:3} ${x: -2}",
    "unset u; echo ${u:-d} ${u-d} ${u:+s}${u=set} $u ${u:+s}",
    'f() { local v=1; v=$((v+1)); echo "$v $1 $#"; return 5; }; v=9; f a b; echo $? $v',
    "for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done; while true; do break; done; echo $?",
    'case abc in a?c) echo one;; *) echo two;; esac; case x in "?") echo no;; [xy]) echo yes;; esac',
    'echo a | { read x; echo "<$x>"; }; echo "b c d" | { read x y; echo "$y-$x"; }',
    "set -e; (false) || echo kept; if false; then :; fi; ! true; echo here; false; echo never",
    "set -o pipefail; false | true; echo $?; true | true; echo $? ${PIPESTATUS[0]}${PIPESTATUS[1]}",
    "trap 'echo bye $?' EXIT; exit 3",
    "trap 'echo bye' EXIT; (exit 4); echo $?",
    'cat <<E\n$((1+1)) $(echo sub) \\$x\nE\ncat <<"E"\n$x\nE',
    'x=$(printf "a\\nb\\n\\n"); echo "$x" | wc -l; echo "[${x}]"',
    'printf "%5d|%-5s|%05.1f|%x|%c\\n" 42 ab 3.14159 255 xyz; printf "%s " a b c; echo',
    'echo -e "a\\tb\\x41\\101" -n; echo -n x; echo -E "\\t"',
    'a=(1 2 "3 4"); a[3]=z; a+=(y); echo "${a[2]}" ${#a[@]}; printf "<%s>" "${a[@]:1:2}" "${a[@]/z/Q}"',
    "[[ abc == a* && ! x < a ]] && echo t; [[ abc =~ ^a(.)c$ ]] && echo ${BASH_REMATCH[1]}",
    '[ a = a -a ! b = c ] && echo t; test -n "" || echo f; [ 3 -gt 2 -o 1 -gt 2 ]; echo $?',
    "x=5; (( x > 3 && x < 9 )) && echo in; ((x++)); echo $x; let y=x*2; echo $y",
    "for ((i=0, j=9; i<3; i++, j--)); do echo $i$j; done",
    "i=3; until (( i == 0 )); do echo $((i--)); done",
    "echo {a,b}{1..2} x{,y} {3..1}",
    "echo 'single $x' \"double \\$x\" $'ansi\\n'",
    'IFS=:; p=a:b::c; for x in $p; do echo "<$x>"; done',
    'eval "x=1; echo \\$x"; g() { echo ${FUNCNAME:-g}; }; type -t g; command -v echo',
    "x=1; (x=2; echo $x); echo $x; { x=3; }; echo $x",
    "echo out; echo err >&2; echo both 2>&1 >/dev/null; { echo a; echo b; } | tail -1",
    "set -u; echo ${nope:-d}; echo $nope; echo no",
    "false || true && echo and; true && false || echo or; ! false; echo $?",
    'x=abc; echo ${x^^} ${x^} ${x,,}; y=; echo "${y:-e}" "${y-n}"',
    "shift_all() { while [ $# -gt 0 ]; do echo $1; shift; done; }; shift_all a b c",
    'x="*"; echo "$x" "a*b"; y=\'a\\nb\'; echo $y',
    'read a b <<< "1 2 3"; echo "$b/$a"; while read -r l; do echo "[$l]"; done < <(echo p; echo q)',
    "exit 300", "return 2>/dev/null; echo after $?", 'set -- a b c; echo "${@:2}" ${@:1:1} "${@#b}"', "nosuch=1 true; echo ${nosuch-unset}",
    "x=1 y=$x; echo $y; x+=2; echo $x", "echo $((0x10 + 010 + 2#101)) $((7/2)) $((-7%3)) $((1?2:3))",
    "echo $(( 1 << 62 )) $(( 9223372036854775807 + 1 )) $((2**10)) $((~5)) $((!0))",
    'seq 3 | sort -rn; echo "b a" | tr " " "\\n" | sort | uniq -c | sed "s/^ *//"',
    'echo "a:b:c" | cut -d: -f2,3; printf "x\\ny\\n" | grep -c .; echo foo | sed -n "s/o/0/gp"',
    'printf "1\\n2\\n3\\n" | sed -n "2p;/3/p"; printf "1\\n2\\n3\\n" | sed 2d; seq 5 | tail -n +4',
]  # fmt: skip


@pytest.fixture(scope="module")
def machine():
    return SimulatedTarget(TargetSpec(), seed=1)


def ours(machine, script):
    machine.renew("shell")
    done = machine.run(Command(script=script, timeout_ns=10**10))
    assert not done.unmodelled, (script, done.unmodelled)
    return done.exit_code, done.stdout, done.stderr


def theirs(script, folder):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": "/root"}
    done = subprocess.run(
        [BASH, "-c", script], capture_output=True, text=True, cwd=folder, env=env, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts(machine, script, tmp_path):
    code, out, err = ours(machine, script)
    real = theirs(script, tmp_path)
    assert (code, out) == real[:2]
    assert bool(err) == bool(real[2])


def _expression(rng, depth):
    if depth == 0 or rng.random() < 0.2:
        return rng.choice([str(rng.randrange(20)), "x", "y", f"0x{rng.randrange(99):x}"])
    kind = rng.randrange(5)
    inner = [_expression(rng, depth - 1) for _ in range(3)]
    if kind == 0:
        return f"({inner[0]})"
    if kind == 1:
        return rng.choice("-+~!") + f" {inner[0]}"
    if kind == 2:
        return f"{inner[0]} ? {inner[1]} : ({inner[2]})"
    op = rng.choice(
        ["+", "-", "*", "&", "|", "^", "<<", ">>", "<", ">", "<=", ">=", "==", "!=", "&&", "||"]
    )
    return f"{inner[0]} {op} {inner[1]}"


def test_random_arithmetic(machine, tmp_path):
    seed = int(os.environ.get("FAULTRUN_TEST_SEED", random.randrange(2**32)))
    print("FAULTRUN_TEST_SEED", seed)
    rng = random.Random(seed)
    script = "x=7 y=-3\n" + "".join(
        f"echo $(( {_expression(rng, rng.randrange(1, 5))} ))\n" for _ in range(200)
    )
    assert ours(machine, script)[1] == theirs(script, tmp_path)[1]


PIECES = [
    "$a", '"$a"', "${b}", "'q $a'", "x", "\\$", "\\ ", '""', "$(echo s t)", '"$(echo s t)"', "*z*",
    "{1,2}", "${c:-d e}", '"${c:-d e}"', "${#a}", "${a%b*}", "${a#* }", "$#", '"$@"', "$@", "$*",
    '"$*"', "~", "=", "a=b", "$((1+2))", "`echo t`", "${a/ /_}", "${a:1:2}", "?", "[x]",
]  # fmt: skip


def understood(line):
    try:
        parse(line)
    except Unmodelled:
        return False
    return True


def test_random_words(machine, tmp_path):
    seed = int(os.environ.get("FAULTRUN_TEST_SEED", random.randrange(2**32)))
    print("FAULTRUN_TEST_SEED", seed)
    rng = random.Random(seed)
    lines = ["a='p  b q' b='' c=", "set -- one 'two three' ''", "cd /var/tmp 2>/dev/null; set -f"]
    for _ in range(300):
        word = "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 5)))
        line = f"printf '<%s>' {word}; echo"
        if understood(line):
            lines.append(line)
    assert len(lines) > 270
    script = "\n".join(lines)
    mine, real = ours(machine, script)[1].splitlines(), theirs(script, tmp_path)[1].splitlines()
    for line, one, other in zip(lines[3:], mine, real, strict=True):
        assert one == other, line
