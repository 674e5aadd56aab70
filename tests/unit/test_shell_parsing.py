"""Shell text to trees: words, braces, redirections, and what is refused by name."""

import pytest

from faultrun.simkernel.grammar import parse
from faultrun.simkernel.shell import braces, cut, patterns
from faultrun.simkernel.shell.called import called
from faultrun.simkernel.shell.nodes import (
    AndOr,
    Background,
    Case,
    Group,
    Lit,
    Param,
    Pipeline,
    Redirect,
    Sequence,
    Simple,
    Sub,
)
from faultrun.simkernel.unmodelled import Unmodelled


def test_a_literal_command_needs_no_expansion():
    assert parse("echo 'a b' \"c\"d\\ e") == Simple(
        1,
        ((Lit("echo"),), (Lit("a b", True),), (Lit("c", True), Lit("d"), Lit(" ", True), Lit("e"))),
        argv=("echo", "a b", "cd e"),
    )


def test_a_parse_is_made_once_for_one_text():
    assert parse("true; false") is parse("true; false")


@pytest.mark.parametrize(
    ("text", "count"),
    [("a && b > f", 1), ("a | b > f", 1), ("a && b | c > f 2>&1", 2), ("if a; then b; fi > f", 1)],
)
def test_a_redirection_belongs_to_the_last_command_of_a_list(text, count):
    node = parse(text)
    while not isinstance(node, Simple | Group):
        node = node.right if isinstance(node, AndOr) else node.parts[-1]
    assert len(node.redirects) == count


def test_words_after_a_redirection_are_arguments():
    node = parse("echo a > f b")
    assert node.argv == ("echo", "a", "b")
    assert node.redirects == (Redirect(">", (Lit("f"),)),)


def test_a_here_document_keeps_its_text_and_what_follows_on_its_line():
    node = parse("cat <<E | wc -l\n  one $x\ntwo\nE\necho after")
    assert isinstance(node, Sequence)
    pipe = node.body[0]
    assert isinstance(pipe, Pipeline)
    assert pipe.parts[0].redirects[0].target == (
        Lit("  one ", True), Param("x", True), Lit("\ntwo\n", True),
    )  # fmt: skip


def test_a_quoted_here_document_is_raw_and_a_dash_strips_tabs():
    node = parse("cat <<-'E'\n\t\traw $x\n\tE\n")
    assert node.redirects[0].target == (Lit("raw $x\n", True),)


def test_substitutions_nest():
    node = parse('echo "$(a "b c" `d`)"')
    inner = node.words[1][0]
    assert isinstance(inner, Sub)
    assert isinstance(inner.body, Simple)
    assert inner.body.words[1] == (Lit("b c", True),)


def test_an_error_names_the_line_of_a_command_in_a_substitution():
    node = parse("true\necho $(\nfalse)")
    inner = node.body[1].words[1][0].body
    assert inner.line == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a{b,c}d", ["abd", "acd"]),
        ("{1..3}", ["1", "2", "3"]),
        ("{01..10..4}", ["01", "05", "09"]),
        ("{a..c}{1,2}", ["a1", "a2", "b1", "b2", "c1", "c2"]),
        ("${x}{a}", ["${x}{a}"]),
        ("'{a,b}'", ["'{a,b}'"]),
        ("x{,y}", ["x", "xy"]),
        ("{a,{b,c}}", ["a", "b", "c"]),
    ],
)
def test_braces(text, found):
    assert braces.expand(text) == found


def test_conditions_are_cut_at_operators():
    assert cut.pieces(" -n $x&&( a == b* ||c =~ ^(x|y)$ ) ", "()&|<>") == [
        "-n", "$x", "&&", "(", "a", "==", "b*", "||", "c", "=~", "^(x|y)$", ")",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*.c", "a.c", True),
        ("*.c", "a.h", False),
        ("[!a-c]?", "dx", True),
        ("[!a-c]?", "bx", False),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("[[:digit:]]*", "7x", True),
        ("a[", "a[", True),
        ("[]]", "]", True),
    ],
)
def test_patterns(pattern, text, fits):
    assert patterns.matches(pattern, text) is fits


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("select x in a; do b; done", "line 1: shell construct 'select'"),
        ("true\n(((", "line 2: shell syntax not understood"),
        ("echo ${!x*}", "line 1: indirect expansion"),
        ("case x in a) b", "shell syntax not understood near"),
        ("true\ncoproc cat", "line 2: shell construct 'coproc'"),
        ("true\n\nif a; then b", "line 3: shell syntax not understood near 'end of text'"),
        ("echo ${x@P}", "line 1: expansion '${x@P}'"),
        ("exec {fd}> f", "line 1: a descriptor named by a variable"),
    ],
)
def test_what_is_not_supported_is_named(text, named):
    with pytest.raises(Unmodelled, match=None) as refused:
        parse(text)
    assert named in str(refused.value)


def test_background_and_case_are_known_to_the_grammar():
    assert isinstance(parse("a &"), Background)
    assert isinstance(parse("case $x in a|b) c;; (d) e;; esac"), Case)


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("A=1 b -x $(c | d) <(e) > f", "b c d e"),
        ("if g; then exec h x; elif ! i; then :; else j & fi", "g h i j"),
        ("for n in $(seq 3); do k; done; while l; do m; done", "seq k l m"),
        ("f() { n; }; f; case $x in a) o;; *) p;; esac; (q); { r; } 2>&1", "n o p q r"),
        ("$tool x; ./own; /bin/own; exec 3<file; exec -a z s", ""),
        ("command -v t || exit 0; t -x; echo u; test -e v", ""),
        ("command t -x", ""),
        ("cat <<EOF\n$(t) u\nEOF\n", "cat t"),
        ("sh -c 'u; v'", "sh"),
        ("coproc w", ""),
    ],
)
def test_the_programs_that_a_script_starts_by_name(script, names):
    assert called(script) == frozenset(names.split())
