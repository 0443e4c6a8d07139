"""What is put in the place of a parameter, a buffer or an optimizer's list: it takes effect,
or it is refused.
"""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError

X, Y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)


class Net(nn.Module):
    def __init__(self):
        self.body, self.head = nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1)

    def forward(self, x):
        return self.head(self.body(x))


class Running(nn.Module):
    def __init__(self):
        self.mean, self.count = nn.Buffer(np.float32(0)), nn.Buffer(np.array(0))

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * np.mean(x)
        self.count += 1
        return x - self.mean


# ---- parameters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda weight: weight * 0.5,
        lambda weight: tg.Tensor(np.zeros((1, 2))),
        lambda weight: np.zeros((1, 2)),
        lambda weight: nn.init.he_normal((1, 2), rng=0),
        lambda weight: nn.Buffer(np.zeros((1, 2))),
        lambda weight: [[1.0, 2.0]],
        lambda weight: 3.0,
    ],
)
@pytest.mark.parametrize("frozen", [False, True])
def test_what_is_no_parameter_does_not_take_the_place_of_one(make, frozen):
    layer = nn.Linear(2, 1, rng=0)
    weight = layer.weight.requires_grad_(not frozen)
    with (
        tg.no_grad(),
        pytest.raises(ArgumentError, match=r"(?s)Linear\.weight is a Parameter.*nn\.Parameter"),
    ):
        layer.weight = make(weight)
    assert layer.weight is weight


def test_what_the_refusal_advises_works():
    layer = nn.Linear(2, 1, rng=0)
    weight, values = layer.weight, layer.weight.data.copy()
    with tg.no_grad():
        layer.weight *= 0.5
    assert layer.weight is weight
    assert np.array_equal(weight.data, values * 0.5)
    layer.weight.data = values
    assert layer.weight is weight
    assert np.array_equal(weight.data, values)
    layer.weight = nn.Parameter(np.zeros((1, 2), np.float32))
    assert layer(X).data.tolist() == [[layer.bias.item()]] * 4


def test_parameters_are_tied_taken_away_and_deleted():
    a, b = nn.Linear(2, 2, rng=0), nn.Linear(2, 2, rng=1)
    a.weight = b.weight
    a.bias = None
    assert a.weight is b.weight
    assert [name for name, _ in a.named_parameters()] == ["weight"]
    del a.weight
    a.weight = 3.0
    assert a.weight == 3.0


def test_a_model_with_other_values_in_it_still_has_derivatives():
    model = Net()
    gradient = tg.grad(lambda m: tg.mse_loss(m(X), Y))(model)
    tg.mse_loss(model(X), Y).backward()
    for ours, p in zip(gradient.parameters(), model.parameters()):
        assert np.array_equal(ours.data, p.grad.data)


# ---- buffers -----------------------------------------------------------------------------------------------


def test_a_running_mean_stays_a_buffer():
    layer, expected = Running(), np.float32(0)
    for value in (1.0, 2.0, 4.0):
        layer(np.full(3, value, np.float32))
        expected = np.float32(0.9) * expected + np.float32(0.1) * np.float32(value)
    assert [name for name, _ in layer.named_buffers()] == ["mean", "count"]
    assert layer.mean.dtype == np.float32
    assert layer.mean.item() == pytest.approx(expected, rel=1e-6)
    assert layer.count.dtype.kind == "i"
    assert layer.count.item() == 3
    twin = copy.deepcopy(layer)
    twin.load_state_dict(layer.state_dict())
    assert twin.mean.item() == layer.mean.item()


@pytest.mark.parametrize(
    "value",
    [np.zeros(3), "word", tg.Tensor(np.float32(1), requires_grad=True) * 2, 1j],
    ids=["shape", "text", "gradient", "complex"],
)
def test_a_buffer_refuses_what_it_cannot_hold(value):
    layer = Running()
    mean = layer.mean
    with pytest.raises(ArgumentError, match=r"Running\.mean is a Buffer"):
        layer.mean = value
    assert layer.mean is mean


def test_a_buffer_becomes_a_parameter_another_buffer_or_nothing():
    layer = Running()
    layer.mean = nn.Buffer(np.zeros(3))
    layer.count = nn.Parameter(np.zeros(2))
    assert [name for name, _ in layer.named_parameters()] == ["count"]
    assert layer.mean.shape == (3,)
    layer.mean = None
    assert not list(layer.buffers())


