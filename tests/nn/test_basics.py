"""Modules and layers."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, nn


class Net(nn.Module):
    def __init__(self):
        self.layers = [nn.Linear(2, 3, rng=0), nn.ReLU()]
        self.heads = {"a": nn.Linear(3, 1, rng=1), "b": nn.Linear(3, 1, rng=2)}
        self.shared = self.layers[0]
        self.scale = nn.Parameter(np.ones(1, np.float32))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return (self.heads["a"](x) + self.heads["b"](x)) * self.scale


def test_parameters_in_lists_and_dicts_come_once_and_in_order():  # Y15
    assert [name for name, _ in Net().named_parameters()] == [
        "layers.0.weight", "layers.0.bias", "heads.a.weight", "heads.a.bias", "heads.b.weight",
        "heads.b.bias", "scale",
    ]  # fmt: skip


def test_train_and_eval_reach_all_modules():  # Y15
    net = Net()
    net.eval()
    assert [m.training for m in net.modules()] == [False] * 5
    assert net.train() is net
    assert all(m.training for m in net.modules())


def test_linear_is_x_w_transposed_plus_b():  # Y13
    layer = nn.Linear(4, 3, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)
    np.testing.assert_allclose(layer(x).data, x @ layer.weight.data.T + layer.bias.data, rtol=1e-6)
    layer(x).backward(np.ones((2, 5, 3), np.float32))
    np.testing.assert_array_equal(layer.bias.grad.data, [10, 10, 10])
    np.testing.assert_allclose(layer.weight.grad.data, np.tile(x.sum((0, 1)), (3, 1)), rtol=1e-5)


def test_linear_gradients_of_any_order():
    rng = np.random.default_rng(0)
    for shape in [(4,), (3, 4), (2, 3, 4)]:
        tg.gradcheck(
            tg.linear, rng.standard_normal(shape), rng.standard_normal((2, 4)), rng.standard_normal(2)
        )
        tg.gradcheck(tg.linear, rng.standard_normal(shape), rng.standard_normal((2, 4)))


def test_sequential_is_a_list_of_layers():  # Y16
    x = np.ones((2, 2))
    assert nn.Sequential()(x) is x
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(model) == 3
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert isinstance(model[:2], nn.Sequential)
    with pytest.raises(TypeError, match="layer 1 is int"):
        nn.Sequential(nn.ReLU(), 3)


def test_repr_shows_the_tree():
    assert repr(nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Dropout(0.2)))) == (
        "Sequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n  (1): Sequential(\n    (0): "
        "Dropout(p=0.2)\n  )\n)"
    )


def test_inputs_are_cast_and_other_tensors_that_need_gradients_refused():
    layer = nn.Linear(2, 1)
    assert layer(np.ones((3, 2))).dtype == np.float32
    assert layer([[1, 2]]).dtype == np.float32
    with pytest.raises(errors.DTypeError, match="float32 parameters and got a Tensor of float64"):
        layer(tg.Tensor(np.ones((3, 2)), requires_grad=True))
    assert nn.Linear(2, 1, dtype=np.float64)(tg.Tensor(np.ones((3, 2)))).dtype == np.float64


@pytest.mark.parametrize(
    ("widened", "who"),
    [
        (lambda y: y / np.sqrt(2), "np.divide"),
        (lambda y: np.tanh(y * np.arange(2)) + 1, "np.multiply"),
        (lambda y: np.where([True, False], y, np.float64(3)).T.T, "np.where"),
        (lambda y: np.concatenate(np.split(y + np.ones(2), 2)), "np.add"),
        (lambda y: np.split(y / np.float64(2), 2)[0], "np.divide"),
        (lambda y: y.astype(np.float64) * 2, None),  # as was asked for
        (lambda y: y * tg.Tensor(np.ones(2), requires_grad=True), None),
    ],
)
def test_what_made_an_input_wider_is_named(widened, who):
    layer = nn.Linear(2, 2)
    with pytest.raises(errors.DTypeError) as caught:
        layer(widened(layer(np.ones((2, 2)))))
    assert (f"\n  {who} made float64 of float32" in str(caught.value)) == (who is not None)
    assert (" made " in str(caught.value)) == (who is not None)


def test_wrong_shapes_say_what_to_do():
    with pytest.raises(
        errors.ShapeError, match=r"expects 784 features in the last axis, got \(64, 28, 28\).*Flatten"
    ):
        nn.Linear(784, 10)(np.ones((64, 28, 28)))
    with pytest.raises(errors.ShapeError, match=r"expects 2 features in the last axis, got \(3,\)"):
        nn.Linear(2, 1)(np.ones(3))
    with pytest.raises(errors.ArgumentError, match="at least 1"):
        nn.Linear(0, 1)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4)])
def test_inputs_that_fit_are_not_blamed_for_a_bias_that_does_not(shape):
    layer = nn.Linear(4, 3, rng=0)
    layer.bias = nn.Parameter(np.ones(2))
    with pytest.raises(ValueError, match="could not be broadcast") as caught:
        layer(np.ones(shape))
    assert "features" not in str(caught.value)


def test_a_state_is_loaded_whole_or_not_at_all():  # T07
    net, other = Net(), Net()
    state = net.state_dict()
    before = other.state_dict()
    broken = {**state, "extra": np.ones(1), "scale": np.ones(2)}
    del broken["heads.b.bias"]
    with pytest.raises(errors.StateError) as error:
        other.load_state_dict(broken)
    for line in (
        "missing: heads.b.bias",
        "unexpected: extra",
        r"scale: expected shape (1,), got (2,)",
        "nothing was loaded",
    ):
        assert line in str(error.value)
    assert all(np.array_equal(before[name], value) for name, value in other.state_dict().items())
    net.scale.data[...] = 7  # the state is a copy
    assert state["scale"] == 1
    arrays = [p.data for p in other.parameters()]
    other.load_state_dict(net.state_dict())
    assert all(np.array_equal(a, b) for a, b in zip(other.state_dict().values(), net.state_dict().values()))
    assert all(p.data is a for p, a in zip(other.parameters(), arrays))


def body_and_head(classes):
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, classes))


def test_a_part_of_a_state_is_loaded_and_reported():
    trained, new = body_and_head(4), body_and_head(5)
    body = {name: value + 1 for name, value in trained.state_dict().items() if not name.startswith("2.")}
    head = new.state_dict()["2.weight"]
    report = new.load_state_dict({**body, "3.weight": np.ones(2)}, strict=False)
    assert report == (["2.weight", "2.bias"], ["3.weight"])
    assert report.missing_keys == ["2.weight", "2.bias"]
    after = new.state_dict()
    assert all(np.array_equal(after[name], value) for name, value in body.items())
    np.testing.assert_array_equal(after["2.weight"], head)
    assert new.load_state_dict(after) == ([], [])
    with pytest.raises(
        errors.StateError, match=r"loaded:\n  2\.weight: expected shape \(5, 3\), got \(4, 3\)"
    ):
        new.load_state_dict(trained.state_dict(), strict=False)  # what has another shape was meant to fit
    assert all(np.array_equal(after[name], value) for name, value in new.state_dict().items())


def test_prefixes_of_names_are_told():
    model = body_and_head(4)
    state = model.state_dict()
    wrapped = {f"module.{name}": value for name, value in state.items()}
    for strict in (True, False):
        with pytest.raises(errors.StateError, match=r"begin with the prefix 'module\.', and the module's"):
            model.load_state_dict(wrapped, strict=strict)
    outer = nn.ModuleDict({"net": model})
    with pytest.raises(errors.StateError, match=r"module's names begin with the prefix 'net\.'.*part 'net'"):
        outer.load_state_dict(state)
    with pytest.raises(errors.StateError) as error:
        model.load_state_dict({"a": np.ones(1)})
    assert "prefix" not in str(error.value)
    with pytest.raises(errors.StateError, match="none of its 1 names is one of the module's 9"):
        model.load_state_dict({"a": np.ones(1)}, strict=False)
    assert model.load_state_dict({}, strict=False).missing_keys == list(state)


def test_a_deep_copy_shares_nothing():  # E31
    net = Net()
    net(np.ones((1, 2))).sum().backward()
    twin = copy.deepcopy(net)
    assert twin.shared is twin.layers[0]
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        assert q.requires_grad
        assert np.array_equal(p.data, q.data)
        assert not np.shares_memory(p.data, q.data)
        assert not np.shares_memory(p.grad.data, q.grad.data)


def test_modules_are_trees_of_parameters_to_the_transforms():
    net = Net()
    x = np.float32([[1, -2], [3, 4]])
    gradient = tg.grad(lambda model: np.sum(model(x) ** 2))(net)
    np.sum(net(x) ** 2).backward()
    for (name, p), (same, g) in zip(net.named_parameters(), gradient.named_parameters(), strict=True):
        assert name == same
        np.testing.assert_array_equal(p.grad.data, g.data)
    assert gradient.shared is gradient.layers[0] or np.array_equal(
        gradient.shared.weight.data, gradient.layers[0].weight.data
    )


def test_dropout_scales_what_it_keeps_and_rests_in_use():  # Y09, Y10
    x = np.ones((100, 100))
    layer = nn.Dropout(0.25, rng=0)
    assert set(np.unique(layer(x))) == {0.0, 1 / 0.75}
    assert layer.eval()(x) is x
    assert (layer.train()(x) == 0).any()
    assert nn.Dropout(0.0)(x) is x
    t = tg.Tensor(x, requires_grad=True)
    nn.Dropout(1.0)(t).sum().backward()
    assert not t.grad.data.any()
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(errors.ArgumentError, match="probability"):
            nn.Dropout(p)


def test_dropout_uses_one_mask_and_keeps_the_mean():  # Y11
    x = tg.Tensor(np.ones(100_000), requires_grad=True)
    y = tg.dropout(x, 0.3, rng=0)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, x.grad.data)
    np.testing.assert_allclose(y.data.mean(), 1, atol=0.01)


def test_randomness_leaves_numpys_global_state_alone():  # Y12
    before = np.random.get_state()[1].copy()  # noqa: NPY002  # the state that must not move
    nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))(np.ones((3, 2)))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_initial_weights_follow_the_seed():  # T01
    def weights():
        return nn.Linear(3, 2).weight.data

    with tg.seed(0):
        first, second = weights(), weights()
    with tg.seed(0):
        again = weights()
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(weights(), weights())
    assert np.array_equal(nn.Linear(3, 2, rng=5).weight.data, nn.Linear(3, 2, rng=5).weight.data)


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no forward"):
        Empty()(1)


def test_transforms_reach_parameters_in_any_container():
    from typing import NamedTuple

    class Pair(NamedTuple):
        w: nn.Parameter
        b: nn.Parameter

    class Layers(list):
        pass

    class Model(nn.Module):
        def __init__(self):
            self.pair = Pair(nn.Parameter([1.0, 2.0]), nn.Parameter([1.0]))
            self.more = Layers([nn.Parameter([4.0])])
            self.itself = self

        def forward(self, x):
            return np.sum(self.pair.w * x) + self.more[0] * self.itself.pair.b

    gradient = tg.grad(lambda m: m(3.0))(Model())
    np.testing.assert_array_equal(gradient.pair.w.data, [3, 3])
    assert gradient.more[0].item() == 1.0
    assert gradient.itself is gradient


def test_attributes_of_a_container_are_no_layers():
    model = nn.Sequential(nn.ReLU())
    model.note = "x"
    assert model(np.ones(2)).tolist() == [1, 1]
    assert len(model) == 1


def test_integer_tensors_are_cast_as_integer_arrays_are():
    layer = nn.Linear(2, 1)
    assert layer(tg.Tensor(np.ones((3, 2), int))).dtype == layer(np.ones((3, 2), int)).dtype == np.float32


def test_a_bias_of_another_dtype_promotes():
    y = tg.linear(np.ones((2, 3), np.float32), np.ones((1, 3), np.float32), np.ones(1))
    assert y.dtype == np.float64


def test_parameters_take_on_what_was_assigned_while_they_were_frozen():
    p = nn.Parameter([1.0, 2.0])
    p.requires_grad_(False)
    p.data = np.float32([1, 2, 3])
    p.requires_grad_()
    (p * p).sum().backward()
    assert (p.grad.shape, p.grad.dtype) == ((3,), np.float32)
    p.requires_grad_(False)
    p.data = np.arange(3)
    with pytest.raises(errors.DTypeError, match="int64"):
        p.requires_grad_()


def test_a_name_clash_is_an_error():  # Y16
    class Clash(nn.Module):
        def __init__(self):
            self.heads = {1: nn.Linear(1, 1), "1": nn.Linear(1, 1)}

    with pytest.raises(errors.StateError, match=r"two parameters are called 'heads.1.bias'"):
        Clash().state_dict()
