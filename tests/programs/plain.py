"""A program on plain arrays, and our own operations by their textbook formulas."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from .languages import Program


class Plain:
    """A program as a function of its leaves on plain arrays: the values of all names, and what is
    differentiated.

    The first run notes what is constant to the derivatives; the others, at other leaves, take that over.
    """

    def __init__(self, program: Program, *, double: bool) -> None:
        self.program, self.double, self.notes = program, double, []
        header = f"def run({', '.join([*program.leaves, *program.constants])}):"
        text = "\n    ".join([header, *program.body("plain"), f"loss = {program.loss}", "return locals()"])
        self.namespace = {"np": np, "tg": OWN, "array": np.asarray, "put": _put, "poke": self._poke}
        self.namespace["replaced"] = self._replaced
        self.namespace |= {"constant": self._constant, "counted": self._counted, "f64": np.float64}
        self.namespace["f32"] = np.float64 if double else np.float32
        exec(compile(text, "<plain>", "exec"), self.namespace)  # noqa: S102  # a program drawn here

    def __call__(self, leaves: dict[str, Any], *, first: bool = False) -> dict[str, Any]:
        self.first, self.at, self.before = first, 0, 0.0
        if first:
            self.notes = []
        cast = (lambda a: np.array(a, np.float64)) if self.double else np.array
        with np.errstate(all="ignore"):
            return self.namespace["run"](*map(cast, [*leaves.values(), *self.program.constants.values()]))

    def _noted(self, value: Any) -> Any:
        if self.first:
            self.notes.append(np.copy(value))
        self.at += 1
        return self.notes[self.at - 1]

    def _constant(self, value: Any) -> Any:
        noted = self._noted(value)
        return np.asarray(value) if self.first else noted

    def _poke(self, x: Any, key: Any, value: Any) -> None:
        new = x.copy()
        new[key] = value
        change = self._noted(new - x)
        np.copyto(x, new if self.first else x + change)

    def _replaced(self, x: Any, value: Any) -> Any:
        change = self._noted(value - x)
        return np.asarray(value if self.first else x + change)

    def _counted(self, y: Any, k: Any) -> None:
        self.before += np.sum(y * k)


def _put(x: Any, key: Any, value: Any) -> Any:
    x = x.copy()
    x[key] = value
    return x


def _softmax(x: Any, axis: Any = -1) -> Any:
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def _layer_norm(x: Any, eps: float) -> Any:
    centered = x - np.mean(x, axis=-1, keepdims=True)
    return centered / np.sqrt(np.var(x, axis=-1, keepdims=True) + np.asarray(eps, x.dtype))


OWN = SimpleNamespace(
    relu=lambda x: np.where(x > 0, x, 0),
    leaky_relu=lambda x, slope: np.where(x > 0, x, slope * x),
    elu=lambda x: np.where(x > 0, x, np.exp(x) - 1),
    softsign=lambda x: x / (1 + np.abs(x)),
    sigmoid=lambda x: 1 / (1 + np.exp(-x)),
    silu=lambda x: x / (1 + np.exp(-x)),
    softplus=lambda x: np.log(1 + np.exp(x)),
    gelu=lambda x, approximate: (
        x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi, dtype=x.dtype) * (x + 0.044715 * x**3)))
    ),
    softmax=_softmax,
    log_softmax=lambda x, axis: np.log(_softmax(x, axis)),
    logsumexp=_logsumexp,
    softmax_cross_entropy=lambda x, labels: -np.mean(np.log(_softmax(x))[np.arange(len(labels)), labels]),
    mse_loss=lambda x, y: np.mean((x - y) ** 2),
    linear=lambda x, w: x @ w.T,
    layer_norm=_layer_norm,
)
