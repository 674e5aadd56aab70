"""Diagnostics on a terminal: frames that fit, underlines that meet, text that obeys nobody."""

from faultrun.cli.diagnostics import MAX_RELATED, MAX_TEXT, render_json, render_text
from faultrun.model.diagnostic import Diagnostic, Related, Severity
from faultrun.model.mark import Mark


def diagnostic(path, line, column, **more):
    values = {
        "code": "FR012",
        "severity": Severity.ERROR,
        "message": "unknown 'x'",
        "mark": Mark(str(path), line, column),
    }
    return Diagnostic(**{**values, **more})


def text(*findings, color=False):
    return render_text(findings, color=color, closing="nothing was run").splitlines()


def test_a_line_is_shown_once(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("a: 1\nb: 2\n")
    lines = text(diagnostic(path, 2, 1), diagnostic(path, 2, 4), diagnostic(path, 1, 1))
    assert sum("| b: 2" in line for line in lines) == 1
    assert sum("^" in line for line in lines) == 2
    assert lines[-1] == "3 errors; nothing was run"


def test_counts(tmp_path):
    warning = diagnostic(tmp_path / "no", 1, 1, severity=Severity.WARNING)
    error = diagnostic(tmp_path / "no", 1, 1)
    assert text(error)[-1] == "1 error; nothing was run"
    assert text(warning)[-1] == "1 warning; nothing was run"
    assert text(error, error, warning)[-1] == "2 errors, 1 warning; nothing was run"
    assert text()[-1] == "nothing found; nothing was run"


def test_underline_meets_wide_letters_and_tabs(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("日本: \t'é' x\n")
    _, line, under, _ = text(diagnostic(path, 1, 10, length=1))
    # Two letters of two columns, then one column for each.
    assert line == "    1 | 日本:  'é' x"
    assert under == "      | " + " " * 11 + "^"


def test_long_lines_are_cut_around_the_place(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("x" * 5000 + "HERE" + "y" * 5000 + "\n")
    _, line, under, _ = text(diagnostic(path, 1, 5001, length=4))
    assert len(line) < 130
    start = under.index("^")
    assert line[start : start + 4] == "HERE"


def test_the_file_may_have_gone_or_changed(tmp_path):
    path = tmp_path / "c.yaml"
    assert len(text(diagnostic(path, 1, 1))) == 2
    path.write_text("one line")
    assert len(text(diagnostic(path, 7, 1))) == 2
    assert len(text(diagnostic(path, 1, 70))) == 4
    assert len(text(diagnostic(tmp_path, 1, 1))) == 2


def test_hostile_text_is_shown_and_not_obeyed(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("a: \x1b[31m\u202e\x9b\x07\n")
    shown = "\n".join(text(diagnostic(path, 1, 4, message="\x1b]0;title\x07", hint="\u202e")))
    assert all(letter == "\n" or letter.isprintable() for letter in shown)


def test_colour_only_if_asked_for(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("a: 1\n")
    plain = "\n".join(text(diagnostic(path, 1, 1, hint="h")))
    coloured = "\n".join(text(diagnostic(path, 1, 1, hint="h"), color=True))
    assert "\x1b" not in plain
    assert "\x1b[1;31m" in coloured


def test_many_findings_and_places_are_cut_in_text_but_not_in_json(tmp_path):
    related = tuple(Related(mark=Mark("f", n, 1), message="m") for n in range(1, 1000))
    one = diagnostic(tmp_path / "no", 1, 1, related=related)
    assert sum("see f:" in line for line in text(one)) == MAX_RELATED
    assert any("991 more places" in line for line in text(one))
    assert len(render_json([one])[0]["related"]) == 999
    many = [diagnostic(tmp_path / "no", n, 1) for n in range(1, 1001)]
    assert len(text(*many)) == MAX_TEXT + 2
    assert text(*many)[-1].startswith("1,000 errors")
    assert len(render_json(many)) == 1000


def test_json_has_everything():
    (found,) = render_json([diagnostic("c.yaml", 3, 4, hint="h", length=5)])
    assert found == {
        "code": "FR012",
        "severity": "error",
        "file": "c.yaml",
        "line": 3,
        "column": 4,
        "length": 5,
        "message": "unknown 'x'",
        "hint": "h",
        "related": [],
    }
