"""Where an injection is: templates of a capability with the injection's parameters filled in.

Only plain ``{name}`` is a template; whatever else stands in braces is left as it is.
"""

import re
from collections.abc import Mapping

from faultrun.model.capability import AttrSpec, Capability, Switch

_NAME = re.compile(r"\{([a-z_]+)\}")


def filled(template: str, where: Mapping[str, str], *, escape: bool = False) -> str:
    """The template with its parameters; ``escape`` for a regular expression around them."""

    def one(found: re.Match[str]) -> str:
        value = where.get(found[1])
        if value is None:
            return found[0]
        # A blank means itself, and people read these.
        return re.escape(value).replace(r"\ ", " ") if escape else value

    return _NAME.sub(one, template) if "{" in template else template


def switches_of(capability: Capability, where: Mapping[str, str]) -> tuple[Switch, ...]:
    """The switches that are thrown there: some only if their optional parameter is given."""
    return tuple(
        switch for switch in capability.switches if not switch.needs or switch.needs in where
    )


def meant(capability: Capability, where: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters, and the further names that their texts stand for."""
    found = dict(where)
    for parameter in capability.parameters:
        for text, names in parameter.meaning:
            if where.get(parameter.name) == text:
                found.update(names)
    return found


def directory_of(capability: Capability, where: Mapping[str, str]) -> str:
    """The directory of the attribute files."""
    return filled(capability.directory, where)


def path_of(capability: Capability, spec: AttrSpec, where: Mapping[str, str]) -> str:
    """The control file of an attribute."""
    name = filled(spec.path or spec.name, where)
    return name if name.startswith("/") else f"{directory_of(capability, where)}/{name}"
