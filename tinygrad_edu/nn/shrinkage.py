"""Activations that cut, as modules: shrinkages, thresholds, and random slopes."""

from typing import Any

from ..arrays import given
from ..errors import names_itself
from ..ops import shrinkage as ops
from ..random import Rng, generator
from .activation import Activation
from .module import Module


class Hardshrink(Activation, function=ops.hardshrink):
    """x where ``|x| > lambd``, else 0; see `tinygrad_edu.hardshrink`."""

    lambd: float = 0.5


class Softshrink(Activation, function=ops.softshrink):
    """x, nearer to 0 by lambd, and 0 within ±lambd; see `tinygrad_edu.softshrink`."""

    lambd: float = 0.5


class Tanhshrink(Activation, function=ops.tanhshrink):
    """x - tanh(x); see `tinygrad_edu.tanhshrink`."""


class Threshold(Module):
    """x where x > threshold, else a value; see `tinygrad_edu.threshold`.

    Parameters
    ----------
    threshold, value : float

    Examples
    --------
    >>> Threshold(1.0, -5.0)([0.5, 1.0, 1.5])
    array([-5. , -5. ,  1.5])
    """

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        return ops.threshold(given(x, "Threshold"), self.threshold, self.value)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}"


class RReLU(Module):
    """x where x > 0, else a · x, with a drawn for each element in training; see `tinygrad_edu.rrelu`.

    Parameters
    ----------
    lower, upper : float, default=1/8, 1/3
        In training, a is uniform between them; in use, it is their mean.
    rng : numpy.random.Generator or int, optional
        The slopes are drawn from a generator of the module's own: seeded by the int, or from fresh entropy or
        `seed`.

    References
    ----------
    B. Xu, N. Wang, T. Chen, M. Li (2015). Empirical evaluation of rectified activations in convolutional
    network. arXiv:1505.00853
    """

    @names_itself
    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, *, rng: Rng = None) -> None:
        ops.check_slopes("RReLU", lower, upper)
        self.lower, self.upper = lower, upper
        self.rng = generator(rng)

    def forward(self, x: Any) -> Any:
        """Apply random slopes in training, their mean in use."""
        return ops.rrelu(given(x, "RReLU"), self.lower, self.upper, training=self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"lower={self.lower:.4g}, upper={self.upper:.4g}"
