"""Pixels and channels: what has many channels becomes a larger image of few, and back."""

from typing import Any

import numpy as np

from ..arrays import given
from ..errors import ArgumentError, ShapeError


def pixel_shuffle(x: Any, upscale_factor: int) -> Any:
    """Channels as pixels: y[..., c, r h + i, r w + j] = x[..., r² c + r i + j, h, w], r the upscale_factor.

    Parameters
    ----------
    x : Tensor or ndarray of shape (..., c · r², h, w)
    upscale_factor : int, at least 1

    Returns
    -------
    Tensor or ndarray of shape (..., c, h · r, w · r)

    Raises
    ------
    ShapeError
        If the channels are no multiple of r².

    References
    ----------
    W. Shi et al. (2016). Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network. arXiv:1609.05158

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.pixel_shuffle(np.array([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
    array([[[1., 2.],
            [3., 4.]]])
    """
    return shuffled("pixel_shuffle", x, upscale_factor)


def shuffled(who: str, x: Any, upscale_factor: int) -> Any:
    """The result of `pixel_shuffle`, for a function or layer of that name."""
    x, r = image(who, x, upscale_factor)
    *lead, c, h, w = x.shape
    if c % (r * r):
        raise ShapeError(f"{who} expects channels that are a multiple of {r}², on axis -3; got {x.shape}.")
    apart = np.reshape(x, (*lead, c // (r * r), r, r, h, w))
    k = len(lead)
    turned = np.transpose(apart, (*range(k + 1), k + 3, k + 1, k + 4, k + 2))  # (..., c, h, r, w, r)
    return np.reshape(turned, (*lead, c // (r * r), h * r, w * r))


def pixel_unshuffle(x: Any, downscale_factor: int) -> Any:
    """Pixels as channels: the inverse of `pixel_shuffle`.

    Parameters
    ----------
    x : Tensor or ndarray of shape (..., c, h · r, w · r)
    downscale_factor : int, at least 1
        r.

    Returns
    -------
    Tensor or ndarray of shape (..., c · r², h, w)

    Raises
    ------
    ShapeError
        If height or width is no multiple of r.
    """
    return unshuffled("pixel_unshuffle", x, downscale_factor)


def unshuffled(who: str, x: Any, downscale_factor: int) -> Any:
    """The result of `pixel_unshuffle`, for a function or layer of that name."""
    x, r = image(who, x, downscale_factor)
    *lead, c, h, w = x.shape
    if h % r or w % r:
        raise ShapeError(f"{who} expects a height and a width that are multiples of {r}; got {x.shape}.")
    apart = np.reshape(x, (*lead, c, h // r, r, w // r, r))
    k = len(lead)
    turned = np.transpose(apart, (*range(k + 1), k + 2, k + 4, k + 1, k + 3))  # (..., c, r, r, h, w)
    return np.reshape(turned, (*lead, c * r * r, h // r, w // r))


def image(who: str, x: Any, factor: int) -> tuple[Any, int]:
    """x as an array of at least three axes, and the factor."""
    x = given(x, who)
    check_factor(who, factor)
    if len(x.shape) < 3:
        raise ShapeError(f"{who} expects x of shape (..., c, h, w); got {x.shape}.")
    return x, int(factor)


def check_factor(who: str, factor: Any) -> None:
    """Refuse a factor that is no integer of at least 1."""
    if not isinstance(factor, (int, np.integer)) or isinstance(factor, bool) or factor < 1:
        raise ArgumentError(f"{who}: the factor is an int of at least 1; got {factor!r}.")
