"""The whole table on arrays of another library: on a GPU by CuPy, or here on stand-ins for them.

    python -m tests.gpu                      CuPy's arrays; NumPy, hypothesis and CuPy are needed, and a GPU
    python -m tests.gpu --arrays separate    a stand-in that, as CuPy's arrays do, refuses NumPy's beside it
    python -m tests.gpu --arrays strict      the one that every run of the tests has
    python -m tests.gpu --arrays numpy       NumPy's own
    python -m tests.gpu --examples 3         calls of each entry, 5 by default; derandomized

Of each entry of the table that differentiates, calls are drawn from its domain.  Values, first and second
derivatives on the other library's arrays must be arrays of that library and equal to those on NumPy's: to the
bit on stand-ins, and to --tolerance of the largest number on a GPU.  Then a perceptron is trained there.
What the other library has not is counted by its name and no failure; the exit status is 1 if anything else
fails.
"""

import argparse
import operator
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu.check.domains import DOMAINS
from tinygrad_edu.check.domains.domain import Call
from tinygrad_edu.check.strict import StrictArray
from tinygrad_edu.entry import name_of
from tinygrad_edu.table import entries


class Separate(StrictArray):
    """An array beside which NumPy's are refused, but for single numbers: as CuPy's."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        refuse_numpys(inputs)
        return separated(super().__array_ufunc__(ufunc, method, *inputs, **kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in (np.asarray, np.array):  # which put one there, where they are told like=
            refuse_numpys(args)
        return separated(super().__array_function__(function, types, args, kwargs))

    T = property(lambda self: separated(StrictArray(self.array.T)))

    def __len__(self) -> int:
        return len(self.array)

    def __index__(self) -> int:
        return operator.index(self.array)

    def copy(self) -> "Separate":
        return Separate(self.array.copy())

    def __getitem__(self, key: Any) -> Any:
        return separated(super().__getitem__(key))


def refuse_numpys(value: Any) -> None:
    if isinstance(value, np.ndarray):
        raise TypeError(
            f"an array of NumPy's, of shape {value.shape}, stands beside one of another library's"
        )
    if type(value) in (list, tuple):
        for one in value:
            refuse_numpys(one)


def separated(value: Any) -> Any:
    if isinstance(value, StrictArray):
        return Separate(value.array)
    if hasattr(value, "_fields"):
        return type(value)(*map(separated, value))
    return type(value)(map(separated, value)) if type(value) in (list, tuple) else value


class Library(NamedTuple):
    """Where arrays are, how they get there, and how they come back."""

    kind: type
    there: Callable[[Any], Any]
    back: Callable[[Any], Any]


def library(name: str) -> Library:
    if name == "cupy":
        import cupy  # type: ignore[import-not-found]

        return Library(cupy.ndarray, cupy.asarray, cupy.asnumpy)
    if name == "numpy":
        return Library(np.ndarray, lambda a: a, np.asarray)
    kind = Separate if name == "separate" else StrictArray
    return Library(kind, kind, lambda a: a.array)


# ---- the table ---------------------------------------------------------------------------------------------


def is_array(value: Any, kinds: str = "fciub") -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in kinds


def derivatives(function: Any, call: Call, place: Callable[[Any], Any]) -> list[Any]:
    """Outputs, gradients, and gradients of these, for cotangents of 1, 2, 3 … at places of ``place``."""
    leaves: list[tg.Tensor] = []

    def placed(arg: Any) -> Any:
        if isinstance(arg, (list, tuple)) and not hasattr(arg, "_fields"):
            return type(arg)(map(placed, arg))
        if is_array(arg, "fc"):
            leaves.append(tg.Tensor(place(arg), requires_grad=True))
            return leaves[-1]
        if not is_array(arg):
            return arg
        return place(arg) if arg.ndim else arg[()]  # a single number, as its users write it

    result = function(*map(placed, call.args), **call.kwargs)
    parts = [p for r in (result if isinstance(result, (tuple, list)) else [result]) for p in
             (r if type(r) is list else [r])]  # fmt: skip
    outputs = [p for p in parts if isinstance(p, tg.Tensor) and p.dtype.kind in "fc" and p.requires_grad]
    found = [p.detach()._array for p in outputs]
    if not outputs or not leaves:
        return found
    total = sum(weighed(p, place) for p in outputs)
    total.backward(create_graph=True)
    grads = [x.grad for x in leaves if x.grad is not None]
    found += [g.detach()._array for g in grads]
    if any(g.requires_grad for g in grads):
        sum(weighed(g, place) for g in grads if g.requires_grad).backward()
        found += [x.grad.detach()._array for x in leaves if x.grad is not None]
    return found


def weighed(tensor: tg.Tensor, place: Callable[[Any], Any]) -> Any:
    """The sum of a tensor's numbers times 1, 2, 3 …, and of the real parts of complex ones."""
    weights = np.arange(1.0, tensor.size + 1).reshape(tensor.shape)
    return np.sum(np.real(tensor) * place(weights) if tensor.dtype.kind == "c" else tensor * place(weights))


