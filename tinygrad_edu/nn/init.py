"""Initial weights as plain arrays, ``he_normal((n_out, n_in), rng=0)``; layers take them as ``init=``.

Why their sizes matter: an output is y = Σ w x over n_in inputs.  If the weights are independent of the inputs
and of each other, with mean 0, then

    Var(y) = n_in Var(w) E[x²],

so a layer multiplies the mean square of what passes through it by n_in Var(w), and L layers by its L-th
power, which explodes or vanishes unless Var(w) = 1 / n_in.  That is LeCun's choice.  Gradients pass backward
through the transposed weights and are multiplied by n_out Var(w): Xavier's choice, Var(w) = 2 / (n_in +
n_out), keeps both as well as they can be.  An activation between the layers changes E[x²]: relu sets half of
a symmetric y to 0, so E[relu(y)²] = Var(y) / 2, and He's choice makes up for it, Var(w) = 2 / n_in.  In
general the standard deviation is multiplied by a `gain`: √2 for relu.  A uniform distribution in ±a has
variance a² / 3, so a = √3 times the standard deviation.  Orthogonal weights keep not only the mean but every
length.

A convolution sums over its kernel too: weights are ``(n_out, n_in, *kernel)``, and n_in and n_out count in
multiples of the kernel's size (`fans`).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, names_itself
from ..hints import missing_from
from ..random import Rng, generator
from .distributions import Shape, constant, floating, normal, ones, truncated_normal, uniform, zeros
from .gain import as_factor, fans, gain

# fmt: off
__all__ = [
    "constant", "fans", "gain", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "normal", "ones", "orthogonal",
    "truncated_normal", "uniform", "uniform_bound", "xavier_normal", "xavier_uniform", "zeros",
]
# fmt: on
Gain = float | str


def uniform_bound(fan_in: int) -> float:
    """1/√fan_in: the bound of PyTorch's default for linear layers."""
    return 1 / math.sqrt(fan_in)


def xavier_uniform(shape: Shape, *, gain: Gain = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Uniform in ±gain √(6 / (n_in + n_out)), so of variance 2 gain² / (n_in + n_out).

    Parameters
    ----------
    shape : tuple of int
        ``(n_out, n_in, *kernel)``.
    gain : float or str, default=1.0
        A factor, or the activation that follows: see `gain`.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    ShapeError
        For a shape of fewer than two axes.

    Examples
    --------
    >>> xavier_uniform((2, 4), gain="tanh", rng=0).shape
    (2, 4)

    References
    ----------
    X. Glorot, Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural networks.
    AISTATS.
    """
    return _uniform_of(as_factor(gain) * math.sqrt(2 / _many(sum(fans(shape)), shape)), shape, rng, dtype)


def xavier_normal(shape: Shape, *, gain: Gain = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Normal with standard deviation gain √(2 / (n_in + n_out)).

    Parameters, returns and reference as `xavier_uniform`.
    """
    std = as_factor(gain) * math.sqrt(2 / _many(sum(fans(shape)), shape))
    return normal(shape, std=std, rng=rng, dtype=dtype)


def he_uniform(
    shape: Shape, *, mode: str = "fan_in", gain: Gain = "relu", rng: Rng = None, dtype: DTypeLike = np.float32
) -> Any:
    """Uniform in ±gain √(3 / n), so of variance gain² / n; n is n_in, or n_out.

    Parameters
    ----------
    shape : tuple of int
        ``(n_out, n_in, *kernel)``.
    mode : {"fan_in", "fan_out"}, default="fan_in"
        Whether to keep the size of outputs or that of gradients.
    gain : float or str, default="relu"
        A factor, or the activation that follows: see `gain`.  PyTorch's ``kaiming_uniform_`` calls it
        ``nonlinearity`` and has leaky_relu for it.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    ShapeError
        For a shape of fewer than two axes.
    ArgumentError
        For another mode, and for a shape with an n of 0: no variance would do.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun (2015). Delving deep into rectifiers. arXiv:1502.01852
    """
    return _uniform_of(as_factor(gain) / math.sqrt(_fan(shape, mode)), shape, rng, dtype)


def he_normal(
    shape: Shape, *, mode: str = "fan_in", gain: Gain = "relu", rng: Rng = None, dtype: DTypeLike = np.float32
) -> Any:
    """Normal with standard deviation gain / √n; n is n_in, or n_out.

    Parameters, returns and reference as `he_uniform`.
    """
    return normal(shape, std=as_factor(gain) / math.sqrt(_fan(shape, mode)), rng=rng, dtype=dtype)


def lecun_uniform(shape: Shape, *, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Uniform in ±√(3 / n_in), so of variance 1 / n_in.

    Parameters, returns and reference as `lecun_normal`.
    """
    return _uniform_of(1 / math.sqrt(_fan(shape, "fan_in")), shape, rng, dtype)


def lecun_normal(shape: Shape, *, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Normal with standard deviation 1 / √n_in; what `tinygrad_edu.selu` wants.

    Parameters
    ----------
    shape : tuple of int
        ``(n_out, n_in, *kernel)``.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    ShapeError
        For a shape of fewer than two axes.

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr, K.-R. Müller (1998). Efficient backprop. Neural Networks: Tricks of the
    Trade.
    """
    return normal(shape, std=1 / math.sqrt(_fan(shape, "fan_in")), rng=rng, dtype=dtype)


@names_itself
def orthogonal(shape: Shape, *, gain: Gain = 1.0, rng: Rng = None, dtype: DTypeLike = np.float32) -> Any:
    """Gain times a matrix with orthonormal rows, or columns if there are more rows: it keeps lengths.

    Every such matrix is as probable as every other: it is the Q of a normal matrix = QR, with the signs of
    its columns turned so that R has a positive diagonal (without that it would depend on how the library
    computes QR).

    Parameters
    ----------
    shape : tuple of int
        ``(n_out, n_in, *kernel)``; all axes but the first are taken as one.
    gain : float or str, default=1.0
        A factor, or the activation that follows: see `gain`.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of that shape

    Raises
    ------
    ShapeError
        For a shape of fewer than two axes.

    Examples
    --------
    >>> w = orthogonal((2, 3), rng=0, dtype=np.float64)
    >>> bool(np.allclose(w @ w.T, np.eye(2)))
    True

    References
    ----------
    A. Saxe, J. McClelland, S. Ganguli (2013). Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks. arXiv:1312.6120

    F. Mezzadri (2007). How to generate random matrices from the classical compact groups.
    arXiv:math-ph/0609050
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    q, r = np.linalg.qr(generator(rng).standard_normal((max(rows, columns), min(rows, columns))))
    q *= as_factor(gain) * np.copysign(1, np.diagonal(r))
    return (q if rows >= columns else q.T).reshape(shape).astype(floating(dtype))


def _uniform_of(std: float, shape: Shape, rng: Rng, dtype: DTypeLike) -> Any:
    return uniform(shape, low=-math.sqrt(3) * std, high=math.sqrt(3) * std, rng=rng, dtype=dtype)


def _fan(shape: Shape, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"He's initializers: mode is 'fan_in' or 'fan_out'; got {mode!r}.")
    return _many(fans(shape)[mode == "fan_out"], shape)


def _many(fan: int, shape: Shape) -> int:
    """A fan that can be divided by."""
    if fan < 1:
        raise ArgumentError(
            f"Weights of shape {shape} have nothing to scale them by: each axis of (n_out, n_in, *kernel) "
            "that counts is at least 1."
        )
    return fan


__getattr__ = missing_from(__name__)
