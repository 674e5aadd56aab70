"""Devices are written once: whichever targets list some, each has its own or those of the first."""

import tempfile
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from faultrun.model.campaign import TARGET_KINDS
from faultrun.spec.choice import Choice
from faultrun.spec.load import load

DEVICES = st.dictionaries(
    st.sampled_from(["nvme0", "nvme1", "nvme2"]), st.just({"kind": "nvme"}), max_size=3
)
BODIES = st.none() | st.just({}) | st.fixed_dictionaries({"devices": DEVICES})
DOCUMENTS = st.lists(st.sampled_from(TARGET_KINDS), unique=True).flatmap(
    lambda kinds: st.fixed_dictionaries(dict.fromkeys(kinds, BODIES))
)


def read(targets, kind):
    document = {
        "campaign": "x",
        "target": targets,
        "steps": {"a": {"run": "true", "expect": {"exit": 0}}},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return load(path, overrides={}, choice=Choice(kind=kind))


@given(DOCUMENTS, st.sampled_from(["", *TARGET_KINDS]))
def test_every_target_has_devices_of_its_own_or_of_the_first(targets, kind):
    loaded = read(targets, kind)
    campaign = loaded.campaign
    assert campaign is not None, loaded.diagnostics
    lists = {name: set((body or {}).get("devices", ())) for name, body in targets.items()}
    shared = next((found for found in lists.values() if found), set())
    expected = {
        name: lists[name] if "devices" in (body or {}) else shared for name, body in targets.items()
    }
    found = {spec.kind: {item.name for item in spec.devices} for spec in campaign.targets}
    assert found == expected
    assert list(found) == list(targets)
    chosen = campaign.target
    first = next(iter(expected.values()), set())
    assert {item.name for item in chosen.devices} == expected.get(chosen.kind, first)
    assert chosen.kind == (
        kind or ("simulated" if "simulated" in targets else next(iter(targets), "simulated"))
    )
    warned = [item.code for item in loaded.diagnostics]
    assert warned == (["FR172"] if kind and kind not in targets else [])
