"""Ops of one's own: what a rule may ask for, what is kept alive, several outputs, variadic arguments,
kept values.
"""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors
from tinygrad_edu.ops import activation

# ---- filing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "function", "says"),
    [
        ({"x": lambda g, z: g}, lambda x: x, "asks for 'z'; it can have g, out, x, x_shape"),
        ({"y": lambda g: g}, lambda x: x, "a rule was given for 'y', but its arguments are"),
        ({"x": lambda x, g: g}, lambda x: x, "must take g first"),
        ({"x": lambda g, **names: g}, lambda x: x, "must take g first, then plain names"),
        ({"x": lambda: 0}, lambda x: x, "must take g first"),
        ({"x": lambda g, index: g}, lambda x: x, "asks for 'index'"),
        ({"x": lambda g: g}, lambda x, **names: x, "nor be \\*\\*keywords"),
        ({"x": lambda g: g}, lambda x, index: x, "cannot be named g or index"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_when_it_is_filed(rules, function, says):
    with pytest.raises(errors.WrongRule, match=says):
        tg.primitive(**rules)(function)


@tg.primitive(x=lambda g, out, factor: g * factor)
def scaled(x, *, factor=2.0):
    """x times a factor."""
    return x * factor


def test_plain_arrays_give_plain_arrays_and_names_and_docstrings_stay():
    assert type(scaled(np.ones(2))) is np.ndarray
    assert scaled.__name__ == "scaled"
    assert scaled.__doc__ == "x times a factor."


def test_keyword_only_settings_and_their_defaults():
    x = leaf([1.0, 2.0])
    (scaled(x) + scaled(x, factor=10.0)).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [12, 12])
    with pytest.raises(errors.UnsupportedCall, match=r"scaled.*times=.*its rule knows x, factor"):
        scaled(x, times=3)
    with pytest.raises(TypeError, match="missing: x"):
        scaled(factor=x)


def test_an_argument_without_a_rule_refuses_a_gradient():
    with pytest.raises(
        errors.MissingRule,
        match=r"scaled has no derivative rule for its argument factor \(a Tensor of shape \(\), float64\)",
    ):
        scaled(leaf([1.0]), factor=leaf(2.0))
    assert not scaled(tg.Tensor([1.0]), factor=tg.Tensor(2.0)).requires_grad


# ---- what is kept alive ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "alive"),
    [
        (lambda g: g, (False, False)),
        (lambda g, x_shape: np.reshape(g, x_shape), (False, False)),
        (lambda g, x: g * np.ones_like(x), (True, False)),
        (lambda g, out: g * np.ones_like(out), (False, True)),
    ],
)
def test_only_what_the_rule_names_is_kept(rule, alive):
    @tg.primitive(x=rule)
    def same(x):
        return x + 0

    before = leaf(np.ones(5)) * 2
    after = same(before)
    watched = weakref.ref(before._array), weakref.ref(after._array)
    end = after.sum()
    del before, after
    gc.collect()
    assert tuple(w() is not None for w in watched) == alive
    end.backward()


def test_only_the_rules_of_arguments_that_need_a_gradient_keep_something():
    x, constant = leaf(np.ones(5)), np.ones(5) * 3
    watched = weakref.ref(constant)
    y = (x * 2) + constant
    del constant
    assert watched() is None
    y.sum().backward()


# ---- several outputs ---------------------------------------------------------------------------------------


@tg.primitive(x=lambda g, x, out: g[0] * np.cos(x) - g[1] * out[0])
def sin_and_cos(x):
    return np.sin(x), np.cos(x)


def test_several_outputs_share_one_rule():
    x = leaf([0.3, 1.0])
    s, c = sin_and_cos(x)
    (s * 2 + c * 5).sum().backward()
    np.testing.assert_allclose(x.grad.data, 2 * np.cos(x.data) - 5 * np.sin(x.data))


def test_outputs_that_nothing_flows_into_have_a_zero_gradient():
    for which in range(2):
        x = leaf([0.3, 1.0])
        sin_and_cos(x)[which].sum().backward()
        np.testing.assert_allclose(x.grad.data, [np.cos(x.data), -np.sin(x.data)][which])


def test_several_outputs_to_any_order():
    third = tg.grad(tg.grad(tg.grad(lambda x: sin_and_cos(x)[0] * sin_and_cos(x)[1])))(0.4)
    np.testing.assert_allclose(third.data, -4 * np.cos(0.8), rtol=1e-12)  # sin x cos x = sin(2x) / 2
    tg.gradcheck(lambda x: list(sin_and_cos(x)), np.array([0.3, 1.0]))
    np.testing.assert_allclose(tg.jvp(lambda x: sin_and_cos(x)[1], (0.4,), (2.0,))[1].data, -2 * np.sin(0.4))