def compare(function: Any, call: Call, there: Library, tolerance: float) -> None:
    expected = derivatives(function, call, lambda a: a)
    found = derivatives(function, call, there.there)
    assert len(found) == len(expected), f"{len(found)} arrays for {len(expected)}"
    for one, other in zip(found, expected):
        assert isinstance(one, there.kind), f"a {type(one).__name__} came out"
        back = there.back(one)
        assert (back.shape, back.dtype) == (other.shape, other.dtype), f"{back.dtype} {back.shape}"
        if tolerance:
            scale = max(np.abs(other[np.isfinite(other)]).max(initial=0), 1e-2)
            np.testing.assert_allclose(back, other, rtol=0, atol=tolerance * scale)
        else:
            np.testing.assert_array_equal(back, other)


def lacks(error: BaseException) -> bool:
    """Whether an error says that the other library has no such function, and not that ours fails."""
    text = str(error)
    return isinstance(error, (NotImplementedError, AttributeError)) or "no implementation found" in text


def check(function: Any, there: Library, examples: int, tolerance: float) -> BaseException | None:
    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def run(data: Any) -> None:
        with np.errstate(all="ignore"):
            compare(function, data.draw(DOMAINS[function].calls), there, tolerance)

    try:
        run()
    except Exception as error:
        return error.exceptions[0] if isinstance(error, ExceptionGroup) else error
    return None


# ---- a training --------------------------------------------------------------------------------------------


def train(there: Library) -> float:
    """The loss of a perceptron after 200 steps, written with NumPy's functions alone."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 4))
    y = np.sin(x.sum(axis=1, keepdims=True))
    values = [rng.standard_normal((4, 16)) / 2, np.zeros(16), rng.standard_normal((16, 1)) / 4, np.zeros(1)]
    w, b, v, c = (tg.Tensor(there.there(value), requires_grad=True) for value in values)
    x, y = tg.Tensor(there.there(x)), tg.Tensor(there.there(y))
    for _ in range(200):
        loss = np.mean((np.tanh(x @ w + b) @ v + c - y) ** 2)
        for p in (w, b, v, c):
            p.grad = None
        loss.backward()
        with tg.no_grad():
            for p in (w, b, v, c):
                p -= 0.1 * p.grad
    assert isinstance(loss._array, there.kind)
    return float(there.back(loss.detach()._array))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arrays", choices=["cupy", "numpy", "strict", "separate"], default="cupy")
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--tolerance", type=float, default=None, help="default: 1e-9 by CuPy, else 0")
    parser.add_argument("--only", default="", help="entries whose name holds this text")
    given = parser.parse_args(arguments)
    there = library(given.arrays)
    tolerance = given.tolerance if given.tolerance is not None else 1e-9 * (given.arrays == "cupy")
    start, counts = time.perf_counter(), Counter[str]()
    named = {name_of(f): f for f, entry in entries().items() if f in DOMAINS and entry.fate != "constant"}
    for name, function in sorted(named.items()):
        if given.only not in name:
            continue
        error = check(function, there, given.examples, tolerance)
        kind = "same" if error is None else "not there" if lacks(error) else "FAILED"
        counts[kind] += 1
        if error is not None:
            print(
                f"{kind:9} {name}: {type(error).__name__}: {' '.join(str(error).split())[:150]}", flush=True
            )
    if not given.only:
        losses = train(library("numpy")), train(there)
        print(f"perceptron, loss after 200 steps: {losses[0]:.12f} by NumPy, {losses[1]:.12f} there")
        counts["FAILED"] += abs(losses[0] - losses[1]) > 1e-9
    total = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    print(f"{given.arrays}: {sum(counts.values())} entries: {total}; {time.perf_counter() - start:.0f} s")
    return int(counts["FAILED"] > 0)


if __name__ == "__main__":
    sys.exit(main())
