"""Expressions inside scalars: what they may do, what they may not, and what shells write."""

import pytest

from faultrun.spec.text import TextError, Texts

ENV = {"x": "abc", "n": 5, "yes": True, "no": False}


def render(raw):
    text = Texts().compile(raw)
    return raw if text is None else text.render(ENV)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("{{ n }}", 5),
        ("{{n}}", 5),
        ("  {{ n }}  ", 5),
        ("{{ n }}\n", "5\n"),
        ("{{ yes }}", True),
        ("{{ x }}", "abc"),
        ("a {{ x }} b {{ n }}", "a abc b 5"),
        ("{{ n }}{{ n }}", "55"),
        ("is {{ yes }}", "is true"),
        ("{{ yes ~ no }}", "truefalse"),
        ("{{ n + 1 }}", 6),
        ("{{ n * 2 - 1 }}", 9),
        ("{{ n // 2 }}", 2),
        ("{{ n % 2 }}", 1),
        ("{{ 2 ** 10 }}", 1024),
        ("{{ -n }}", -5),
        ("{{ n | hex }}", "0x5"),
        ("{{ '0x10' | int }}", 16),
        ("{{ x | upper }}", "ABC"),
        ("{{ x | length }}", 3),
        ("{{ x | replace('b', '-') }}", "a-c"),
        ("{{ x ~ n }}", "abc5"),
        ("{{ 'big' if n > 3 else 'small' }}", "big"),
        ("{{ n in [1, 5] }}", True),
        ("{{ n == 5 and not no }}", True),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }}", "{{"),
        ("{{ 3 }}", 3),
        ("{{ true }}", True),
    ],
)
def test_value_and_type(raw, value):
    found = render(raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "raw",
    ["${#array[@]}", "${x%suffix}", "{% if %}", "{# no comment #}", "printf '{%s}'", "awk '{a}'"],
)
def test_what_shells_write_is_text(raw):
    assert render(raw) == raw
    assert render(raw + " {{ n }}") == raw + " 5"


@pytest.mark.parametrize(
    "expression",
    [
        "().__class__",
        "x.__init__.__globals__",
        "x['__class__']",
        "x[0]",
        "x.upper()",
        "range(10)",
        "cycler",
        "cycler.__init__",
        "lipsum()",
        "namespace()",
        "self",
        "loop",
        "x | attr('__class__')",
        "x | map('upper')",
        "x | format(1)",
        "x | list",
        "{'a': 1}",
        "n is odd",
        "x * 10**10",
        "10**10 * x",
        "10**10**10**10**10",
        "9**9999999999",
        "2**4096",
        "x | replace('', x * 20000)",
        "[1] * 10",
        "'%999999999d' % 1",
        "(" * 400 + "1" + ")" * 400,
        "-" * 900 + "1",
        "1 + " * 400 + "1",
        "none",
        "n / 2",
        "1.5",
        "x + n",
        "n + x",
        "x - x",
        "x < n",
        "1 // 0",
        "1 % 0",
        "2 ** -1",
        "'z' | int",
        "x | abs",
        "yes | hex",
        "n | abs(1, 2)",
        "x y",
        "",
        "1 +",
        "'open",
        "n if",
    ],
)
def test_what_is_refused(expression):
    assert refusal(f"{{{{ {expression} }}}}")


def refusal(raw):
    """Why a text is refused; an unknown name counts, as it is refused before rendering."""
    try:
        compiled = Texts().compile(raw)
        unknown = compiled.names - ENV.keys()
        return f"unknown: {unknown}" if unknown else compiled.render(ENV) and ""
    except TextError as error:
        return str(error)


def test_a_long_expression_is_refused():
    with pytest.raises(TextError, match="characters"):
        Texts().compile("{{ " + "n + " * 300 + "n }}")


def test_which_expression_is_wrong():
    with pytest.raises(TextError) as caught:
        Texts().compile("{{ n }} {{ x }} {{ x.y }}")
    assert caught.value.which == 2
    with pytest.raises(TextError) as caught:
        render("{{ n }} {{ x }} {{ n // 0 }}")
    assert caught.value.which == 2


def test_unclosed_braces_are_told():
    with pytest.raises(TextError, match="without"):
        Texts().compile("awk '{{ print }'")


def test_names_are_known_before_rendering():
    compiled = Texts().compile("{{ a }} {{ b + c }} {{ d | upper }} {{ 'e' }}")
    assert compiled is not None
    assert compiled.names == {"a", "b", "c", "d"}


def test_plain_names_need_no_jinja():
    import subprocess
    import sys

    code = (
        "import sys; from faultrun.spec.text import Texts;"
        "assert Texts().compile('a {{ n }}').render({'n': 1}) == 'a 1';"
        "assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
