"""gradcheck at every scale: right gradients pass from 1e-12 to 1e8, wrong ones do not,
and a kink is a kink everywhere.
"""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import primitive
from tinygrad_edu.check import gradcheck, numerical_vjp
from tinygrad_edu.errors import GradcheckError, UndecidedError

FEW = max(1, settings.default.max_examples // 8)  # of the profile's: there are many functions
REAL, POSITIVE, MODEST = "real", "positive", "modest"  # MODEST: real, of magnitudes up to 100

# name: (function, its derivative in closed form, domain)
SMOOTH = {
    "sin": (np.sin, np.cos, REAL),
    "cos": (np.cos, lambda x: -np.sin(x), REAL),
    "exp": (np.exp, np.exp, MODEST),
    "expm1": (np.expm1, np.exp, MODEST),
    "exp2": (np.exp2, lambda x: np.log(2) * np.exp2(x), MODEST),
    "sinh": (np.sinh, np.cosh, MODEST),
    "log": (np.log, lambda x: 1 / x, POSITIVE),
    "log1p": (np.log1p, lambda x: 1 / (1 + x), POSITIVE),
    "log10": (np.log10, lambda x: 1 / (x * np.log(10)), POSITIVE),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x), POSITIVE),
    "rsqrt": (lambda x: 1 / np.sqrt(x), lambda x: -0.5 * x**-1.5, POSITIVE),
    "power": (lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x), POSITIVE),
    "entropy": (lambda x: x * np.log(x), lambda x: 1 + np.log(x), POSITIVE),
    "cbrt": (np.cbrt, lambda x: 1 / (3 * np.cbrt(x) ** 2), REAL),
    "square": (np.square, lambda x: 2 * x, REAL),
    "cube": (lambda x: x**3, lambda x: 3 * x**2, REAL),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, REAL),
    "affine": (lambda x: 3 * x + 1, lambda x: 0 * x + 3, REAL),
    "parabola": (lambda x: x * x - 2 * x + 5, lambda x: 2 * x - 2, REAL),
    "tanh": (np.tanh, lambda x: np.cosh(np.clip(x, -300, 300)) ** -2.0, REAL),
    "arctan": (np.arctan, lambda x: 1 / (1 + x * x), REAL),
    "arcsinh": (np.arcsinh, lambda x: 1 / np.hypot(1, x), REAL),
    "sigmoid": (tg.sigmoid, lambda x: 0.25 * np.cosh(np.clip(x / 2, -300, 300)) ** -2.0, REAL),
    "softplus": (tg.softplus, lambda x: np.exp(-np.logaddexp(0, -x)), REAL),
    "logaddexp": (lambda x: np.logaddexp(x, 1.0), lambda x: np.exp(-np.logaddexp(0, 1 - x)), REAL),
    "gelu": (tg.gelu, None, REAL),
    "silu": (tg.silu, None, REAL),
    "gauss": (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x), REAL),
    "hypot": (lambda x: np.hypot(x, 1.0), lambda x: x / np.hypot(x, 1), REAL),
    "rational": (lambda x: x / (1 + x * x), lambda x: (1 - x * x) / (1 + x * x) ** 2, REAL),
}


@st.composite
def points(draw, domain):
    """One to three numbers of magnitudes from 1e-12 to 1e8, each drawn by itself."""
    largest = 2 if domain == MODEST else 8
    exponents = draw(st.lists(st.floats(-12, largest), min_size=1, max_size=3))
    signs = draw(st.lists(st.sampled_from([1.0, -1.0]), min_size=len(exponents), max_size=len(exponents)))
    return 10.0 ** np.array(exponents) * (1.0 if domain == POSITIVE else np.array(signs))


def weighted(factor):
    """The identity, with a rule that multiplies the gradient."""
    return primitive(x=lambda g: g * factor)(lambda x: x * 1.0)


@pytest.mark.parametrize("name", SMOOTH)
@settings(max_examples=FEW)
@given(data=st.data())
def test_smooth_functions_of_any_scale(name, data):
    f, slope, domain = SMOOTH[name]
    x = data.draw(points(domain))
    with suppress(UndecidedError):  # a kink, or a wrong gradient, would be another error
        assert 2 * gradcheck(f, x, second_order=False).undecided <= x.size
    if slope is None:
        return
    with np.errstate(under="ignore"):
        right = slope(x)
    i = data.draw(st.integers(0, x.size - 1))
    factor = np.ones(x.size)
    factor[i] = data.draw(st.sampled_from([0.0, -1.0, 0.5, 1.1, 2.0, 7.0, 1e3]))
    if abs(right[i]) <= 1e-12 * max(1, np.max(np.abs(right)), abs(f(x)[i]) / max(abs(x[i]), 1)):
        return  # no difference would show it
    wrong, text = weighted(factor), ""
    try:
        report = gradcheck(lambda x: f(wrong(x)), x, second_order=False)
    except GradcheckError as error:
        text = str(error)
    else:
        assert f"({i},)" in " ".join(report.notes), "neither rejected nor named"
    assert "not differentiable" not in text
    assert "nothing was checked" not in text


