"""Initial weights, as plain arrays.

A layer that sums n_in inputs of variance 1 with weights of variance s² has outputs of variance n_in s².  Xavier's choice
keeps the variance of outputs (n_in s² = 1) and of gradients (n_out s² = 1) as well as both can be; He's makes up for the
half of it that relu discards.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, ShapeError
from ..ops.random import generator

Rng = np.random.Generator | int | None
GAINS = {"linear": 1.0, "identity": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0)}


def gain(activation: str, negative_slope: float = 0.01) -> float:
    """The factor on the standard deviation that makes up for an activation, as PyTorch's ``calculate_gain``.

    Parameters
    ----------
    activation : {"linear", "identity", "sigmoid", "tanh", "relu", "leaky_relu"}
    negative_slope : float, default=0.01
        Of leaky_relu: its gain is √(2 / (1 + negative_slope²)).
    """
    if activation == "leaky_relu":
        return math.sqrt(2 / (1 + negative_slope**2))
    if activation not in GAINS:
        raise ArgumentError(f"gain: unknown activation {activation!r}; expected one of {', '.join([*GAINS, 'leaky_relu'])}.")
    return GAINS[activation]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(n_in, n_out) of weights stored as (n_out, n_in, *kernel), as PyTorch stores them."""
    if len(shape) < 2:
        raise ShapeError(f"Fans are defined for weights of two axes or more (n_out, n_in, *kernel); got shape {shape}.")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def uniform_bound(fan_in: int) -> float:
    """1/√fan_in: the bound of PyTorch's default for linear layers."""
    return 1 / math.sqrt(fan_in)


def uniform(shape: tuple[int, ...], *, low: float = 0.0, high: float = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Uniform in [low, high)."""
    return generator(rng).uniform(low, high, shape).astype(dtype)


def normal(shape: tuple[int, ...], *, std: float = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Normal with mean 0 and standard deviation ``std``."""
    return (std * generator(rng).standard_normal(shape)).astype(dtype)


def xavier_uniform(shape: tuple[int, ...], *, gain: float = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Uniform in ±gain √(6 / (n_in + n_out)), so of variance 2 gain² / (n_in + n_out).

    Parameters
    ----------
    shape : tuple of int
        (n_out, n_in, *kernel).
    gain : float, default=1.0
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of that shape

    References
    ----------
    X. Glorot, Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural networks. AISTATS.
    """
    bound = gain * math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, low=-bound, high=bound, rng=rng, dtype=dtype)


def xavier_normal(shape: tuple[int, ...], *, gain: float = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Normal with standard deviation gain √(2 / (n_in + n_out)).

    Parameters, returns and reference as `xavier_uniform`.
    """
    return normal(shape, std=gain * math.sqrt(2 / sum(fans(shape))), rng=rng, dtype=dtype)


def he_uniform(shape: tuple[int, ...], *, gain: float = math.sqrt(2), rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Uniform in ±gain √(3 / n_in), so of variance gain² / n_in; the default gain is the one of relu.

    Parameters
    ----------
    shape : tuple of int
        (n_out, n_in, *kernel).
    gain : float, default=√2
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of that shape

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun (2015). Delving deep into rectifiers. arXiv:1502.01852
    """
    bound = gain * math.sqrt(3 / fans(shape)[0])
    return uniform(shape, low=-bound, high=bound, rng=rng, dtype=dtype)


def he_normal(shape: tuple[int, ...], *, gain: float = math.sqrt(2), rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Normal with standard deviation gain / √n_in; the default gain is the one of relu.

    Parameters, returns and reference as `he_uniform`.
    """
    return normal(shape, std=gain / math.sqrt(fans(shape)[0]), rng=rng, dtype=dtype)
