"""Instance normalization, of sequences and images: each channel of each example by itself."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, names_itself
from ..ops import normalization as ops
from ..ops.standardize import standardize
from ..tensor import Tensor
from .normalization import OfChannels


class InstanceNorm1d(OfChannels):
    """Instance normalization of sequences: each channel of each example gets mean 0 and variance 1.

    y = weight · (x - mean) / √(variance + eps) + bias, with mean and (biased) variance over the length.  By
    default there are neither weight nor bias, and in use everything is as in training.

    Parameters
    ----------
    num_features : int
        The channels c.
    eps : float, default=1e-5
        Added to the variance.
    momentum : float in [0, 1], default=0.1
        Of the running mean and variance: running = (1 - momentum) · running + momentum · batch, of which the
        last is a mean over the examples, of the unbiased variance.
    affine : bool, default=False
        Whether there is a weight.
    track_running_stats : bool, default=False
        Whether there are running ones, which take the place of each example's own in use.
    bias : bool, default=True
        Whether there is a bias beside the weight.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight, bias : Parameter of shape (c,), or None
    running_mean, running_var : Buffer of shape (c,), or None
        Updated by every call in training, under `no_grad` too.
    num_batches_tracked : Buffer of shape (), int64, or None
        It stays as it is, as in PyTorch, whose ``state_dict`` has it.

    Raises
    ------
    ShapeError
        When called with an x of another number of axes or channels.
    ArgumentError
        For one value per channel and example, which has no variance; and for a momentum of None.

    References
    ----------
    D. Ulyanov, A. Vedaldi, V. Lempitsky (2016). Instance normalization: the missing ingredient for fast
    stylization. arXiv:1607.08022

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> np.round(nn.InstanceNorm1d(1)(np.array([[[1.0, 3.0]], [[0.0, 8.0]]])).data, 3).tolist()
    [[[-1.0, 1.0]], [[-1.0, 1.0]]]
    """

    shapes: ClassVar[dict[int, str]] = {3: "(n, c, length)", 2: "(c, length)"}

    @names_itself
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if momentum is None:
            raise ArgumentError("momentum is a number in [0, 1]; None is for batch normalization alone.")
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias=bias, dtype=dtype)

    def forward(self, x: Any) -> Tensor:
        """Normalize x of shape (n, c, …), or without n, over all axes behind the channels'."""
        x = self._checked(x)
        return self._normalized(x) if x.ndim == max(self.shapes) else self._normalized(x[None])[0]

    def _of_batch(self, x: Tensor) -> Tensor:
        n = int(np.prod(x.shape[2:]))
        if n < 2:
            raise ArgumentError(
                f"{type(self).__name__}: Expected more than 1 value per channel and example, got an input of "
                f"shape {x.shape}: one value has no variance."
            )
        y, mean, variance = standardize(x, tuple(range(2, x.ndim)), self.eps)
        if self.training and self.running_mean is not None and x.shape[0]:
            means = (s.data.reshape(x.shape[:2]).mean(axis=0) for s in (mean, variance))
            self._follow(next(means), next(means) * (n / (n - 1)), self.momentum or 0.0)
        return ops.scaled(y, *(ops.along_channels(p, x.ndim) for p in (self.weight, self.bias)))


class InstanceNorm2d(InstanceNorm1d):
    """Instance normalization of images (n, c, height, width) or (c, height, width); see `InstanceNorm1d`.

    Parameters, attributes, errors and reference are those of `InstanceNorm1d`.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.InstanceNorm2d(3, affine=True)(np.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    shapes: ClassVar[dict[int, str]] = {4: "(n, c, height, width)", 3: "(c, height, width)"}
