"""remat: the same values and gradients, less memory."""

import tracemalloc

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import copies, generic
from tinygrad_edu.errors import ArgumentError, GraphError


def smooth(x):
    return np.sin(x) ** 2 * np.exp(x)


def test_values_and_derivatives_are_the_functions_own():
    x, f = generic(3), tg.remat(smooth)
    np.testing.assert_array_equal(f(x), smooth(x))
    slope = np.exp(x) * (np.sin(2 * x) + np.sin(x) ** 2)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(f(x)))(x), slope, rtol=1e-14)
    tg.gradcheck(f, x)
    third = tg.grad(tg.grad(tg.grad(tg.remat(lambda t: np.sin(2 * t)))))(0.4)
    np.testing.assert_allclose(third, -8 * np.cos(0.8), rtol=1e-13)
    np.testing.assert_allclose(tg.jvp(f, (x,), (x,))[1], slope * x, rtol=1e-14)


def layers(seed):
    return tg.nn.Sequential(
        tg.nn.Linear(3, 16, rng=0), tg.nn.Tanh(), tg.nn.Dropout(0.5, rng=seed), tg.nn.Linear(16, 2, rng=1)
    )


def test_parameters_of_modules_get_their_gradients_and_dropout_its_mask():
    one, other, x = layers(5), layers(5), generic(8, 3).astype(np.float32)
    again = tg.remat(other)
    for _ in range(3):  # the generator goes on, from call to call
        np.sum(one(x) ** 2).backward()
        np.sum(again(x) ** 2).backward()
        for p, q in zip(one.parameters(), other.parameters()):
            np.testing.assert_array_equal(p.grad.data, q.grad.data)


@pytest.mark.parametrize("draw", [lambda x: tg.dropout(x, 0.5), lambda x: tg.dropout(x, 0.5, rng=3)])
def test_masks_are_drawn_again(draw):
    x = tg.Tensor(np.ones(200), requires_grad=True)
    with tg.seed(0):
        y = tg.remat(tg.remat(lambda x: draw(x) * draw(x)))(x)
        y.backward(np.ones(200))
    np.testing.assert_array_equal(x.grad.data, 2 * y.data)
    assert 0 < np.count_nonzero(y.data) < 200


def test_containers_settings_and_unrecorded_calls():
    @tg.remat
    def f(parts, *, scale):
        y = parts["x"] * scale
        return {"twice": y, "rest": [parts["x"], np.sum(y), 3]}

    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    out = f({"x": x}, scale=2)
    assert out["rest"][2] == 3
    assert out["rest"][0].requires_grad
    (np.sum(out["twice"]) + 10 * out["rest"][1] + 100 * np.sum(out["rest"][0])).backward()
    np.testing.assert_array_equal(x.grad.data, [122, 122])
    assert type(f({"x": np.ones(2)}, scale=2)["twice"]) is np.ndarray
    with tg.no_grad():
        assert not f({"x": x}, scale=2)["twice"].requires_grad


def test_what_is_assigned_to_an_argument_afterwards_does_not_matter():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    z = tg.remat(np.square)(y)
    y[0] = 7.0
    np.sum(z).backward()
    np.testing.assert_array_equal(x.grad.data, [2, 4])


def test_other_random_numbers_and_changed_parameters_are_noticed():
    rng, w = np.random.default_rng(0), tg.Tensor([1.0, 2.0], requires_grad=True)
    y = tg.remat(lambda x: x * rng.standard_normal(2))(w)
    with pytest.raises(GraphError, match="draw random numbers by a generator of its own"):
        np.sum(y).backward()
    y = tg.remat(lambda: np.square(w))()
    with tg.no_grad():
        w += 1
    with pytest.raises(GraphError, match="returned something else"):
        np.sum(y).backward()


def test_a_variable_made_inside_is_refused():
    with pytest.raises(GraphError, match="makes a tensor that requires a gradient"):
        tg.remat(lambda x: x * tg.Tensor([1.0], requires_grad=True))(tg.Tensor([1.0], requires_grad=True))


def test_a_second_backward_pass_is_as_without():
    x = tg.Tensor([1.0], requires_grad=True)
    y = np.sum(tg.remat(np.sin)(x))
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.data, 2 * np.cos([1.0]), rtol=1e-15)
    with pytest.raises(GraphError, match="released"):
        y.backward()


def test_memory_does_not_grow_with_the_steps_inside():
    """Ten blocks of twenty steps hold the ten results, and the steps of one block at a time."""

    def block(x):
        for _ in range(20):
            x = np.sin(x) * 1.01
        return x

    def peak(step):
        x = tg.Tensor(np.ones(50_000), requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(10):
            y = step(y)
        np.sum(y).backward()
        used = tracemalloc.get_traced_memory()[1] / x.data.nbytes
        tracemalloc.stop()
        return used, x.grad.data

    (kept, one), (again, other) = peak(block), peak(tg.remat(block))
    np.testing.assert_array_equal(one, other)
    assert kept > 200
    assert again < 60


def test_a_model_trains_to_the_same_bits():
    x, y = generic(20, 3).astype(np.float32), np.arange(20) % 2
    found = []
    for wrap in (lambda f: f, tg.remat):
        model = layers(1)
        call = wrap(model)
        optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(5):
            optimizer.zero_grad()
            tg.softmax_cross_entropy(call(x), y).backward()
            optimizer.step()
        found.append(copies(model))
    for p, q in zip(*found):
        np.testing.assert_array_equal(p, q)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ArgumentError, match="a function or a module; got a int"):
        tg.remat(3)


def test_a_layer_that_lets_its_inside_go_and_gradients_of_gradients_by_backward():
    class Net(tg.nn.Module):
        def __init__(self):
            self.inner = tg.nn.Linear(3, 3, rng=0, dtype=np.float64)

        @tg.remat
        def body(self, x):
            return np.tanh(self.inner(x))

        def forward(self, x):
            return np.sum(self.body(x) ** 2)

    net, x = Net(), generic(2, 3)
    tg.gradcheck(lambda x, w, b: net.__tree__()[1]([w, b])(x), x, net.inner.weight.data, net.inner.bias.data)
    t = tg.Tensor([0.3, 1.0], requires_grad=True)
    with tg.debug():
        np.sum(tg.remat(np.sin)(t)).backward(create_graph=True)
        slope, t.grad = t.grad, None
        np.sum(slope**2).backward()
    np.testing.assert_allclose(t.grad.data, -np.sin(2 * t.data), rtol=1e-14)
