"""What the size of weights goes by: the numbers of inputs and outputs, and the activation that follows."""

import math

import numpy as np

from ..errors import ArgumentError, ShapeError

GAINS = {"linear": 1.0, "identity": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0), "selu": 3 / 4}
GAINS |= {f"{kind}{axes}d": 1.0 for kind in ("conv", "conv_transpose") for axes in (1, 2, 3)}


def gain(activation: str, negative_slope: float = 0.01) -> float:
    """The factor on the standard deviation that makes up for an activation, as PyTorch's ``calculate_gain``.

    Parameters
    ----------
    activation : str
        "linear", "identity", "conv2d" and the like, and "sigmoid": 1; "tanh": 5/3; "relu": √2; "selu": 3/4;
        "leaky_relu". The selu's smaller gain is PyTorch's; its paper has 1.
    negative_slope : float, default=0.01
        Of leaky_relu: its gain is √(2 / (1 + negative_slope²)).

    Raises
    ------
    ArgumentError
        For an activation whose gain is not known.

    Examples
    --------
    >>> gain("relu")
    1.4142135623730951
    """
    if activation == "leaky_relu":
        return math.sqrt(2 / (1 + negative_slope**2))
    if activation not in GAINS:
        raise ArgumentError(
            f"gain: unknown activation {activation!r}; expected one of {', '.join([*GAINS, 'leaky_relu'])}."
        )
    return GAINS[activation]


def as_factor(gain_or_activation: float | str) -> float:
    """A gain as a number, which may be given as the name of its activation."""
    return gain(gain_or_activation) if isinstance(gain_or_activation, str) else gain_or_activation


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(n_in, n_out) of weights stored as ``(n_out, n_in, *kernel)``, as PyTorch stores them.

    Raises
    ------
    ShapeError
        For shapes of fewer than two axes: there is no telling what a vector multiplies.
    """
    if np.ndim(shape) == 0 or len(shape) < 2:
        raise ShapeError(
            f"Fans are defined for weights of two axes or more (n_out, n_in, *kernel); got shape {shape}. "
            "For biases take zeros, constant or uniform."
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field
