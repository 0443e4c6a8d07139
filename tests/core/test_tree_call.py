"""Primitives whose arguments hold tensors in lists, tuples, dicts and modules; and tensors
that no rule covers, which are refused.
"""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors, nn

# ---- every tree of tensors, with the plain composition as its oracle ---------------------------------------


def leaves_of(tree):
    if isinstance(tree, dict):
        return [leaf for child in tree.values() for leaf in leaves_of(child)]
    return (
        [leaf for child in tree for leaf in leaves_of(child)] if isinstance(tree, (list, tuple)) else [tree]
    )


def mapped(f, tree):
    if isinstance(tree, dict):
        return {key: mapped(f, child) for key, child in tree.items()}
    return type(tree)(mapped(f, child) for child in tree) if isinstance(tree, (list, tuple)) else f(tree)


@tg.primitive(x=lambda g, ws: g * sum(leaves_of(ws)), ws=lambda g, x, ws: mapped(lambda w: g * x, ws))
def times_sum(x, ws):
    return x * sum(leaves_of(ws))


def containers(inside):
    lists = st.lists(inside, min_size=1, max_size=3)
    return lists | lists.map(tuple) | st.dictionaries(st.sampled_from("abc"), inside, min_size=1)


TREES = st.recursive(st.sampled_from(["tensor", "constant", "array", "shared"]), containers, max_leaves=8)


@given(kinds=TREES.filter(lambda t: not isinstance(t, str)), by_keyword=st.booleans())
def test_a_primitive_over_a_tree_equals_its_composition(kinds, by_keyword):
    shared = leaf([0.5, -1.0])
    made = iter(range(100))

    def make(kind):
        value = np.array([1.0, 2.0]) * (1 + next(made))
        return {"tensor": leaf(value), "constant": tg.Tensor(value), "array": value, "shared": shared}[kind]

    tree, x = mapped(make, kinds), leaf([3.0, 4.0])
    wanted = [
        x,
        *{id(t): t for t in leaves_of(tree) if isinstance(t, tg.Tensor) and t.requires_grad}.values(),
    ]
    results = []
    for function in (times_sum, lambda x, ws: x * sum(leaves_of(ws))):
        for t in wanted:
            t.grad = None
        out = function(x, ws=tree) if by_keyword else function(x, tree)
        assert type(out) is tg.Tensor
        np.sum(np.sin(out)).backward(create_graph=True)
        first = [t.grad for t in wanted]
        for t in wanted:
            t.grad = None
        sum(np.sum(g * g) for g in first).backward()
        results.append((out.detach(), [g.detach() for g in first], [t.grad for t in wanted]))
    (value, first, second), (same_value, same_first, same_second) = results
    np.testing.assert_allclose(value, same_value, rtol=1e-14)
    for ours, composed in zip([*first, *second], [*same_first, *same_second]):
        np.testing.assert_allclose(ours, composed, rtol=1e-12)


def test_a_tree_of_plain_arrays_gives_a_plain_array():
    assert times_sum(2.0, [1.0, {"a": np.array(2.0)}]) == 6.0
    assert type(times_sum(np.ones(2), [np.ones(2)])) is np.ndarray
    with tg.no_grad():
        assert not times_sum(leaf(2.0), [leaf(1.0)]).requires_grad
    assert not times_sum(tg.Tensor(2.0), [tg.Tensor(1.0)]).requires_grad


def test_transforms_go_through_trees():
    assert tg.grad(lambda p: times_sum(p["x"], [p["w"], p["w"]]))({"x": 2.0, "w": 3.0}) == {
        "x": 6.0,
        "w": 4.0,
    }
    assert tg.jvp(lambda w: times_sum(2.0, (w, w)), (3.0,), (1.0,))[1] == 4.0


def test_the_structure_is_copied_when_the_call_is_recorded():
    w, x = leaf(3.0), leaf(2.0)
    ws, table = [w, leaf(1.0)], {"w": w}
    listed, keyed = times_sum(x, ws), times_sum(x, table)
    ws.append(leaf(100.0))
    ws[0] = leaf(7.0)
    table["more"] = leaf(100.0)
    (listed + keyed).backward()
    assert (x.grad.item(), w.grad.item()) == (7.0, 4.0)


