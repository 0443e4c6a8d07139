"""Numbers that a compiled step takes out of arrays: it computes with them as Python does, in C too."""

import operator

import numpy as np
import pytest

import tinygrad_edu as tg


def answer(function, *args):
    """What a call gives, with the class of each number; or what it raises."""
    try:
        found = function(*args)
    except ArithmeticError as error:
        return type(error), str(error)
    return [(type(a), repr(a)) for a in found]


def of_floats(x):
    n = x.sum().item()
    return n**0.5, 10.0**n, n**-1, n * n, abs(n), *divmod(n, 3), 7 // n


def of_whole_numbers(x, marks):
    n, mark = x.sum().item(), marks.any().item()
    return n**30, n * n * n, -n, abs(n), n / 7, n == 2.0**53, np.exp(x * 0.0) * n**40, mark + mark, -mark


FLOATS = [(np.array([x]),) for x in (2.0, 9.0, -2.0, 0.0, 400.0, np.inf, np.nan)]
WHOLE = [
    (np.array([n]), np.array([mark]))
    for n, mark in ((1, True), (20, False), (2**53 + 1, True), (-(2**63), False))
]


@pytest.mark.usefixtures("quick_c")
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize(("function", "calls"), [(of_floats, FLOATS), (of_whole_numbers, WHOLE)])
def test_python_computes_with_numbers(function, calls, backend):
    step = tg.compile(function, backend=backend)
    for args in calls:
        assert answer(step, *args) == answer(function, *args)


@pytest.mark.usefixtures("quick_c")
@pytest.mark.parametrize(
    "compare", [getattr(operator, name) for name in ("lt", "le", "eq", "ne", "gt", "ge")]
)
def test_counts_are_compared_in_loops(compare):
    """Also where NumPy gives numbers of Python's, as before 2.3; among them one that C has no word for."""

    def function(x):
        n = np.count_nonzero(x > 0)
        for k, number in enumerate((4, 4.0, np.count_nonzero(x < 0), 3.5, True)):
            if compare(n, number):
                x = x * (k + 2)
        return x, compare(4, n), compare(n, 10**30)

    step = tg.compile(function, backend="c")
    for x in (np.arange(n, n + 9.0) for n in (-4, -5, -9, 1, -4)):
        for found, expected in zip(step(x), function(x), strict=True):
            np.testing.assert_array_equal(found, expected)
            assert np.asarray(found).dtype == np.asarray(expected).dtype
    lines = [line for line in step.report().splitlines() if "cut:" in line]
    assert all("beyond the ends of int64" in line for line in lines)


@pytest.mark.parametrize(
    ("power", "numbers"),
    [
        (lambda n: 2**n, [1, 3, -2, 20]),
        (lambda n: n**0.5, [1.0, 9.0, -2.0]),
        (lambda n: (-2.0) ** n, [1.0, 3.0, 0.5]),
        (lambda n: operator.ipow(n, 1.5), [4.0, -4.0]),
    ],
)
def test_a_power_of_another_class_is_not_taken_for_the_first_one(power, numbers):
    """It is one that does not fit into an array of the first one's dtype."""
    scale = lambda x: x * power(x.max().item())
    step = tg.compile(scale)
    for n in numbers:
        found, expected = step(np.array([n, n])), scale(np.array([n, n]))
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_a_number_that_no_array_holds_is_refused():
    with pytest.raises(tg.errors.TraceError, match="too large for one of NumPy's"):
        tg.compile(lambda x: x.sum().item() ** 40)(np.array([20]))


def test_a_refusal_says_how_lists_and_plain_arrays_that_are_indexed_are_written():
    arrays, labels = np.arange(15.0).reshape(5, 3) - 7, np.array([0, 2, 1, 1, 0])
    table = np.eye(3)
    for refused, written in [
        (lambda x, y: np.eye(3)[y] * x, lambda x, y: np.equal(y[:, None], np.arange(3)) * x),
        (lambda x, y: np.eye(3)[y] * x, lambda x, y: table[y] * x),
        (
            lambda x, y: np.all([x[0] > 0, x[1] < 1]) * x,
            lambda x, y: np.all(np.stack([x[0] > 0, x[1] < 1])) * x,
        ),
        (lambda x, y: np.mean([x[0, 0], x[1, 1]]), lambda x, y: np.mean(np.stack([x[0, 0], x[1, 1]]))),
    ]:
        with pytest.raises(
            tg.errors.TraceError, match=r"np.stack\(\[a, b\]\).*\n.*np.eye\(n\)\[y\], outside"
        ):
            tg.compile(refused)(arrays, labels)
        step = tg.compile(written)
        for x, y in [(arrays, labels), (-arrays[::-1].copy(), labels[::-1].copy()), (abs(arrays), labels)]:
            np.testing.assert_array_equal(step(x, y), refused(x, y))
        assert step.traces == 1


@pytest.mark.usefixtures("quick_c")
@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_the_norm_of_gradients_is_a_number_of_pythons(backend):
    w = tg.Tensor(np.float32([1, 2]), requires_grad=True)

    def step(x):
        w.grad = None
        (w * x).sum().backward()
        norm = tg.optim.clip_grad_norm([w], 1.0)
        return norm, float(norm), norm * 2, x * norm, w.grad.data * norm, w.grad.data

    compiled = tg.compile(step, backend=backend)
    for x in np.float32([[3, 4], [5, 12], [0, 0.5], [8, 15]]):
        assert answer(compiled, x) == answer(step, x)
