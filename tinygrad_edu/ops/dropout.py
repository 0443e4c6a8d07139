"""Dropout: elements or channels at random are set to zero, and the others scaled, so that the mean stays."""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError, ShapeError
from ..random import Rng, generator
from ..table import primitive
from .window import Caller

LEAST = -1.7580993408473766  # the value of selu at -inf


def dropout(x: Any, p: float = 0.5, *, rng: Rng = None) -> Any:
    """Set each element to zero with probability p, and scale the others by 1 / (1 - p): the mean stays.

    Parameters
    ----------
    x : Tensor or ndarray of any shape
    p : float in [0, 1], default=0.5
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    N. Srivastava et al. (2014). Dropout: a simple way to prevent neural networks from overfitting. JMLR 15.
    """
    check_p("dropout", p)
    x = floating(x, "dropout")
    return dropped(x, p, x.shape, rng)


def dropout1d(x: Any, p: float = 0.5, *, rng: Rng = None) -> Any:
    """Set whole channels of sequences (n, c, l) or (c, l) to zero with probability p; as `dropout2d`."""
    return drop_channels(Caller("dropout1d", 1), x, p, rng)


def dropout2d(x: Any, p: float = 0.5, *, rng: Rng = None) -> Any:
    """Set whole channels to zero with probability p, and scale the others by 1 / (1 - p): the mean stays.

    Neighbours in an image say nearly the same, so that `dropout` of single elements would take little away.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
        PyTorch takes what has three axes for (n, c, l), and warns that this will change.
    p : float in [0, 1], default=0.5
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler (2015). Efficient object localization using
    convolutional networks. arXiv:1411.4280
    """
    return drop_channels(Caller("dropout2d", 2), x, p, rng)


def alpha_dropout(x: Any, p: float = 0.5, *, rng: Rng = None) -> Any:
    """Set elements to the least value of `selu` with probability p, then scale and shift all.

    Of elements with mean 0 and variance 1 these stay what they are, as a network of `selu` needs it.

    Parameters
    ----------
    x : Tensor or ndarray of any shape
    p : float in [0, 1], default=0.5
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter (2017). Self-normalizing neural networks.
    arXiv:1706.02515
    """
    check_p("alpha_dropout", p)
    x = floating(x, "alpha_dropout")
    if p in (0, 1):
        return dropped(x, p, x.shape, rng)
    mask = generator(rng).random(x.shape, dtype=np.float32) >= p
    scale = ((1 - p) * (1 + p * LEAST**2)) ** -0.5
    return masked(x, mask, scale) + np.where(mask, 0, scale * LEAST).astype(x.dtype) - scale * LEAST * p


def drop_channels(caller: Caller, x: Any, p: float, rng: Rng) -> Any:
    """The result of `dropout1d` or `dropout2d`, for a function or layer."""
    check_p(caller.name, p)
    x = floating(x, caller.name)
    if x.ndim not in (caller.axes + 1, caller.axes + 2):
        one = "c, h, w" if caller.axes == 2 else "c, l"
        raise ShapeError(f"{caller.name} expects an input of shape (n, {one}) or ({one}), got {x.shape}.")
    return dropped(x, p, (*x.shape[: -caller.axes], *[1] * caller.axes), rng)


def dropped(x: Any, p: float, shape: tuple[int, ...], rng: Rng) -> Any:
    """x times a mask of a shape that broadcasts, scaled."""
    if p == 0:
        return x
    if p == 1:
        return masked(x, np.zeros(shape, bool), 1.0)
    return masked(x, generator(rng).random(shape, dtype=np.float32) >= p, 1 / (1 - p))


def check_p(who: str, p: float) -> None:
    """Refuse what is no probability."""
    if not 0 <= p <= 1:
        raise ArgumentError(f"{who}: p is a probability in [0, 1]; got {p}.")


@primitive(x=lambda g, mask, scale: np.where(mask, g * scale, 0))
def masked(x: Any, mask: Any, scale: float) -> Any:
    """x times ``scale`` where the mask is true, zero elsewhere."""
    return np.where(mask, x * scale, 0)
