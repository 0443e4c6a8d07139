"""The parts of a training, made from an estimator's settings: module, optimizer, loss, batches, weights."""

import copy
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from .. import nn, optim
from ..data import ArrayDataset, DataLoader
from ..data.dataset import Batches
from ..errors import ArgumentError, DTypeError, ShapeError
from ..optim.setting import nearest
from ..random import seed
from ..train import predict
from ..train.generators import Generators

ROWS = 1024  # of a sparse matrix that are made dense at once in predictions

# fmt: off
ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "identity": nn.Identity, "relu": nn.ReLU, "tanh": nn.Tanh, "logistic": nn.Sigmoid, "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "selu": nn.SELU, "gelu": nn.GELU, "silu": nn.SiLU,
    "mish": nn.Mish, "softplus": nn.Softplus,
}
OPTIMIZERS: dict[str, Any] = {
    kind.__name__.lower(): kind
    for kind in (optim.SGD, optim.Adam, optim.AdamW, optim.Adamax, optim.Adagrad, optim.Adadelta,
                 optim.RMSprop, optim.NAdam, optim.RAdam, optim.Lion)
}
# fmt: on
LONG, LONGER = 500, 2000  # steps, from which on it is worth to trace one, and to make C of it
FIT_SETTINGS = {"accumulate", "callbacks", "checkpoint", "clip_norm", "metrics", "schedule", "step_schedule"}


# ---- the module --------------------------------------------------------------------------------------------


def module_of(model: Any, activation: Any, features: int, outputs: int, dtype: Any, number: int) -> nn.Module:
    """The module that is to be trained: a copy of one that is given, or a new one.

    Parameters
    ----------
    model : Module, callable or sizes
        A callable is called with ``features`` and ``outputs``, under `seed`.
    number : int
        Seed of what is drawn.
    """
    if isinstance(model, nn.Module):
        return copy.deepcopy(model)
    with seed(number):
        made = (
            model(features, outputs)
            if callable(model)
            else _layers(model, activation, features, outputs, dtype)
        )
    if not isinstance(made, nn.Module):
        expected = "model is a Module, a function of (features, outputs) that makes one, or hidden sizes"
        raise ArgumentError(f"{expected}; the function returned {type(made).__name__}.")
    return made


def _layers(sizes: Any, activation: Any, features: int, outputs: int, dtype: Any) -> nn.Module:
    """Fully connected layers with these hidden sizes, an activation after each of them."""
    hidden = hidden_sizes(sizes)
    nonlinear = activation if callable(activation) else named("activation", activation, ACTIVATIONS)
    layers: list[Any] = []
    for before, after in zip([features, *hidden], hidden):
        layers += [_linear(before, after, dtype), nonlinear()]
    return nn.Sequential(*layers, _linear(hidden[-1] if hidden else features, outputs, dtype))


def _linear(before: int, after: int, dtype: Any) -> nn.Module:
    """A layer with Glorot's uniform weights, and biases in the same bounds.

    With biases of 0, all of relu's kinks are at the origin: of few features, such as the two of a spiral,
    hidden units then differ in their direction alone.
    """
    layer, bound = (
        nn.Linear(before, after, init=nn.init.xavier_uniform, dtype=dtype),
        (6 / (before + after)) ** 0.5,
    )
    layer.bias = nn.Parameter(nn.init.uniform((after,), low=-bound, high=bound, dtype=dtype))
    return layer


def hidden_sizes(model: Any) -> list[int]:
    """The sizes of hidden layers: none, one number, or several."""
    given = model if isinstance(model, Iterable) and not isinstance(model, (str, bytes)) else [model]
    sizes = list(given)
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        expected = "model is a Module, a function of (features, outputs) that makes one, or hidden sizes"
        raise ArgumentError(f"{expected}, whole numbers of 1 or more such as (64, 32); got {model!r:.80}.")
    return [int(n) for n in sizes]


def is_sizes(model: Any) -> bool:
    """Whether a model is given by the sizes of its hidden layers."""
    return not callable(model)


def named(what: str, name: Any, kinds: dict[str, Any]) -> Any:
    """What is called so."""
    if not isinstance(name, str) or name.lower() not in kinds:
        hint = nearest(name, kinds) if isinstance(name, str) else ""
        raise ArgumentError(f"{what} is one of {', '.join(kinds)}, or a callable; got {name!r:.80}.{hint}")
    return kinds[name.lower()]


# ---- the optimizer and the loss ----------------------------------------------------------------------------


def optimizer_of(optimizer: Any, module: nn.Module, lr: float, weight_decay: float) -> Any:
    """A new optimizer of a module's parameters, by its name or by a function of these."""
    if callable(optimizer):
        made = optimizer(module.parameters())
        if not isinstance(made, optim.Optimizer):
            expected = "optimizer is a name, or a function of the parameters that makes an Optimizer"
            raise ArgumentError(f"{expected}; it returned {type(made).__name__}.")
        return made
    kind = named("optimizer", optimizer, OPTIMIZERS)
    return kind(module.parameters(), lr=lr, weight_decay=weight_decay)