def test_leaves_may_get_none_where_no_gradient_is_wanted():
    @tg.primitive(ws=lambda g, ws: [g * ws[1], None])
    def product(ws):
        return ws[0] * ws[1]

    w = leaf(2.0)
    product([w, 5.0]).backward()
    assert w.grad.item() == 5.0
    with pytest.raises(
        errors.WrongRule, match=r"product: ws\[1\] needs a gradient, and the rule returned None for it"
    ):
        product([w, leaf(5.0)]).backward()


def test_variadic_arguments_may_be_trees():
    @tg.primitive(pairs=lambda g, index, pairs: tuple(g * other for other in reversed(pairs[index])))
    def sum_of_products(*pairs):
        return sum(a * b for a, b in pairs)

    a, b, c = leaf(2.0), leaf(3.0), leaf(5.0)
    sum_of_products((a, b), (c, a)).backward()
    assert (a.grad.item(), b.grad.item(), c.grad.item()) == (8.0, 2.0, 2.0)


def test_a_joint_rule_and_kept_values_go_with_trees():
    @tg.primitive(keep={"total": None}, joint=(("x", "ws"), lambda g, x, total: (g * total, [g * x, g * x])))
    def scaled(x, ws):
        total = ws[0] + ws[1]
        return x * total, total

    x, a, b = leaf(2.0), leaf(3.0), leaf(5.0)
    scaled(x, [a, b]).backward()
    assert (x.grad.item(), a.grad.item(), b.grad.item()) == (8.0, 2.0, 2.0)


def test_what_a_rule_does_not_name_is_not_kept():
    @tg.primitive(ws=lambda g: {"a": g, "b": g})
    def total(ws):
        return ws["a"] + ws["b"]

    a, b = leaf(np.ones(3)), leaf(np.ones(3))
    product = a * b
    out = total({"a": product, "b": b})
    alive = weakref.ref(product)
    del product
    gc.collect()
    assert alive() is None
    out.backward(np.ones(3))
    np.testing.assert_array_equal(b.grad, [2, 2, 2])


# ---- modules -----------------------------------------------------------------------------------------------


@tg.primitive(x=lambda g, m: g @ m.weight, m=lambda g, x: {"weight": np.outer(g, x), "bias": g})
def layer_of(m, x):
    return m(x).numpy()


def test_the_gradient_of_a_module_is_a_dict_by_parameter_name():
    m, x = nn.Linear(3, 2, rng=0, dtype=np.float64), leaf([1.0, 2.0, 3.0])
    out = layer_of(m, x)
    np.testing.assert_array_equal(out.detach(), m(x).detach())
    out.backward([1.0, 10.0])
    np.testing.assert_array_equal(m.weight.grad, np.outer([1, 10], [1, 2, 3]))
    np.testing.assert_array_equal(m.bias.grad, [1, 10])
    np.testing.assert_allclose(x.grad, [1, 10] @ m.weight.data)
    second = tg.grad(lambda m: np.sum(tg.grad(lambda x: np.sum(layer_of(m, x) ** 2))(x.data)))(m)
    by_numpy = tg.grad(lambda m: np.sum(tg.grad(lambda x: np.sum(m(x) ** 2))(x.data)))(m)
    np.testing.assert_allclose(second.weight.data, by_numpy.weight.data)
    np.testing.assert_allclose(second.bias.data, by_numpy.bias.data)


def test_a_frozen_parameter_needs_no_gradient():
    @tg.primitive(m=lambda g, x: {"bias": g})
    def only_bias(m, x):
        return m(x).numpy()

    m = nn.Linear(2, 2, rng=0)
    m.weight.requires_grad_(False)
    only_bias(m, np.ones(2, np.float32)).backward([1.0, 2.0])
    assert m.bias.grad.tolist() == [1, 2]
    m.weight.requires_grad_()
    with pytest.raises(errors.WrongRule, match=r"only_bias: m\.weight needs a gradient"):
        only_bias(m, np.ones(2, np.float32)).backward([1.0, 2.0])


# ---- what no rule covers is refused by name ----------------------------------------------------------------


