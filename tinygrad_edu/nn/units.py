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
from .shown import unusual
from .sizes import check_sizes

NONLINEARITIES = ("tanh", "relu")


class Kind(NamedTuple):
    """What sets the kinds of units apart: the recurrence, the sums of a unit, its states and weights."""

    recurrence: Callable[..., Any]
    sums: int
    states: tuple[str, ...]
    weights: tuple[str, ...] = WEIGHTS


ELMAN = Kind(rnn, 1, ("h",))
LONG_SHORT = Kind(lstm, 4, ("h", "c"), (*WEIGHTS, "weight_hr"))
GATED = Kind(gru, 3, ("h",))


class Units(Module):
    """What layers and cells share: the parameters, the states to begin with, and one pass over a sequence."""

    kind: ClassVar[Kind]
    input_size: int
    hidden_size: int
    proj_size: int = 0  # the length of h where it is projected to another
    usual: ClassVar[dict[str, Any]]  # settings that the repr leaves out where they have these values
    settings: tuple[Any, ...] = ()  # what the recurrence takes beside arrays

    def _set_sizes(self, **sizes: int) -> None:
        for name, size in sizes.items():
            check_sizes(**{name: size})
            setattr(self, name, size)

    def _set_nonlinearity(self, nonlinearity: str) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise ArgumentError(f"nonlinearity is one of {', '.join(NONLINEARITIES)}; got {nonlinearity!r}.")
        self.nonlinearity, self.settings = nonlinearity, (nonlinearity,)

    def _make_parameters(
        self, suffix: str, inputs: int, bias: bool, rng: "np.random.Generator", dtype: DTypeLike
    ) -> None:
        """The parameters of one layer in one direction, uniform in ±1/√hidden_size."""
        rows, bound = self.kind.sums * self.hidden_size, init.uniform_bound(self.hidden_size)
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (rows, inputs),
            "weight_hh": (rows, self.proj_size or self.hidden_size),
        }
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
        shapes |= {"weight_hr": (self.proj_size, self.hidden_size)} if self.proj_size else {}
        for name, shape in shapes.items():
            values = init.uniform(shape, low=-bound, high=bound, rng=rng, dtype=dtype)
            setattr(self, name + suffix, Parameter(values))

    def _pass(self, suffix: str, x: Any, states: list[Any], sizes: Any = None) -> Any:
        """h after each step, and the last states, by the parameters of one layer in one direction."""
        projects = self.proj_size != 0  # to look for an attribute that is missing takes long
        parameters = [
            getattr(self, name + suffix, None) if projects or name != "weight_hr" else None
            for name in self.kind.weights
        ]
        return self.kind.recurrence(x, *states, *parameters, *self.settings, sizes)

    def _checked(self, x: Any, like: Parameter, axes: tuple[str, ...]) -> Any:
        """The input in the layer's dtype, with these axes, or without the batch's, N."""
        who = type(self).__name__
        x = as_input(x, like, who)
        if x.ndim not in (len(axes) - 1, len(axes)):
            expected, single = _shape(axes), _shape(tuple(axis for axis in axes if axis != "N"))
            raise ShapeError(
                f"{who} expects an input of shape {expected}, or {single} without a batch, got {x.shape}."
            )
        if x.shape[-1] != self.input_size:
            raise ShapeError(f"{who} expects {self.input_size} features in the last axis, got {x.shape}.")
        return x

    def _first_states(
        self, hx: Any, like: Parameter, shape: tuple[int, ...], axes: tuple[str, ...]
    ) -> list[Any]:
        """The states to begin with, of the right shape; zeros if there are none.

        The last axis, in ``shape`` and by its name in ``axes``, is that of hidden_size; h may be projected.
        """
        who, names = type(self).__name__, [f"{state}_0" for state in self.kind.states]
        shapes, labels = dict.fromkeys(names, shape), dict.fromkeys(names, axes)
        if self.proj_size:
            shapes["h_0"], labels["h_0"] = (*shape[:-1], self.proj_size), (*axes[:-1], "proj_size")
        if hx is None:
            return [np.zeros(shapes[name], like.dtype) for name in names]
        given = hx if isinstance(hx, tuple) else (hx,)
        if len(given) != len(names):
            several = f"its states as a tuple ({', '.join(names)})"
            expected = "one state, h_0, an array" if len(names) == 1 else several
            got = f"a tuple of {len(hx)}" if isinstance(hx, tuple) else f"one {type(hx).__name__}"
            raise ArgumentError(f"{who} expects {expected}; got {got}.")
        states = [as_input(state, like, who) for state in given]
        for name, state in zip(names, states):
            if state.shape != shapes[name]:
                expected = f"shape {shapes[name]}, which is {_shape(labels[name])}"
                raise ShapeError(f"{who} expects {name} of {expected}, got {state.shape}.")
        return states

    def extra_repr(self) -> str:
        usual = {**self.usual, "nonlinearity": "tanh"}
        sizes = f"input_size={self.input_size}, hidden_size={self.hidden_size}"
        return ", ".join([sizes, *unusual(self, usual)])


def _shape(axes: tuple[str, ...]) -> str:
    """Names of axes as they stand in a shape."""
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"
