"""Modules: what is inside, buffers, freezing, dtypes, states, paths in errors, and the table of a model."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, nn, optim


class Normalize(nn.Module):
    """A layer with a parameter and two buffers."""

    def __init__(self):
        self.scale = nn.Parameter(np.ones(2, np.float32))
        self.mean = nn.Buffer(np.zeros(2, np.float32))
        self.batches = nn.Buffer(0)

    def forward(self, x):
        if self.training:
            self.mean.write(np.mean(x, 0))
            self.batches.write(self.batches.data + 1)
        return (x - self.mean.data) * self.scale


class Net(nn.Module):
    def __init__(self):
        self.body = nn.ModuleList([nn.Linear(2, 2, rng=0), Normalize()])
        self.heads = nn.ModuleDict({"left": nn.Linear(2, 3, rng=1), "right": nn.Linear(2, 1, rng=2)})
        self.extra = [nn.Sequential(nn.Linear(4, 4, rng=3))]

    def forward(self, x):
        for layer in self.body:
            x = layer(x)
        return {name: head(x) for name, head in self.heads.items()}


NAMES = [
    "body.0.weight", "body.0.bias", "body.1.scale", "heads.left.weight", "heads.left.bias",
    "heads.right.weight", "heads.right.bias", "extra.0.0.weight", "extra.0.0.bias",
]  # fmt: skip


# ---- what is inside ----------------------------------------------------------------------------------------


def test_names_are_pytorchs():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert [name for name, _ in net.named_buffers()] == ["body.1.mean", "body.1.batches"]
    assert set(net.state_dict()) == {*NAMES, "body.1.mean", "body.1.batches"}
    assert [name for name, _ in net.named_children()] == ["body", "heads", "extra.0"]
    assert next(net.children()) is net.body
    assert list(net.body[1].parameters(recurse=False)) == [net.body[1].scale]
    assert list(net.parameters(recurse=False)) == []


def test_apply_reaches_the_inner_ones_first():
    seen = []
    net = nn.Sequential(nn.Sequential(nn.Linear(1, 1)), nn.ReLU())
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["ReLU", "Linear", "Sequential", "Sequential"]


def test_module_lists_behave_as_lists():
    layers = nn.ModuleList([nn.Linear(1, 1)])
    layers.append(nn.ReLU())
    layers.extend([nn.Tanh()])
    layers[-1] = nn.Sigmoid()
    assert [type(layer).__name__ for layer in layers] == ["Linear", "ReLU", "Sigmoid"]
    assert isinstance(layers[1:], nn.ModuleList)
    assert len(layers[1:]) == 2
    with pytest.raises(TypeError, match="layer 3 is int"):
        layers.append(3)
    with pytest.raises(IndexError):
        layers[3] = nn.ReLU()
    with pytest.raises(NotImplementedError, match="ModuleList has no forward"):
        layers(1)


def test_module_dicts_behave_as_dicts():
    heads = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    assert list(heads) == list(heads.keys()) == ["a", "b"]
    assert [name for name, _ in heads.named_parameters()] == ["a.weight", "a.bias"]
    assert "(b): ReLU()" in repr(heads)
    del heads["a"]
    assert "a" not in heads
    assert len(heads) == 1
    with pytest.raises(errors.ArgumentError, match="without a dot"):
        heads["a.b"] = nn.ReLU()
    assert isinstance(
        tg.grad(lambda m: np.sum(m["x"](np.ones((1, 2)))))(nn.ModuleDict({"x": nn.Linear(2, 2)})),
        nn.ModuleDict,
    )


def test_residual_adds_what_comes_out():
    block = nn.Residual(nn.Linear(3, 3, rng=0))
    x = np.float32([[1, 2, 3]])
    np.testing.assert_allclose(
        block(x).data, x + x @ block.layer.weight.data.T + block.layer.bias.data, rtol=1e-6
    )
    assert block(x.astype(float)).dtype == np.float32  # arrays are cast, as by any layer
    wide = nn.Residual(nn.Linear(3, 4, rng=0), shortcut=nn.Linear(3, 4, rng=1))
    assert [name for name, _ in wide.named_parameters()] == [
        "layer.weight",
        "layer.bias",
        "shortcut.weight",
        "shortcut.bias",
    ]
    np.testing.assert_allclose(wide(x).data, wide.layer(x).data + wide.shortcut(x).data, rtol=1e-6)
    with pytest.raises(
        errors.ShapeError, match=r"^Residual expects .* \(1, 3\) goes around it, \(1, 4\) comes out"
    ):
        nn.Residual(nn.Linear(3, 4))(x)


# ---- buffers -----------------------------------------------------------------------------------------------


def test_buffers_are_state_and_not_learned():
    net = Net()
    net(np.float32([[1, 2], [3, 4]]))
    state = net.state_dict()
    assert state["body.1.batches"] == 1
    other = Net()
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.body[1].mean.data, net.body[1].mean.data)
    assert not other.body[1].mean.requires_grad
    before = other.state_dict()
    for name, wrong, message in [
        ("body.1.batches", np.array(1.5), "body.1.batches: expected integer values, got float64"),
        ("body.1.mean", np.zeros(3), r"body.1.mean: expected shape \(2,\), got \(3,\)"),
        ("body.1.scale", np.zeros(2, complex), "body.1.scale: expected floating values, got complex128"),
    ]:
        with pytest.raises(errors.StateError, match=message):
            other.load_state_dict({**state, "body.0.bias": np.zeros(2), name: wrong})
    assert all(np.array_equal(before[name], value) for name, value in other.state_dict().items())


def test_a_buffer_owns_its_values_and_copies_deeply():
    values = np.zeros(2)
    buffer = nn.Buffer(values)
    buffer.write([1, 2])
    assert values.tolist() == [0, 0]
    net = Net()
    twin = copy.deepcopy(net)
    twin.body[1].mean.write(7)
    assert net.body[1].mean.data.tolist() == [0, 0]
    assert isinstance(twin.body[1].mean, nn.Buffer)


def test_a_write_to_a_buffer_is_seen_by_graphs_that_need_its_old_value():
    buffer = nn.Buffer([2.0])
    x = tg.Tensor([3.0], requires_grad=True)
    y = x * buffer
    buffer.write(5)
    with pytest.raises(errors.InPlaceError, match=r"np\.multiply"):
        y.backward()


# ---- freezing and dtypes -----------------------------------------------------------------------------------


def test_frozen_parameters_stay_as_they_are():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), nn.Linear(2, 1, rng=1))
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    assert net[0].freeze() is net[0]
    before = net.state_dict()
    net(np.ones((3, 2))).sum().backward()
    optimizer.step()
    after = net.state_dict()
    assert [name for name in after if np.array_equal(after[name], before[name])] == ["0.weight", "0.bias"]
    net.unfreeze()
    assert all(p.requires_grad for p in net.parameters())


def test_freezing_forgets_the_gradients():
    layer = nn.Linear(2, 1, rng=0)
    layer(np.ones((1, 2))).backward()
    assert layer.freeze().weight.grad is None


def test_to_converts_parameters_gradients_and_floating_buffers():
    net = nn.Sequential(nn.Linear(2, 2, rng=0), Normalize())
    net[0].bias.requires_grad_(False)
    net(np.ones((3, 2), np.float32)).sum().backward()
    before = net.state_dict()
    assert net.to(np.float64) is net
    assert {name: str(value.dtype) for name, value in net.state_dict().items()} == {
        "0.weight": "float64", "0.bias": "float64", "1.scale": "float64", "1.mean": "float64",
        "1.batches": "int64",
    }  # fmt: skip
    assert net[0].weight.grad.dtype == np.float64
    assert [p.requires_grad for p in net.parameters()] == [True, False, True]
    assert all(np.array_equal(before[name], value) for name, value in net.state_dict().items())
    assert net(np.ones((3, 2))).dtype == np.float64
    with pytest.raises(errors.DTypeError, match="parameters are floating; got int64"):
        net.to(np.int64)


# ---- where an error arose ----------------------------------------------------------------------------------


def test_a_wrong_shape_names_the_layer_by_its_path():
    class Classifier(nn.Module):
        def __init__(self):
            self.fc1 = nn.Linear(784, 10)

        def forward(self, x):
            return self.fc1(x)

    images = np.zeros((64, 28, 28), np.float32)
    with pytest.raises(
        errors.ShapeError, match=r"^fc1 expects 784 features in the last axis, got \(64, 28, 28\).*[Ff]latten"
    ):
        Classifier()(images)
    with pytest.raises(errors.ShapeError, match=r"^model.0.fc1 expects 784"):
        Wrapper(nn.Sequential(Classifier()))(images)
    with pytest.raises(errors.ShapeError, match=r"^layer 1 expects 3 features"):
        nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3))(np.ones((1, 2)))
    with pytest.raises(errors.ShapeError, match=r"^Linear expects 784"):
        nn.Linear(784, 10)(images)


class Wrapper(nn.Module):
    def __init__(self, model):
        self.model = model

    def forward(self, x):
        return self.model(x)


def test_other_errors_of_ours_say_where_too():
    class Head(nn.Module):
        def forward(self, x):
            return tg.softmax_cross_entropy(x, [7])

    with pytest.raises(errors.ArgumentError, match=r"^model: softmax_cross_entropy: class label 7"):
        Wrapper(Head())(tg.Tensor([[1.0, 2.0]]))
    with pytest.raises(errors.DTypeError, match=r"^model has float32 parameters and got a Tensor of float64"):
        Wrapper(nn.Linear(2, 1))(tg.Tensor(np.ones((3, 2)), requires_grad=True))


# ---- the table ---------------------------------------------------------------------------------------------


def test_the_summary_counts_every_parameter_once_and_leaves_no_trace():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.Dropout(0.5), shared, Normalize())
    model[1].eval()
    shared.freeze()
    state, modes = model.state_dict(), [m.training for m in model.modules()]
    lines = nn.summary(model, np.ones((3, 2), np.float32)).splitlines()
    assert [line.split() for line in lines[2:-2]] == [
        ["Sequential", "(3,", "2)"], ["0", "Linear", "(3,", "2)", "6"], ["1", "Dropout", "(3,", "2)"],
        ["3", "Normalize", "(3,", "2)", "2"],
    ]  # fmt: skip
    assert lines[-1] == "parameters: 8 (2 learned, 6 frozen), 48 bytes"
    assert [m.training for m in model.modules()] == modes
    assert all("forward" not in vars(m) for m in model.modules())
    assert all(np.array_equal(state[name], value) for name, value in model.state_dict().items())
    with pytest.raises(errors.ShapeError):
        nn.summary(model, np.ones((3, 5)))
    assert all("forward" not in vars(m) for m in model.modules())
    assert "(3, 2)" not in nn.summary(model)
