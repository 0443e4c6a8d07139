"""Recurrent units: what the layers of `recurrent` and the cells of `cell` share."""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, ShapeError
from ..ops.recurrent.elman import rnn
from ..ops.recurrent.gru import gru
from ..ops.recurrent.loop import WEIGHTS
from ..ops.recurrent.lstm import lstm
from . import init
from .module import Module
from .parameter import Parameter, as_input
from .sizes import check_sizes

Rng = np.random.Generator | int | None
NONLINEARITIES = ("tanh", "relu")


class Kind(NamedTuple):
    """What sets the kinds of units apart: the recurrence, how many sums a unit has, and the names of its states."""

    recurrence: Callable[..., Any]
    sums: int
    states: tuple[str, ...]


ELMAN = Kind(rnn, 1, ("h",))
LONG_SHORT = Kind(lstm, 4, ("h", "c"))
GATED = Kind(gru, 3, ("h",))


class Units(Module):
    """What layers and cells share: the parameters, the states to begin with, and one pass over a sequence."""

    kind: ClassVar[Kind]
    input_size: int
    hidden_size: int
    settings: tuple[Any, ...] = ()  # what the recurrence takes beside arrays

    def _set_sizes(self, **sizes: int) -> None:
        for name, size in sizes.items():
            check_sizes(type(self).__name__, **{name: size})
            setattr(self, name, size)

    def _set_nonlinearity(self, nonlinearity: str) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise ArgumentError(
                f"{type(self).__name__}: nonlinearity is one of {', '.join(NONLINEARITIES)}; got "
                f"{nonlinearity!r}."
            )
        self.nonlinearity, self.settings = nonlinearity, (nonlinearity,)

    def _make_parameters(
        self, suffix: str, inputs: int, bias: bool, rng: np.random.Generator, dtype: DTypeLike
    ) -> None:
        """The parameters of one layer in one direction, uniform in ±1/√hidden_size."""
        rows, bound = self.kind.sums * self.hidden_size, init.uniform_bound(self.hidden_size)
        shapes: list[tuple[int, ...]] = [(rows, inputs), (rows, self.hidden_size), (rows,), (rows,)]
        for name, shape in list(zip(WEIGHTS, shapes))[: 4 if bias else 2]:
            setattr(
                self,
                name + suffix,
                Parameter(init.uniform(shape, low=-bound, high=bound, rng=rng, dtype=dtype)),
            )

    def _pass(self, suffix: str, x: Any, states: list[Any]) -> tuple[Any, ...]:
        """The states after each step, by the parameters of one layer in one direction."""
        parameters = [getattr(self, name + suffix, None) for name in WEIGHTS]
        sequences = self.kind.recurrence(x, *states, *parameters, *self.settings)
        return sequences if isinstance(sequences, tuple) else (sequences,)

    def _checked(self, x: Any, like: Parameter, axes: tuple[str, ...]) -> Any:
        """The input in the layer's dtype, with these axes, or without the batch's, N."""
        who = type(self).__name__
        x = as_input(x, like, who)
        if x.ndim not in (len(axes) - 1, len(axes)):
            single = tuple(axis for axis in axes if axis != "N")
            raise ShapeError(
                f"{who} expects an input of shape {_shape(axes)}, or {_shape(single)} without a batch, got "
                f"{x.shape}."
            )
        if x.shape[-1] != self.input_size:
            raise ShapeError(f"{who} expects {self.input_size} features in the last axis, got {x.shape}.")
        return x

    def _first_states(
        self, hx: Any, like: Parameter, shape: tuple[int, ...], axes: tuple[str, ...]
    ) -> list[Any]:
        """The states to begin with, of the right shape; zeros if there are none."""
        who, names = type(self).__name__, [f"{state}_0" for state in self.kind.states]
        if hx is None:
            return [np.zeros(shape, like.dtype) for _ in names]
        if (len(hx) if isinstance(hx, tuple) else 1) != len(names):
            expected = (
                "one state, h_0, an array"
                if len(names) == 1
                else f"its states as a tuple ({', '.join(names)})"
            )
            got = f"a tuple of {len(hx)}" if isinstance(hx, tuple) else f"one {type(hx).__name__}"
            raise ArgumentError(f"{who} expects {expected}; got {got}.")
        hx = hx if isinstance(hx, tuple) else (hx,)
        states = [as_input(state, like, who) for state in hx]
        for name, state in zip(names, states):
            if state.shape != shape:
                raise ShapeError(
                    f"{who} expects {name} of shape {shape}, which is {_shape(axes)}, got {state.shape}."
                )
        return states


def _shape(axes: tuple[str, ...]) -> str:
    """Names of axes as they stand in a shape."""
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"
