"""A training step, and an epoch, by hand in C (``by_c.c``), by the compiler and the flags of `tg.compile`.

The sizes are put in as constants, and all state is the library's own, so that a call has no arguments.
Products of more than `BLAS` multiplications are those of NumPy's OpenBLAS, where its library is found.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .workload import BETA1, BETA2, EPSILON, LEARNING_RATE, Problem

BLAS = 1 << 15  # multiplications of a product, above which it is BLAS'
TEXT = Path(__file__).with_name("by_c.c")
ADAM = (
    f"m = (real){BETA1} * m + (real){1 - BETA1} * g; v = (real){BETA2} * v + (real){1 - BETA2} * g * g; "
    f"w -= rate * m / (SQRT(v) * spread + (real){EPSILON})"
)
ADAMS_NUMBERS = (
    f"real rate = {LEARNING_RATE} / (1 - pow({BETA1}, count)), spread = 1 / sqrt(1 - pow({BETA2}, count));"
)


def perceptron(
    sizes: tuple[int, ...],
    batch: int,
    *,
    dtype: Any = np.float32,
    tanh: bool = False,
    total: bool = False,
    sgd: tuple[float, float] | None = None,
) -> Any:
    """The library of a perceptron.

    Parameters
    ----------
    sizes : tuple of int
        Features, hidden units, classes.
    batch : int
    dtype : dtype, default=float32
    tanh : bool, default=False
        Whether the activation is tanh; it is relu otherwise.
    total : bool, default=False
        Whether the loss is the sum over the rows, not the mean.
    sgd : pair of float, optional
        The rate, and the decay of weights, of gradient descent; Adam with its usual settings otherwise.
    """
    single = np.dtype(dtype) == np.float32
    ends = np.cumsum([0] + [n * m + m for n, m in pairwise(sizes)]).tolist()
    defined = {
        "real": "float" if single else "double",
        "word_of_real": "int32_t" if single else "int64_t",
        "EXPONENT": 127 if single else 1023,
        "MANTISSA": 23 if single else 52,
        "B": batch,
        "PARAMETERS": ends[-1],
        "CLASSES": sizes[-1],
        "FEATURES": sizes[0],
        "MEAN": "(real)1" if total else f"((real)1 / {batch})",
        "TANH": int(tanh),
        "BLAS": BLAS if blas(single) else 1 << 62,
    }
    head = "".join(f"#define {name} {value}\n" for name, value in defined.items())
    return loaded(head + TEXT.read_text() + _steps(sizes, batch, ends, sgd))


def _steps(sizes: tuple[int, ...], batch: int, ends: list[int], sgd: tuple[float, float] | None) -> str:
    """The layers, and the step, which calls them."""
    layers = list(pairwise(sizes))
    last, lines, forward, backward = len(layers) - 1, [], [], []
    for i, (n, m) in enumerate(layers):
        lines.append(f"LAYER(layer{i}, {n}, {m}, {int(i < last)}, {int(not i)})")
        lines.append(f"static real h{i}[{batch * m}] ALIGNED, d{i}[{batch * m}] ALIGNED;")
        x, d = f"h{i - 1}" if i else "inputs", f"{'h' if i == last else 'd'}{i}"
        at, down = f"values + {ends[i]}", f"d{i - 1}" if i else "0"
        forward.append(f"layer{i}_forward({x}, {at}, h{i});")
        backward.append(f"layer{i}_backward({x}, {at}, {d}, slopes + {ends[i]}, {down});")
    body = [*forward, f"real loss = cross_entropy(h{last}, labels);", *reversed(backward), "count++;"]
    if sgd is None:
        body += [ADAMS_NUMBERS, _changes(0, ends[-1], ADAM)]
    else:
        rate, decay = (f"(real){number}" for number in sgd)
        for at, (n, m) in zip(ends, layers):
            body.append(_changes(at, at + n * m, f"w -= {rate} * (g + {decay} * w)"))
            body.append(_changes(at + n * m, at + n * m + m, f"w -= {rate} * g"))
    return "\n".join(
        [
            *lines,
            "static real one_step(void) {",
            *body,
            "return loss;",
            "}",
            "real step(void) { return one_step(); }",
            "",
        ]
    )


def _changes(start: int, end: int, update: str) -> str:
    """The loop over some parameters: w has the gradient g, and the moments m and v."""
    before = "real w = values[i], g = slopes[i]"
    if "m = " in update:
        before += ", m = mean[i], v = square[i]"
        update += "; mean[i] = m; square[i] = v"
    return f"for (int i = {start}; i < {end}; i++) {{ {before}; {update}; values[i] = w; }}"


def loaded(text: str) -> Any:
    """The library of a text in C; made once, and kept with those of `tg.compile`."""
    from tinygrad_edu.compiler.c.cache import library

    found = ctypes.CDLL(str(library(text)))
    found.step.restype = ctypes.c_double if "#define real double" in text else ctypes.c_float
    return found


@cache
def blas(single: bool) -> int:
    """The address of the product of matrices in the OpenBLAS that NumPy came with, or 0."""
    folder = Path(np.__file__).parent.with_name("numpy.libs")
    name = f"scipy_cblas_{'s' if single else 'd'}gemm64_"
    for path in sorted(folder.glob("*openblas*")):
        function = getattr(ctypes.CDLL(str(path)), name, None)
        if function is not None:
            return ctypes.cast(function, ctypes.c_void_p).value or 0
    return 0


def begin(library: Any, weights: list[Any], biases: list[Any]) -> None:
    """Put the parameters in, in the order of the layers."""
    flat = np.concatenate([p.ravel() for layer in zip(weights, biases) for p in layer])
    library.begin(pointer(flat), ctypes.c_void_p(blas(flat.dtype == np.float32) or None))


def pointer(array: Any) -> Any:
    """Where an array begins."""
    return ctypes.c_void_p(array.ctypes.data)


def by_c(problem: Problem) -> Callable[[], Any]:
    """The contestant: a step of the problem's own batch."""
    sizes = (problem.X.shape[1], *(len(b) for b in problem.biases))
    library = perceptron(sizes, len(problem.X))
    begin(library, problem.weights, problem.biases)
    library.batch(pointer(problem.X), pointer(np.ascontiguousarray(problem.Y, np.int64)))
    step = library.step
    return lambda: Number(step())


class Number(float):
    """A float that is asked as arrays are."""

    def item(self) -> float:
        return float(self)