def test_tensors_without_a_rule_are_refused_when_the_call_is_recorded():
    w = leaf(2.0)
    by_x = tg.primitive(x=lambda g, ws: g)
    with pytest.raises(
        errors.MissingRule, match=r"no derivative rule for its argument ws\[0\] \(a Tensor of shape \(\)"
    ):
        by_x(lambda x, ws: x * ws[0])(leaf(1.0), [w])
    with pytest.raises(errors.MissingRule, match=r"argument ws\['a'\]\[1\]"):
        by_x(lambda x, *, ws: x * ws["a"][1])(1.0, ws={"a": (1.0, w)})
    with pytest.raises(errors.MissingRule, match=r"argument ws\.weight"):
        by_x(lambda x, ws: ws(x).numpy())(leaf([1.0]), nn.Linear(1, 1, dtype=np.float64))
    assert by_x(lambda x, ws: x * ws[0])(leaf(1.0), [w.detach()]).requires_grad


class Hidden:
    """An object that no rule can name a part of."""

    def __init__(self, tensor):
        self.tensor = tensor


@pytest.mark.parametrize(
    "forward",
    [
        lambda w: lambda x: x * w,
        lambda w: lambda x: np.multiply(x, w),
        lambda w: lambda x: x * tg.relu(w).detach().numpy(),
        lambda w, hidden=Hidden: (lambda h: lambda x: x * h.tensor)(hidden(w)),
        lambda w: (lambda h: lambda x: x * next(iter(h)))({w}),
        lambda w: lambda x: x * tg.grad(lambda y: y * w)(1.0),
        lambda w: lambda x: (w[0:1] + x).data,
        lambda w: lambda x: tg.nn.Sequential(nn.Linear(1, 1, dtype=np.float64))(x).numpy(),
    ],
    ids=["operator", "function", "primitive", "attribute", "set", "transform", "item", "module"],
)
def test_a_forward_that_records_is_refused(forward):
    f = tg.primitive(x=lambda g: g)(forward(leaf([2.0])))
    for argument in (leaf([1.0]), np.array([1.0])):
        with pytest.raises(
            errors.TinygradError, match=r"<lambda>: its forward uses, in .*, a Tensor of shape"
        ):
            f(argument)


def test_constants_are_welcome_in_a_forward():
    w = leaf(2.0)
    f = tg.primitive(x=lambda g: 2 * g)(lambda x: x * w.detach().numpy() + (tg.Tensor(1.0) * 3).numpy())
    assert f(leaf(1.0)).item() == 5.0
    with tg.no_grad():
        assert tg.primitive(x=lambda g: 2 * g)(lambda x: x * w.numpy())(leaf(1.0)).item() == 2.0

    def solved(x):  # differentiating inside, on variables of its own, is computing
        return np.asarray(tg.grad(lambda y: y**3)(x))

    assert tg.grad(tg.primitive(x=lambda g, x: g * 6 * x)(solved))(2.0) == 12.0


@pytest.mark.parametrize(
    "returned", [lambda x: tg.Tensor(x), lambda x: (x, tg.Tensor(x)), lambda x: tg.relu(tg.Tensor(x))]
)
def test_a_forward_that_returns_a_tensor_is_refused(returned):
    f = tg.primitive(x=lambda g, x: g)(returned)
    for argument in (leaf([1.0]), np.ones(1), tg.Tensor([1.0])):
        with pytest.raises(
            errors.WrongRule, match=r"its forward returned a Tensor; it is given plain arrays"
        ):
            f(argument)


def test_the_mode_is_put_back_when_a_forward_fails():
    w = leaf(2.0)
    f = tg.primitive(x=lambda g: g)(lambda x: x * w)
    with pytest.raises(errors.MissingRule):
        f(leaf(1.0))
    (w * 3).backward()
    assert w.grad.item() == 3.0


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (
            lambda g: g,
            r"the rule of ws returned a Tensor|the rule of ws returned a ndarray; its argument is a list, so "
            r"expected a list or tuple of 2",
        ),
        (lambda g: [g], r"returned a list of 1; its argument is a list, so expected a list or tuple of 2"),
        (lambda g: {"a": g}, r"returned a dict with the keys a; its argument is a list"),
        (
            lambda g: [g, np.ones(3)],
            r"rule of ws\[1\] returned a gradient of shape \(3,\); its argument has shape \(2,\)",
        ),
        (lambda g: [g, g * 1j], r"rule of ws\[1\] returned ndarray of dtype complex128"),
    ],
)
def test_a_rule_that_returns_another_tree(returned, says):
    f = tg.primitive(ws=returned)(lambda ws: ws[0] + ws[1])
    with pytest.raises(errors.WrongRule, match=says):
        f([leaf([1.0, 2.0]), leaf([1.0, 2.0])]).backward(np.ones(2))