KINKED = {
    "abs": lambda s: lambda x: np.abs(x - s),
    "relu": lambda s: lambda x: tg.relu(x - s),
    "leaky relu": lambda s: lambda x: tg.leaky_relu(x - s),
    "maximum": lambda s: lambda x: np.maximum(x, s),
    "minimum": lambda s: lambda x: np.minimum(x, s),
    "near tie": lambda s: lambda x: np.maximum(x, np.nextafter(s, np.inf)),
    "clip": lambda s: lambda x: np.clip(x, min(s, 4 * s), max(s, 4 * s)),
    "hinge": lambda s: lambda x: tg.relu(1 - x / s),
    "floor": lambda s: lambda x: np.floor(x / s),
    "sign": lambda s: lambda x: np.sign(x - s),
    "step": lambda s: lambda x: np.where(x >= s, 2 * x, x),
    "beside its size": lambda s: lambda x: s + np.abs(x - s),
    "sum": lambda s: lambda x: np.sum(np.abs(x - s)),
}


@pytest.mark.parametrize("name", KINKED)
@settings(max_examples=FEW)
@given(data=st.data())
def test_kinks_of_any_scale_are_named(name, data):
    x = data.draw(points(REAL))
    i = data.draw(st.integers(0, x.size - 1))
    with pytest.raises(
        GradcheckError, match=r"element \(\d,\): not differentiable here: (one-sided slopes|f jumps)"
    ):
        gradcheck(KINKED[name](x[i]), x)


@pytest.mark.parametrize("others", [[], [1e-12], [1e8], [1e-12, 1e8], [0.0]])
@pytest.mark.parametrize(
    "f", [np.abs, tg.relu, np.sign, lambda x: 1 + np.abs(x), lambda x: np.max(np.stack([x, 0 * x]), axis=0)]
)
def test_kinks_at_zero_beside_any_scale(f, others):
    with pytest.raises(GradcheckError, match="not differentiable here"):
        gradcheck(f, np.array([*others, 0.0]))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.sin, [1e8]), (np.sin, [1e8, 2.0]), (np.sqrt, [1e-12, 1.0]), (np.log, [1e-9, 1e3]),
        (lambda x: 1 / x, [1e-8]), (np.exp, [300.0]), (lambda x: x**3, [1e-10, 1e6]), (np.tanh, [40.0]),
        (np.cos, [1e-12]), (lambda x: 1 + x, [1e-12]), (np.arccos, [1 - 1e-12]), (np.abs, [1e-12, 1.0]),
        (tg.relu, [1e-12, -1e-12, 1e8]), (np.floor, [1e8 + 0.5]), (lambda x: np.sin(1e8 * x), [0.0, 1.0]),
        (lambda x: np.sqrt(x * x + 1e-20), [0.0]), (lambda x: np.exp(x / 1e-12), [1e-12, -3e-12]),
    ],
)  # fmt: skip
def test_right_gradients_are_not_called_kinks(f, x):
    assert gradcheck(f, np.array(x)).undecided == 0


def test_what_cannot_be_judged_is_said():
    lost = "the gradient cannot be judged at this scale: it is 2.156e-20, numerically 0 ± "
    with pytest.raises(UndecidedError, match=lost):
        gradcheck(lambda x: 1 + 1e-20 * np.abs(x), np.array([1.0]))
    with pytest.raises(UndecidedError, match=r"another one at each step(.|\n)*So it is with 2 of 3 elements"):
        gradcheck(np.sin, np.array([1e17, 2.0, 3e17]))
    report = gradcheck(np.sin, np.array([1e17, 2.0, 3.0]))
    assert report.undecided == 1
    assert (
        "1 of 3 elements of input 0 (shape (3,), float64) could not be judged at this scale: (0,)"
        in report.notes
    )
    assert "every slope is zero here" in gradcheck(np.tanh, np.array([40.0])).notes[0]


def test_one_wrong_element_among_many_of_all_scales():
    rng = np.random.default_rng(0)
    x = 10.0 ** rng.uniform(-12, 8, 2400) * rng.choice([-1, 1], 2400)
    signs = np.ones(x.size)
    i = int(np.argsort(np.abs(x))[800])  # a small one
    signs[i] = -1
    flipped = weighted(signs)
    with pytest.raises(GradcheckError, match=rf"element \({i},\)"):
        gradcheck(lambda x: np.cbrt(flipped(x)), x)
    assert gradcheck(np.cbrt, x, second_order=False).undecided == 0


def test_numerical_vjp_steps_by_element():
    x = np.array([1e8, 1e-9, 2.0])
    (gradient,), (error,) = numerical_vjp(np.sin, [x], np.ones(3))
    assert np.all(np.abs(gradient - np.cos(x)) <= 3 * error + 1e-15)
    assert np.max(error) < 1e-4
