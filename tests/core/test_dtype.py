"""Dtypes and the form of arrays, D01 to D12: promotion is NumPy's, gradients have the dtype of their tensor,
layout does not matter.

D12, warnings as errors, is how the whole suite runs.
"""

import mmap

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors, nn, optim


def test_integers_follow_numpy():  # D01
    difference = tg.Tensor(np.array([10], np.uint8)) - tg.Tensor(np.array([20], np.uint8))
    assert (difference.tolist(), difference.dtype) == ([246], np.uint8)
    assert (tg.Tensor([1, 2]) / 2).dtype == np.float64
    assert (tg.Tensor([1, 2]) // 2).dtype == np.int64


@pytest.mark.parametrize("data", [[1, 2], [True, False], np.zeros(2, np.uint8)])
def test_only_floating_tensors_require_gradients(data):  # D02
    for make in (
        lambda: tg.Tensor(data, requires_grad=True),
        lambda: tg.Tensor(data).requires_grad_(),
        lambda: nn.Parameter(data),
    ):
        with pytest.raises(
            errors.DTypeError,
            match=r"Only floating and complex tensors can require a gradient; this one is (int64|bool|uint8)",
        ):
            make()
    assert tg.Tensor(data, requires_grad=True, dtype=np.float32).dtype == np.float32
    assert np.mean(tg.Tensor(data)).dtype == np.float64


def test_integers_do_not_carry_gradients():  # D02
    x = leaf([1.5, 2.5])
    whole = x.astype(int)
    assert whole.dtype == np.int64
    assert not whole.requires_grad
    assert not (x > 2).requires_grad
    assert not np.argmax(x).requires_grad


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        (lambda x: x * 2.0, np.float32),
        (lambda x: 2 * x, np.float32),
        (lambda x: x**2, np.float32),
        (lambda x: x**0.5, np.float32),
        (lambda x: x**3, np.float32),
        (lambda x: 2.0**x, np.float32),
        (lambda x: x * np.float32(2), np.float32),
        (lambda x: x * np.array(2, np.float32), np.float32),
        (lambda x: x * np.float64(2), np.float64),
        (lambda x: np.float64(2) * x, np.float64),
        (lambda x: x / tg.Tensor(np.float64(2)), np.float64),
        (lambda x: x + np.array([1.0, 2.0]), np.float64),
        (lambda x: x + [1.0, 2.0], np.float64),  # noqa: RUF005  # a tensor plus a list is what is tested
        (lambda x: x * np.array([1, 2], np.int8), np.float32),
        (lambda x: x * np.array([1, 2], np.int64), np.float64),
        (lambda x: x * np.array([True, False]), np.float32),
        (lambda x: np.where([True, False], x, 0.0), np.float32),
        (lambda x: np.maximum(x, 0), np.float32),
        (lambda x: np.clip(x, 0.0, 1.5), np.float32),
        (lambda x: np.mean(x), np.float32),
        (lambda x: np.sum(x, dtype=np.float64), np.float64),
        (lambda x: np.std(x, ddof=1), np.float32),
        (lambda x: tg.softmax(x), np.float32),
        (lambda x: tg.leaky_relu(x, 0.01), np.float32),
        (lambda x: tg.elu(x), np.float32),
        (lambda x: np.concatenate([x, np.ones(1)]), np.float64),
        (lambda x: x.astype(np.float64) * 2, np.float64),
        (lambda x: tg.softmax_cross_entropy(x[None], [1]), np.float32),
        (lambda x: tg.dropout(x, 0.5, rng=0), np.float32),
    ],
)
def test_promotion_is_numpys_and_gradients_keep_the_dtype_of_their_tensor(function, dtype):  # D03
    x = leaf([1.0, 2.0], np.float32)
    y = function(x)
    assert y.dtype == dtype
    y.backward(np.ones(y.shape))
    assert x.grad.dtype == np.float32


