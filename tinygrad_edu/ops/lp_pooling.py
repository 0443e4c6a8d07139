"""Power pooling: norms over windows, between the mean (p = 1) and the maximum (p → ∞)."""

import math
from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError
from .elementwise import ones_for_zeros
from .pooling import avg_pool
from .window import Caller


def lp_pool1d(
    x: Any, norm_type: float, kernel_size: Any, stride: Any = None, *, ceil_mode: bool = False
) -> Any:
    """Norm over windows of sequences (n, c, l) or (c, l); see `lp_pool2d`."""
    return lp_pool(Caller("lp_pool1d", 1), x, norm_type, ceil_mode, kernel_size, stride)


def lp_pool2d(
    x: Any, norm_type: float, kernel_size: Any, stride: Any = None, *, ceil_mode: bool = False
) -> Any:
    """Norm over windows of images, y[n, c, r, q] = (Σ_ij x[n, c, s r + i, s q + j]^p)^(1/p).

    With a p that is no odd integer, it is ``|x|`` whose powers are summed.  Where the sum is 0 the gradient
    is 0; where it is negative y is the real root, minus that of its absolute value, and not NaN as in
    PyTorch.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    norm_type : float, at least 1
        p.
    kernel_size : int or (int, int), at least 1
    stride : int or (int, int), at least 1, optional
        By default the kernel's size.
    ceil_mode : bool, default=False
        As in `max_pool2d`; what such a window lacks counts as the mean of what it has.

    Returns
    -------
    Tensor or ndarray of shape (n, c, h', w') or (c, h', w')

    References
    ----------
    P. Sermanet, S. Chintala, Y. LeCun (2012). Convolutional neural networks applied to house numbers digit
    classification. arXiv:1204.3968

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.lp_pool2d(np.array([[[3.0, 4.0, 1.0]]]), 2, (1, 2))
    array([[[5.]]])
    """
    return lp_pool(Caller("lp_pool2d", 2), x, norm_type, ceil_mode, kernel_size, stride)


def lp_pool(caller: Caller, x: Any, p: float, ceil_mode: bool, kernel_size: Any, stride: Any) -> Any:
    """The norm over windows, for a function or layer."""
    check_power(caller, p)
    x = floating(x, caller.name)
    powers = np.power(x if p % 2 == 1 else np.absolute(x), p)
    count = math.prod(caller.per_axis("kernel_size", kernel_size, 1))
    total = avg_pool(caller, powers, ceil_mode, True, None, kernel_size, stride, 0) * count
    return np.sign(total) * ones_for_zeros(np.absolute(total)) ** (1 / p)


def check_power(caller: Caller, p: Any) -> None:
    """Refuse what is no power of a norm."""
    if not isinstance(p, (int, float, np.number)) or not 1 <= p < math.inf:
        raise ArgumentError(f"{caller.name}: norm_type is a number of at least 1; got {p!r}.")
