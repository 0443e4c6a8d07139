"""Tensors and transforms among other people's code: SciPy, matplotlib, pandas, Python's own functions,
and plain arrays that are filled.
"""

import copy
import re

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
import scipy.stats

import tinygrad_edu as tg
from tinygrad_edu.errors import CoercionError, MissingRule, UnsupportedCall

# ---- SciPy takes the transforms as they are ----------------------------------------------------------------


def valley(x):
    """Smooth and strictly convex, with its minimum at ones."""
    return np.sum(np.cosh(x - 1)) + (x[0] - x[1]) ** 2


START = np.array([-0.5, 2.0, 0.5])
BY_VALUES = {"Nelder-Mead", "Powell", "COBYLA", "COBYQA"}
SECOND_ORDER = {"Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"}


@pytest.mark.parametrize(
    "method", [*sorted(BY_VALUES | SECOND_ORDER), "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"]
)
@pytest.mark.filterwarnings("ignore:delta_grad == 0.0")  # SciPy's own
def test_minimize_with_every_method(method):
    settings = {} if method in BY_VALUES else {"jac": tg.grad(valley)}
    if method in SECOND_ORDER:
        settings["hess"] = tg.hessian(valley)
    found = scipy.optimize.minimize(valley, START, method=method, **settings)
    assert type(found.x) is np.ndarray
    np.testing.assert_allclose(found.x, 1, atol=1e-3)


def test_value_and_grad_is_an_objective():
    found = scipy.optimize.minimize(tg.value_and_grad(valley), START, jac=True, method="BFGS")
    np.testing.assert_allclose(found.x, 1, atol=1e-4)
    by_product = scipy.optimize.minimize(
        valley,
        START,
        jac=tg.grad(valley),
        hessp=lambda x, v: tg.hvp(valley, (x,), (v,))[0],
        method="trust-ncg",
    )
    np.testing.assert_allclose(by_product.x, 1, atol=1e-4)


def test_other_solvers_take_our_gradients():
    residuals = lambda x: np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])
    np.testing.assert_allclose(
        scipy.optimize.least_squares(residuals, [-1.2, 1.0], jac=tg.jacobian(residuals)).x, 1, atol=1e-6
    )
    np.testing.assert_allclose(
        scipy.optimize.root(residuals, [-1.2, 1.0], jac=tg.jacobian(residuals)).x, 1, atol=1e-6
    )
    cubic = lambda x: x**3 - 2.0
    newton = scipy.optimize.root_scalar(
        cubic, x0=1.0, fprime=tg.grad(cubic), fprime2=tg.grad(tg.grad(cubic)), method="halley"
    )
    assert newton.root == pytest.approx(2 ** (1 / 3))
    decay = lambda t, y: -y * y
    solved = scipy.integrate.solve_ivp(
        decay, (0, 1), np.ones(2), method="BDF", jac=lambda t, y: tg.jacobian(lambda y: decay(t, y))(y)
    )
    np.testing.assert_allclose(solved.y[:, -1], 0.5, rtol=1e-2)


def test_scipys_functions_are_named_as_scipys():
    x = tg.Tensor([0.5, 1.0], requires_grad=True)
    with pytest.raises(MissingRule, match=r"scipy\.special\.elliprc has no derivative rule"):
        scipy.special.elliprc(x, 2.0)
    with pytest.raises(CoercionError, match=r"in scipy\.stats\.norm\.logpdf\(x\)"):
        scipy.stats.norm.logpdf(x)
    np.testing.assert_array_equal(scipy.special.expit(x.detach()), scipy.special.expit(x.data))
    np.testing.assert_array_equal(scipy.stats.norm.logpdf(x.detach()), scipy.stats.norm.logpdf(x.data))


# ---- pictures and tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        "plot",
        "scatter",
        "bar",
        "hist",
        "imshow",
        "fill_between",
        "errorbar",
        "step",
        "stem",
        "boxplot",
        "contourf",
    ],
)
def test_matplotlib_takes_a_tensor_as_an_array(kind):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    x, square = tg.Tensor([1.0, 2.0, 4.0]), tg.Tensor(np.eye(3))
    arguments = {
        "hist": (x,),
        "boxplot": (x,),
        "imshow": (square,),
        "contourf": (square,),
        "errorbar": (x, x, x),
    }.get(kind, (x, x))
    getattr(axes, kind)(*arguments)
    figure.savefig("/dev/null", format="png")