def test_each_argument_gets_its_own_dtype():  # D03
    tensors = [leaf([1.0, 2.0], dtype) for dtype in (np.float16, np.float32, np.float64)]
    a, b, c = tensors
    np.sum(a * b + c * a).backward()
    for tensor, slope in zip(tensors, ([2.0, 4.0], [1.0, 2.0], [1.0, 2.0])):
        assert tensor.grad.dtype == tensor.dtype
        np.testing.assert_array_equal(tensor.grad.data, slope)


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=np.float64(0.1), momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=np.float64(0.1)),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_in_float32_stays_in_float32(optimizer):  # D04
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(4, 8, rng=rng), nn.ReLU(), nn.Dropout(0.1, rng=rng), nn.Linear(8, 3, rng=rng)
    )
    step = optimizer(model.parameters())
    for _ in range(3):
        step.zero_grad()
        loss = tg.softmax_cross_entropy(model(rng.standard_normal((5, 4))), rng.integers(0, 3, 5))
        loss.backward()
        assert loss.dtype == np.float32
        for p in model.parameters():
            assert p.grad.dtype == np.float32
        step.step()
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert {array.dtype for array in arrays_in(step) if array.dtype.kind == "f"} == {np.dtype(np.float32)}


def arrays_in(value):
    """The arrays in nested containers and in the attributes of objects."""
    if isinstance(value, np.ndarray):
        return [value]
    values = (
        value
        if isinstance(value, (list, tuple))
        else (value if isinstance(value, dict) else getattr(value, "__dict__", {})).values()
    )
    return [array for inner in values for array in arrays_in(inner)]


def test_float16_keeps_small_gradients():  # D05
    n = 70_000
    x = leaf(np.ones(n), np.float16)
    np.max(x).backward()
    np.testing.assert_allclose(x.grad.data, np.full(n, np.float16(1 / n)), rtol=0)
    assert x.grad.data[0] == pytest.approx(1.43e-05, rel=5e-3)
    assert np.mean(x).item() == 1.0
    with np.errstate(over="ignore"):
        assert np.sum(x).item() == np.inf
    x.grad = None
    np.mean(x).backward()
    np.testing.assert_allclose(x.grad.data, np.full(n, np.float16(1 / n)), rtol=0)


@pytest.mark.parametrize(
    "data",
    [
        [1, None],
        ["a"],
        [object()],
        np.datetime64("2020"),
        np.ma.array([1.0], mask=[True]),
        [np.ma.array([1.0], mask=[True])],
    ],
    ids=lambda d: repr(d)[:12],
)
def test_what_a_tensor_cannot_hold_is_refused(data):  # D06
    with pytest.raises(errors.DTypeError):
        tg.Tensor(data)
    with pytest.raises(errors.DTypeError):
        tg.Tensor(data, requires_grad=True)


def test_ragged_lists_are_refused_with_their_lengths():  # D06
    with pytest.raises(errors.ShapeError, match="elements of lengths 1, 2"):
        tg.Tensor([[1, 2], [3]])


def test_results_that_a_tensor_cannot_hold_are_refused():  # D06
    for wrong in (np.array(["a"]), None):
        with pytest.raises(TypeError):
            leaf([1.0]) * wrong
    with pytest.raises(errors.DTypeError):
        leaf([1.0]).astype(object)


def test_bool_and_int_tensors_need_no_gradient():  # D06
    mask, labels = tg.Tensor([True, False]), tg.Tensor([1, 0])
    x = leaf([1.0, 2.0])
    np.sum(np.where(mask, x, 0) + x[labels] * mask).backward()
    np.testing.assert_array_equal(x.grad.data, [1.0, 1.0])


def unaligned(array):
    raw = np.zeros(array.nbytes + 1, np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


def mapped(array):
    memory = mmap.mmap(-1, array.nbytes)
    memory.write(array.tobytes())
    view = np.frombuffer(memory, array.dtype).reshape(array.shape)
    view.flags.writeable = False
    return view


def read_only(array):
    view = array.copy()
    view.flags.writeable = False
    return view


FORMS = {
    "big-endian": lambda a: a.astype(">f8"),
    "unaligned": unaligned,
    "read-only": read_only,
    "mmap": mapped,
    "Fortran": np.asfortranarray,
    "reversed": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "sliced": lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2],
    "stride 0": lambda a: np.broadcast_to(a[:1], a.shape),
}


