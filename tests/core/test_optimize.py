"""minimize and least_squares: known minima in every container, by every method, and lost graphs."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu.errors import ArgumentError, DTypeError, GraphError, ShapeError

optimize = pytest.importorskip("scipy.optimize", reason="SciPy, an extra, does the minimizing")
A = np.array([[3.0, 0.5, 0.2], [0.5, 2.0, 0.1], [0.2, 0.1, 1.0]])
C = np.array([1.0, -2.0, 0.5])
METHODS = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]
METHODS += [
    "dogleg",
    "trust-exact",
    "Nelder-Mead",
    "Powell",
    "COBYLA",
    *["COBYQA"] * hasattr(optimize, "_cobyqa_py"),
]
X = np.linspace(-1, 1, 20)[:, None]


def bowl(p):
    """½ (x - c)ᵀ A (x - c) of x = [a, b₀, b₁], whose minimum is c."""
    d = np.concatenate([np.reshape(p["a"], (1,)), p["rest"][0]]) - C
    return d @ A @ d / 2


def start():
    return {"a": 0.0, "rest": [np.zeros(2)]}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_minimum_of_a_bowl(method):
    found = tg.minimize(bowl, start(), method=method, tol=1e-8 if method != "trust-constr" else None)
    assert found.success, found.message
    assert found.x.keys() == {"a", "rest"}
    np.testing.assert_allclose(np.append(found.x["a"], found.x["rest"][0]), C, atol=2e-3)
    assert found.fun < 1e-5
    if "jac" in found:
        assert abs(found.jac["a"]) < 1e-2
        assert found.jac["rest"][0].shape == (2,)


def test_scipy_gets_the_derivatives_of_the_closed_form():
    """As many evaluations as with the derivatives written by hand, and the same point."""
    f, g = (lambda v: (v - C) @ A @ (v - C) / 2 + np.sum(v**4)), lambda v: A @ (v - C) + 4 * v**3
    hessian = lambda v, u: A @ u + 12 * v**2 * u
    for method in ("BFGS", "L-BFGS-B", "Newton-CG", "trust-ncg"):
        settings = {"hessp": hessian} if method in ("Newton-CG", "trust-ncg") else {}
        expected = optimize.minimize(f, np.zeros(3), jac=g, method=method, **settings)
        found = tg.minimize(f, np.zeros(3), method=method)
        np.testing.assert_allclose(found.x, expected.x, rtol=1e-9)
        assert (found.nfev, found.nit) == (expected.nfev, expected.nit)


def test_results_are_of_the_kinds_and_dtypes_of_the_start():
    given = {
        "tensor": tg.Tensor([1.0, 2.0]),
        "single": np.ones(2, np.float32),
        "number": 3,
        "pair": (1.0, [2.0]),
    }
    total = lambda p: (
        np.sum(p["tensor"] ** 2) + np.sum(p["single"] ** 2) + p["number"] ** 2 + p["pair"][1][0] ** 2
    )
    found = tg.minimize(total, given).x
    assert isinstance(found["tensor"], tg.Tensor)
    assert found["single"].dtype == np.float32
    assert isinstance(found["number"], np.float64)
    assert found["pair"][0] == 1.0  # of which nothing depends
    np.testing.assert_array_equal(given["tensor"].data, [1, 2])
    np.testing.assert_allclose(found["tensor"].data, 0, atol=1e-4)
    assert isinstance(tg.minimize(lambda x: (x - 2) ** 2, 1.0).x, np.float64)


def test_complex_params_are_pairs_of_real_ones():
    found = tg.minimize(lambda z: np.sum(np.abs(z - (1 + 2j)) ** 2), np.zeros(2, complex))
    np.testing.assert_allclose(found.x, 1 + 2j, atol=1e-4)
    for call in (
        lambda: tg.minimize(lambda z: np.sum(np.abs(z) ** 2), np.ones(2, complex), method="trust-ncg"),
        lambda: tg.least_squares(lambda z: np.abs(z), np.ones(2, complex)),
    ):
        with pytest.raises(DTypeError, match="complex params"):
            call()


def network():
    return tg.nn.Sequential(
        tg.nn.Linear(1, 4, rng=0, dtype=float), tg.nn.Tanh(), tg.nn.Linear(4, 1, rng=1, dtype=float)
    )


@pytest.mark.parametrize("method", [None, "trust-krylov"])
def test_a_module_is_fitted_and_left_as_it_is(method):
    model, y = network(), np.sin(2 * X)
    before = model.state_dict()
    found = tg.minimize(lambda m: tg.mse_loss(m(X), y), model, method=method)
    assert found.fun < 1e-3 < tg.mse_loss(model(X), y).item()
    np.testing.assert_allclose(tg.mse_loss(found.x(X), y).item(), found.fun, rtol=1e-12)
    assert all(np.array_equal(before[name], value) for name, value in model.state_dict().items())
    assert found.x[0].weight.requires_grad
    model.load_state_dict(found.x.state_dict())


def test_frozen_parameters_stay():
    model = network()
    for p in model[0].parameters():
        p.requires_grad_(False)
    found = tg.minimize(
        lambda m: tg.mse_loss(m(X), np.sin(X)), model, method="Newton-CG", options={"maxiter": 3}
    )
    np.testing.assert_array_equal(found.x[0].weight.data, model[0].weight.data)
    assert not np.array_equal(found.x[2].weight.data, model[2].weight.data)
    fitted = tg.least_squares(lambda m: m(X) - np.sin(X), model)
    assert fitted.jac.shape == (20, 5)
    design = np.column_stack([model[1](model[0](X)).data, np.ones(20)])
    best = np.linalg.lstsq(design, np.sin(X)[:, 0], rcond=None)[1]
    np.testing.assert_allclose(2 * fitted.cost, best, rtol=1e-6)


def test_bounds_and_constraints():
    found = tg.minimize(bowl, start(), bounds=({"a": None, "rest": [np.array([-1.0, -9.0])]}, 0.75))
    v = np.append(found.x["a"], found.x["rest"][0])
    assert v[0] == 0.75
    assert v[1] == -1.0
    expected = C[2] - (A[2, :2] @ (v[:2] - C[:2])) / A[2, 2]
    np.testing.assert_allclose(v[2], expected, atol=1e-5)
    sums = {"type": "eq", "fun": lambda p: p["a"] + np.sum(p["rest"][0])}
    for method in (None, "trust-constr"):
        found = tg.minimize(bowl, start(), constraints=sums, method=method)
        multiplier = np.linalg.solve(
            np.block([[A, np.ones((3, 1))], [np.ones((1, 3)), 0]]), np.append(A @ C, 0)
        )
        np.testing.assert_allclose(np.append(found.x["a"], found.x["rest"][0]), multiplier[:3], atol=1e-4)
    positive = [{"type": "ineq", "fun": lambda p: p["rest"][0]}]
    assert tg.minimize(bowl, start(), constraints=positive).x["rest"][0].min() > -1e-8


def test_a_callback_sees_the_params_and_can_stop():
    seen = []

    def callback(p):
        seen.append(p["rest"][0].shape)
        if len(seen) == 2:
            raise StopIteration

    found = tg.minimize(bowl, start(), method="BFGS", callback=callback)
    assert seen == [(2,), (2,)]
    assert found.nit == 2


# ---- least squares -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [4, 50])  # by rows, and by columns
def test_a_curve_is_fitted_as_scipy_fits_it_with_derivatives_by_hand(count):
    t = np.linspace(0, 2, count)
    y = 3 * np.exp(-1.5 * t) + 0.1 * generic(count)
    curve = lambda p: p["size"] * np.exp(-p["rate"] * t) - y
    slopes = lambda v: np.column_stack([np.exp(-v[1] * t), -v[0] * t * np.exp(-v[1] * t)])
    by_hand = optimize.least_squares(lambda v: v[0] * np.exp(-v[1] * t) - y, [1.0, 1.0], jac=slopes)
    found = tg.least_squares(curve, {"size": 1.0, "rate": 1.0})
    np.testing.assert_allclose([found.x["size"], found.x["rate"]], by_hand.x, rtol=1e-8)
    np.testing.assert_allclose(found.jac, slopes(by_hand.x), rtol=1e-6, atol=1e-8)
    assert found.nfev == by_hand.nfev
    assert found.grad.keys() == {"size", "rate"}
    robust = tg.least_squares(curve, {"size": 1.0, "rate": 1.0}, loss="soft_l1", f_scale=0.1, method="dogbox")
    assert robust.success


def test_residuals_in_containers_and_bounds():
    f = lambda p: {"a": p[0] - 3, "b": [np.outer(p[1], p[1]) - 4]}
    found = tg.least_squares(f, [0.0, np.ones(1)], bounds=(0, [2.0, None]))
    np.testing.assert_allclose(found.x[0], 2)
    np.testing.assert_allclose(found.x[1], 2)
    assert found.fun.shape == (2,)
    np.testing.assert_allclose(found.jac, [[1, 0], [0, 4]], rtol=1e-6)


# ---- what is refused ---------------------------------------------------------------------------------------

square = lambda x: np.sum(x**2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: tg.minimize(lambda x: float(x.detach() ** 2), 1.0),
            GraphError,
            "f returned float, not a Tensor",
        ),
        (
            lambda: tg.minimize(lambda x: square(x.detach()), 1.0),
            GraphError,
            "minimize: f does not depend on|f does not",
        ),
        (
            lambda: tg.minimize(lambda x: x, np.ones(2)),
            GraphError,
            r"it returned \['float64 of shape \(2,\)'\]",
        ),
        (lambda: tg.least_squares(lambda x: x.detach(), np.ones(2)), GraphError, "f does not depend on"),
        (
            lambda: tg.minimize(square, np.ones(2, int)),
            DTypeError,
            "minimize: params is int64; what is to move",
        ),
        (
            lambda: tg.minimize(square, 1.0, method="adam"),
            ArgumentError,
            "minimize: method is one of CG, BFGS",
        ),
        (lambda: tg.minimize(square, []), ArgumentError, "have no element that may move"),
        (lambda: tg.minimize(square, 1.0, bounds=[0, 1]), ArgumentError, "bounds are a pair"),
        (
            lambda: tg.minimize(square, np.ones(2), bounds=(np.ones(3), 5)),
            ShapeError,
            r"lower has shape \(3,\)",
        ),
        (
            lambda: tg.minimize(square, 1.0, constraints={"fun": square}),
            ArgumentError,
            "a constraint is a dict",
        ),
        (lambda: tg.least_squares(square, 1.0, jac="2-point"), ArgumentError, "jac comes from the graph"),
        (
            lambda: tg.grad(lambda a: tg.minimize(lambda x: (x - a) ** 2, 0.0).x)(1.0),
            GraphError,
            "would be lost here",
        ),
        (
            lambda: tg.grad(lambda a: tg.minimize(lambda x: x**2, a).x)(1.0),
            GraphError,
            r"implicit_root\(grad\(f\)\)",
        ),
    ],
)
def test_lost_graphs_and_bad_input_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_parameters_that_f_closes_over_are_constants():
    frozen = tg.Tensor([2.0], requires_grad=True)
    found = tg.minimize(lambda x: np.sum((x - frozen) ** 2), np.zeros(1))
    np.testing.assert_allclose(found.x, 2, atol=1e-6)
    assert frozen.grad is None
