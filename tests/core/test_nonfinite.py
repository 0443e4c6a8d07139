"""What the debug mode says of a NaN or an infinity: the element, what went in there, the cause, the mend.

The oracle of each cause is NumPy's own answer at that element, or IEEE 754: 0 · ∞ is NaN, and the largest
float32 is 3.4e38.
"""

import re

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import nn
from tinygrad_edu.errors import NonFiniteError
from tinygrad_edu.mends import FORWARD, OF_MAKERS, SLOPES

ROW = np.array([1.0, 0.0])


def found(f, x, dtype=np.float64):
    """The error of f at x, forward or backward; of a constant too."""
    with tg.debug(), np.errstate(all="ignore"), pytest.raises(NonFiniteError) as caught:
        np.sum(f(leaf(x, dtype))).backward()
    error, raising = caught.value, caught.traceback[-1]
    assert f"{raising.path}:{raising.lineno + 1} " not in error.line  # a line of this file, not ours
    assert re.search(r"test_nonfinite\.py:\d+ in <lambda>", error.line)
    assert error.cause in str(error)
    assert error.mend in str(error)
    return error


# fmt: off
RESULTS = [  # function, where, which operation, element, cause, mend
    (lambda x: np.log(x),                 [1.0, 0.0],  "np.log", (1,), r"x\[1\] is 0\.0; the logarithm of 0 is -inf", r"np\.maximum\(x, 1e-12\)"),
    (lambda x: np.log(x),                 [-2.0, 1.0], "np.log", (0,), r"x\[0\] is -2\.0; a negative number has no real log", "np.where"),
    (lambda x: np.log(tg.softmax(x)),     [900.0, 0.0], "np.log", (1,), "the logarithm of 0", r"tg\.log_softmax\(logits\)"),
    (lambda x: np.log(tg.softmax(x)[np.arange(2)].T), [900.0, 0.0], "np.log", (1,), "the logarithm of 0", r"tg\.softmax_cross_entropy\(logits"),
    (lambda x: np.log(tg.sigmoid(x)),     [1.0, -900.0], "np.log", (1,), "the logarithm of 0", "binary_cross_entropy_with_logits"),
    (lambda x: np.log(1 - tg.sigmoid(x)), [900.0, 0.0], "np.log", (0,), "the logarithm of 0", "a loss of logits"),
    (lambda x: np.log1p(x),               [-1.0, 0.0], "np.log1p", (0,), r"x\[0\] is -1\.0", r"np\.log1p\(np\.maximum"),
    (lambda x: np.exp(x),                 [0.0, 710.0], "np.exp", (1,), r"x\[1\] is 710\.0.*overflows.*exp\(709\.8\)", "clip before it"),
    (lambda x: 1 / (1 + np.exp(-x)),      [0.0, -710.0], "np.exp", (1,), r"x\[1\] is 710\.0", r"tg\.sigmoid\(x\)"),
    (lambda x: np.sinh(x),                [0.0, -999.0], "np.sinh", (1,), "overflows", "clip"),
    (lambda x: np.sqrt(x),                [1.0, -1.0], "np.sqrt", (1,), r"x\[1\] is -1\.0; a negative number has no real root", "eps under the root"),
    (lambda x: np.sqrt(np.mean(x * x) - np.mean(x) ** 2 - 1), [1.0, 1.0], "np.sqrt", (), "x is -1.0; a negative", r"np\.var and np\.std"),
    (lambda x: x / np.sum(x),             [0.0, 0.0], "np.divide", (0,), r"x1\[0\] is 0\.0, x2 is 0\.0; it divides 0 by 0", r"np\.where\(x2 == 0"),
    (lambda x: 2 / x,                     [1.0, 0.0], "np.divide", (1,), "it divides by 0", r"np\.where\(x2 == 0"),
    (lambda x: x ** -1.0,                 [1.0, 0.0], "np.reciprocal", (1,), "it divides by 0", "1e-12"),
    (lambda x: x ** -2.5,                 [1.0, 0.0], "np.power", (1,), "0 to a negative power", "eps"),
    (lambda x: x ** 1.5,                  [1.0, -1.0], "np.power", (1,), r"x1\[1\] is -1\.0, x2 is 1\.5; .* fraction", r"np\.abs"),
    (lambda x: np.arccos(x),              [1.5, 0.0], "np.arccos", (0,), "between -1 and 1", r"np\.clip\(x, -1"),
    (lambda x: np.arctanh(x),             [0.0, 1.0], "np.arctanh", (1,), "infinite at -1 and 1", r"np\.clip\(x, -1"),
    (lambda x: np.arccosh(x),             [0.5, 2.0], "np.arccosh", (0,), "defined from 1 on", r"np\.maximum"),
    (lambda x: x.astype(np.float32),      [1.0, 1e39], "np.astype", (1,), "beyond the largest of the dtype", "wider"),
    (lambda x: np.square(x),              [1e200, 1.0], "np.square", (0,), r"it overflows: the largest float64 is 1\.8e\+308", "float64"),
    (lambda x: x @ np.full((2, 1), 1e300), [1e300, 1.0], "np.matmul", (0,), r"x1 goes from 1 to 1e\+300, .*it overflows", "learning rate"),
    (lambda x: np.prod(x),                [1e200, 1e200], "np.multiply.reduce", (), r"goes from 1e\+200 to 1e\+200", "smaller numbers"),
    (lambda x: np.sum(x) - np.array([1, np.nan]), [1.0, 2.0], "np.subtract", (1,), r"x2\[1\] is nan already \(1 of 2 .*const", "Imputer"),
    (lambda x: x * 2,                     [1.0, np.inf], "np.multiply", (1,), r"x1\[1\] is inf already \(1 of 2 .*a variable", "clean data"),
    (lambda x: np.cos(x),                 [0.0, np.nan], "np.cos", (1,), r"x\[1\] is nan already", "clean data"),
    (lambda x: x @ np.array([1.0, np.nan]), [1.0, 2.0], "np.matmul", (), r"x2\[1\] is nan already", "Imputer"),
]
GRADIENTS = [
    (lambda x: np.sqrt(x),                [4.0, 0.0], "np.sqrt", (1,), r"x\[1\] is 0\.0; the slope of the root, .* infinite at 0$",
     r"eps under the root: np\.sqrt\(x \+ 1e-12\)"),
    (lambda x: np.cbrt(x),                [0.0, 1.0], "np.cbrt", (0,), "slope of the cube root", "away from 0"),
    (lambda x: x ** 0.3,                  [0.0, 1.0], "np.power", (0,), "a power below 1 is infinite", "eps in the base"),
    (lambda x: np.arcsin(x),              [0.0, 1.0], "np.arcsin", (1,), "infinite at -1 and 1", r"np\.clip"),
    (lambda x: np.arccos(x),              [-1.0, 0.0], "np.arccos", (0,), "infinite at -1 and 1", r"np\.clip"),
    (lambda x: np.where(x > 0, np.sqrt(x), 0), [4.0, 0.0], "np.sqrt", (1,),
     r"x\[1\] is 0\.0; .*flows in is 0 there, as np\.where takes the other branch: condition\[1\] is False \(at .*0 · ∞ is nan",
     r"double where.*np\.sqrt\(np\.where\(good"),
    (lambda x: np.where(x.data > 0, 3 * np.sqrt(x) + 1, 0), [4.0, 0.0], "np.sqrt", (1,), r"np\.where takes the other", "double where"),
    (lambda x: np.sqrt(x) * ROW,          [4.0, 0.0], "np.sqrt", (1,), r"np\.multiply multiplies it by 0: x2\[1\]", "double where"),
    (lambda x: tg.relu(np.sqrt(x) - 1),   [4.0, 0.0], "np.sqrt", (1,), "relu is flat there", "double where"),
    (lambda x: np.maximum(np.sqrt(x), 1.0), [4.0, 0.0], "np.sqrt", (1,), r"np\.maximum takes its other argument, 1\.0", "double where"),
    (lambda x: np.clip(np.sqrt(x), 0.5, 9), [4.0, 0.0], "np.sqrt", (1,), r"np\.clip is flat there", "double where"),
    (lambda x: np.exp(x * 1e300) * 1e300, [0.0, -1.0], "np.multiply", (0,), r"product with the slope overflows", "smaller numbers"),
]
# fmt: on