def network(x, w):
    h = np.tanh(x @ w.T) * x[:, :2] + np.max(x, axis=1, keepdims=True)
    return (
        np.sum(tg.softmax(h) ** 2)
        + np.std(x)
        + np.sum(np.prod(x, axis=0))
        + np.sum(x[[0, 0, 2]])
        + np.sum(np.einsum("ij,kj->ki", x, w))
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("held", [True, False], ids=["held as it is", "copied"])
def test_inputs_of_any_form_have_the_same_gradients(form, held):  # D07, D08
    """Tensors that require gradients copy what they are given; ``data =`` puts the array itself in."""
    rng = np.random.default_rng(0)
    x, w = FORMS[form](rng.standard_normal((3, 4))), rng.standard_normal((2, 4))
    before = np.array(x, np.float64, order="C")

    def gradients(array):
        a, b = leaf(before), leaf(w)
        if held:
            a.data = array
        else:
            a = tg.Tensor(array, requires_grad=True)
        y = network(a, b)
        y.backward()
        return y.data, a.grad.data, b.grad.data

    for found, expected in zip(gradients(x), gradients(before)):
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("form", FORMS)
def test_layers_take_any_form(form):  # D08
    rng = np.random.default_rng(0)
    x = FORMS[form](rng.standard_normal((3, 4)))
    model = nn.Sequential(nn.Linear(4, 5, rng=0), nn.ReLU(), nn.Linear(5, 2, rng=1))
    np.testing.assert_allclose(model(x).data, model(np.array(x, np.float64, order="C")).data, rtol=1e-6)


def test_a_batch_of_none_has_gradients_of_zero():  # D09
    model = nn.Sequential(nn.Linear(4, 5, rng=0), nn.ReLU(), nn.Dropout(0.5, rng=1), nn.Linear(5, 3, rng=2))
    y = model(np.zeros((0, 4), np.float32))
    assert (y.shape, y.dtype) == ((0, 3), np.float32)
    np.sum(y).backward()
    for p in model.parameters():
        assert (p.grad.shape, p.grad.dtype) == (p.shape, np.float32)
        assert not np.any(p.grad.data)


@pytest.mark.parametrize(
    "dtype", [np.int64, np.int32, np.int16, np.int8, np.uint8, np.uint16, np.uint32, np.uint64, ">i4"]
)
def test_integers_of_any_size_are_labels_and_indices(dtype):  # D10
    labels = np.array([0, 2, 2], dtype)
    logits = leaf(np.log([[1, 1, 2], [1, 1, 2], [1, 1, 2]]))
    tg.softmax_cross_entropy(logits, labels, reduction="sum").backward()
    np.testing.assert_allclose(
        logits.grad.data, [[-0.75, 0.25, 0.5], [0.25, 0.25, -0.5], [0.25, 0.25, -0.5]], rtol=1e-12
    )
    for pick in (
        lambda x: x[labels],
        lambda x: np.take(x, labels, axis=0),
        lambda x: x[labels, labels],
        lambda x: np.take(x, labels),
    ):
        x = leaf(np.arange(9.0).reshape(3, 3))
        y = pick(x)
        np.testing.assert_array_equal(y.data, pick(x.data))
        y.backward(np.ones(y.shape))
        assert np.sum(x.grad.data) == y.size


def test_a_long_sum_in_float32_is_pairwise():  # D11
    x = leaf(np.full(10_000_000, 0.1), np.float32)
    total = np.sum(x)
    assert total.dtype == np.float32
    assert total.item() == np.add.reduce(x.data)  # NumPy's own sum, which is pairwise
    own_error = 0.2 if not np.__version__.startswith("2.1.") else 20  # NumPy 2.1 itself returns 999989.44
    assert total.item() == pytest.approx(1_000_000.1, abs=own_error)
    assert np.mean(x).item() == pytest.approx(0.1, abs=own_error / 1e7)