def test_a_rule_that_returns_a_key_that_is_not_there():
    f = tg.primitive(p=lambda g: {"w": g, "b": g})(lambda p: p["w"] * 1)
    with pytest.raises(
        errors.WrongRule,
        match="returned a dict with the keys w, b; its argument is a dict, so expected a dict with the keys "
        "w",
    ):
        f({"w": leaf(1.0)}).backward()


# ---- ownership ---------------------------------------------------------------------------------------------


def test_a_primitive_dies_with_the_function_that_it_is():
    class Array(np.ndarray):
        pass

    def masked(x, mask):
        return tg.primitive(x=lambda g: g * mask)(lambda x: x * mask)(x)

    mask = np.ones(10).view(Array)
    alive = weakref.ref(mask)
    masked(leaf(np.ones(10)), mask).sum().backward()
    del mask
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize(
    "shared",
    [lambda zero: lambda g: zero, lambda zero: lambda g, x: zero[...], lambda zero: lambda g: zero.view()],
)
def test_a_leaf_does_not_get_an_array_that_its_rule_goes_on_to_hold(shared):
    zero = np.zeros(2)
    f = tg.primitive(x=shared(zero))(lambda x: np.sign(x))
    x, y = leaf([1.0, -2.0]), leaf([3.0, 4.0])
    (np.sum(f(x)) + np.sum(f(y))).backward()
    x.grad.data[:] = 7.0
    np.sum(x * 1.0).backward()
    assert zero.tolist() == [0, 0]
    assert y.grad.tolist() == [0, 0]


def test_a_leaf_does_not_get_another_argument_of_a_variadic_call():
    @tg.primitive(terms=lambda g, index, terms: terms[1 - index])
    def product(*terms):
        return terms[0] * terms[1]

    a, b = leaf([2.0]), leaf([3.0])
    product(a, b).backward()
    a.grad.data[:] = 0.0
    assert (a.item(), b.item(), b.grad.item()) == (2.0, 3.0, 2.0)


def test_primitive_without_parentheses_is_explained():
    with pytest.raises(errors.WrongRule, match=r"write @primitive\(x=lambda g, x: …\)"):
        tg.primitive(lambda x: x)


# ---- what else a forward may not do ------------------------------------------------------------------------


def test_constants_in_a_tree_may_not_change_before_the_backward_pass():
    product = tg.primitive(ws=lambda g, ws: [g * ws[1], None])(lambda ws: ws[0] * ws[1])
    a, w = leaf(2.0), tg.Tensor(np.array(5.0))
    for constant in (w, w.data):
        out = product([a, constant])
        with tg.no_grad():
            w += 100
        with pytest.raises(errors.InPlaceError):
            out.backward()


@pytest.mark.parametrize("change", [lambda b: b.write(30.0), lambda b: setattr(b, "data", np.array(30.0))])
def test_the_buffers_of_a_module_may_not_change_before_the_backward_pass(change):
    class Scaled(nn.Module):
        def __init__(self):
            self.weight, self.scale = nn.Parameter(np.array(2.0)), nn.Buffer(np.array(3.0))

    f = tg.primitive(m=lambda g, m: {"weight": g * m.scale.data})(lambda m: m.weight.data * m.scale.data)
    m = Scaled()
    f(m).backward()
    assert m.weight.grad.item() == 3.0
    out = f(m)
    change(m.scale)
    with pytest.raises(errors.InPlaceError):
        out.backward()


class Key:
    def __repr__(self):
        return "key"


