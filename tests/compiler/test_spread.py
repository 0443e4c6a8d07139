"""Vectors that are spread over small matrices before they meet: the same bits, and no iterators."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.compiler.passes.spread import FUNCTIONS, SMALL

SHAPES = [
    ((4, 3), (3,)),
    ((4, 3), (4, 1)),
    ((1, 5), (4, 1)),
    ((2, 3, 4), (3, 1)),
    ((6,), (1,)),
    ((4, 3), (1, 3)),
]
LAYOUTS = [np.ascontiguousarray, np.asfortranarray, lambda x: x[::-1]]


@given(
    function=st.sampled_from(FUNCTIONS), shapes=st.sampled_from(SHAPES), swapped=st.booleans(),
    layout=st.sampled_from(LAYOUTS), dtypes=st.tuples(*[st.sampled_from(["f", "d", "i"])] * 2),
)  # fmt: skip
@settings(max_examples=25)
def test_to_the_bit(function, shapes, swapped, layout, dtypes):
    def of_both(x, y):
        made = function(y, x) if swapped else function(x, y)
        x = np.multiply(x, 2)
        if made.shape == x.shape and made.dtype == x.dtype != np.dtype("i"):
            function(x, y, out=x)
            x /= y + 1
        return made, x

    compiled = tg.compile(of_both)
    for seed in range(2):
        rng = np.random.default_rng(seed)
        x, y = (layout(np.round(rng.standard_normal(s) * 4).astype(d)) for s, d in zip(shapes, dtypes))
        with np.errstate(all="ignore"):
            expected, found = of_both(x.copy("K"), y.copy("K")), compiled(x.copy("K"), y.copy("K"))
        for a, e in zip(found, expected, strict=True):
            assert (a.dtype, a.strides, a.tobytes()) == (e.dtype, e.strides, e.tobytes())


@pytest.mark.parametrize(("rows", "spread"), [(4, True), (SMALL, False)])
def test_small_matrices_alone(rows, spread):
    compiled = tg.compile(lambda x, b: np.exp(x + b))
    x, b = np.ones((rows, 3), np.float32), np.arange(3, dtype=np.float32)
    np.testing.assert_array_equal(compiled(x, b), np.exp(x + b))
    assert ("[...] = b" in compiled.source) == spread


def test_what_is_spread_is_that_of_each_call():
    model, x = tg.nn.Linear(3, 2, rng=0), np.ones((4, 3), np.float32)
    compiled = tg.compile(lambda x: model(x))
    for i in range(3):
        model.bias.data[...] = i
        np.testing.assert_array_equal(compiled(x).data, model(x).data)


def test_errors_are_raised():
    compiled = tg.compile(lambda x, y: (x / y) * 2)
    x, y = np.ones((3, 4)), np.array([1.0, 2, 0, 4])
    with np.errstate(divide="raise"):
        compiled(x, y + 1)
        with pytest.raises(FloatingPointError, match="divide"):
            compiled(x, y)
