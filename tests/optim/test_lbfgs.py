"""L-BFGS and its line search: known minima, its equations, and the conditions of Wolfe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import errors, optim
from tinygrad_edu.optim.line_search import Point, strong_wolfe


def closure_of(optimizer, loss_of):
    def closure():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        closure.calls += 1
        return loss

    closure.calls = 0
    return closure


def rosenbrock(p):
    return np.sum((1 - p[:-1]) ** 2 + 100 * (p[1:] - p[:-1] ** 2) ** 2)


@pytest.mark.parametrize("n", [2, 10])
def test_rosenbrocks_valley_to_1e_8(n):
    p = tg.Tensor(np.tile([-1.2, 1.0], n // 2), requires_grad=True)
    optimizer = optim.LBFGS([p], max_iter=200, tolerance_change=1e-16)
    closure = closure_of(optimizer, lambda: rosenbrock(p))
    optimizer.step(closure)
    if n == 2:
        np.testing.assert_allclose(p.data, 1, atol=1e-8)
    assert np.abs(p.grad.data).max() < 1e-6  # beyond n = 3 there is a second, local minimum
    assert closure.calls < 60 * n


def test_it_ends_where_bfgs_of_the_equations_ends():
    """With all pairs kept, and the same rates, the two loops are the matrix update of the docstring."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((5, 5))
    a = a @ a.T + np.eye(5)
    start = rng.standard_normal(5)
    p = tg.Tensor(start, requires_grad=True)
    optimizer = optim.LBFGS([p], lr=0.1, max_iter=7, line_search_fn=None, tolerance_change=0, max_eval=100)
    optimizer.step(closure_of(optimizer, lambda: 0.5 * (p @ (a @ p)) + np.sum(np.cosh(p))))

    x, before, g_before, pairs = start, start, start, []
    for k in range(7):
        g = a @ x + np.sinh(x)
        if k:
            pairs.append((x - before, g - g_before))
            s, y = pairs[-1]
            h = np.eye(5) * (s @ y) / (y @ y)
            for s, y in pairs:
                v = np.eye(5) - np.outer(y, s) / (s @ y)
                h = v.T @ h @ v + np.outer(s, s) / (s @ y)
        else:
            h = np.eye(5) * min(1, 1 / np.abs(g).sum())
        before, g_before, x = x, g, x - 0.1 * h @ g
    np.testing.assert_allclose(p.data, x, rtol=1e-9)


@given(seed=st.integers(0, 100), n=st.integers(1, 6))
def test_the_minimum_of_a_quadratic(seed, n):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, n))
    a, b = a @ a.T + np.eye(n), rng.standard_normal(n)
    p = tg.Tensor(np.zeros(n), requires_grad=True)
    optimizer = optim.LBFGS([p], max_iter=100, tolerance_grad=1e-10, tolerance_change=1e-18)
    first = optimizer.step(closure_of(optimizer, lambda: 0.5 * (p @ (a @ p)) - p @ b))
    assert first == 0.0
    np.testing.assert_allclose(p.data, np.linalg.solve(a, b), atol=1e-8)


def test_it_goes_down_where_the_curvature_is_negative():
    """From the top of a hill: pairs that would make H negative are left out."""
    p = tg.Tensor([0.3], requires_grad=True)
    optimizer = optim.LBFGS([p], lr=0.2, max_iter=100, max_eval=1000, line_search_fn=None)
    optimizer.step(closure_of(optimizer, lambda: np.sum(np.cos(p))))
    np.testing.assert_allclose(p.data, [np.pi], atol=1e-4)


def test_a_network_in_float32():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 3)).astype(np.float32)
    y = np.sin(x.sum(1, keepdims=True))
    model = tg.nn.Sequential(tg.nn.Linear(3, 8, rng=0), tg.nn.Tanh(), tg.nn.Linear(8, 1, rng=1))
    optimizer = optim.LBFGS(model.parameters(), max_iter=100)
    arrays = [p.data for p in model.parameters()]
    closure = closure_of(optimizer, lambda: np.mean((model(x) - y) ** 2))
    first = optimizer.step(closure)
    last = closure().item()
    assert last < first / 100
    for p, array in zip(model.parameters(), arrays):
        assert p.data is array
        assert p.dtype == np.float32


