"""--only, --from and --tag, with what they need."""

import pytest

from data.plan_campaigns import cells, plan, step
from faultrun.plan.select import Selection, SelectionError

STEPS = (
    step("base", tags=("slow",)),
    *cells("nth", "n", (1, 2), needs=["base"], tags=("reset",)),
    step("mount", group="g"),
    step("copy", group="g", repeat=2),
    step("check", needs=["nth[n=2]"], tags=("last",)),
    step("alone"),
)


def chosen(**selection):
    return [task.id for task in plan(*STEPS, selection=Selection(**selection)).tasks]


def test_nothing_asked_is_everything():
    assert len(chosen()) == 8


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("alone", ["alone"]),
        ("nth", ["base", "nth[n=1]", "nth[n=2]"]),
        ("nth[n=2]", ["base", "nth[n=2]"]),
        ("nth*", ["base", "nth[n=1]", "nth[n=2]"]),
        ("nth[n=?]", ["base", "nth[n=1]", "nth[n=2]"]),
        ("check", ["base", "nth[n=2]", "check"]),
        ("copy#1", ["mount", "copy#1"]),
        ("copy", ["mount", "copy#1", "copy#2"]),
    ],
)
def test_only_brings_its_needs_and_the_group_before_it(only, expected):
    assert chosen(only=(only,)) == expected


def test_from_takes_what_depends_on_it_and_what_that_needs():
    assert chosen(from_=("nth[n=2]",)) == ["base", "nth[n=2]", "check"]
    assert chosen(from_=("base",)) == ["base", "nth[n=1]", "nth[n=2]", "check"]
    assert chosen(from_=("mount",)) == ["mount", "copy#1", "copy#2"]


def test_tags_narrow_and_bring_needs():
    assert chosen(tags=("last",)) == ["base", "nth[n=2]", "check"]
    assert chosen(only=("nth", "alone"), tags=("reset",)) == ["base", "nth[n=1]", "nth[n=2]"]
    assert chosen(only=("alone",), tags=("reset",)) == []


def test_the_campaigns_tags_are_every_steps():
    built = plan(*STEPS, tags=("all",), selection=Selection(tags=("all",)))
    assert len(built.tasks) == 8


def test_unknown_names_are_all_told_with_the_nearest():
    with pytest.raises(SelectionError) as caught:
        chosen(only=("chekc", "zzz*"), tags=("rset",))
    assert caught.value.unknown == ("chekc", "zzz*", "rset")
    text = str(caught.value)
    assert "there is no step 'chekc'; did you mean 'check'?" in text
    assert "no step matches 'zzz*'" in text
    assert "there is no tag 'rset'; did you mean 'reset'?" in text


def test_orders_are_numbered_again_and_ids_stay():
    built = plan(*STEPS, selection=Selection(only=("check",)))
    assert [task.order for task in built.tasks] == [0, 1, 2]
    assert built.critical_path == ("base", "nth[n=2]", "check")
