"""Normalization of each example by itself: layer, root mean square and group normalization."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, ShapeError, names_itself
from ..ops import normalization as ops
from ..ops.window import layout
from ..tensor import Tensor
from .module import Module
from .normalization import as_tensor, ones_and_zeros
from .parameter import Parameter
from .sizes import check_sizes


class _OfLastAxes(Module):
    """What layer and root mean square normalization have in common: the axes over which they normalize."""

    normalized_shape: tuple[int, ...]
    eps: Any
    weight: Parameter | None

    @property
    def axes(self) -> tuple[int, ...]:
        """The last axes, counted from the end."""
        return tuple(range(-len(self.normalized_shape), 0))

    def _checked(self, x: Any) -> Tensor:
        """The input as a tensor, if its last axes are of the lengths that are normalized."""
        x = as_tensor(x, self.weight, type(self).__name__)
        if x.shape[-len(self.normalized_shape) :] != self.normalized_shape:
            raise ShapeError(
                f"{type(self).__name__} expects the last axes to be {self.normalized_shape}, got {x.shape}."
            )
        return x

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.weight is not None}"


class LayerNorm(_OfLastAxes):
    """Layer normalization: the last axes of each example get mean 0 and variance 1, y = weight · x̂ + bias.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The lengths of the last axes, over which mean and variance are taken.
    eps : float, default=1e-5
        Added to the variance.
    elementwise_affine : bool, default=True
        Whether there is a weight.
    bias : bool, default=True
        Whether there is a bias beside the weight.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight, bias : Parameter of shape normalized_shape, or None

    Raises
    ------
    ShapeError
        When called with an x whose last axes have other lengths.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton (2016). Layer normalization. arXiv:1607.06450

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> np.round(nn.LayerNorm(3)(np.array([1.0, 2.0, 4.0])).data, 3)
    array([-1.069, -0.267,  1.336], dtype=float32)
    """

    @names_itself
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.normalized_shape, self.eps = checked_shape(normalized_shape), eps
        self.weight, self.bias = ones_and_zeros(
            self.normalized_shape, elementwise_affine, elementwise_affine and bias, dtype
        )

    def forward(self, x: Any) -> Tensor:
        """Normalize x of shape ``(..., *normalized_shape)``."""
        return ops.layer_norm(self._checked(x), self.weight, self.bias, axis=self.axes, eps=self.eps)

    def extra_repr(self) -> str:
        return super().extra_repr() + ", bias=False" * (self.weight is not None and self.bias is None)


class RMSNorm(_OfLastAxes):
    """Root mean square normalization of the last axes, y = weight · x / √(mean(x²) + eps).

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The lengths of the last axes, over which the mean is taken.
    eps : float, optional
        The dtype's spacing at 1 by default.
    elementwise_affine : bool, default=True
        Whether there is a weight.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight : Parameter of shape normalized_shape, or None

    Raises
    ------
    ShapeError
        When called with an x whose last axes have other lengths.

    References
    ----------
    B. Zhang, R. Sennrich (2019). Root mean square layer normalization. arXiv:1910.07467

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> np.round(nn.RMSNorm(3)(np.array([1.0, 2.0, 2.0])).data, 3)
    array([0.577, 1.155, 1.155], dtype=float32)
    """

    @names_itself
    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.normalized_shape, self.eps = checked_shape(normalized_shape), eps
        self.weight, _ = ones_and_zeros(self.normalized_shape, elementwise_affine, False, dtype)

    def forward(self, x: Any) -> Tensor:
        """Normalize x of shape ``(..., *normalized_shape)``."""
        return ops.rms_norm(self._checked(x), self.weight, axis=self.axes, eps=self.eps)


class GroupNorm(Module):
    """Group normalization: each group of channels gets mean 0 and variance 1, y = weight · x̂ + bias.

    Parameters
    ----------
    num_groups : int
        It divides the channels.
    num_channels : int
    eps : float, default=1e-5
        Added to the variance.
    affine : bool, default=True
        Whether there is a weight, one number for each channel.
    bias : bool, default=True
        Whether there is a bias beside the weight.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight, bias : Parameter of shape (num_channels,), or None

    Raises
    ------
    ShapeError
        When called with an x whose axis 1 has another length.

    References
    ----------
    Y. Wu, K. He (2018). Group normalization. arXiv:1803.08494

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.GroupNorm(2, 6)(np.ones((2, 6, 4, 4))).shape
    (2, 6, 4, 4)
    """

    @names_itself
    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ArgumentError(f"num_channels {num_channels} is not divisible by num_groups {num_groups}.")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight, self.bias = ones_and_zeros(num_channels, affine, affine and bias, dtype)

    def forward(self, x: Any) -> Tensor:
        """Normalize x of shape (n, c, …)."""
        x = as_tensor(x, self.weight, "GroupNorm")
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            hint = layout(x.shape, x.ndim - 2, self.num_channels)
            raise ShapeError(
                f"GroupNorm expects x of shape (n, c, …) with c = {self.num_channels} channels, got "
                f"{x.shape}.{hint}"
            )
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        settings = f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.weight is not None}"
        return settings + ", bias=False" * (self.weight is not None and self.bias is None)


def checked_shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    """The lengths of the normalized axes, at least one of them, as a tuple."""
    several = isinstance(normalized_shape, (Sequence, np.ndarray))
    lengths: Any = normalized_shape if several else (normalized_shape,)
    shape = tuple(lengths)
    if not shape or not all(isinstance(n, (int, np.integer)) and n >= 1 for n in shape):
        raise ArgumentError(
            f"normalized_shape is the lengths of the last axes, each at least 1; got {normalized_shape}."
        )
    return tuple(map(int, shape))