def test_hooks_on_one_of_several_outputs_see_its_gradient():
    x, seen = leaf([0.3]), []
    s, c = sin_and_cos(x)
    c.register_hook(lambda g: seen.append(g.item()))
    c.retain_grad()
    (s + 3 * c).sum().backward()
    assert seen == [3.0]
    assert c.grad.item() == 3.0
    with pytest.warns(UserWarning, match="only leaves"):
        assert s.grad is None


def test_a_graph_with_several_outputs_is_released_and_retained():
    x = leaf([0.3])
    s, c = sin_and_cos(x)
    s.sum().backward(retain_graph=True)
    c.sum().backward()
    np.testing.assert_allclose(x.grad.data, np.cos(0.3) - np.sin(0.3))
    with pytest.raises(errors.GraphError, match="sin_and_cos: its saved values were released"):
        s.sum().backward()


@tg.primitive(x=lambda g, x: g[0] * 2 * x)
def square_and_rank(x):
    return x * x, np.argsort(x)


def test_integer_outputs_beside_floating_ones_are_constants():
    x = leaf([3.0, 1.0])
    squares, rank = square_and_rank(x)
    assert not rank.requires_grad
    assert rank.dtype.kind == "i"
    squares.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [6, 2])


# ---- variadic arguments ------------------------------------------------------------------------------------


@tg.primitive(terms=lambda g, weights, index, terms_shape: g * weights[index] * np.ones(terms_shape[index]))
def weighted_sum(weights, *terms):
    return sum(w * t for w, t in zip(weights, terms))


def test_variadic_arguments_are_told_apart_by_their_index():
    x, y = leaf([1.0, 1.0]), leaf([2.0, 2.0])
    weighted_sum((2.0, 3.0, 5.0, 7.0), x, np.ones(2), y, x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [9, 9])
    np.testing.assert_array_equal(y.grad.data, [5, 5])


@tg.primitive(
    factors=lambda g, index, factors: g * product(*(f for i, f in enumerate(factors) if i != index))
)
def product(*factors):
    return np.prod(np.stack(factors), axis=0) if factors else np.float64(1)


def test_variadic_rules_may_ask_for_all_arguments_in_any_order_of_derivative():
    x, y = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    tg.gradcheck(lambda a, b: product(a, b, a), x, y)
    np.testing.assert_allclose(tg.grad(tg.grad(lambda a: product(a, a, a, 2.0)))(1.5).data, 18.0)


def test_very_many_arguments():
    tensors = [leaf(1.0) for _ in range(200)]
    np.stack(tensors).sum().backward()
    assert {t.grad.item() for t in tensors} == {1.0}


# ---- kept values -------------------------------------------------------------------------------------------


@tg.primitive(keep={"s": activation.sigmoid}, x=lambda g, s: g * s)
def plain_softplus(x):
    s = activation.sigmoid(x)
    return -np.log(1 - s), s


def test_a_kept_value_stays_differentiable():
    assert type(plain_softplus(np.zeros(2))) is np.ndarray
    s = 1 / (1 + np.exp(-0.7))
    np.testing.assert_allclose(tg.grad(plain_softplus)(0.7).data, s)
    np.testing.assert_allclose(tg.grad(tg.grad(plain_softplus))(0.7).data, s * (1 - s))
    np.testing.assert_allclose(tg.grad(tg.grad(tg.grad(plain_softplus)))(0.7).data, s * (1 - s) * (1 - 2 * s))


# ---- rules that return nonsense ----------------------------------------------------------------------------


def test_dtypes_are_put_right_once_in_the_engine():
    @tg.primitive(x=lambda g, x: g * np.cos(x.astype(np.float64)))
    def careless_sin(x):
        return np.sin(x)

    x = leaf([1.0], np.float32)
    careless_sin(x).sum().backward()
    assert x.grad.dtype == np.float32


def test_errors_inside_a_rule_come_through_and_leave_leaves_alone():
    @tg.primitive(x=lambda g, x: g.no_such_attribute)
    def broken(x):
        return x + 0

    x = leaf([1.0])
    y = x * 2
    with pytest.raises(AttributeError, match="no_such_attribute"):
        (broken(y) + y).sum().backward()
    assert x.grad is None


# ---- several outputs, more ---------------------------------------------------------------------------------