@pytest.mark.parametrize(
    ("f", "x", "operation", "index", "cause", "mend"), RESULTS + GRADIENTS, ids=lambda v: str(v)[:14]
)
def test_the_operation_the_element_the_cause_and_the_mend(f, x, operation, index, cause, mend):
    error = found(f, x)
    assert (error.operation, error.index) == (operation, index)
    assert re.search(cause, error.cause)
    assert re.search(mend, error.mend)


@pytest.mark.parametrize(("f", "x", "operation"), [case[:3] for case in RESULTS])
def test_results_and_gradients_are_told_apart(f, x, operation):
    assert str(found(f, x)).startswith(f"{operation} returned")


@pytest.mark.parametrize(("f", "x", "operation"), [case[:3] for case in GRADIENTS])
def test_gradients_are_named_as_such(f, x, operation):
    assert str(found(f, x)).startswith(f"The gradient of {operation} is")


MENDED = [
    (lambda x: tg.log_softmax(x), [900.0, 0.0]),
    (lambda x: tg.sigmoid(x), [0.0, -710.0]),
    (lambda x: np.log(np.maximum(x, 1e-12)), [1.0, 0.0]),
    (lambda x: np.sqrt(x + 1e-12), [4.0, 0.0]),
    (lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0), [4.0, 0.0]),
    (lambda x: np.exp(np.clip(x, -80, 80)), [0.0, 710.0]),
    (lambda x: np.arccos(np.clip(x, -1 + 1e-7, 1 - 1e-7)), [1.0, -1.0]),
    (lambda x: 2 / np.where(x == 0, 1, x), [1.0, 0.0]),
]


