"""Modules in a list are held as Python's lists hold their items."""

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError

LAYERS = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)]
NEW = [nn.Sigmoid(), nn.Identity()]
CHANGES = {
    "append": lambda x: x.append(NEW[0]),
    "extend": lambda x: x.extend(NEW),
    "+=": lambda x: x.__iadd__(NEW),
    "insert": lambda x: x.insert(2, NEW[0]),
    "insert first": lambda x: x.insert(0, NEW[0]),
    "insert from behind": lambda x: x.insert(-1, NEW[0]),
    "insert far behind": lambda x: x.insert(99, NEW[0]),
    "pop": lambda x: x.pop(),
    "pop first": lambda x: x.pop(0),
    "pop from behind": lambda x: x.pop(-2),
    "del": lambda x: x.__delitem__(1),
    "del slice": lambda x: x.__delitem__(slice(1, None, 2)),
    "set": lambda x: x.__setitem__(-1, NEW[0]),
    "set slice": lambda x: x.__setitem__(slice(1, 3), NEW),
    "set another length": lambda x: x.__setitem__(slice(0, 4), NEW[:1]),
}
WRONG = {
    "pop": lambda x: x.pop(9),
    "del": lambda x: x.__delitem__(9),
    "set": lambda x: x.__setitem__(9, NEW[0]),
    "set slice": lambda x: x.__setitem__(slice(0, 4, 2), NEW[:1]),
}


@pytest.mark.parametrize("kind", [nn.ModuleList, lambda layers: nn.Sequential(*layers)], ids=["list", "row"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_are_those_of_lists(change, kind):
    modules, layers = kind(LAYERS), list(LAYERS)
    change(modules), change(layers)
    assert all(a is b for a, b in zip(modules, layers, strict=True))
    assert len(modules) == len(layers)
    assert [name for name, _ in modules.named_children()] == [str(i) for i in range(len(layers))]


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_lists_refuse_changes_nothing(change):
    modules = nn.ModuleList(LAYERS)
    with pytest.raises((IndexError, ValueError)):
        change(list(LAYERS))
    with pytest.raises((IndexError, ValueError)):
        change(modules)
    assert all(a is b for a, b in zip(modules, LAYERS, strict=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.append(3),
        lambda x: x.extend([nn.ReLU(), 3]),
        lambda x: x.insert(0, 3),
        lambda x: x.__setitem__(0, 3),
        lambda x: x.__setitem__(slice(0, 2), [nn.ReLU(), 3]),
        lambda x: x.__add__([3]),
    ],
)
def test_what_is_no_layer_changes_nothing(change):
    modules = nn.ModuleList(LAYERS)
    with pytest.raises(TypeError):
        change(modules)
    assert all(a is b for a, b in zip(modules, LAYERS, strict=True))


def test_sums_and_slices_are_lists_of_their_kind():
    body, head = nn.Sequential(*LAYERS[:3]), nn.Sequential(*LAYERS[3:])
    both = body + head
    assert type(both) is nn.Sequential
    assert (len(body), len(head), len(both)) == (3, 2, 5)
    x = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(both(x).data, head(body(x)).data)
    assert type(nn.ModuleList(LAYERS)[1:]) is nn.ModuleList


def test_modules_by_name_are_added_and_taken_out():
    heads = nn.ModuleDict({"a": nn.Linear(2, 1)})
    heads.update({"b": nn.Linear(2, 2), "a": nn.Linear(2, 3)})
    assert [(name, head.out_features) for name, head in heads.items()] == [("a", 3), ("b", 2)]
    assert heads.pop("a").out_features == 3
    assert list(heads) == ["b"]
    with pytest.raises(KeyError):
        heads.pop("a")
    with pytest.raises(ArgumentError, match="without a dot"):
        heads.update({"c.d": nn.ReLU()})