def test_leaves_are_told_apart_by_their_places():
    f = tg.primitive(d=lambda g, d: {k: g * (i + 1) for i, k in enumerate(d)})(lambda d: np.float64(0))
    a, b = leaf(1.0), leaf(1.0)
    f({Key(): a, Key(): b}).backward()
    assert (a.grad.item(), b.grad.item()) == (1.0, 2.0)


def test_a_primitive_that_broadcasts_takes_trees_too():
    scaled = tg.primitive(broadcasts=True, x=lambda g, d: g * d["w"], d=lambda g, x: {"w": g * x})(
        lambda x, d: x * d["w"]
    )
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    scaled(x, {"w": w}).backward([1.0, 10.0])
    assert (x.grad.tolist(), w.grad.item()) == ([3.0, 30.0], 21.0)
    with pytest.raises(errors.MissingRule, match=r"argument d\['w'\]"):
        tg.primitive(broadcasts=True, x=lambda g, d: g * d["w"])(lambda x, d: x * d["w"])(x, {"w": w})


@pytest.mark.parametrize("forward", [lambda x: x > 0, lambda x: np.round(x).astype(int), lambda x: 3])
def test_a_result_without_a_gradient_is_refused_where_there_are_rules(forward):
    f = tg.primitive(x=lambda g: g)(forward)
    with pytest.raises(
        errors.WrongRule, match=r"its forward returned (bool|int64), of which there is no gradient"
    ):
        f(leaf([1.0, 2.0]))
    assert not f(tg.Tensor([1.0, 2.0])).requires_grad
    with tg.no_grad():
        f(leaf([1.0, 2.0]))


@pytest.mark.parametrize("returned", [lambda x: (x * x, x, x), lambda x: (x * x,), lambda x: x * x])
def test_a_forward_that_keeps_another_number_of_values_is_refused(returned):
    f = tg.primitive(keep={"e": None}, x=lambda g, e: g * e)(returned)
    for argument in (leaf(3.0), 3.0):
        with pytest.raises(
            errors.WrongRule, match="returns a tuple of its output and 1 kept values; it returned"
        ):
            f(argument)


def test_what_a_decorator_is_given_wrongly():
    with pytest.raises(errors.WrongRule, match="takes a primitive, or None"):
        tg.primitive(keep={"e": lambda x: np.exp(x)}, x=lambda g, e: g * e)(
            lambda x: (np.exp(x) - 1, np.exp(x))
        )
    with pytest.raises(errors.WrongRule, match="the rule of x is a function"):
        tg.primitive(x=3)(lambda x: x)


@pytest.mark.parametrize(
    "returned", [lambda x: [x, x], lambda x: {"y": x}, lambda x: None, lambda x: (v for v in x)]
)
def test_a_forward_that_returns_no_array_is_refused_by_name(returned):
    f = tg.primitive(x=lambda g: g)(returned)
    for argument in (leaf([1.0]), np.ones(1)):
        with pytest.raises(errors.WrongRule, match=r"<lambda>: its forward returned a .*; expected an array"):
            f(argument)


def test_a_named_tuple_is_several_outputs():
    slogdet = tg.primitive(a=lambda g, a: g[1] * np.linalg.inv(a).T)(lambda a: np.linalg.slogdet(a))
    a = leaf([[2.0, 0.0], [0.0, 4.0]])
    slogdet(a)[1].backward()
    np.testing.assert_allclose(a.grad, [[0.5, 0], [0, 0.25]])


def test_the_debug_mode_catches_a_forward_that_writes_into_its_argument():
    def squared(x):
        x *= 2
        return x**2

    x = leaf([1.0, 2.0])
    with tg.debug(), pytest.raises(ValueError, match="read-only"):
        tg.primitive(x=lambda g, x: 2 * g * x)(squared)(x)
    assert x.tolist() == [1.0, 2.0]


def test_a_call_over_a_tree_dies_without_the_garbage_collector():
    product = tg.primitive(ws=lambda g, ws: [g * ws[1], g * ws[0]])(lambda ws: ws[0] * ws[1])
    gc.collect()
    gc.disable()
    try:
        big = leaf(np.ones(10))
        alive = weakref.ref(big)
        np.sum(product([leaf(np.ones(10)), big])).backward()
        del big
        assert alive() is None
    finally:
        gc.enable()
