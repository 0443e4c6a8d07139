"""Activations as modules, for containers; each is the function of the same name."""

from typing import Any

import numpy as np

from ..graph import record
from ..ops import activation as ops
from ..ops.table import op_of
from ..tensor import Tensor
from .module import Module

RELU = op_of(ops.relu)


class ReLU(Module):
    """max(x, 0); see `tinygrad_edu.relu`."""

    def forward(self, x: Any) -> Any:
        return record(Tensor, RELU, (x,)) if isinstance(x, Tensor) else ops.relu(x)


class LeakyReLU(Module):
    """x where x > 0, else negative_slope · x; see `tinygrad_edu.leaky_relu`."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x where x > 0, else alpha · (exp(x) - 1); see `tinygrad_edu.elu`."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class Sigmoid(Module):
    """1 / (1 + exp(-x)); see `tinygrad_edu.sigmoid`."""

    def forward(self, x: Any) -> Any:
        return ops.sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent, `numpy.tanh`."""

    def forward(self, x: Any) -> Any:
        return np.tanh(x)


class Softplus(Module):
    """log(1 + exp(x)); see `tinygrad_edu.softplus`."""

    def forward(self, x: Any) -> Any:
        return ops.softplus(x)


class Softmax(Module):
    """Probabilities along an axis, by default the last; see `tinygrad_edu.softmax`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return ops.softmax(x, self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"


class LogSoftmax(Softmax):
    """Logarithms of probabilities along an axis; see `tinygrad_edu.log_softmax`."""

    def forward(self, x: Any) -> Any:
        return ops.log_softmax(x, self.axis)
