"""A guest for `--target uml` that boots while the rest of faultrun is still being loaded.

Loading takes Python longer than a guest takes to boot. What the campaign wants is not known yet, so
it is a plain one: a campaign that needs another kernel, command line or memory boots its own.
"""

from collections.abc import Sequence

from faultrun.cli.guest_kernel import kernel_of
from faultrun.cli.target_name import UnknownTarget
from faultrun.model.campaign import TargetSpec
from faultrun.targets.spare import Spare
from faultrun.targets.uml_guest import UmlBoot, UmlGuest


class Early:
    """The guest, and what it boots with. Raises UnknownTarget if there is no kernel."""

    def __init__(self, kernel: str) -> None:
        spec = TargetSpec(kind="uml", any_kernel=True)
        self.boot = UmlBoot.of(kernel_of(spec, kernel).path, spec)
        self.spare = Spare(lambda: UmlGuest(self.boot))
        self.spare.prepare()


def early(words: Sequence[str]) -> Early | None:
    """The guest that a command line asks for without a doubt; None for every other command line."""
    if value_of("--target", words) != "uml" or {"-h", "--help"} & set(words):
        return None
    try:
        return Early(value_of("--kernel", words))
    except UnknownTarget:
        return None


def value_of(option: str, words: Sequence[str]) -> str:
    """What the last ``option VALUE`` or ``option=VALUE`` says; empty without one."""
    found = ""
    for word, following in zip(words, (*words[1:], ""), strict=True):
        name, given, value = word.partition("=")
        if name == option:
            found = value if given else following
    return found
