"""Tensors as Python objects and as arrays: equality, truth, iteration, copies, construction, methods."""

import copy
import itertools
import math
import operator
import pickle

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import nn

# ---- tensors as Python objects -----------------------------------------------------------------------------


def test_equality_is_elementwise_and_hashes_are_identities():  # E28
    a, b = tg.Tensor([1.0, 2.0]), tg.Tensor([1.0, 3.0])
    np.testing.assert_array_equal((a == b).data, [True, False])
    np.testing.assert_array_equal((a != b).data, [False, True])
    np.testing.assert_array_equal((a == 1.0).data, [True, False])
    assert (a == b).dtype == bool
    assert a in [a, b]
    assert {a: 1, b: 2}[b] == 2
    assert len({a, b, a, tg.Tensor([1.0, 2.0])}) == 3
    with pytest.raises(ValueError, match="ambiguous"):
        _ = b in [a]


def test_equal_tensors_are_different_nodes():  # E28
    a, b = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    np.sum(a * b * b).backward()
    np.testing.assert_array_equal(a.grad.data, [1.0, 4.0])
    np.testing.assert_array_equal(b.grad.data, [2.0, 8.0])


def test_only_one_element_has_a_truth_value():  # E29
    for empty_or_many in ([], [1.0, 2.0], [[0.0], [0.0]]):
        with pytest.raises(ValueError, match="truth value"):
            bool(tg.Tensor(empty_or_many))
    assert tg.Tensor([2.0])
    assert not tg.Tensor(0.0)
    assert leaf(2.0)  # a branch on a value is Python's business, not the graph's


def test_numbers_lengths_and_iteration_are_those_of_arrays():  # E30
    x = tg.Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(x) == 3
    assert [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    for wrong in (3, -4, (0, 2), 1.5, "a"):
        with pytest.raises(IndexError):
            x[wrong]
    for convert in (float, int, complex):
        with pytest.raises(TypeError):
            convert(x)
    scalar = tg.Tensor(2.5)
    assert (float(scalar), int(scalar), scalar.item()) == (2.5, 2, 2.5)
    with pytest.raises(TypeError, match="without axes"):
        len(scalar)
    with pytest.raises(TypeError, match="without axes"):
        list(scalar)
    assert [10, 20, 30][tg.Tensor(1)] == 20


FLOATS = np.array([[1.0, 2.0], [np.nan, -4.0]])
ARRAYS = {"float64": FLOATS, "float32": FLOATS.astype("f"), "complex": FLOATS * 1j, "bool": FLOATS > 0}
ARRAYS |= {
    "int": np.array([[1, 2], [3, -4]]),
    "one": np.array([5]),
    "number": np.array(7),
    "empty": np.ones((0, 2)),
}
OTHERS = (*ARRAYS.values(), 2, 2.5, True, 1j, np.float32(1.5), np.int8(3), [1, 2], [[1.0], [2.0]], [1, 2, 3])
# fmt: off
OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.matmul, divmod, operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift, operator.lt,
    operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.contains,
]
UNARY = [
    operator.neg, operator.pos, abs, operator.invert, len, list, bool, complex, float, int, operator.index,
    copy.copy, copy.deepcopy, np.array, np.asarray, lambda x: x.T, lambda x: list(reversed(x)), lambda x: x[0], lambda x: x[..., -1],
]
# fmt: on


REFUSALS = TypeError, ValueError, IndexError


def outcome(function, *values):
    """What a function returns, as types and plain values; or the kind of error that it raises."""
    try:
        with np.errstate(all="ignore"):
            found = function(*values)
    except (*REFUSALS, DeprecationWarning) as error:  # in a warning newer NumPys raise
        return next(kind for kind in (*REFUSALS, DeprecationWarning) if isinstance(error, kind))
    parts = found if type(found) in (tuple, list) else [found]
    if any(np.asarray(p).dtype == object for p in parts):  # which no tensor holds
        return TypeError
    return [(np.asarray(p).dtype, np.asarray(p).shape, repr(np.asarray(p).tolist())) for p in parts]


@pytest.mark.parametrize("function", OPERATORS, ids=lambda f: f.__name__)
def test_operators_are_those_of_arrays(function):
    for x, other in itertools.product(ARRAYS.values(), (*OTHERS, None, "a", ["a", "b"], object, (), {})):
        wrapped = tg.Tensor(other) if isinstance(other, np.ndarray) else other
        want = outcome(function, x, other)
        assert outcome(function, tg.Tensor(x), other) == want, (x, other)
        assert outcome(function, tg.Tensor(x), wrapped) == want, (x, other)
        if not isinstance(other, (list, tuple, dict)) and function is not operator.contains:
            assert outcome(function, other, tg.Tensor(x)) == outcome(function, other, x), (other, x)


