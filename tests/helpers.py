"""What tests of several folders share: small tensors and layers, processes of their own, damaged files."""

import io
import math
import os
import subprocess
import sys
import threading
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

import tinygrad_edu as tg

ROOT = Path(__file__).parents[1]


# ---- numbers, tensors and layers ---------------------------------------------------------------------------


def generic(*shape, seed=0):
    """Normal numbers: without symmetries, and the same whenever they are asked for."""
    return np.random.default_rng(seed).standard_normal(shape)


def phi(x):
    """The cumulative distribution of the standard normal, by Python's own functions."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def waves(*shape, phase=0.0):
    """Inputs of the numbers that PyTorch computed: cos(0.7 k + phase)."""
    return np.cos(np.arange(math.prod(shape)) * 0.7 + phase).reshape(shape)


def softmax_by_hand(scores, allowed=None):
    """One row at a time, one number at a time; rows with nothing allowed are zero."""
    out = np.zeros(scores.shape)
    for i in np.ndindex(scores.shape[:-1]):
        js = [j for j in range(scores.shape[-1]) if allowed is None or allowed[(*i, j)]]
        top = max((scores[(*i, j)] for j in js), default=0)
        total = sum(math.exp(scores[(*i, j)] - top) for j in js)
        for j in js:
            out[(*i, j)] = math.exp(scores[(*i, j)] - top) / total
    return out


def is_floating(value):
    """Whether it is an array of real or complex numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def as_pairs(array):
    """A flat view of real numbers; of complex ones, their real and imaginary parts in turn."""
    array = np.ravel(array)
    return array.view(np.finfo(array.dtype).dtype) if array.dtype.kind == "c" else array


def of_precision(array, dtype):
    """An array in a floating dtype, or in the complex one of its precision if it is complex."""
    return array.astype(np.result_type(dtype, np.complex64) if array.dtype.kind == "c" else dtype)


def leaf(values, dtype=np.float64):
    """A tensor of a copy of these values, which needs a gradient."""
    return tg.Tensor(np.array(values, dtype), requires_grad=True)


def copies(model):
    """The parameters of a model as arrays that a training does not change."""
    return [p.data.copy() for p in model.parameters()]


def check_gradients(layer, *inputs, draw=None):
    """The gradients in the inputs and in all parameters are right, of first and second order; or in some of
    them in turn, if they are drawn.
    """
    (parameters, rebuild), n = layer.__tree__(), len(inputs)
    values = [*inputs, *(p.data for p in parameters)]
    argnums = draw(affordable(values, 80)) if draw else None
    tg.gradcheck(lambda *given: rebuild(given[n:])(*given[:n]), *values, argnums=argnums)


@st.composite
def affordable(draw, arguments, elements=40):
    """Which of the floating arguments to differentiate: all, or some in turn,
    as a check takes time in the number of elements.
    """
    floating = [
        i for i, a in enumerate(arguments) if isinstance(a, (tg.Tensor, np.ndarray)) and a.dtype.kind == "f"
    ]
    chosen = []
    for i in draw(st.permutations(floating)):
        if not chosen or sum(arguments[j].size for j in (*chosen, i)) <= elements:
            chosen.append(i)
    return sorted(chosen)


def sines(module):
    """The module with the weights of the numbers that PyTorch computed: sin(k) / 2,
    k running on through all of them.
    """
    start = 0
    for p in module.parameters():
        p.data[...] = np.sin(np.arange(start, start + p.size)).reshape(p.shape) / 2
        start += p.size
    return module


def same_state(a, b):
    """Whether two states, of dicts, lists, arrays and numbers, are equal."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_state(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same_state, a, b))
    return np.array_equal(a, b)


# ---- errors, threads, terminals ----------------------------------------------------------------------------


def message_of(kind, function, *args, **kwargs):
    """The message of the error of this kind that the call raises."""
    with pytest.raises(kind) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def in_thread(function):
    """What the function returns in a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


class Terminal(io.StringIO):
    """A text stream that says that it is a terminal."""

    def isatty(self):
        return True


# ---- processes of their own --------------------------------------------------------------------------------


def environment(**more):
    """The variables of a process that finds this package, prints UTF-8 and computes on one core.

    It may keep the bytecode of what it imports, since to compile the package takes as long as its work.
    """
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {"PYTHONPATH": paths, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "", **more}


def python(*arguments, warnings="error", folder=None, timeout=300, **variables):
    """A finished process of Python, given these arguments; ``warnings`` is its option -W."""
    return subprocess.run(
        [sys.executable, "-W", warnings, *map(str, arguments)],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def printed(*arguments, **settings):
    """What Python, given these arguments, prints; it must not fail."""
    done = python(*arguments, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- damaged files -----------------------------------------------------------------------------------------


@contextmanager
def memory_below(limit):
    """Fail if Python allocates as many bytes as ``limit`` inside."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


@st.composite
def damaged(draw, originals, *, extremes=(b"\0",), head=0):
    """A valid file after some bit flips, cuts, insertions, removals and repetitions.

    ``extremes`` are bytes that a reader of the format may stumble on; half of the damage is done to the first
    ``head`` bytes, where a header lies.
    """
    content = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 5))):
        places = st.integers(0, len(content))
        start = draw(st.integers(0, min(head, len(content))) | places if head else places)
        stop = start + draw(st.integers(1, 8))
        match draw(st.sampled_from(["flip", "cut", "insert", "remove", "repeat"])):
            case "flip" if start < len(content):
                content[start] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del content[start:]
            case "insert":
                content[start:start] = draw(st.binary(max_size=8) | st.sampled_from(extremes))
            case "remove":
                del content[start:stop]
            case "repeat":
                content[stop:stop] = content[start:stop] * draw(st.integers(1, 100))
    return bytes(content)