def test_pandas_takes_a_tensor_as_an_array():
    pandas = pytest.importorskip("pandas")
    x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert pandas.DataFrame(x).to_numpy().tolist() == x.tolist()
    assert pandas.Series(x[0]).tolist() == [1.0, 2.0]
    frame = pandas.DataFrame({"a": [1.0, 2.0]})
    frame["b"] = x[:, 1]
    assert frame["b"].tolist() == [2.0, 4.0]
    assert tg.grad(lambda t: np.sum(t**2))(frame["a"]).tolist() == [2.0, 4.0]


def test_pythons_own_functions():
    x = tg.Tensor([1.26, 2.5])
    assert copy.copy(x).tolist() == copy.deepcopy(x).tolist() == x.tolist()
    assert round(x, 1).tolist() == [1.3, 2.5]
    assert sum(x).item() == 3.76
    assert [v.item() for v in sorted(x, reverse=True)] == [2.5, 1.26]
    assert [v.item() for v in list(x)] == [1.26, 2.5]
    assert max(x).item() == 2.5


# ---- plain arrays filled with tensors ----------------------------------------------------------------------


def fill_all(x):
    out = np.zeros(2)
    out[:] = x


def fill_one(x):
    out = np.zeros(2)
    out[0] = x[0]


def fill_tensor(x):
    out = tg.Tensor(np.zeros((2, 2)))
    out[0] = [x[0], 1.0]


def add_to(x):
    out = np.zeros(2)
    out += x


def multiply_by(x):
    out = np.ones((2, 2))
    out @= x


@pytest.mark.parametrize(
    ("fill", "says"),
    [
        (fill_all, r"in out\[:\] = ….*out = tg\.Tensor\(np\.zeros\(…\)\)"),
        (fill_one, r"in out\[0\] = ….*out = tg\.Tensor\(np\.zeros\(…\)\)"),
        (add_to, r"out = out \+ t"),
        (fill_tensor, r"in out\[0\] = ….*np\.stack"),
        (lambda x: np.array([x, x]), r"in np\.array\(\[x, x\]\).*np\.stack"),
        (lambda x: np.array((x[0], 1.0)), r"np\.stack"),
        (lambda x: np.sum([x, x]), r"in np\.sum\(\[x, x\]\).*np\.stack"),
        (lambda x: np.eye(2).dot(x), r"np\.dot\(a, t\)"),
        (lambda x: np.full(3, x[0]), r"np\.broadcast_to"),
        (lambda x: np.full_like(np.ones(3), x[0]), r"np\.broadcast_to|np\.full_like"),
        (lambda x: np.r_[x, x], r"np\.concatenate"),
        (lambda x: np.c_[x, x], r"np\.column_stack"),
        (lambda x: np.fromiter(x, float), r"\.item\(\)"),
        (lambda x: complex(x[0]), r"a complex number in complex\(x\[0\]\).*\.item\(\)"),
    ],
)
def test_the_error_names_the_line_that_works(fill, says):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises((CoercionError, UnsupportedCall, MissingRule, ValueError)) as caught:
        fill(x)
    assert re.search(says, f"{caught.value} {caught.value.__cause__}".replace("\n", " "))


def test_where_no_source_is_at_hand_every_line_is_named():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(
        CoercionError,
        match=r"(?s)cannot become a plain array: .*np\.stack.*np\.dot.*np\.broadcast_to.*primitive.*detach",
    ):
        exec("np.asarray(x)", {"np": np, "x": x})  # noqa: S102  # a program without a file


def test_without_a_gradient_arrays_are_filled():
    out = np.zeros(2)
    out[:] = tg.Tensor([1.0, 2.0])
    out[0] = tg.Tensor(5.0)
    out += tg.Tensor([1.0, 1.0])
    assert out.tolist() == [6.0, 3.0]
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    with tg.no_grad():
        out[:] = x
        assert np.array([x, x]).tolist() == [[1.0, 2.0], [1.0, 2.0]]
