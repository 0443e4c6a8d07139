"""grad, vjp, jvp, jacobian, hessian and hvp: closed forms, nesting in every order, containers, closures."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors

A = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]])


def f(x):
    """sin(Ax)², summed."""
    return np.sum(np.sin(np.matmul(A, x)) ** 2)


X = np.array([0.3, -0.7, 1.1])
GRADIENT = A.T @ np.sin(2 * A @ X)
HESSIAN = A.T @ np.diag(2 * np.cos(2 * A @ X)) @ A


def test_derivatives_have_their_closed_forms():
    value, gradient = tg.value_and_grad(f)(X)
    np.testing.assert_allclose(value, np.sum(np.sin(A @ X) ** 2), rtol=1e-14)
    np.testing.assert_allclose(gradient, GRADIENT, rtol=1e-13)
    np.testing.assert_allclose(tg.hessian(f)(X), HESSIAN, rtol=1e-12)
    np.testing.assert_allclose(tg.jacobian(lambda x: np.matmul(A, x))(X), A, rtol=1e-15)
    v = np.array([1.0, 2.0, -1.0])
    np.testing.assert_allclose(tg.hvp(f, (X,), (v,))[0], HESSIAN @ v, rtol=1e-12)
    np.testing.assert_allclose(tg.jvp(f, (X,), (v,))[1], GRADIENT @ v, rtol=1e-13)


NESTS = {
    "grad of grad": lambda h: tg.grad(tg.grad(h)),
    "grad of jvp": lambda h: tg.grad(lambda x: tg.jvp(h, (x,), (1.0,))[1]),
    "jvp of grad": lambda h: lambda x: tg.jvp(tg.grad(h), (x,), (1.0,))[1],
    "jvp of jvp": lambda h: lambda x: tg.jvp(lambda y: tg.jvp(h, (y,), (1.0,))[1], (x,), (1.0,))[1],
    "vjp of jvp": lambda h: lambda x: tg.vjp(lambda y: tg.jvp(h, (y,), (1.0,))[1], x)[1](1.0)[0],
    "jacobian of grad": lambda h: tg.jacobian(tg.grad(h)),
    "hessian": tg.hessian,
    "hvp": lambda h: lambda x: tg.hvp(h, (x,), (1.0,))[0],
}


@pytest.mark.parametrize("nest", NESTS)
def test_second_derivatives_in_every_order_of_nesting(nest):
    second = NESTS[nest](lambda x: np.exp(2 * x) * np.sin(x))(0.4)
    np.testing.assert_allclose(second, np.exp(0.8) * (3 * np.sin(0.4) + 4 * np.cos(0.4)), rtol=1e-12)
    assert type(second) is np.float64


@pytest.mark.parametrize("nest", NESTS)
def test_third_derivatives_through_a_transform(nest):
    third = tg.grad(NESTS[nest](lambda x: np.sin(2 * x)))(0.4)
    np.testing.assert_allclose(third, -8 * np.cos(0.8), rtol=1e-12)


def test_levels_are_not_confused():
    # Siskind and Pearlmutter's example: d/dx [x · d/dy (x + y)] = 1, not 2
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(1.0).item() == 1.0
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y * y)(2.0))(3.0).item() == 24.0
    assert tg.jvp(lambda x: x * tg.jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1].item() == 1.0


def test_closing_over_tensors():
    w = tg.Tensor(3.0, requires_grad=True)
    slope = tg.grad(lambda x: w * x**2)(2.0)  # 2wx, of which w can be asked about
    assert slope.requires_grad
    assert w.grad is None
    slope.backward()
    assert w.grad.item() == 4.0
    x = tg.Tensor(2.0, requires_grad=True)
    tg.grad(lambda x: x**3)(x * 1.0).backward()  # 3x²
    assert x.grad.item() == 12.0
    with tg.no_grad():
        assert type(tg.grad(lambda x: w * x**2)(2.0)) is np.float64


def test_values_of_no_graph_are_plain():
    value, pullback = tg.vjp(np.sin, X)
    assert type(value) is type(pullback(np.ones(3))[0]) is np.ndarray
    np.testing.assert_array_equal(pullback(np.ones(3))[0], pullback(np.ones(3))[0])


def test_containers_go_in_and_come_out():
    tree = {"w": [np.ones(2), np.full((2, 2), 2.0)], "b": (np.float64(3.0), None)}

    def h(t):
        return np.sum(t["w"][0] * t["w"][1]) * t["b"][0]

    gradient = tg.grad(h)(tree)
    assert list(gradient) == ["w", "b"]
    np.testing.assert_array_equal(gradient["w"][0], [12, 12])
    np.testing.assert_array_equal(gradient["w"][1], np.full((2, 2), 3.0))
    assert gradient["b"][0].item() == 8.0
    assert gradient["b"][1] is None
    value, pullback = tg.vjp(lambda x: {"twice": 2 * x, "rest": [x * x]}, 3.0)
    assert value["rest"][0].item() == 9.0
    assert pullback({"twice": 1.0, "rest": [10.0]})[0].item() == 62.0


def test_argnums_and_aux():
    h = lambda x, y, scale: (x * y * scale, "aux")
    gradients, aux = tg.grad(h, (0, 1), has_aux=True)(2.0, 3.0, scale=10.0)
    assert [g.item() for g in gradients] == [30.0, 20.0]
    assert aux == "aux"
    assert tg.grad(lambda x, y: x * y, -1)(2.0, 3.0).item() == 2.0
    with pytest.raises(errors.ArgumentError, match="argnums=2"):
        tg.grad(lambda x, y: x * y, 2)(2.0, 3.0)


def test_unused_arguments_get_zeros():
    assert tg.grad(lambda x, y: tg.Tensor(x), 1)(2.0, np.ones(3)).tolist() == [0, 0, 0]
    assert tg.jvp(lambda x: tg.Tensor(1.0), (2.0,), (1.0,))[1].item() == 0.0


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: tg.grad(lambda x: x * 2)(X),
            errors.GraphError,
            r"one tensor with one element; it returned \[\(3,\)\]",
        ),
        (lambda: tg.grad(lambda x: x.item())(1.0), errors.GraphError, "returned float, not a Tensor"),
        (lambda: tg.grad(lambda x: x)(np.array(1)), errors.DTypeError, "argument 0 is int64"),
        (
            lambda: tg.grad(lambda p: p["w"] * 2)({"w": 1.0, "name": "a"}),
            errors.DTypeError,
            r"argument 0\['name'\] is <U1",
        ),
        (
            lambda: tg.grad(lambda p: p["w"] * 2)({"w": [1.0, np.ma.array([1.0])]}),
            errors.DTypeError,
            r"argument 0\['w'\]\[1\]: masked",
        ),
        (lambda: tg.grad(np.sum, "x")(X), errors.ArgumentError, "argnums is the place .* got 'x'"),
        (lambda: tg.grad(np.sum, True)(X), errors.ArgumentError, "argnums is the place .* got True"),
        (
            lambda: tg.jvp(np.sin, 1.0, 1.0),
            errors.ArgumentError,
            r"primals is a tuple or list.*\(primal,\) with a comma",
        ),
        (lambda: tg.hvp(np.sin, (1.0,), 1.0), errors.ArgumentError, r"tangents is a tuple or list"),
        (lambda: tg.jvp(np.sin, (1.0,), (1.0, 2.0)), errors.ArgumentError, "1 primals and 2 tangents"),
        (lambda: tg.vjp(np.sin, X)[1](np.ones(2)), errors.ShapeError, r"\[\(2,\)\]; expected \[\(3,\)\]"),
        (lambda: tg.jvp(np.sin, (X,), (1.0,)), errors.ShapeError, "tangent"),
    ],
)
def test_mistakes_are_named(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_float32_stays_float32():
    x = X.astype(np.float32)
    for result in (
        tg.grad(f)(x),
        tg.hessian(f)(x),
        tg.jvp(np.sin, (x,), (x,))[1],
        tg.vjp(np.sin, x)[1](x)[0],
    ):
        assert result.dtype == np.float32


def test_jacobians_of_containers_and_empty_outputs():
    j = tg.jacobian(lambda x, y: {"p": x * y, "s": np.sum(x)}, (0, 1))(X, X)
    np.testing.assert_array_equal(j["p"][0], np.diag(X))
    np.testing.assert_array_equal(j["s"][0], np.ones(3))
    assert j["s"][1].tolist() == [0, 0, 0]
    assert tg.jacobian(lambda x: x[:0])(X).shape == (0, 3)


def test_jacobians_agree_with_vjps_of_random_functions():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((4, 3))
    j = tg.jacobian(lambda x: np.tanh(np.matmul(w, x)))(X)
    np.testing.assert_allclose(j, (1 - np.tanh(w @ X) ** 2)[:, None] * w, rtol=1e-12)


def test_argnums_from_the_end_and_twice():
    a, b = tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0])
    np.testing.assert_array_equal(tg.jacobian(lambda a, b: a * b, -1)(a, b).data, np.diag([1.0, 2.0]))
    np.testing.assert_array_equal(
        tg.hessian(lambda a, b: np.sum(a * b * b), -1)(a, b).data, np.diag([2.0, 4.0])
    )
    for argnums in [(0, -2), (1, 1), 3]:
        with pytest.raises(errors.ArgumentError, match="argnums"):
            tg.grad(lambda a, b: np.sum(a * b), argnums)(a, b)


def test_a_pullback_does_not_follow_the_callers_array():
    w = np.array([1.0, 2.0])
    _, pullback = tg.vjp(np.square, w)
    w -= 1
    np.testing.assert_array_equal(pullback(np.ones(2))[0], [2, 4])


def test_integer_outputs_have_no_slopes():
    with pytest.raises(errors.GraphError, match="int64"):
        tg.grad(lambda x: np.sum(x > 0))(X)


def test_aux_is_detached():
    _, aux = tg.grad(lambda x: (x * x, {"y": x * 3}), has_aux=True)(2.0)
    assert aux["y"] == 6.0


def test_dicts_keep_their_kind():
    from collections import OrderedDict, defaultdict

    ordered = tg.grad(lambda t: t["a"] * 2)(OrderedDict(a=1.0))
    assert type(ordered) is OrderedDict
    assert ordered["a"].item() == 2.0
    assert type(tg.grad(lambda t: t["a"] * 2)(defaultdict(list, a=1.0))) is defaultdict


def test_a_pullback_does_not_follow_the_value_either():
    value, pullback = tg.vjp(np.exp, X)
    value[...] = 0
    np.testing.assert_allclose(pullback(np.ones(3))[0], np.exp(X), rtol=1e-15)


# ---- arrays in, arrays out ---------------------------------------------------------------------------------


def cube(x):
    return np.sum(x**3)


CALLS = {
    "grad": lambda x: tg.grad(cube)(x),
    "value_and_grad, value": lambda x: tg.value_and_grad(cube)(x)[0],
    "value_and_grad, gradient": lambda x: tg.value_and_grad(cube)(x)[1],
    "aux": lambda x: tg.grad(lambda x: (cube(x), x * 2), has_aux=True)(x)[1],
    "vjp, value": lambda x: tg.vjp(np.sin, x)[0],
    "vjp, gradient": lambda x: tg.vjp(np.sin, x)[1](np.ones(np.shape(x)))[0],
    "jvp, value": lambda x: tg.jvp(np.sin, (x,), (x,))[0],
    "jvp, tangent": lambda x: tg.jvp(np.sin, (x,), (x,))[1],
    "jacobian": lambda x: tg.jacobian(np.sin)(x),
    "hessian": lambda x: tg.hessian(cube)(x),
    "hvp": lambda x: tg.hvp(cube, (x,), (x,))[0],
}


@pytest.mark.parametrize("call", CALLS)
def test_what_comes_in_as_an_array_comes_out_as_one(call):
    f = CALLS[call]
    for given, kinds in [
        (X, (np.ndarray, np.float64)),
        (X.astype(np.float32), (np.ndarray, np.float32)),
        (2.0, (np.float64,)),
        (3, (np.float64,)),
        (np.int64(3), (np.float64,)),
        (np.float32(2), (np.float32,)),
        (
            np.array(2.0),
            (np.ndarray,)
            if "gradient" in call or call in ("grad", "jacobian", "hessian", "hvp")
            else (np.float64,),
        ),
    ]:
        assert type(f(given)) in kinds, given
    for given in (tg.Tensor(X), tg.Tensor(2.0)):
        result = f(given)
        assert type(result) is tg.Tensor
        assert not result.requires_grad
        np.testing.assert_allclose(result.numpy(), f(given.numpy()), rtol=1e-15)
    assert f(tg.Tensor(X, requires_grad=True)).requires_grad


def test_each_leaf_is_of_its_own_kind():
    tree = {"array": X, "tensor": tg.Tensor(X), "number": 2.0}
    h = lambda t: np.sum(t["array"] * t["tensor"] ** 2 * t["number"])
    gradient = tg.grad(h)(tree)
    assert [type(g) for g in gradient.values()] == [np.ndarray, tg.Tensor, np.float64]
    matrix = tg.jacobian(lambda t: t["array"] * t["tensor"] * t["number"])(tree)
    assert [type(m) for m in matrix.values()] == [np.ndarray, tg.Tensor, np.ndarray]
    assert type(tg.value_and_grad(h)(tree)[0]) is tg.Tensor


def test_an_argument_that_is_not_differentiated_makes_the_value_a_tensor():
    times = lambda x, y: np.sum(x * y)
    assert [type(r) for r in tg.value_and_grad(times)(X, tg.Tensor(X))] == [tg.Tensor, np.ndarray]
    assert [type(r) for r in tg.value_and_grad(times)(X, y=tg.Tensor(X))] == [tg.Tensor, np.ndarray]
    assert [type(r) for r in tg.value_and_grad(times)(X, y=X)] == [np.float64, np.ndarray]
    layer = tg.nn.Linear(3, 1, rng=0, dtype=np.float64)
    model_first = lambda m, x: np.sum(m(x))
    assert isinstance(tg.grad(model_first)(layer, X).weight, tg.Tensor)
    with tg.no_grad():
        assert type(tg.grad(model_first, 1)(layer, X)) is np.ndarray
    assert tg.grad(model_first, 1)(layer, X).requires_grad  # the layer may still be asked about


def test_gradients_own_their_memory():
    gradient = tg.grad(lambda x: np.sum(x))(X)
    gradient *= 2
    np.testing.assert_array_equal(gradient, [2, 2, 2])


# ---- cotangents and tangents belong to leaves by their keys ------------------------------------------------


def test_tangents_and_cotangents_are_matched_by_key():
    h = lambda d: d["a"] * d["b"]
    assert tg.jvp(h, ({"a": 1.0, "b": 2.0},), ({"b": 1.0, "a": 0.0},))[1] == 1.0
    assert tg.hvp(h, ({"a": 1.0, "b": 2.0},), ({"b": 1.0, "a": 0.0},))[0] == {"a": 1.0, "b": 0.0}
    assert tg.vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)[1]({"b": 1.0, "a": 0.0})[0] == 2.0
    layer = tg.nn.Linear(2, 1, rng=0, dtype=np.float64)
    by_name = {"bias": np.ones(1), "weight": np.zeros((1, 2))}
    assert tg.jvp(lambda m: np.sum(m(np.ones(2))), (layer,), (by_name,))[1].item() == 1.0


@pytest.mark.parametrize(
    "wrong", [[1.0, 0.0], {"a": 1.0}, {"a": 1.0, "b": 0.0, "c": 1.0}, 1.0, {"a": [1.0], "b": 0.0}]
)
def test_another_structure_is_refused(wrong):
    _, pullback = tg.vjp(lambda x: {"a": x, "b": 2 * x}, 1.0)
    with pytest.raises(errors.TinygradError, match=r"vjp: the cotangent(\['a'\])? has"):
        pullback(wrong)


def test_integer_outputs_have_zero_tangents():
    value, tangent = tg.jvp(lambda x: {"y": x * 2, "sign": np.sum(x > 0)}, (X,), (np.ones(3),))
    assert value["sign"] == 2
    assert tangent["sign"] == 0
    np.testing.assert_array_equal(tangent["y"], [2, 2, 2])


def test_under_no_grad_results_need_no_gradient():
    w = tg.Tensor(2.0, requires_grad=True)
    _, pullback = tg.vjp(lambda x: w * x**2, 3.0)
    with tg.no_grad():
        assert tg.jvp(lambda x: x**3, (2.0,), (w,))[1].requires_grad is False
        assert type(pullback(1.0)[0]) is np.float64
    assert pullback(1.0)[0].requires_grad


def test_a_module_in_aux_is_the_module_itself():
    layer = tg.nn.Linear(3, 1, rng=0)
    with tg.no_grad():
        _, aux = tg.grad(lambda x: (np.sum(x), {"model": layer}), has_aux=True)(X)
    assert aux["model"] is layer


def test_logsumexp_has_second_derivatives():
    p = np.exp(X) / np.exp(X).sum()
    np.testing.assert_allclose(tg.hessian(tg.logsumexp)(X), np.diag(p) - np.outer(p, p), rtol=1e-12)


def test_gradients_of_each_example_by_the_name_of_the_parameter():
    model = tg.nn.Sequential(tg.nn.Linear(3, 4, rng=0), tg.nn.Tanh(), tg.nn.Linear(4, 2, rng=1))
    x, y = np.cos(np.arange(15)).reshape(5, 3).astype(np.float32), np.array([0, 1, 1, 0, 1])
    each = tg.jacobian(lambda m: tg.softmax_cross_entropy(m(x), y, reduction="none"))(model)
    assert {name: g.shape for name, g in each.named_parameters()} == {
        name: (5, *p.shape) for name, p in model.named_parameters()
    }
    for i in range(5):
        alone = tg.grad(lambda m, i=i: tg.softmax_cross_entropy(m(x[i : i + 1]), y[i : i + 1]))(model)
        for one, all_of_them in zip(alone.parameters(), each.parameters()):
            np.testing.assert_allclose(one.data, all_of_them.data[i], rtol=1e-5, atol=1e-7)