IN_PLACE = [getattr(operator, f"i{f.__name__.strip('_')}") for f in OPERATORS[:13] if f is not divmod]


@pytest.mark.parametrize("function", IN_PLACE, ids=lambda f: f.__name__)
def test_operators_in_place_are_those_of_arrays(function):
    for array, other in itertools.product(ARRAYS.values(), (*OTHERS, None, "a")):
        x = array.copy()
        y = tg.Tensor(x.copy())
        with tg.no_grad():
            got, want = outcome(function, y, other), outcome(function, x, other)
        both_refuse = isinstance(got, type) and isinstance(want, type)  # for whichever reason comes first
        assert got == want or both_refuse, (x, other)
        np.testing.assert_array_equal(y.data, x)


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_special_methods_are_those_of_arrays(function):
    for name, x in ARRAYS.items():
        want = outcome(function, x)
        if (name, function, want) == ("empty", bool, DeprecationWarning):
            want = ValueError  # as NumPy's from 2.2 on
        assert outcome(function, tg.Tensor(x)) == want, name


def test_iteration_is_differentiable():  # E30
    x = leaf([1.0, 2.0, 3.0])
    first, *rest = x
    (first * rest[1]).backward()
    np.testing.assert_array_equal(x.grad.data, [3.0, 0.0, 1.0])


@pytest.mark.parametrize("index", [1, [1, 1], [False, True, False], [], [[0], [2]]], ids=str)
def test_tensors_index_arrays_and_tensors(index):  # E30
    x, array = leaf([1.0, 3.0, 2.0]), np.array([1.0, 3.0, 2.0])
    index = np.array(index, dtype=int) if index == [] else np.array(index)
    np.testing.assert_array_equal(x[tg.Tensor(index)].data, array[index])
    assert x[np.argmax(x)].item() == 3.0


def test_a_deep_copy_shares_nothing():  # E31
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    np.sum(model(np.ones((4, 2), np.float32))).backward()
    twin = copy.deepcopy(model)
    for p, q in zip(model.parameters(), twin.parameters(), strict=True):
        assert type(q) is nn.Parameter
        assert q.requires_grad
        assert q.is_leaf
        np.testing.assert_array_equal(p.data, q.data)
        np.testing.assert_array_equal(p.grad.data, q.grad.data)
        assert not np.shares_memory(p.data, q.data)
        assert not np.shares_memory(p.grad.data, q.grad.data)
    before = [p.grad.data.copy() for p in model.parameters()]
    np.sum(twin(np.ones((4, 2), np.float32))).backward()
    for p, q, old in zip(model.parameters(), twin.parameters(), before):
        np.testing.assert_array_equal(p.grad.data, old)
        np.testing.assert_allclose(q.grad.data, 2 * old, rtol=1e-6)


def test_copies_keep_ties_and_refuse_results():  # E31
    p = nn.Parameter([1.0])
    one, other = copy.deepcopy([p, p])
    assert one is other
    frozen = copy.deepcopy(leaf([1.0]).requires_grad_(False))
    assert not frozen.requires_grad
    with pytest.raises(RuntimeError, match=r"detach\(\)"):
        copy.deepcopy(p * 2)


def test_leaves_are_pickled_as_data_and_results_are_not():  # E31
    constant, learned, frozen = tg.Tensor([1, 2]), leaf([1.0]), nn.Parameter([1.0], requires_grad=False)
    learned.sum().backward()
    for x in (constant, learned, frozen, nn.Buffer([True]), leaf(3.0), (learned * 2).detach()):
        back = pickle.loads(pickle.dumps(x))  # noqa: S301  # our own, of this line
        assert type(back) is type(x)
        np.testing.assert_array_equal(back.data, x.data)
        assert (back.dtype, back.requires_grad, back.grad) == (x.dtype, x.requires_grad, None)
    one, other = pickle.loads(pickle.dumps([learned, learned]))  # noqa: S301  # the same
    assert one is other
    (one * 3).sum().backward()
    assert one.grad.item() == 3
    with pytest.raises(TypeError, match=r"pickle its values, x\.detach\(\)"):
        pickle.dumps(learned * 2)


def test_a_detached_tensor_shares_memory_and_needs_no_gradient():  # E32
    x = leaf(3.0)
    (x.detach() * x).backward()
    assert x.grad.item() == 3.0
    y = x * 2
    d = y.detach()
    assert not d.requires_grad
    assert d.grad is None
    assert np.shares_memory(d.data, y.data)


# ---- tensors and arrays ------------------------------------------------------------------------------------


