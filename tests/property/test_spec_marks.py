"""Places are true: at every mark of a document stands exactly what the node was read from."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Leaf, plain, walk
from faultrun.spec.yaml_tree import parse

names = st.text("abcdefgh_-é日", min_size=1, max_size=8)
scalars = st.integers() | st.booleans() | st.none() | st.text("ab c{}:#é日'\"\\", max_size=8)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=30,
)


def read(text):
    findings = Findings()
    node = parse(text, "c.yaml", findings)
    return node, findings.sorted("c.yaml")


@settings(max_examples=200, deadline=None)
@given(tree=st.dictionaries(names, trees, min_size=1), indent=st.sampled_from([None, 1, 2]))
def test_json_is_read_back_with_true_places(tree, indent):
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    node, findings = read(text)
    assert findings == ()
    assert plain(node) == tree
    lines = text.split("\n")
    for path, key, below in walk(node):
        if key is not None:
            found = lines[key.line - 1][key.column - 1 :]
            assert found.startswith(json.dumps(path[-1], ensure_ascii=False))
        here = lines[below.mark.line - 1][below.mark.column - 1 :]
        if isinstance(below, Leaf):
            assert here.startswith(json.dumps(below.value, ensure_ascii=False))
            assert below.length == len(json.dumps(below.value, ensure_ascii=False))
        else:
            assert here[0] in "{["


def block(tree, indent=0):
    """A small writer of block style, so that places are tested in it too."""
    pad = "  " * indent
    lines = []
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            lines += [f"{pad}{name}:", *block(value, indent + 1)]
        elif isinstance(value, list) and value:
            lines.append(f"{pad}{name}:")
            lines += [f"{pad}- {json.dumps(item, ensure_ascii=False)}" for item in value]
        else:
            lines.append(f"{pad}{name}: {json.dumps(value, ensure_ascii=False)}")
    return lines


keys = st.text("abcdefgh", min_size=1, max_size=6).filter(lambda text: text != "null")


@settings(max_examples=200, deadline=None)
@given(
    tree=st.dictionaries(
        keys,
        st.recursive(
            scalars,
            lambda inner: st.dictionaries(keys, inner, max_size=3) | st.lists(scalars, max_size=3),
            max_leaves=10,
        ).filter(lambda value: not isinstance(value, list) or all(map(is_flat, value))),
        min_size=1,
    )
)
def test_block_style_is_read_back_with_true_places(tree):
    text = "\n".join(block(tree)) + "\n"
    node, findings = read(text)
    assert findings == ()
    assert plain(node) == tree
    lines = text.split("\n")
    for path, key, _ in walk(node):
        if key is not None:
            assert lines[key.line - 1][key.column - 1 :].startswith(f"{path[-1]}:")


def is_flat(value):
    return not isinstance(value, (list, dict))
