"""implicit_root and fixed_point: closed forms, numerical derivatives, and what is no root."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu.errors import ArgumentError, ConvergenceError, MissingRule, ShapeError

cubic = tg.implicit_root(lambda x, a: x**3 + x - a)


def test_derivatives_of_a_root_have_their_closed_forms():
    """With s = 1 / (3x² + 1): x' = s, x'' = -6x s³, x''' = s³ (108 x² s² - 6 s)."""
    x, s = 1.0, 0.25
    np.testing.assert_allclose(cubic(0.0, 2.0), x, rtol=1e-15)
    d = lambda a: tg.grad(cubic, 1)(0.0, a)
    np.testing.assert_allclose(d(2.0), s, rtol=1e-14)
    np.testing.assert_allclose(tg.grad(d)(2.0), -6 * x * s**3, rtol=1e-13)
    np.testing.assert_allclose(tg.grad(tg.grad(d))(2.0), s**3 * (108 * x**2 * s**2 - 6 * s), rtol=1e-12)
    np.testing.assert_allclose(tg.jvp(lambda a: cubic(0.0, a), (2.0,), (3.0,))[1], 3 * s, rtol=1e-14)


def test_a_linear_system_is_solved_as_numpy_does():
    a, b = generic(3, 3) + 3 * np.eye(3), generic(3, seed=1)
    root = tg.implicit_root(lambda x, p: p["a"] @ x - p["b"])
    np.testing.assert_allclose(root(np.zeros(3), {"a": a, "b": b}), np.linalg.solve(a, b), rtol=1e-12)
    tg.gradcheck(lambda a, b: root(np.zeros(3), {"a": a, "b": b}), a, b)


def test_a_system_of_any_shape():
    a = np.arange(1.0, 5.0).reshape(2, 2)
    root = tg.implicit_root(lambda x, a: np.cos(x) - a * x)
    x = root(np.zeros((2, 2)), a)
    np.testing.assert_allclose(np.cos(x), a * x, rtol=1e-13)
    np.testing.assert_allclose(
        tg.grad(lambda a: np.sum(root(np.zeros((2, 2)), a)))(a), -x / (np.sin(x) + a), rtol=1e-12
    )


def test_a_layer_given_by_a_fixed_point_trains():
    layer = tg.nn.Linear(3, 3, rng=0, dtype=np.float64)
    layer.weight.data *= 0.4
    deep = tg.fixed_point(lambda x, layer, u: np.tanh(layer(x) + u))
    u = generic(3)
    tg.gradcheck(
        lambda w, b, u: deep(np.zeros(3), layer.__tree__()[1]([w, b]), u),
        layer.weight.data,
        layer.bias.data,
        u,
    )
    x = deep(np.zeros(3), layer, u)
    np.testing.assert_allclose(x.data, np.tanh(layer(x.detach()).data + u), rtol=1e-13)
    np.sum(x**2).backward()
    assert layer.weight.grad.shape == (3, 3)


def test_another_solver_and_float32():
    root = tg.implicit_root(lambda x, a: x - a**2, solver=lambda f, x0: x0 - f(x0))
    assert tg.grad(root, 1)(0.0, 3.0) == 6.0
    scipy = pytest.importorskip("scipy.optimize")
    root = tg.implicit_root(lambda x, a: np.exp(x) - a, solver=lambda f, x0: scipy.fsolve(f, x0))
    np.testing.assert_allclose(
        tg.grad(lambda a: np.sum(root(np.zeros(1), a)))(np.ones(1) * 2), [0.5], rtol=1e-7
    )
    for start in (0, [0, 0], np.zeros(2, int)):
        np.testing.assert_allclose(cubic(start, 2), np.ones(np.shape(start)), rtol=1e-15)
    x = cubic(np.float32(1), np.float32(2))
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, 1, rtol=1e-6)


def test_the_start_has_a_zero_gradient():
    assert tg.grad(cubic)(0.5, 2.0) == 0


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: tg.implicit_root(3), ArgumentError, "residual is a function; got a int"),
        (lambda: tg.implicit_root(np.sin, solver=3), ArgumentError, "solver is a function"),
        (lambda: tg.implicit_root(lambda x, a: x * x - a)(1.0, 0.0), ConvergenceError, "singular"),
        (lambda: tg.implicit_root(lambda x, a: x * x + a)(0.3, 1.0), ConvergenceError, "Newton's method"),
        (
            lambda: tg.implicit_root(lambda x, a: np.stack([x[0] + x[1] - a, 2 * x[0] + 2 * x[1] - 2 * a]))(
                np.zeros(2), 1.0
            ),
            ConvergenceError,
            "singular",
        ),
        (
            lambda: tg.implicit_root(lambda x, a: np.sum(x) - a)(np.zeros(2), 1.0),
            ShapeError,
            r"\(2,\); got \(\)",
        ),
        (
            lambda: tg.implicit_root(lambda x, a: x - a, solver=lambda f, x0: x0)(np.zeros(2), 1.0),
            ConvergenceError,
            "the solver has found no root: .* the residual is 1",
        ),
        (
            lambda: tg.fixed_point(lambda x, a: 2 * x + a)(1.0, 1.0),
            ConvergenceError,
            "fixed_point: .*over and over",
        ),
        (
            lambda: tg.implicit_root(lambda x, a: x - a * tg.Tensor(2.0, requires_grad=True))(0.0, 1.0),
            MissingRule,
            "implicit_root: its forward uses",
        ),
    ],
)
def test_mistakes_are_named(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_singular_jacobian_of_a_root_that_a_solver_found_is_named_in_the_backward_pass():
    root = tg.implicit_root(lambda x, a: x * x - a, solver=lambda f, x0: 0 * x0)
    with pytest.raises(ConvergenceError, match="singular"):
        tg.grad(root, 1)(1.0, 0.0)
