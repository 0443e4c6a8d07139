"""Half precision as storage: the bits that are kept, and that all else is what float32 computes of them."""

import copy
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import generic, message_of
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError, DTypeError, InPlaceError
from tinygrad_edu.half import Stored, store

KINDS = ["bfloat16", "float16"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def singles(*shape, seed=0):
    return generic(*shape, seed=seed).astype(np.float32)


def rounded(values, kind):
    """float32 rounded by NumPy's float16, or by arithmetic: bfloat16 has 8 bits, from 2⁻¹³³ up to 2¹²⁸."""
    values = np.asarray(values, np.float32)
    if kind == "float16":
        return values.astype(np.float16).astype(np.float32)
    exact = values.astype(np.float64)
    _, exponent = np.frexp(exact)
    unit = np.ldexp(1.0, np.maximum(exponent - 8, -133))
    return (np.rint(exact / unit) * unit).astype(np.float32)  # np.rint takes the even one of two as near


# ---- the bits ----------------------------------------------------------------------------------------------


@every_kind
@given(values=st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=8))
def test_values_are_rounded_to_the_nearest_even_number(kind, values):
    with np.errstate(over="ignore"):
        expected = rounded(np.where(np.isinf(values), 0, values), kind)
    expected = np.where(np.isinf(values), np.asarray(values, np.float32), expected)
    held = store(values, kind)
    assert held.held.dtype.itemsize == 2
    assert held.wide().tobytes() == expected.astype(np.float32).tobytes()
    assert store(held, kind).held.tobytes() == held.held.tobytes()  # to round again changes nothing


@every_kind
def test_nan_stays_nan_and_the_largest_become_infinite(kind):
    nans = np.array([0x7F800001, 0xFFFFFFFF, 0x7FC00000], np.uint32).view(np.float32)
    assert np.isnan(store(nans, kind).wide()).all()
    assert store([-np.finfo(np.float32).max], kind).wide()[0] == -np.inf


def test_arrays_of_ml_dtypes_are_taken_in_their_memory():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="needs ml_dtypes")
    values = singles(1000) * np.float32(2) ** np.arange(-500, 500).clip(-60, 60)
    theirs = values.astype(ml_dtypes.bfloat16)
    assert store(values, "bfloat16").held.tobytes() == theirs.tobytes()
    x = tg.Tensor(theirs)
    assert x.dtype == np.float32
    assert np.shares_memory(x.data.held, theirs)
    np.testing.assert_array_equal((x * 2).data, 2 * theirs.astype(np.float32))


# ---- what computes with them -------------------------------------------------------------------------------

MODELS = {
    "perceptron": lambda: nn.Sequential(nn.Linear(6, 8, rng=0), nn.GELU(), nn.Linear(8, 3, rng=1)),
    "convolutions": lambda: nn.Sequential(nn.Conv2d(2, 4, 3, rng=0), nn.ReLU(), nn.MaxPool2d(2)),
    "normalized": lambda: nn.Sequential(nn.Linear(6, 8, rng=0), nn.LayerNorm(8), nn.BatchNorm1d(8)),
    "recurrent": lambda: nn.GRU(4, 5, rng=0),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, rng=0),
    "embedded": lambda: nn.Embedding(7, 4, rng=0),
}
SHAPES = {"convolutions": (2, 2, 8, 8), "recurrent": (6, 2, 4), "attention": (5, 2, 8)}


def outputs_and_gradients(model, x):
    y = model(x)
    y = y[0] if isinstance(y, tuple) else y
    np.sum(y**2).backward()
    return y, [p.grad for p in model.parameters()]


@every_kind
@pytest.mark.parametrize("name", MODELS)
def test_a_stored_model_is_the_float32_model_of_the_rounded_weights(kind, name):
    model, other, x = MODELS[name](), MODELS[name](), singles(*SHAPES.get(name, (5, 6)))
    x = np.array([[1, 2], [6, 1]]) if name == "embedded" else x
    nn.store(model, kind)
    for p in other.parameters():
        p.data = rounded(p.data, kind)
    (y, gradients), (expected, wanted) = outputs_and_gradients(model, x), outputs_and_gradients(other, x)
    assert all(type(p.data) is Stored for p in model.parameters())
    assert y.data.tobytes() == expected.data.tobytes()
    for one, other in zip(gradients, wanted, strict=True):
        assert one.data.tobytes() == other.data.tobytes()