@tg.primitive(x=lambda g, out: g[0] * out[0] + 2 * g[1])
def exp_and_double(x):
    return np.exp(x), 2 * x


def test_a_rule_that_uses_one_of_its_outputs_differentiates_twice():
    np.testing.assert_allclose(tg.hessian(lambda x: exp_and_double(x)[0] ** 2)(0.3).data, 4 * np.exp(0.6))


def test_gradients_handed_through_from_several_outputs_are_copies():
    @tg.primitive(x=lambda g: g[0])
    def first_of_two(x):
        return x + 0, x.argmax(keepdims=True)

    x, cotangent = leaf([1.0, 2.0]), np.array([3.0, 4.0])
    first_of_two(x)[0].backward(cotangent)
    assert not np.shares_memory(x.grad.data, cotangent)


def test_kept_values_beside_several_outputs():
    @tg.primitive(keep={"k": None}, x=lambda g, k: g[0] * k)
    def doubled(x):
        return (2 * x, 3 * x), np.int64(7)

    x = leaf([1.0])
    doubled(x)[0].sum().backward()
    assert x.grad.item() == 7.0


def test_primitives_take_subclasses_of_arrays():
    class Sub(np.ndarray):
        pass

    np.testing.assert_array_equal(tg.relu(np.array([-1.0, 2.0]).view(Sub)), [0, 2])


def test_variadic_arguments_are_positional():
    with pytest.raises(TypeError):
        product(factors=[leaf(1.0)])
    with pytest.raises(TypeError, match="any number of terms by position"):
        weighted_sum((1.0,), terms=leaf(1.0))


def test_a_joint_rule_returns_the_gradients_of_several_arguments():
    runs = []

    def gradients(g, x, y, power):
        runs.append(1)
        shared = g * power
        return shared * y * (x * y) ** (power - 1), shared * x * (x * y) ** (power - 1)

    @tg.primitive(joint=(("x", "y"), gradients))
    def powered_product(x, y, power):
        return (x * y) ** power

    x, y = np.array([1.5, 2.0]), np.array([0.5, 3.0])
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(powered_product(x, y, 3)))(x).data, 3 * x**2 * y**3)
    np.testing.assert_allclose(tg.grad(lambda y: np.sum(powered_product(x, y, 3)))(y).data, 3 * y**2 * x**3)
    runs.clear()
    gx, gy = tg.grad(lambda x, y: np.sum(powered_product(x, y, 3)), argnums=(0, 1))(x, y)
    assert len(runs) == 1
    np.testing.assert_allclose(gx.data / y, gy.data / x)
    tg.gradcheck(lambda x, y: powered_product(x, y, 3), x, y)
    with tg.debug():
        np.testing.assert_array_equal(tg.grad(lambda x: np.sum(powered_product(x, y, 3)))(x).data, gx.data)


def test_a_joint_rule_may_ask_which_gradients_are_wanted():
    asked = []

    def gradients(g, x, y, wanted):
        asked.append(wanted)
        return (g * y if "x" in wanted else None), (g * x if "y" in wanted else None)

    @tg.primitive(joint=(("x", "y"), gradients))
    def product(x, y):
        return x * y

    x, y = np.array([1.5, 2.0]), np.array([0.5, 3.0])
    for argnums, names in ((0, ("x",)), (1, ("y",)), ((0, 1), ("x", "y"))):
        tg.gradcheck(product, x, y, argnums=argnums)
        asked.clear()
        tg.grad(lambda x, y: np.sum(product(x, y)), argnums=argnums)(x, y)
        assert asked == [names]

    @tg.primitive(joint=(("xs", "y"), lambda g, xs, y, wanted: gradients(g, xs[0], y, wanted)))
    def product_of_first(xs, y):
        return xs[0] * y

    tg.grad(lambda y: np.sum(product_of_first([x], y)))(y)
    assert asked[-1] == ("y",)
    with pytest.raises(errors.WrongRule, match="asks for 'wanted'"):

        @tg.primitive(x=lambda g, wanted: g)
        def same(x):
            return x


def test_a_joint_rule_returns_as_many_gradients_as_it_has_arguments():
    @tg.primitive(joint=(("x", "y"), lambda g: (g,)))
    def total(x, y):
        return x + y

    with pytest.raises(errors.WrongRule, match="a tuple of 2 gradients, of x, y; got a tuple of 1"):
        tg.grad(lambda x: total(x, x))(1.0)
    with pytest.raises(errors.WrongRule, match="stands alone"):

        @tg.primitive(joint=(("x", "y"), lambda g: (g, g)), x=lambda g: g)
        def total_again(x, y):
            return x + y