def test_construction_follows_numpy():
    for data in (
        [1, 2],
        [1.0, 2],
        True,
        np.float32(1),
        np.zeros((2, 0), np.float16),
        [[1], [2]],
        range(3),
        np.uint8(3),
    ):
        x = tg.Tensor(data)
        assert (x.shape, x.dtype) == (np.asarray(data).shape, np.asarray(data).dtype)
        assert type(x.data) is np.ndarray
        assert x.grad is None
        assert not x.requires_grad
    assert tg.Tensor([1, 2], dtype=np.float32).dtype == np.float32


def test_construction_copies_or_aliases():
    array = np.array([1.0, 2.0])
    assert tg.Tensor(array).data is array
    owner = tg.Tensor(array, requires_grad=True)
    assert not np.shares_memory(owner.data, array)
    assert not np.shares_memory(nn.Parameter(array).data, array)
    assert np.shares_memory(tg.Tensor(tg.Tensor(array)).data, array)
    assert not np.shares_memory(tg.Tensor(tg.Tensor(array), requires_grad=True).data, array)
    with pytest.raises(RuntimeError, match="cut the graph"):
        tg.Tensor(owner)


def test_freezing_and_thawing_keeps_memory_and_gradient():
    x = leaf([1.0, 2.0])
    memory = x.data
    np.sum(x * x).backward()
    x.requires_grad_(False)
    assert not (x * 2).requires_grad
    x.requires_grad = True
    np.sum(x * x).backward()
    assert x.data is memory
    np.testing.assert_array_equal(x.grad.data, [4.0, 8.0])
    with pytest.raises(RuntimeError, match=r"detach\(\)"):
        (x * 2).requires_grad_(False)


def test_attributes_are_numpys():
    array = np.arange(6.0).reshape(1, 2, 3)
    x = tg.Tensor(array)
    for name in ("shape", "dtype", "ndim", "size", "nbytes", "itemsize"):
        assert getattr(x, name) == getattr(array, name)


@pytest.mark.parametrize(
    "method",
    [
        lambda x: x.T,
        lambda x: x.mT,
        lambda x: x.sum(0),
        lambda x: x.sum(axis=(0, 2), keepdims=True),
        lambda x: x.max(axis=1, keepdims=True),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((3, -1)),
        lambda x: x.transpose(2, 0, 1),
        lambda x: x.transpose((2, 0, 1)),
        lambda x: x.transpose(),
        lambda x: x.flatten(),
        lambda x: x.mean(),
        lambda x: x.astype(np.float32),
        lambda x: x.squeeze(0),
        lambda x: x.clip(1, 2),
        lambda x: x.cumsum(1),
        lambda x: x.argmax(axis=-1),
        lambda x: x.copy(),
    ],
)
def test_methods_are_numpys(method):
    array = np.arange(6.0).reshape(1, 2, 3)
    for x in (tg.Tensor(array), leaf(array)):
        found, expected = method(x), method(array)
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(found.data, expected)


def test_an_array_times_a_tensor_is_one_tensor():  # E26
    x = leaf([3.0, 4.0])
    for array in (np.array([1.0, 2.0]), np.array([1, 2]), [1.0, 2.0]):
        x.grad = None
        y = array * x
        assert type(y) is tg.Tensor
        assert y.dtype == np.float64
        np.sum(y).backward()
        np.testing.assert_array_equal(x.grad.data, [1.0, 2.0])
    assert type(np.array([[1.0, 2.0]]) + x) is tg.Tensor
    assert type(np.float64(2) * x) is tg.Tensor


@pytest.mark.parametrize(
    ("function", "value", "slope"),
    [
        (lambda t: np.float64(2) * t, 8.0, 2.0),
        (lambda t: 2 - t, -2.0, -1.0),
        (lambda t: 1 / t, 0.25, -1 / 16),
        (lambda t: 2**t, 16.0, 16 * math.log(2)),
        (lambda t: [1.0, 2.0] + t, [5.0, 6.0], 2.0),  # noqa: RUF005  # a list plus a tensor is what is tested
        (lambda t: t - [1.0, 2.0], [3.0, 2.0], 2.0),
        (lambda t: np.eye(2) @ np.stack([t, t]), [4.0, 4.0], 2.0),
        (lambda t: 9 // t, 2.0, 0.0),
        (lambda t: 9 % t, 1.0, -2.0),
        (lambda t: abs(-t), 4.0, 1.0),
        (lambda t: divmod(9, t)[1], 1.0, -2.0),
    ],
)
def test_operators_differentiate_from_both_sides(function, value, slope):  # E27
    t = leaf(4.0)
    y = function(t)
    np.testing.assert_allclose(y.data, value, rtol=1e-15)
    y.backward(np.ones(y.shape))
    np.testing.assert_allclose(t.grad.data, slope, rtol=1e-15)
