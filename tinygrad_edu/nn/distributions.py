"""Weights of a given distribution, whatever the layer; `nn.init` has them among those that suit its size."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, DTypeError, names_itself
from ..random import Rng, generator

Shape = tuple[int, ...]


# ---- the same everywhere -----------------------------------------------------------------------------------


def constant(shape: Shape, *, value: float, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """``value`` everywhere; ``rng`` is there so that it can be called as the others are."""
    return np.full(shape, value, dtype)


def zeros(shape: Shape, *, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Zeros: for biases; weights of zeros all get the same gradient, and stay alike."""
    return np.zeros(shape, dtype)


def ones(shape: Shape, *, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Ones: for the scales of normalization layers."""
    return np.ones(shape, dtype)


# ---- a given distribution ----------------------------------------------------------------------------------


@names_itself
def uniform(
    shape: Shape, *, low: float = 0.0, high: float = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32
) -> Any:
    """Uniform between ``low`` and ``high``, so of mean (low + high) / 2 and variance (high - low)² / 12.

    Raises
    ------
    ArgumentError
        If low is not less than high.
    """
    if not low < high:
        raise ArgumentError(f"low is less than high; got {low} and {high}.")
    return generator(rng).uniform(low, high, shape).astype(floating(dtype))


@names_itself
def normal(
    shape: Shape, *, mean: float = 0.0, std: float = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32
) -> Any:
    """Normal with that mean and standard deviation.

    Raises
    ------
    ArgumentError
        If std is negative.
    """
    if not std >= 0:
        raise ArgumentError(f"std is not negative; got {std}.")
    return (mean + std * generator(rng).standard_normal(shape)).astype(floating(dtype))


@names_itself
def truncated_normal(
    shape: Shape,
    *,
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
    rng: Rng = None,
    dtype: DTypeLike = np.float32,
) -> Any:
    """Normal, given that it lies between ``low`` and ``high``, as PyTorch's ``trunc_normal_``.

    The variance is less than std²: with α and β the bounds in units of std from the mean, φ the density and Z
    = Φ(β) - Φ(α) the mass between them, it is std² (1 - (β φ(β) - α φ(α)) / Z - ((φ(β) - φ(α)) / Z)²); for ±2
    std it is 0.774 std².

    Parameters
    ----------
    shape : tuple of int
    mean, std : float, default=0.0, 1.0
        Of the normal before it is cut; std is positive.
    low, high : float, default=-2.0, 2.0
        The bounds themselves, not multiples of std; infinite ones are allowed.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    ArgumentError
        If std is not positive, or low not less than high.

    Notes
    -----
    It is drawn by rejection, so it is exact in the tails, where PyTorch's inverse of the distribution
    function loses digits. Proposals are normal where the bounds lie on both sides of the mean and leave room,
    and else uniform between them, accepted with the density relative to its greatest value; so at least one
    in forty or so is accepted, wherever the bounds are.

    References
    ----------
    C. Robert (1995). Simulation of truncated normal variables. Statistics and Computing 5. arXiv:0907.4010
    """
    if not std > 0:
        raise ArgumentError(f"std is positive; got {std}.")
    if not low < high:
        raise ArgumentError(f"low is less than high; got {low} and {high}.")
    rng, (a, b) = generator(rng), ((low - mean) / std, (high - mean) / std)
    wide = a < 0 < b and b - a > math.sqrt(2 * math.pi)
    peak = min(max(a, 0.0), b)  # where the density is greatest
    reach = math.sqrt(peak**2 + 80)  # beyond it the density is less than exp(-40) of that
    start, stop = max(a, -reach), min(b, reach)
    out = np.empty(math.prod(shape))
    filled = 0
    while filled < out.size:
        n = min(out.size - filled, 1 << 16)  # at a time: proposals take memory
        z = rng.standard_normal(n) if wide else rng.uniform(start, stop, 8 * n)
        accepted = (a <= z) & (z <= b) if wide else np.log(1 - rng.random(8 * n)) <= (peak**2 - z**2) / 2
        z = z[accepted][:n]
        out[filled : filled + z.size] = z
        filled += z.size
    # Rounding may have crossed the bounds.
    return np.clip(mean + std * out, low, high).reshape(shape).astype(floating(dtype))


def floating(dtype: DTypeLike) -> np.dtype[Any]:
    """The dtype, if weights can have it."""
    if (kind := np.dtype(dtype)).kind != "f":
        raise DTypeError(f"dtype is floating, as weights are; got {kind}.")
    return kind
