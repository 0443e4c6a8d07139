"""Transforms within transforms: every way to take a second or third derivative gives the same number.

The functions are sums of ridges, Σ c φ(a · x + b), of which all derivatives have a closed form.
"""

from functools import reduce
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.check.strategies import arrays

# Each takes a function of x to its derivative along v, as a function of x.
ALONG = {
    "grad": lambda h, v: lambda x: np.sum(tg.grad(h)(x) * v),
    "value_and_grad": lambda h, v: lambda x: np.sum(tg.value_and_grad(h)(x)[1] * v),
    "vjp": lambda h, v: lambda x: np.sum(tg.vjp(h, x)[1](np.ones(()))[0] * v),
    "jvp": lambda h, v: lambda x: tg.jvp(h, (x,), (v,))[1],
    "jacobian": lambda h, v: lambda x: np.matmul(tg.jacobian(h)(x), v),
    "remat": lambda h, v: lambda x: np.sum(tg.grad(tg.remat(h))(x) * v),
}
# Each takes a function of x to its second derivative along v and w.
TWICE = {
    "hessian": lambda h, v, w: lambda x: np.matmul(v, np.matmul(tg.hessian(h)(x), w)),
    "hvp": lambda h, v, w: lambda x: np.sum(tg.hvp(h, (x,), (v,))[0] * w),
}
WAVES = {  # a function and its derivatives of first to third order
    "sin": (np.sin, np.cos, lambda t: -np.sin(t), lambda t: -np.cos(t)),
    "exp": (np.exp, np.exp, np.exp, np.exp),
    "cube": (lambda t: t**3, lambda t: 3 * t**2, lambda t: 6 * t, lambda t: 6 + 0 * t),
    "reciprocal": (
        lambda t: 1 / (4 + t),
        lambda t: -1 / (4 + t) ** 2,
        lambda t: 2 / (4 + t) ** 3,
        lambda t: -6 / (4 + t) ** 4,
    ),
}


@st.composite
def sums(draw):
    """A sum of two ridges, and where and along which directions to differentiate it."""
    names = draw(st.lists(st.sampled_from(sorted(WAVES)), min_size=2, max_size=2))
    a, c = draw(arrays((2, 3), low=-1, high=1)), draw(arrays((2,)))
    x, u, v, w = (draw(arrays((3,), low=-1, high=1)) for _ in range(4))

    def h(x):
        ridges = np.matmul(a, x)
        return sum(c[k] * WAVES[name][0](ridges[k]) for k, name in enumerate(names))

    def derivative(*directions):
        steps = (np.prod([a[k] @ d for d in directions]) for k in range(2))
        return sum(
            c[k] * WAVES[name][len(directions)](a[k] @ x) * step
            for k, (name, step) in enumerate(zip(names, steps))
        )

    return h, derivative, x, (u, v, w)


@pytest.mark.parametrize("outer", ALONG)
@pytest.mark.parametrize("inner", ALONG)
@settings(max_examples=max(settings.default.max_examples // 12, 2))
@given(drawn=sums())
def test_every_nesting_of_two(outer, inner, drawn):
    h, derivative, x, (u, v, _) = drawn
    found = ALONG[outer](ALONG[inner](h, v), u)(x)
    np.testing.assert_allclose(found, derivative(u, v), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("outer", TWICE)
@settings(max_examples=max(settings.default.max_examples // 12, 2))
@given(drawn=sums())
def test_second_derivatives_at_once_agree(outer, drawn):
    h, derivative, x, (u, v, _) = drawn
    np.testing.assert_allclose(TWICE[outer](h, u, v)(x), derivative(u, v), rtol=1e-10, atol=1e-10)


@settings(max_examples=2 * settings.default.max_examples)
@given(drawn=sums(), nest=st.tuples(*[st.sampled_from(sorted(ALONG))] * 3))
def test_every_nesting_of_three(drawn, nest):
    h, derivative, x, directions = drawn
    nested = reduce(lambda g, k: ALONG[nest[k]](g, directions[k]), range(3), h)
    np.testing.assert_allclose(nested(x), derivative(*directions), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("twice", "once"), [*product(TWICE, ("grad", "jvp", "vjp"))])
@settings(max_examples=2)
@given(drawn=sums())
def test_third_derivatives_through_second_ones(twice, once, drawn):
    h, derivative, x, (u, v, w) = drawn
    for nested in (TWICE[twice](ALONG[once](h, w), u, v), ALONG[once](TWICE[twice](h, u, v), w)):
        np.testing.assert_allclose(nested(x), derivative(u, v, w), rtol=1e-9, atol=1e-9)


# ---- levels are not confused -------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", ALONG)
@pytest.mark.parametrize("inner", ALONG)
def test_perturbations_are_not_confused(outer, inner):
    """d/dx [x · d/dy (x y²)] at y = 1 is d/dx 2x² = 4x, in every combination of transforms."""
    one = np.ones(1)
    inside = lambda x: ALONG[inner](lambda y: np.sum(x * y**2), one)(one)
    found = ALONG[outer](lambda x: np.sum(x) * inside(x), one)(np.array([3.0]))
    np.testing.assert_allclose(found, 12.0, rtol=1e-13)


@pytest.mark.parametrize("inner", ALONG)
def test_a_closure_over_the_outer_variable_is_differentiated(inner):
    """The inner function uses the outer x in an inner derivative with respect to x itself."""
    one = np.ones(1)
    f = lambda x: ALONG[inner](lambda z: np.sum(np.sin(x * z)), one)(x)  # x cos(x²)
    x = np.array([0.7])
    np.testing.assert_allclose(
        tg.grad(lambda x: np.sum(f(x)))(x), np.cos(x**2) - 2 * x**2 * np.sin(x**2), rtol=1e-12
    )
