"""Arrays of other libraries in, and tensors out: by DLPack, and by the namespace of the array API."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import ArgumentError, CoercionError, DTypeError


class Foreign:
    """An array as another library's: it speaks DLPack, and nothing of NumPy's."""

    def __init__(self, array, device=(1, 0)):
        self.array, self.device = array, device
        self.dtype, self.shape = array.dtype, array.shape

    def __dlpack__(self, **settings):
        return self.array.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self.device


Foreign.__module__ = "torch"


class Learned(Foreign):
    """As PyTorch's tensors that require a gradient, which NumPy may not read."""

    requires_grad = True


class Half(Foreign):
    """Of a dtype that DLPack knows and NumPy lacks."""

    def __dlpack__(self, **settings):
        raise BufferError("bfloat16")


class Tracer:
    """As JAX's."""

    shape, dtype = (3,), np.dtype("f4")

    def __array__(self, *args, **kwargs):
        raise AssertionError("a tracer was asked for its values")


class JitTracer(Tracer):
    pass


Tracer.__module__ = JitTracer.__module__ = "jax._src.interpreters"


class Immutable(Foreign):
    """As JAX's arrays."""


Immutable.__module__ = "jaxlib.xla_extension"


class Column(Foreign):
    """As a column of PyArrow's, which has more kinds of values than DLPack."""

    def __dlpack__(self, **settings):
        raise TypeError("nulls")

    def __array__(self, dtype=None, copy=None):
        return np.array([1.0, np.nan])


Column.__module__ = "pyarrow.lib"

WAYS = {
    "from_dlpack": tg.from_dlpack,
    "Tensor": tg.Tensor,
    "an operator": lambda x: tg.Tensor(np.ones(3), requires_grad=True) * x,
    "a function": lambda x: np.add(tg.Tensor(np.ones(3), requires_grad=True), x),
    "a comparison": lambda x: tg.Tensor(np.ones(3), requires_grad=True) > x,
    "a constant": lambda x: np.maximum(tg.Tensor(np.ones(3)), x),
    "a list": lambda x: np.stack([tg.Tensor(np.ones(3)), x]),
    "a transform": lambda x: tg.grad(lambda v: np.sum(v**2))(x),
    "a layer": lambda x: tg.nn.Linear(3, 2, rng=0, dtype=float)(x),
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


# ---- in ----------------------------------------------------------------------------------------------------


def values(x):
    return x.detach().data if isinstance(x, tg.Tensor) else x


@every_way
def test_foreign_arrays_give_what_numpys_give(way):
    a = np.array([1.0, -2.0, 3.0])
    np.testing.assert_array_equal(values(way(Foreign(a))), values(way(a)))


@pytest.mark.parametrize("make", [tg.from_dlpack, tg.Tensor])
def test_memory_is_shared_and_a_variable_owns_a_copy(make):
    a = np.arange(6.0).reshape(2, 3)[:, ::2]
    t, variable = make(Foreign(a)), make(Foreign(a), requires_grad=True)
    a[1, 1] = 9
    assert t.data[1, 1] == 9
    assert variable.data[1, 1] == 5
    assert t.shape == (2, 2)
    assert not np.shares_memory(tg.from_dlpack(a, copy=True).data, a)
    assert np.shares_memory(tg.from_dlpack(a, copy=False).data, a)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"])
def test_every_dtype_and_arrays_without_axes_or_elements_go_both_ways(dtype):
    for a in (np.array([0, 1, 1]).astype(dtype), np.ones((), dtype), np.ones((0, 2), dtype)):
        t = tg.from_dlpack(Foreign(a))
        back = np.from_dlpack(t)
        assert (t.dtype, back.dtype, back.shape) == (a.dtype, a.dtype, a.shape)
        np.testing.assert_array_equal(back, a)
        assert np.shares_memory(back, a) or not a.size


def test_an_immutable_array_is_a_constant_that_is_read_only():
    a = np.arange(3.0)
    a.flags.writeable = False
    t = tg.from_dlpack(Immutable(a))
    assert not t.requires_grad
    assert not t.data.flags.writeable
    x = tg.Tensor(np.ones(3), requires_grad=True)
    np.sum(x * Immutable(a)).backward()
    np.testing.assert_array_equal(x.grad.data, a)


@every_way
def test_what_would_be_copied_or_lost_is_refused_with_what_to_write(way):
    a = np.ones(3)
    with pytest.raises(
        DTypeError, match=r"of torch's is on CUDA:1: it would have to be copied.*x\.cpu\(\) does that"
    ):
        way(Foreign(a, (2, 1)))
    with pytest.raises(DTypeError, match=r"jaxlib's is on device 99:0: .*jax\.device_get\(x\) does that"):
        way(Immutable(a, (99, 0)))
    with pytest.raises(CoercionError, match=r"needs a gradient there would lose it here\. x\.detach\(\)"):
        way(Learned(a))
    with pytest.raises(
        DTypeError, match=r"none that NumPy can share \(bfloat16\)\. Make a dense one of numbers"
    ):
        way(Half(a))
    with pytest.raises(
        DTypeError, match=r"a tracer of JAX's, which has no values yet\. Call this outside of jax\.jit"
    ):
        way(JitTracer())


def test_columns_of_tables_are_converted_by_numpy():
    np.testing.assert_array_equal(tg.Tensor(Column(np.ones(2))).data, [1, np.nan])


def test_what_speaks_no_dlpack_is_told_where_to_go():
    with pytest.raises(
        ArgumentError, match=r"from_dlpack: x is an array that has __dlpack__; got a list\. See Tensor"
    ):
        tg.from_dlpack([1.0])


# ---- out ---------------------------------------------------------------------------------------------------


def test_tensors_without_a_graph_hand_out_their_memory():
    t = tg.Tensor([1.0, 2.0])
    a, plain = np.from_dlpack(t), np.from_dlpack(np.ones(2))
    assert a.flags.writeable == plain.flags.writeable  # it is not before NumPy 2.3
    t.data[0] = 5
    assert a[0] == 5
    assert t.__dlpack_device__() == (1, 0)
    result = (tg.Tensor([1.0], requires_grad=True) * 2).detach()
    np.testing.assert_array_equal(np.from_dlpack(result), [2])
    assert tg.from_dlpack(t).data is not None


@pytest.mark.parametrize("make", [lambda x: x, lambda x: x * 2])
def test_tensors_that_need_a_gradient_are_refused_unless_nothing_records(make):
    x = make(tg.Tensor([1.0, 2.0], requires_grad=True))
    for call in (lambda: np.from_dlpack(x), lambda: tg.from_dlpack(x)):
        with pytest.raises(CoercionError, match="cannot become an array of another library's"):
            call()
    with pytest.raises(
        CoercionError, match=r"__array_namespace__: code for the array API would lose the gradient"
    ):
        x.__array_namespace__()
    with tg.no_grad():
        np.testing.assert_array_equal(np.from_dlpack(x), x.data)
        assert x.__array_namespace__() is np


def softmax(x):
    """Written for the array API."""
    xp = x.__array_namespace__(api_version="2023.12")
    e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def test_code_for_the_array_api_computes_with_tensors():
    a = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 9.0]])
    found = softmax(tg.Tensor(a))
    assert isinstance(found, tg.Tensor)
    np.testing.assert_array_equal(found.data, softmax(a))
    with pytest.raises(ValueError, match="2000"):
        tg.Tensor(a).__array_namespace__(api_version="2000.01")