def loss_of_each(loss: Any, weighted: bool) -> Any:
    """The loss as it is or, if examples are weighted, one that returns the loss of each example."""
    if not weighted or getattr(loss, "reduction", "none") == "none":
        takes = weighted and not hasattr(loss, "reduction") and "reduction" in signature(loss).parameters
        return partial(loss, reduction="none") if takes else loss
    each = copy.deepcopy(loss)
    each.reduction = "none"
    return each


def fit_settings(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What else `train.fit` is told."""
    if given is not None and (not isinstance(given, Mapping) or not set(given) <= FIT_SETTINGS):
        expected = f"fit_settings is a dict with settings of train.fit: {', '.join(sorted(FIT_SETTINGS))}"
        raise ArgumentError(f"{expected}; got {given!r:.80}.")
    return dict(given or {})


def backend(given: Any, steps: int) -> Any:
    """How so many steps are compiled, if at all: what `train.fit` is told."""
    if given == "auto":
        from ..compiler.c.cache import compiler

        if steps < LONG:
            return False
        return "numpy" if steps < LONGER or compiler() is None else "auto"  # numba compiles in every fit
    if not isinstance(given, bool) and given not in ("numpy", "c", "numba"):
        raise ArgumentError(f'compile is "auto", "numpy", "c", "numba", True or False; got {given!r:.80}.')
    return given


class State:
    """What a training changes, as it is now, to begin anew."""

    def __init__(self, module: nn.Module, loss: Any, optimizer: Any, loader: DataLoader) -> None:
        self.parts = (module, optimizer, Generators([module, loss]))
        self.states = [copy.deepcopy(part.state_dict()) for part in self.parts]
        self.loader = loader

    def restore(self) -> None:
        """Everything as it was, and the loader at its beginning."""
        for part, state in zip(self.parts, self.states):
            part.load_state_dict(state)
        self.loader.epoch = 0


# ---- batches -----------------------------------------------------------------------------------------------


class SparseRows(Batches):
    """A sparse matrix and arrays with as many rows; a batch of the matrix is made dense when it is taken."""

    def __init__(self, matrix: Any, *arrays: Any) -> None:
        self.matrix, self.arrays = matrix, arrays

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def take(self, which: Any, rng: Any = None) -> Any:
        """The rows of a slice or of an array of numbers, as dense arrays."""
        return (self.matrix[which].toarray(), *(array[which] for array in self.arrays))

    def floats_as(self, dtype: Any) -> "SparseRows":
        """The same rows in another floating dtype."""
        floating = (a.astype(dtype, copy=False) if a.dtype.kind == "f" else a for a in self.arrays)
        return SparseRows(self.matrix.astype(dtype, copy=False), *floating)


def is_sparse(x: Any) -> bool:
    """Whether this is a sparse matrix or array of SciPy."""
    return hasattr(x, "toarray")


def batches(
    x: Any,
    y: Any,
    weights: Any = None,
    *,
    size: int,
    module: nn.Module,
    shuffle: bool = False,
    number: int = 0,
) -> DataLoader:
    """A loader of (x, y) or (x, y, weights), in the dtype that the module computes in."""
    arrays = [y] if weights is None else [y, weights]
    data = SparseRows(x, *arrays) if is_sparse(x) else ArrayDataset(x, *arrays)
    dtype = next((p.dtype for p in module.parameters()), np.dtype(np.float32))
    return DataLoader(data, size, shuffle=shuffle, seed=number, dtype=dtype)


def batch_size(given: Any, rows: int) -> int:
    """How many rows make a batch; never more than there are."""
    if given is None:
        return rows
    if isinstance(given, str) and given == "auto":
        return min(200, rows)
    return min(whole("batch_size", given, 'or "auto", or None for all rows at once'), rows)


def whole(name: str, value: Any, otherwise: str = "") -> int:
    """A setting that is a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        expected = ", ".join(filter(None, [f"{name} is a whole number, 1 or more", otherwise]))
        raise ArgumentError(f"{expected}; got {value!r}.")
    return int(value)


def outputs_of(module: nn.Module, x: Any) -> Any:
    """What a module says of every row, of a sparse matrix too."""
    if not is_sparse(x):
        return predict(module, x)
    starts = range(0, x.shape[0], ROWS)
    return np.concatenate([predict(module, x[start : start + ROWS].toarray()) for start in starts])


# ---- weights of examples -----------------------------------------------------------------------------------


def weights_of(given: Any, rows: int) -> Any:
    """Weights of examples as an array of shape (rows,).

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        If they are not one finite number of 0 or more for each example, or all are 0.
    """
    try:
        weights = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise DTypeError(f"sample_weight has one number for each example; got {given!r:.80}.") from None
    if weights.ndim == 0:
        weights = np.full(rows, weights)
    if weights.shape != (rows,):
        raise ShapeError(f"sample_weight.shape == {weights.shape}, expected {(rows,)}: one for each example.")
    if not np.isfinite(weights).all() or (weights < 0).any():
        wrong = weights[~np.isfinite(weights) | (weights < 0)][0]
        raise ArgumentError(f"Sample weights are finite numbers of 0 or more; got {wrong}.")
    if not weights.any():
        raise ArgumentError("Sample weights must contain at least one non-zero number; all are 0.")
    return weights