# ---- methods -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["modules", "children", "apply", "parameters", "train", "eval"])
def test_a_layer_is_not_stored_in_the_place_of_a_method(name):
    with pytest.raises(AttributeError, match=f"{name} is a method of Net"):
        setattr(Net(), name, nn.ModuleList([nn.Linear(2, 2, rng=0)]))


def test_a_layer_or_a_function_may_be_the_forward():
    net = Net()
    net.forward = nn.Linear(2, 1, rng=0)
    assert net(X).shape == (4, 1)
    net.forward = lambda x: x
    assert net(X) is X


def repeat(step, times):
    for _ in range(times):
        step()


# ---- optimizers --------------------------------------------------------------------------------------------


def all_kinds(parameters):
    return [
        optim.SGD(parameters, lr=0.1),
        optim.Adam(parameters),
        optim.LBFGS(parameters),
        optim.AdamW(parameters),
    ]


@pytest.mark.parametrize("optimizer", all_kinds([nn.Parameter(np.ones(2))]), ids=lambda o: type(o).__name__)
def test_the_lists_of_an_optimizer_are_not_edited(optimizer):
    p, other = optimizer.params[0], nn.Parameter(np.ones(2))
    for edit in (
        lambda: optimizer.params.append(other),
        lambda: optimizer.groups.extend([{"params": [other]}]),
        lambda: optimizer.groups[0].params.append(other),
        lambda: optimizer.params.__setitem__(0, other),
        lambda: optimizer.groups[0].params.__setitem__(0, other),
    ):
        with pytest.raises((AttributeError, TypeError), match="tuple"):
            edit()
    assert optimizer.params == optimizer.groups[0].params == (p,)


@pytest.mark.parametrize("kind", [set, frozenset])
def test_sets_of_parameters_have_no_order(kind):
    parameters = kind(Net().parameters())
    for given in (parameters, [{"params": parameters}]):
        with pytest.raises(ArgumentError, match="no order"):
            optim.Adam(given)


@pytest.mark.parametrize("forget", ["model", "optimizer", "nobody"])
@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.RMSprop])
@pytest.mark.parametrize("grouped", [False, True])
def test_replaced_parameters_are_noticed_whoever_forgets_the_gradients(make, forget, grouped):
    model = Net()
    parameters = (
        [{"params": model.parameters()}, {"params": [nn.Parameter(np.ones(1))]}]
        if grouped
        else model.parameters()
    )
    optimizer = make(parameters, lr=0.01)

    def step():
        {"model": model.zero_grad, "optimizer": optimizer.zero_grad, "nobody": lambda: None}[forget]()
        tg.mse_loss(model(X), Y).backward()
        optimizer.step()

    for _ in range(3):
        step()
    model.head = nn.Linear(3, 1, rng=5)
    with pytest.raises(ArgumentError, match=r"Net\.head\.weight.* replaced"):
        repeat(step, 1 if forget == "optimizer" else 8)


def test_a_loop_that_forgets_by_the_model_goes_on_and_may_grow():
    model = Net()
    optimizer = optim.SGD(
        [{"params": model.head.parameters()}, {"params": [nn.Parameter(np.ones(1))]}], lr=0.01
    )
    for step in range(30):
        model.zero_grad(set_to_none=True)
        tg.mse_loss(model(X), Y).backward()
        optimizer.step()
        if step == 10:
            model.head.scale = nn.Parameter(np.ones(1))  # which is new, and replaces nothing
    optimizer.zero_grad(set_to_none=True)
    optimizer.step()


@pytest.mark.parametrize("of", [lambda model: model, lambda model: optim.SGD(model.parameters(), lr=0.1)])
def test_gradients_are_not_set_to_zero(of):
    with pytest.raises(ArgumentError, match="not set to zero"):
        of(Net()).zero_grad(set_to_none=False)


@pytest.mark.parametrize("make", [optim.Adam, optim.AdamW, optim.SGD, optim.LBFGS])
def test_the_learning_rate_of_other_libraries_is_named(make):
    with pytest.raises(
        TypeError, match=r"'learning_rate'\. Did you mean lr\?|'learning_rate' Did you mean lr\?"
    ):
        make(Net().parameters(), learning_rate=0.1)


def test_a_closure_without_backward_is_refused():
    model = Net()
    before = model.head.weight.data.copy()
    with pytest.raises(ArgumentError, match="no parameter has a gradient"):
        optim.LBFGS(model.parameters()).step(lambda: tg.mse_loss(model(X), Y))
    assert np.array_equal(model.head.weight.data, before)
