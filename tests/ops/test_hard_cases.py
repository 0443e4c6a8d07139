"""Operations at the edges: kinks, ties, zeros, infinities, empty arrays, broadcasting, repeated indices.

Each row of the table states an operation, its inputs, the cotangent, and the exact value and gradients.  Ids
name the kind of edge: K kinks and ties, S singular points, W where, N stability, B broadcasting and shapes, I
items, M products, G graphs. The values are closed forms; what is a convention at a kink (even shares, 0 at a
bound, 0 at the bottom of a norm) is ours.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import phi

NaN, INF, E, PI, LN2 = math.nan, math.inf, math.e, math.pi, math.log(2)
ONES = None  # a cotangent of ones

# Rows whose operation does not exist yet: they are skipped, and run as soon as they are taken off this list.
WAITING = {
}  # fmt: skip


class Case(NamedTuple):
    id: str
    function: Callable[..., Any]
    inputs: list[Any]
    cotangent: Any
    value: Any
    gradients: list[Any]
    quiet: str = ""  # the floating-point errors that NumPy itself reports for these inputs


def huber(x):
    return np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5)


def entropy(p):
    safe = np.where(p > 0, p, 1)
    return -np.sum(np.where(p > 0, p * np.log(safe), 0))


def double_where(x):
    return np.where(x < 1, x, np.sqrt(np.where(x < 1, 1, x)))


def diamond(x):
    b = x * x
    return b + b * x


def cube_of_shifted(x):
    b = x + 1
    return b * b * b


def many_uses(w):
    return sum(i * w for i in range(24))


def two_exponentials(z):
    return (np.exp(z) - 0) + np.sum(np.exp(z) - np.zeros(1000, z.dtype))


GELU_SLOPE = math.exp(-0.5) / math.sqrt(2 * PI)  # the normal density at ±1
SIGMOID_1 = 1 / (1 + math.exp(-1))
TAIL_40 = math.exp(-40) / (1 + math.exp(-40))
EMPTY = np.zeros((0, 3))

# fmt: off
CASES = [
    # kinks and ties: equal arguments share evenly; 0 at the kink of abs and relu and at a bound of clip
    Case("K01", np.maximum, [2, 2], 3, 2, [1.5, 1.5]),
    Case("K02", np.minimum, [2, 2], 3, 2, [1.5, 1.5]),
    Case("K03", np.max, [[1, 3, 3]], 4, 3, [[0, 2, 2]]),
    Case("K04", lambda x: np.max(x, axis=0), [[[1, 1, 1]] * 4], [4, 8, -4], [1, 1, 1], [[[1, 2, -1]] * 4]),
    Case("K05", np.min, [[1, 1, 3]], 2, 1, [[1, 1, 0]]),
    Case("K06", np.max, [[1, NaN, 3]], ONES, NaN, [[NaN, NaN, NaN]]),
    Case("K07", np.abs, [[-2, 0, 3]], [5, 7, 11], [2, 0, 3], [[-5, 0, 11]]),
    Case("K08", lambda x: tg.relu(x), [[-1, 0, -0.0, 2]], [2, 3, 5, 7], [0, 0, 0, 2], [[0, 0, 0, 7]]),
    Case("K09", lambda x: np.maximum(x, 0.0), [[0, 1, -1]], ONES, [0, 1, 0], [[0.5, 1, 0]]),
    Case("K10", lambda x: np.clip(x, 0, 1), [[-1, 0, 0.5, 1, 2]], [2, -3, 5, 7, 11], [0, 0, 0.5, 1, 1], [[0, 0, 5, 0, 0]]),
    Case("K11", lambda x: np.clip(x, None, 1), [[0, 1, 2]], [-2, 3, 4], [0, 1, 1], [[-2, 0, 0]]),
    Case("K12", lambda x: tg.leaky_relu(x, 0.01), [[-2, 0, 3]], [2, 2, 2], [-0.02, 0, 3], [[0.02, 0.02, 2]]),
    Case("K13", lambda x: tg.relu(x) - tg.relu(-x), [0], ONES, 0, [0]),
    Case("K14", np.sign, [[-2, 0, 3]], ONES, [-1, 0, 1], [[0, 0, 0]]),
    Case("K15", huber, [[-2, -1, 0, 0.5, 1, 3]], ONES, [1.5, 0.5, 0, 0.125, 0.5, 2.5], [[-1, -1, 0, 0.5, 1, 1]]),
    Case("K16", lambda x: np.sum(np.abs(x - np.array([1, 0], x.dtype))), [[1, 2]], ONES, 2, [[0, 1]]),
    Case("K17", lambda x: np.sort(x, stable=True), [[2, 1, 2]], [1, 10, 100], [1, 2, 2], [[10, 1, 100]]),

    # singular points: infinite slopes stay infinite; norm and std of constants have slope 0; products with zeros are exact
    Case("S01", np.sqrt, [[0, 4]], ONES, [0, 2], [[INF, 0.25]]),
    Case("S02", np.linalg.norm, [[0, 0, 0]], 2, 0, [[0, 0, 0]]),
    Case("S03", np.linalg.norm, [[3, 4]], 10, 5, [[6, 8]]),
    Case("S04", lambda x: np.linalg.norm(x, axis=1), [[[0, 0], [3, 4]]], [1, 10], [0, 5], [[[0, 0], [6, 8]]]),
    Case("S05", np.std, [[1, 1, 1]], ONES, 0, [[0, 0, 0]]),
    Case("S06", np.std, [[5]], ONES, 0, [[0]]),
    Case("S07", lambda x: np.std(x, ddof=1), [[1, 2, 4]], ONES, math.sqrt(7 / 3), [[-2 / math.sqrt(21), -0.5 / math.sqrt(21), 2.5 / math.sqrt(21)]]),
    Case("S08", np.var, [[1e8, 1e8 + 1, 1e8 + 2]], ONES, 2 / 3, [[-2 / 3, 0, 2 / 3]]),
    Case("S09", lambda x: np.var(x, ddof=1), [[5]], ONES, NaN, [[NaN]], quiet="invalid"),
    Case("S10", np.log, [[0, -1, 2]], ONES, [-INF, NaN, LN2], [[INF, -1, 0.5]], quiet="divide invalid"),
    Case("S11", np.divide, [1, 0], ONES, INF, [INF, -INF], quiet="divide"),
    Case("S12", np.sinc, [[0, 0.5]], ONES, [1, 2 / PI], [[0, -4 / PI]]),
    Case("S13", np.prod, [[2, 0, 3, 4]], 2, 0, [[0, 48, 0, 0]]),
    Case("S14", np.prod, [[2, 0, 3, 0]], ONES, 0, [[0, 0, 0, 0]]),
    Case("S15", np.prod, [[0]], ONES, 0, [[1]]),
    Case("S16", lambda x: np.prod(x, axis=1), [[[2, 0, 3], [1, 2, 3]]], [10, 1], [0, 6], [[[0, 60, 0], [6, 3, 2]]]),
    Case("S17", np.cumprod, [[2, 0, 3]], [1, 10, 100], [2, 0, 0], [[1, 620, 0]]),
    Case("S18", np.prod, [[1e200, 1e200, 0, 0]], ONES, NaN, [[0, 0, 0, 0]], quiet="over invalid"),
    Case("S19", np.power, [0, 0], ONES, 1, [0, 0]),
    Case("S20", np.power, [0, 2], ONES, 0, [0, 0]),
    Case("S21", np.power, [0, 1], ONES, 0, [1, 0]),
    Case("S22", np.power, [-2, 3], 2, -8, [24, NaN]),
    Case("S23", np.power, [-2, 0.5], ONES, NaN, [NaN, NaN], quiet="invalid"),
    Case("S24", np.power, [0, -1], ONES, INF, [-INF, -INF], quiet="divide"),
    Case("S25", np.power, [0, 0.5], ONES, 0, [INF, 0]),
    Case("S26", lambda x: x**2, [[-3, 0, 2]], [1, 2, 3], [9, 0, 4], [[-6, 0, 12]]),
    Case("S27", lambda x: x**0, [[0, 2]], ONES, [1, 1], [[0, 0]]),
    Case("S28", lambda x: x**1, [[0, -2]], ONES, [0, -2], [[1, 1]]),
    Case("S29", lambda x: x**-2, [[2, -1]], ONES, [0.25, 1], [[-0.25, 2]]),
    Case("S30", lambda x: 2.0**x, [[0, 3]], ONES, [1, 8], [[LN2, 8 * LN2]]),
    Case("S31", lambda x: 0.0**x, [[0, 2]], ONES, [1, 0], [[0, 0]]),
    Case("S32", np.arctan2, [0, 0], ONES, 0, [0, 0]),
    Case("S33", entropy, [[0, 0.5, 0.5]], ONES, LN2, [[0, LN2 - 1, LN2 - 1]]),

    # where: what happens in the branch that is not taken stays there
    Case("W01", double_where, [[0, 4]], [3, 8], [0, 2], [[3, 2]]),
    Case("W02", lambda a, b: np.where([True, False], a, b), [[1, 2], [NaN, 5]], [3, 4], [1, 5], [[3, 0], [0, 4]]),
    Case("W03", lambda a, b: np.where([True, False], a, b), [[1, 2], [3, 5]], [3, INF], [1, 5], [[3, 0], [0, INF]]),
    Case("W04", lambda a, b: np.where([[True, False], [True, True]], a, b), [2, [[1, 2], [3, 4]]], [[1, 2], [3, 4]], [[2, 2], [2, 2]],
         [8, [[0, 2], [0, 0]]]),

    # stability: exact where the textbook formula overflows or cancels
    Case("N01", lambda x: tg.logsumexp(x), [[1000, 1000]], ONES, 1000 + LN2, [[0.5, 0.5]]),
    Case("N02", lambda x: tg.logsumexp(x), [[-INF, 1]], ONES, 1, [[0, 1]]),
    Case("N03", lambda x: tg.logsumexp(x), [[-INF, -INF]], ONES, -INF, [[0, 0]]),
    Case("N04", np.logaddexp, [[1000, 0], [1000, -INF]], ONES, [1000 + LN2, 0], [[0.5, 1], [0.5, 0]]),
    Case("N05", lambda x: tg.softmax(x), [[1000, 0, -1000]], [1, 2, 3], [1, 0, 0], [[0, 0, 0]]),
    Case("N06", lambda x: tg.softmax(x), [[0, -INF, 0]], [1, 5, 0], [0.5, 0, 0.5], [[0.25, 0, -0.25]]),
    Case("N07", lambda x: tg.softmax(x), [[-INF, -INF]], ONES, [NaN, NaN], [[NaN, NaN]], quiet="invalid"),
    Case("N08", lambda x: tg.log_softmax(x), [[0, 1000]], [1, 0], [-1000, 0], [[1, -1]]),
    Case("N09", lambda x: tg.softmax(x, axis=-1), [[[0, 0], [1, 1]]], [[1, 0], [0, 2]], [[0.5, 0.5], [0.5, 0.5]], [[[0.25, -0.25], [-0.5, 0.5]]]),
    Case("N10", lambda x: tg.sigmoid(x), [[-1000, 0, 1000]], [2, 4, 8], [0, 0.5, 1], [[0, 1, 0]]),
    Case("N11", lambda x: tg.sigmoid(x), [[-40]], ONES, [TAIL_40], [[TAIL_40]]),
    Case("N12", lambda x: tg.softplus(x), [[-1000, 0, 1000]], ONES, [0, LN2, 1000], [[0, 0.5, 1]]),
    Case("N13", lambda x: -tg.softplus(-x), [[-1000, 0, 1000]], ONES, [-1000, -LN2, 0], [[1, 0.5, 0]]),
    Case("N14", np.tanh, [[-1000, 0, 1000]], ONES, [-1, 0, 1], [[0, 1, 0]]),
    Case("N15", lambda x: tg.gelu(x), [[-1000, -1, 0, 1, 1000]], ONES, [0, -phi(-1), 0, phi(1), 1000],
         [[0, phi(-1) - GELU_SLOPE, 0.5, phi(1) + GELU_SLOPE, 1]]),
    Case("N16", lambda x: x * tg.sigmoid(x), [[-1000, -1, 0, 1000]], ONES, [0, SIGMOID_1 - 1, 0, 1000],
         [[0, (1 - SIGMOID_1) * (1 - SIGMOID_1), 0.5, 1]]),
    Case("N17", lambda x: tg.elu(x), [[-1000, 0, 1000]], ONES, [-1, 0, 1000], [[0, 1, 1]]),
    Case("N18", np.log1p, [[1e-20]], ONES, [1e-20], [[1]]),
    Case("N19", lambda x: x - np.mean(x), [[1, 2, 3, 4]], [1, 0, 0, 0], [-1.5, -0.5, 0.5, 1.5], [[0.75, -0.25, -0.25, -0.25]]),

    # broadcasting, reductions along axes, moving elements; empty arrays keep their shapes
    Case("B01", np.multiply, [[[1], [2]], [[10, 20, 30]]], [[1, 2, 3], [4, 5, 6]], [[10, 20, 30], [20, 40, 60]], [[[140], [320]], [[9, 12, 15]]]),
    Case("B02", np.multiply, [2, [[1, 2], [3, 4]]], [[1, 2], [3, 4]], [[2, 4], [6, 8]], [30, [[2, 4], [6, 8]]]),
    Case("B03", np.add, [[1, 2, 3], [[[0, 0, 0]], [[0, 0, 0]]]], [[[1, 2, 3]], [[10, 20, 30]]], [[[1, 2, 3]], [[1, 2, 3]]],
         [[11, 22, 33], [[[1, 2, 3]], [[10, 20, 30]]]]),
    Case("B04", np.subtract, [[[[0], [0]], [[0], [0]]], [[1, 2], [3, 4]]], [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
         [[[-1, -2], [-3, -4]], [[-1, -2], [-3, -4]]], [[[[3], [7]], [[11], [15]]], [[-6, -8], [-10, -12]]]),
    Case("B05", np.divide, [[6], [1, 2, 3]], [1, 2, 3], [6, 3, 2], [[3], [-6, -3, -2]]),
    Case("B06", np.add, [[[1]], EMPTY], ONES, EMPTY, [[[0]], EMPTY]),
    Case("B07", lambda x: np.sum(x, axis=0), [EMPTY], [1, 2, 3], [0, 0, 0], [EMPTY]),
    Case("B08", np.prod, [[]], ONES, 1, [[]]),
    Case("B09", lambda x: np.mean(x, axis=(0, 2)), [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]], [4, 8], [2.5, 4.5],
         [[[[1, 1], [2, 2]], [[1, 1], [2, 2]]]]),
    Case("B10", lambda x: np.sum(x, axis=-1, keepdims=True), [[[1, 2], [3, 4]]], [[1], [10]], [[3], [7]], [[[1, 1], [10, 10]]]),
    Case("B11", lambda x: np.max(x, axis=1), [[[1, 2], [4, 3]]], [5, 7], [2, 4], [[[0, 5], [7, 0]]]),
    Case("B12", lambda x: np.broadcast_to(x, (2, 3)), [[1, 2, 3]], [[1, 2, 3], [10, 20, 30]], [[1, 2, 3], [1, 2, 3]], [[11, 22, 33]]),
    Case("B13", lambda x: np.reshape(x, (2, 3)).T, [[0, 1, 2, 3, 4, 5]], [[1, 2], [3, 4], [5, 6]], [[0, 3], [1, 4], [2, 5]], [[1, 3, 5, 2, 4, 6]]),
    Case("B14", lambda x: np.transpose(x, (2, 0, 1)), [[[[0, 1], [2, 3]]]], [[[1, 2]], [[3, 4]]], [[[0, 2]], [[1, 3]]], [[[[1, 3], [2, 4]]]]),
    Case("B15", lambda a, b: np.concatenate([a, b, a]), [[1, 2], [3]], [1, 2, 3, 10, 20], [1, 2, 3, 1, 2], [[11, 22], [3]]),
    Case("B16", lambda a: np.stack([a, a], axis=1), [[1, 2]], [[1, 2], [10, 20]], [[1, 1], [2, 2]], [[3, 30]]),
    Case("B17", lambda x: np.pad(x, (1, 1)), [[1, 2]], [9, 1, 2, 9], [0, 1, 2, 0], [[1, 2]]),

    # items: an element that is read several times gets the sum
    Case("I01", lambda x: x[[0, 0]], [[0.1]], [0.2, 0.3], [0.1, 0.1], [[0.5]]),
    Case("I02", lambda x: x[[0, -2]], [[1, 2]], [10, 1], [1, 1], [[11, 0]]),
    Case("I03", lambda x: x[[[0, 1], [1, 1]]], [[[1, 2], [3, 4]]], [[[1, 1], [2, 2]], [[3, 3], [4, 4]]], [[[1, 2], [3, 4]], [[3, 4], [3, 4]]],
         [[[1, 1], [9, 9]]]),
    Case("I04", lambda x: x[[True, False]], [[[1, 2], [3, 4]]], [[5, 6]], [[1, 2]], [[[5, 6], [0, 0]]]),
    Case("I05", lambda x: x[::-1], [[1, 2, 3]], [10, 20, 30], [3, 2, 1], [[30, 20, 10]]),
    Case("I06", lambda x: x[:, None, ::2], [[[1, 2, 3], [4, 5, 6]]], [[[1, 2]], [[3, 4]]], [[[1, 3]], [[4, 6]]], [[[1, 0, 2], [3, 0, 4]]]),
    Case("I07", lambda x: x[0, 1], [[[1, 2], [3, 4]]], 5, 2, [[[0, 5], [0, 0]]]),
    Case("I08", lambda x: x[np.arange(2), [1, 0]], [[[1, 2], [3, 4]]], [5, 6], [2, 3], [[[0, 5], [6, 0]]]),
    Case("I09", lambda x: x[[]], [[1, 2]], [], [], [[0, 0]]),
    Case("I10", lambda x: np.take(x, [0, 1, 1], axis=0), [[[1, 1], [1, 1], [1, 1]]], [[1, 2], [3, 4], [5, 6]], [[1, 1], [1, 1], [1, 1]],
         [[[1, 2], [8, 10], [0, 0]]]),

    # products: vectors, batches, empty inner axes, diagonals, letters that are summed out
    Case("M01", np.matmul, [[1, 2], [3, 4]], 5, 11, [[15, 20], [5, 10]]),
    Case("M02", np.matmul, [[[1, 2], [3, 4]], [5, 6]], [10, 1], [17, 39], [[[50, 60], [5, 6]], [13, 24]]),
    Case("M03", np.matmul, [[5, 6], [[1, 2], [3, 4]]], [10, 1], [23, 34], [[12, 34], [[50, 5], [60, 6]]]),
    Case("M04", np.matmul, [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]], [1, 2]], [[1, 2], [3, 4]], [[2, 8], [14, 20]],
         [[[[1, 2], [2, 4]], [[3, 6], [4, 8]]], [40, 50]]),
    Case("M05", np.matmul, [[[1, 2]], [[[0], [1]], [[2], [3]]]], [[[10]], [[1]]], [[[2]], [[8]]], [[[2, 13]], [[[10], [20]], [[1], [2]]]]),
    Case("M06", np.matmul, [EMPTY.T[:2], EMPTY], ONES, [[0, 0, 0], [0, 0, 0]], [EMPTY.T[:2], EMPTY]),
    Case("M07", lambda x: np.einsum("ii->i", x), [[[1, 2], [3, 4]]], [10, 1], [1, 4], [[[10, 0], [0, 1]]]),
    Case("M08", lambda a, b: np.einsum("i,i->", a, b), [[2, 2], [2]], ONES, 8, [[2, 2], [4]]),
    Case("M09", lambda a, b: np.einsum("nd,nn->d", a, b), [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [1, 10], [29, 42],
         [[[5, 50], [8, 80]], [[21, 0], [0, 43]]]),
    Case("M10", lambda a, b: np.einsum("ij,k->", a, b), [[[1, 2], [3, 4]], [5, 6, 7]], ONES, 180, [[[18, 18], [18, 18]], [10, 10, 10]]),
    Case("M11", lambda a, b: np.tensordot(a, b, axes=(0, 1)), [[1, 2], [[1, 2], [3, 4], [5, 6]]], [1, 10, 100], [5, 11, 17],
         [[531, 642], [[1, 2], [10, 20], [100, 200]]]),
    Case("M12", lambda x, w: tg.conv2d(x, w), [[[[[0, 1, 2], [3, 4, 5], [6, 7, 8]]]], [[[[1, 2], [3, 4]]]]], [[[[1, 10], [100, 1000]]]],
         [[[[27, 37], [57, 67]]]],
         [[[[[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]]]], [[[[4310, 5421], [7643, 8754]]]]]),
    Case("M13", lambda x: tg.max_pool2d(x, 2), [[[[[1, 1], [1, 1]]]]], ONES, [[[[1]]]], [[[[[1, 0], [0, 0]]]]]),
    Case("M14", lambda x: tg.max_pool2d(x, 3, padding=1), [[[[-1]]]], ONES, [[[-1]]], [[[[1]]]]),

    # graphs: a tensor that is used several times gets the sum
    Case("G01", lambda a: a + a, [3], 5, 6, [10]),
    Case("G02", lambda a: a * a, [3], ONES, 9, [6]),
    Case("G03", diamond, [3], ONES, 36, [33]),
    Case("G04", cube_of_shifted, [1], ONES, 8, [12]),
    Case("G05", many_uses, [1], ONES, 276, [276]),
    Case("G06", two_exponentials, [1], ONES, 1001 * E, [1001 * E]),
]
# fmt: on

TOO_FINE = ("S08", "S18")  # float32 cannot hold their inputs
# NumPy's own word on the variance of one element with ddof=1.
DEGREES = pytest.mark.filterwarnings("ignore:Degrees of freedom")


def params(pairs):
    """The rows as parameters of a test, named by their ids; those that wait for an operation are skipped."""
    found = []
    for case, *rest in pairs:
        marks = [DEGREES] if case.id == "S09" else []
        marks += [pytest.mark.skip(reason=f"needs {WAITING[case.id]}")] if case.id in WAITING else []
        found.append(pytest.param(case, *rest, marks=marks, id="-".join((case.id, *rest))))
    return found


READY = [case for case in CASES if case.id not in WAITING]
# The rows that wait are skipped here, visibly.
all_rows = pytest.mark.parametrize("case", params((case,) for case in CASES))
rows = pytest.mark.parametrize("case", params((case,) for case in READY))
rows_in_float32 = pytest.mark.parametrize(
    "case", params((case,) for case in READY if case.id not in TOO_FINE)
)


def arrays_of(values, dtype=np.float64):
    return [np.asarray(v, dtype=dtype) for v in values]


def run(case, arrays, cotangent=ONES):
    """Value and gradients, as arrays.  The tensors hold the very arrays given, whatever their strides."""
    tensors = [tg.Tensor(a, requires_grad=True) for a in arrays]
    for tensor, array in zip(tensors, arrays):
        tensor.data = array  # construction made a contiguous copy
    with np.errstate(**dict.fromkeys(case.quiet.split(), "ignore")):
        out = case.function(*tensors)
        out.backward(np.ones_like(out.data) if cotangent is None else cotangent)
    return out.data, [t.grad.data for t in tensors]


def check(case, arrays, cotangent=ONES, rtol=1e-12):
    value, gradients = run(case, arrays, cotangent)
    for found, expected in zip((value, *gradients), (case.value, *case.gradients), strict=True):
        expected = np.asarray(expected, dtype=np.float64)
        assert type(found) is np.ndarray
        assert (found.shape, found.dtype) == (expected.shape, arrays[0].dtype)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)


def cotangent_of(case, dtype=np.float64):
    return None if case.cotangent is ONES else np.asarray(case.cotangent, dtype=dtype)


@all_rows
def test_value_and_gradients(case):
    check(case, arrays_of(case.inputs), cotangent_of(case))


@rows_in_float32
def test_value_and_gradients_in_float32(case):
    check(case, arrays_of(case.inputs, np.float32), cotangent_of(case, np.float32), rtol=1e-6)


def fortran(array):
    return np.array(array, order="F")


def reversed_(array):
    turn = (*[slice(None, None, -1)] * array.ndim, ...)  # the ellipsis keeps a 0-d array an array
    return array[turn].copy()[turn]


def stepped(array):
    """Every second element of an array whose others are NaN."""
    wide = np.full([2 * n for n in array.shape], np.nan)
    view = wide[(*[slice(None, None, 2)] * array.ndim, ...)]
    view[...] = array
    return view


def broadcast(array):
    """With stride 0 along the axes along which the values do not change."""
    thin = array
    for axis in range(array.ndim):
        first = thin[(slice(None),) * axis + (slice(0, 1),)]
        if array.shape[axis] > 1 and np.array_equal(np.broadcast_to(first, thin.shape), thin, equal_nan=True):
            thin = first
    return np.broadcast_to(thin, array.shape)


LAYOUTS = {"fortran": fortran, "reversed": reversed_, "stepped": stepped, "broadcast": broadcast}
LAID_OUT = [
    (case, name)
    for case in READY
    for name, layout in LAYOUTS.items()
    if any(layout(a).strides != a.copy().strides for a in arrays_of(case.inputs))
]


@pytest.mark.parametrize(("case", "layout"), params(LAID_OUT))
def test_inputs_of_any_layout(case, layout):
    check(case, [LAYOUTS[layout](a) for a in arrays_of(case.inputs)], cotangent_of(case))


@rows
def test_cotangent_of_stride_zero(case):
    """Against the exact gradients where the row's cotangent is constant,
    against a contiguous array of ones otherwise.
    """
    arrays, shape = arrays_of(case.inputs), np.shape(case.value)
    constant = np.unique(1.0 if case.cotangent is ONES else case.cotangent)
    if constant.size == 1:
        check(case, arrays, np.broadcast_to(constant[0], shape))
    for spread, plain in zip(
        run(case, arrays, np.broadcast_to(1.0, shape))[1], run(case, arrays, np.ones(shape))[1]
    ):
        np.testing.assert_allclose(spread, plain, rtol=1e-12, atol=0)


@rows
def test_twice_gives_the_same_bits(case):
    first, second = (run(case, arrays_of(case.inputs), cotangent_of(case)) for _ in range(2))
    for one, other in zip((first[0], *first[1]), (second[0], *second[1])):
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES if case.id in WAITING])
def test_rows_that_wait_cannot_run_yet(case):
    """A reminder: when the operation arrives this fails, and the row is taken off the list."""
    with pytest.raises((AttributeError, TypeError)):
        run(case, arrays_of(case.inputs))


def test_every_row_is_there_once():
    counts = {"K": 17, "S": 33, "W": 4, "N": 19, "B": 17, "I": 10, "M": 14, "G": 6}
    assert [case.id for case in CASES] == [
        f"{kind}{i:02}" for kind, n in counts.items() for i in range(1, n + 1)
    ]


def test_variance_of_one_element_with_ddof_1_keeps_numpys_warning():
    with pytest.warns(RuntimeWarning) as caught:
        np.var(tg.Tensor([5.0], requires_grad=True), ddof=1)
    assert any("Degrees of freedom" in str(w.message) for w in caught)


def test_base_of_a_power_needs_no_logarithm():
    """The exponent's derivative is NaN at a negative base.

    It is computed only if it is wanted, and nothing warns.
    """
    x = tg.Tensor([-2.0, 0.0], requires_grad=True)
    with np.errstate(all="raise"):
        y = np.power(x, np.array([3.0, 2.0]))
        y.backward(np.array([2.0, 1.0]))
    np.testing.assert_allclose(x.grad.data, [24.0, 0.0], rtol=1e-12)


ORIGIN, LEVEL, TIE = np.zeros(2), np.ones(2), np.ones(2)
MEAN = np.array([[0.5, -0.5], [-0.5, 0.5]])  # of the variance of two numbers


@pytest.mark.parametrize(
    ("f", "x", "at_the_kink", "smooth", "beside"),
    [
        (lambda x: np.sum(np.abs(x) ** 2), ORIGIN, 0, lambda x: np.sum(x * x), 2 * np.eye(2)),
        (lambda x: np.linalg.norm(x) ** 2, ORIGIN, 0, lambda x: np.vdot(x, x), 2 * np.eye(2)),
        (lambda x: np.hypot(x[0], x[1]) ** 2, ORIGIN, 0, lambda x: np.dot(x, x), 2 * np.eye(2)),
        (lambda x: np.std(x) ** 2, LEVEL, 0, np.var, MEAN),
        (lambda x: np.maximum(x[0], x[1]) ** 2, TIE, 0.5, None, np.diag([2, 0])),
        (lambda x: np.sum(tg.relu(x) ** 2), ORIGIN, 0, None, np.diag([2, 0])),
    ],
    ids=["abs", "norm", "hypot", "std", "maximum", "relu"],
)
def test_second_derivatives_at_kinks_that_a_square_smooths(f, x, at_the_kink, smooth, beside):
    """The convention of the first derivative has a derivative too: see ops/__init__.py; beside the kink, and
    in the smooth form, the second derivative is the true one.
    """
    np.testing.assert_array_equal(tg.hessian(f)(x), np.full((2, 2), at_the_kink))
    np.testing.assert_allclose(tg.hessian(f)(x + np.array([0.5, -0.25])), beside, atol=1e-12)
    if smooth is not None:
        np.testing.assert_allclose(tg.hessian(smooth)(x), beside, atol=1e-12)


@pytest.mark.parametrize("which", ["lower", "upper"])
def test_clip_shares_with_a_bound_that_is_a_tensor(which):
    x, bound = tg.Tensor([1.0, 1.0, 1.0], requires_grad=True), tg.Tensor([0.0, 1.0, 2.0], requires_grad=True)
    np.clip(x, *((bound, None) if which == "lower" else (None, bound))).backward([4.0, 6.0, 8.0])
    x_wins = [4.0, 3.0, 0.0] if which == "lower" else [0.0, 3.0, 8.0]
    np.testing.assert_array_equal(x.grad.data, x_wins)
    np.testing.assert_array_equal(bound.grad.data, np.array([4.0, 6.0, 8.0]) - x_wins)


@pytest.mark.parametrize(
    ("a", "b"), [([2.0, 3.0], [5.0]), ([5.0], [2.0, 3.0]), ([], [5.0]), ([5.0], []), ([5.0], [7.0])], ids=str
)
def test_einsum_broadcasts_axes_of_length_one(a, b):
    """Σᵢ aᵢ bᵢ: each gets the other one, summed if it was itself spread."""
    x, y = tg.Tensor(np.array(a), requires_grad=True), tg.Tensor(np.array(b), requires_grad=True)
    total = np.einsum("i,i->", x, y)
    total.backward()
    spread_a, spread_b = np.broadcast_arrays(a, b)
    assert total.item() == np.sum(spread_a * spread_b)
    for tensor, other in ((x, spread_b), (y, spread_a)):
        np.testing.assert_array_equal(
            tensor.grad.data, other if tensor.shape == other.shape else [np.sum(other)]
        )
