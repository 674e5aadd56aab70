"""Text from consoles may hold anything; a report shows it and nothing more."""

import base64
import hashlib
import html.parser
import json
import re
import zlib

import pytest

from data.sample_run import HOSTILE_OUT, write
from faultrun.report.hostile import LINE_LIMIT, clean, excerpt
from faultrun.report.html import render
from faultrun.report.pack import packed
from faultrun.report.render import open_run
from faultrun.report.text import summary


def test_plain_text_stays_itself():
    assert clean("a\tb\nü 漢字") == "a\tb\nü 漢字"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x9b1mx", "x"),
        ("\x1b]0;title\x07", "\u241b]0;title\u2407"),
        ("a\rb", "a\u240db"),
        ("a\r\nb", "a\nb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x85\x7f\x00", "\\x85\u2421\u2400"),
        ("\ud800", "\\ud800"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_could_act_becomes_visible(raw, shown):
    assert clean(raw) == shown


def test_a_line_of_ten_megabytes_is_cut_and_says_so():
    shown = excerpt("x" * 10_000_000, 65_536, "all of it is in logs/x")
    assert len(shown) < LINE_LIMIT + 200
    assert "9,998,000 more characters" in shown
    assert "all of it is in logs/x" in shown


def test_a_long_text_keeps_its_end():
    shown = excerpt("begin\n" + "line\n" * 50_000 + "the end", 6_000, "elsewhere")
    assert shown.startswith("begin")
    assert shown.endswith("the end")
    assert "characters are not shown; elsewhere" in shown
    assert len(shown) < 7_000


class Page(html.parser.HTMLParser):
    """What a browser would make of a page: tags, attributes, scripts, styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.inline = [], [], {"script": [], "style": []}
        self.open = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag in self.inline and ("type", "application/octet-stream") not in attrs:
            self.open = tag
            self.inline[tag].append("")

    def handle_endtag(self, tag):
        if tag == self.open:
            self.open = None

    def handle_data(self, data):
        if self.open:
            self.inline[self.open][-1] += data


@pytest.fixture
def page(tmp_path):
    folder = write(tmp_path / "run", 50, hostile=True)
    for name in ("run.json", "plan.json"):
        raw = (folder / name).read_text(encoding="utf-8")
        raw = raw.replace("storage-drivers", "<script>alert(4)</script>")
        raw = raw.replace("A dead controller", "</title></script><svg onload=alert(5)>")
        (folder / name).write_text(raw, encoding="utf-8")
    return render(open_run(folder)).decode("utf-8")


def test_no_tag_or_handler_comes_from_the_record(page):
    found = Page(page)
    assert len(found.inline["script"]) == 2
    assert len(found.inline["style"]) == 1
    assert not {"img", "iframe", "object", "embed", "link", "base"} & set(found.tags)
    assert not [name for _, name, _ in found.attributes if name.startswith("on") or name == "style"]
    assert "alert(4)" not in "".join(found.inline["script"])
    assert "alert(5)" not in "".join(found.inline["script"])


def test_nothing_is_fetched(page):
    found = Page(page)
    away = [
        value for _, name, value in found.attributes
        if name in {"src", "href", "action", "data", "srcset"} and not value.startswith("#")
    ]  # fmt: skip
    assert away == []
    assert "@import" not in page
    assert "url(" not in "".join(found.inline["style"])


def test_the_policy_names_exactly_what_is_inline(page):
    found = Page(page)
    policy = next(value for _, name, value in found.attributes if value.startswith("default-src"))
    assert "unsafe" not in policy
    hashes = set(re.findall(r"'sha256-([^']+)'", policy))
    inline = [*found.inline["script"], *found.inline["style"]]
    assert hashes == {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline
    }


def opened(block):
    return json.loads(zlib.decompress(base64.b64decode(block)))


def test_details_are_whole_for_a_small_run(tmp_path):
    view = open_run(write(tmp_path / "run", 50, hostile=True))
    data = packed(view.steps)
    assert data.notice == ""
    details = [detail for chunk in data.chunks for detail in opened(chunk)]
    assert len(details) == 50
    assert details[0]["evidence"]["command"]["stdout"] == clean(HOSTILE_OUT)


def test_above_the_budget_only_passing_steps_lose_evidence_and_it_is_said(tmp_path):
    view = open_run(write(tmp_path / "run", 50))
    data = packed(view.steps, budget=1_000)
    assert "events.jsonl" in data.notice
    details = [detail for chunk in data.chunks for detail in opened(chunk)]
    for step, detail in zip(view.steps, details, strict=True):
        if step.verdict == "PASS":
            assert detail["evidence"]["log"] == []
            assert data.notice in detail["evidence"]["notices"]
        elif step.verdict == "FAIL":
            assert detail["evidence"]["log"]


def test_ten_thousand_steps_stay_under_five_megabytes(tmp_path):
    page = render(open_run(write(tmp_path / "run", 10_000, hostile=True)))
    assert len(page) < 5_000_000


def test_the_text_summary_holds_no_control_characters(tmp_path):
    folder = write(tmp_path / "run", 1, hostile=True)
    raw = (folder / "events.jsonl").read_text(encoding="utf-8")
    raw = raw.replace("All 3 expectations held", "\\u001b[2J\\u0007held\\u202e")
    (folder / "events.jsonl").write_text(raw, encoding="utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", summary(open_run(folder)))