def test_frozen_parameters_rest():
    p, q = (tg.Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    q.requires_grad_(False)
    optimizer = optim.LBFGS([p, q])
    optimizer.step(closure_of(optimizer, lambda: np.sum((p - q) ** 2) + np.sum(p**2)))
    np.testing.assert_allclose(p.data, [0.5, 1.0], atol=1e-6)
    np.testing.assert_array_equal(q.data, [1, 2])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_step_leaves_the_last_accepted_point(error):
    p = tg.Tensor([-1.2, 1.0], requires_grad=True)
    optimizer = optim.LBFGS([p])
    whole = closure_of(optimizer, lambda: rosenbrock(p))
    seen = []

    def closure():
        seen.append(p.data.copy())
        if len(seen) == 9:
            raise error
        return whole()

    with pytest.raises(error):
        optimizer.step(closure)
    assert any(np.array_equal(p.data, point) for point in seen[:8])
    value = rosenbrock(p.data)
    assert value < rosenbrock(seen[0])
    optimizer.step(whole)
    assert rosenbrock(p.data) < value


def test_values_that_are_not_finite():
    p = tg.Tensor([1.0], requires_grad=True)
    optimizer = optim.LBFGS([p])
    with pytest.raises(errors.NonFiniteError, match="the loss is nan"):
        optimizer.step(closure_of(optimizer, lambda: np.sum(p * np.nan)))
    np.testing.assert_array_equal(p.data, [1])
    p.data[...] = 0.1
    optimizer = optim.LBFGS([p], lr=100.0)  # the first steps are beyond 0, where the logarithm is not defined
    with np.errstate(invalid="ignore"):
        optimizer.step(closure_of(optimizer, lambda: np.sum(p - np.log(p))))
    np.testing.assert_allclose(p.data, [1], atol=1e-4)


def test_one_group_only():
    p, q = (tg.Tensor([1.0], requires_grad=True) for _ in range(2))
    with pytest.raises(errors.ArgumentError, match="LBFGS has one group"):
        optim.LBFGS([{"params": [p]}, {"params": [q]}])


def test_each_limit_stops_a_step():
    p = tg.Tensor([2.0], requires_grad=True)
    for settings, calls in [
        ({"max_iter": 1}, 2),
        ({"max_eval": 1}, 2),
        ({"tolerance_grad": 10}, 1),
        ({"max_iter": 1, "line_search_fn": None}, 1),
    ]:
        p.data[...] = 2
        optimizer = optim.LBFGS([p], **{"lr": 0.5, **settings})
        closure = closure_of(optimizer, lambda: np.sum(np.cosh(p)))
        optimizer.step(closure)
        assert closure.calls == calls, settings


LINES = {
    "parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "far": (lambda t: (t - 1000) ** 2, lambda t: 2 * (t - 1000)),
    "near": (lambda t: (1000 * t - 1) ** 2, lambda t: 2000 * (1000 * t - 1)),
    "quartic": (lambda t: (t - 2) ** 4 + t, lambda t: 4 * (t - 2) ** 3 + 1),
    "wavy": (lambda t: t**2 - 3 * t - np.sin(5 * t), lambda t: 2 * t - 3 - 5 * np.cos(5 * t)),
    "wall": (lambda t: t * t - 4 * t if t < 2.5 else np.inf, lambda t: 2 * t - 4),
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("first", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("c2", [0.9, 0.1])
def test_the_conditions_of_wolfe(line, first, c2):
    value, slope = LINES[line]
    calls = []

    def along(t):
        calls.append(t)
        return Point(t, float(value(t)), float(slope(t)))

    start = Point(0.0, float(value(0.0)), float(slope(0.0)))
    found = strong_wolfe(along, start, first, c2=c2)
    assert found.value <= start.value + 1e-4 * found.t * start.slope
    assert abs(found.slope) <= c2 * abs(start.slope)
    assert found.t in calls
    assert len(calls) <= 20


def test_a_line_that_only_rises_gives_its_start():
    start = Point(0.0, 0.0, -1.0)
    assert strong_wolfe(lambda t: Point(t, 1 + t, 1.0), start, 1.0) is start


def test_the_term_of_armijo():
    """At 1 the value is lower, and the slope flat, but it fell by less than 1e-4 of the first slope:
    both searches go on.
    """

    def cubic(t):  # 0 and the slope -1 at 0, -5e-5 and the slope 0.5 at 1
        a, b = -0.5 + 1e-4, 1.5 - 1.5e-4
        return Point(t, a * t**3 + b * t**2 - t, 3 * a * t**2 + 2 * b * t - 1)

    assert cubic(1.0).value == pytest.approx(-5e-5, rel=1e-9)
    assert abs(cubic(1.0).slope) < 0.9
    found = strong_wolfe(cubic, Point(0.0, 0.0, -1.0), 1.0)
    assert 0.1 < found.t < 0.9
    assert found.value <= -1e-4 * found.t

    # Per unit of t: too far, then too little, then enough.
    answers = [(10.0, 10.0), (-5e-5, 0.0), (-0.5, -0.5)]

    def scripted(t):
        value, slope = answers.pop(0)
        return Point(t, value * t, slope)

    found = strong_wolfe(scripted, Point(0.0, 0.0, -1.0), 1.0)
    assert answers == []
    assert found.value == -0.5 * found.t


def test_a_parameter_without_a_gradient_stays():
    p, q, r = (tg.Tensor([1.0, 2.0], requires_grad=True) for _ in range(3))
    optimizer = optim.LBFGS([q, p, r], max_iter=50)
    optimizer.step(closure_of(optimizer, lambda: np.sum((p - [3.0, 5.0]) ** 2)))
    np.testing.assert_allclose(p.data, [3, 5], atol=1e-6)
    np.testing.assert_array_equal(q.data, [1, 2])
    np.testing.assert_array_equal(r.data, [1, 2])


def test_a_parameter_that_no_longer_has_a_gradient_stays_too():
    """What earlier steps say of the curvature was of a function of other parameters."""
    p, q = (tg.Tensor([1.0, -2.0], requires_grad=True) for _ in range(2))
    optimizer, both = optim.LBFGS([p, q], max_iter=3), [True]

    def loss():
        rest = np.sum((p - 3) ** 2 * [1, 10])
        return rest + np.sum((q * p - 1) ** 2) if both[0] else rest

    closure = closure_of(optimizer, loss)
    optimizer.step(closure)
    assert len(optimizer.state_dict()["state"]["s"]) > 0
    both[0], before = False, q.data.copy()
    for _ in range(10):
        optimizer.step(closure)
    np.testing.assert_array_equal(q.data, before)
    np.testing.assert_allclose(p.data, [3, 3], atol=1e-4)


@pytest.mark.parametrize(("value", "slope"), [(np.inf, 1.0), (np.nan, 1.0), (1.0, np.inf), (1.0, np.nan)])
def test_a_start_of_which_only_the_loss_or_only_the_gradient_is_finite(value, slope):
    p = tg.Tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.LBFGS([p])

    def closure():
        p.grad = tg.Tensor([0.5, slope])
        return tg.Tensor(value)

    with pytest.raises(
        errors.NonFiniteError, match=rf"the loss is {value}, and {int(not np.isfinite(slope))} elements"
    ):
        optimizer.step(closure)
    np.testing.assert_array_equal(p.data, [1, 2])


def test_a_closure_that_forgets_to_return_the_loss():
    p = tg.Tensor([1.0], requires_grad=True)
    with pytest.raises(errors.DTypeError, match="the closure returns the loss, a Tensor; got NoneType"):
        optim.LBFGS([p]).step(lambda: None)


def test_a_shape_that_changes_in_the_middle_of_a_step_leaves_the_other_parameters_at_an_accepted_point():
    p, q = (tg.Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    optimizer, calls = optim.LBFGS([p, q]), []

    def loss():
        calls.append(p.data.copy())
        if len(calls) == 3:
            q.data = np.ones(3)
        return np.sum(np.cosh(p)) + np.sum(q**2)

    with pytest.raises(errors.ShapeError, match=r"became \(3,\)"):
        optimizer.step(closure_of(optimizer, loss))
    assert any(np.array_equal(p.data, point) for point in calls[:2])
    assert optimizer.state_dict()["optimizer"] == "LBFGS"
