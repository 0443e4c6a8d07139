"""Layers where they would not be found: each is refused by name, and what holds none is let through."""

import dataclasses
import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError


def layer():
    return nn.Linear(2, 1, rng=0)


class Holds(nn.Module):
    def __init__(self, value):
        self.value = value


LAYERS = {"a": layer(), "b": layer()}


@pytest.mark.parametrize(
    "make",
    [
        lambda: LAYERS.values(),
        lambda: LAYERS.items(),
        lambda: {layer(): 1}.keys(),
        lambda: map(nn.Linear, [2, 2], [1, 1]),
        lambda: filter(None, [layer()]),
        lambda: zip([layer()]),
        lambda: enumerate([layer()]),
        lambda: (layer() for _ in range(2)),
    ],
)
def test_layers_in_views_and_iterators_are_refused(make):
    outer = nn.Sequential(Holds(make()))
    with pytest.raises(ArgumentError, match=r"(?s)^0\.value: .*[Ll]ist"):
        list(outer.parameters())
    assert "Holds()" in repr(outer)


@pytest.mark.parametrize(
    "value",
    [{"a": 1}.values(), {"a": 1}.keys(), range(3), "word", iter([1]), np.random.default_rng(0), print],
)
def test_what_holds_no_layers_is_let_through(value):
    assert not list(Holds(value).parameters())


class Single(nn.Module):
    head = layer()


class Several(nn.Module):
    heads = (1, [layer()])


class Named(nn.Module):
    heads = {"a": layer()}  # noqa: RUF012 - what is refused


class Bare(nn.Module):
    scale = nn.Parameter(np.ones(1))


class Shared(nn.Module):
    layers = []  # noqa: RUF012 - what is refused

    def __init__(self):
        self.layers.append(layer())


class Derived(Single):
    pass


@pytest.mark.parametrize("kind", [Single, Several, Named, Bare, Shared, Derived])
def test_parameters_of_the_class_are_refused(kind):
    with pytest.raises(
        ArgumentError, match=rf"is an attribute of the class {kind.__name__}.*(?s:.*)Make it in __init__"
    ):
        list(nn.Sequential(kind()).parameters())


@dataclasses.dataclass(eq=False)
class Data(nn.Module):
    head: nn.Module = dataclasses.field(default_factory=layer)
    other: nn.Module = layer()  # noqa: RUF009


class Harmless(nn.Module):
    activation = nn.ReLU()
    names = ["a", "b"]  # noqa: RUF012 - an attribute like another
    table = {"relu": nn.ReLU()}  # noqa: RUF012
    head = layer()

    def __init__(self):
        self.head = layer()


@pytest.mark.parametrize("kind", [Data, Harmless])
def test_attributes_of_the_class_that_are_the_modules_own_or_hold_nothing_are_let_through(kind):
    names = [name for name, _ in kind().named_parameters()]
    assert names[:2] == ["head.weight", "head.bias"]


def test_no_class_of_the_package_is_looked_through():
    kinds = [kind for _, kind in inspect.getmembers(nn, inspect.isclass) if issubclass(kind, nn.Module)]
    assert [kind.__name__ for kind in kinds if kind._of_class] == []


# ---- containers and spellings ------------------------------------------------------------------------------


def test_append_does_not_look_at_all_layers(monkeypatch):
    layers = nn.ModuleList(layer() for _ in range(3))
    monkeypatch.setattr(
        nn.ModuleList, "layers", property(lambda self: pytest.fail("it looks at all of them"))
    )
    layers.append(layer())
    layers.extend([layer(), layer()])
    monkeypatch.undo()
    layers.note = "an attribute of another kind"
    layers += [layer()]
    assert [name for name, _ in layers.named_children()] == list("0123456")


def test_a_dict_of_layers_is_no_layer():
    with pytest.raises(TypeError, match=r"Sequential\(\*layers\.values\(\)\)"):
        nn.Sequential(LAYERS)


def test_a_frozen_parameter():
    p = nn.Parameter(np.ones(2, np.float32), requires_grad=False)
    assert isinstance(p, nn.Parameter)
    assert not p.requires_grad
    with pytest.raises(tg.errors.DTypeError):
        nn.Parameter(np.ones(2, int), requires_grad=False)


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.CrossEntropyLoss, nn.BCELoss, nn.TripletMarginLoss])
def test_a_loss_made_of_arrays_is_told_how_it_is_called(kind):
    for x in (np.ones((2, 2)), tg.Tensor(np.ones((2, 2)))):
        with pytest.raises(TypeError, match=rf"nn\.{kind.__name__}\(\)\(prediction, target\)"):
            kind(x, np.ones((2, 2)))