@pytest.mark.parametrize(("f", "x"), MENDED)
def test_what_is_proposed_mends_it(f, x):
    x = leaf(x)
    with tg.debug():
        np.sum(f(x)).backward()
    assert np.isfinite(x.grad.data).all()


def test_the_dtype_says_where_the_exponential_ends():
    assert "float32 ends at exp(88.72)" in found(lambda x: np.exp(x), [89.0], np.float32).cause
    with tg.debug():
        assert np.isfinite(np.exp(leaf([88.7], np.float32)).data).all()


def test_a_gradient_that_was_given_is_not_blamed_on_the_operation():
    x = leaf([4.0, 1.0])
    with tg.debug():
        y = np.sqrt(x)
        with pytest.raises(
            NonFiniteError, match=r"flows in is inf already, at \(1,\): it was given to backw"
        ):
            y.backward([1.0, np.inf])


def test_broadcast_arguments_are_shown_at_their_own_index():
    error = found(lambda x: np.log(x[:, None] * np.ones((1, 3))), [1.0, 0.0])
    assert (error.index, error.cause.split(";")[0]) == ((1, 0), "x[1, 0] is 0.0")
    error = found(lambda x: np.ones((3, 1)) / x, [1.0, 0.0])
    assert (error.index, error.cause.split(";")[0]) == ((0, 1), "x1[0, 0] is 1.0, x2[1] is 0.0")


def test_a_where_is_found_behind_an_operation_with_several_outputs():
    with tg.debug():
        left, right = np.split(np.where(ROW > 0, np.sqrt(leaf([4.0, 0.0])), 0), 2)
        with pytest.raises(NonFiniteError, match=r"np\.where takes the other branch"):
            np.sum(left + right).backward()


def test_the_graph_dies_with_its_last_tensor_under_debug_too():
    from weakref import ref

    with tg.debug():
        y = np.sqrt(leaf([4.0])) * 2
        node = ref(y._node.parents[0])
        assert node() is not None
        del y
    assert node() is None


def test_parameters_keep_no_trace_of_the_steps():
    model = nn.Linear(2, 1, rng=0)
    with tg.debug():
        for _ in range(3):
            np.sum(model(np.ones((4, 2)))).backward()
    assert all(p._node.notes is None for p in model.parameters())


def test_every_case_of_the_tables_is_of_an_operation_that_there_is():
    names = {*FORWARD, *SLOPES, *(name for name, _ in OF_MAKERS)}
    special = {"np.add.reduce"}
    assert all(hasattr(np, name.removeprefix("np.")) for name in names - special)