@every_kind
@pytest.mark.parametrize(
    "make", [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad, optim.Lion]
)
def test_optimizers_step_from_rounded_to_rounded_values(kind, make):
    start, gradient = rounded(singles(300), kind), singles(300, seed=1)
    p, plain = nn.Parameter(start), nn.Parameter(start)
    p.data = store(start, kind)
    mine, theirs = make([p], lr=0.125), make([plain], lr=0.125)
    for _ in range(3):
        for one, optimizer in ((p, mine), (plain, theirs)):
            one.grad = tg.Tensor(gradient)
            optimizer.step()
        plain.data[...] = rounded(plain.data, kind)
        assert type(p.data) is Stored
        np.testing.assert_array_equal(p.data.wide(), plain.data)


def test_a_graph_of_stored_activations_keeps_half_the_bytes():
    x, n = tg.Tensor(singles(1 << 16), requires_grad=True), 1 << 18

    def alive(between):
        tracemalloc.start()
        y = x
        for _ in range(8):
            y = between(np.sin(y))
        np.sum(y)
        found = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return found

    plain, stored = alive(lambda y: y), alive(tg.stored)
    assert 8 * n < plain
    assert stored < 0.6 * plain


@every_kind
def test_the_gradient_passes_the_rounding(kind):
    values = singles(7)
    x = tg.Tensor(values, requires_grad=True)
    y = tg.stored(x, kind)
    np.sum(np.sin(y)).backward(create_graph=True)
    np.testing.assert_array_equal(x.grad.detach().data, np.cos(rounded(values, kind)))
    assert type(y.detach().data) is Stored
    found = tg.grad(lambda v: np.sum(tg.stored(v, kind) ** 3))(values)
    np.testing.assert_array_equal(found, 3 * np.square(rounded(values, kind)))


# ---- as a part of a model ----------------------------------------------------------------------------------


def test_states_are_float32_and_come_back_rounded():
    model = nn.store(nn.Linear(3, 2, rng=0))
    state = model.state_dict()
    assert {type(value) for value in state.values()} == {np.ndarray}
    state["weight"] = singles(2, 3, seed=5)
    model.load_state_dict(state)
    np.testing.assert_array_equal(model.weight.data.wide(), rounded(state["weight"], "bfloat16"))
    twin = copy.deepcopy(model)
    twin.weight.data[0, 0] = 9
    assert model.weight.data.wide()[0, 0] != 9 == twin.weight.data.wide()[0, 0]
    assert type(model.to(np.float64).weight.data) is np.ndarray


def test_a_compiled_function_computes_the_same_also_after_a_step():
    model = nn.store(nn.Linear(3, 2, rng=0))
    x, compiled = singles(4, 3), tg.compile(lambda x: model(x))
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x).data, model(x).data)
        with tg.no_grad():
            model.weight.data[...] = model.weight.data.wide() * 2


def test_what_changed_before_the_backward_pass_is_noticed():
    p = nn.Parameter(singles(3))
    p.data = store(p.data, "float16")
    y = np.sum(p * p)
    with tg.no_grad():
        p *= 2
    with pytest.raises(InPlaceError, match="was changed in place after the operation"):
        y.backward()


def test_what_is_no_such_precision_is_refused():
    assert '"bfloat16" or "float16"; got \'int8\'' in message_of(ArgumentError, tg.stored, singles(2), "int8")
    assert "real numbers" in message_of(ArgumentError, tg.stored, np.array([1j]))
    model = nn.Linear(2, 2, dtype=np.float64)
    assert "weight is float64" in message_of(DTypeError, nn.store, model)
    assert "float16" in message_of(ArgumentError, nn.store, nn.Linear(2, 2), "half")
    with pytest.raises(ValueError, match="by a copy"):
        np.asarray(store([1.0], "float16"), copy=False)
