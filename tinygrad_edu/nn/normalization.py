"""Batch normalization, of features, sequences and images; see `layer_norm` for what needs no batch."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import floating
from ..errors import ArgumentError, ShapeError, names_itself
from ..ops import normalization as ops
from ..ops.batch_norm import batch_normalized
from ..ops.losses.checks import Range
from ..ops.standardize import standardize
from ..ops.window import layout
from ..tensor import Tensor
from .module import Module
from .parameter import Buffer, Parameter, as_input
from .sizes import check_sizes


def ones_and_zeros(
    shape: int | tuple[int, ...], weight: bool, bias: bool, dtype: DTypeLike
) -> tuple[Parameter | None, Parameter | None]:
    """A weight of ones and a bias of zeros, or None for what is not wanted."""
    ones, zeros = np.ones(shape, dtype), np.zeros(shape, dtype)
    return Parameter(ones) if weight else None, Parameter(zeros) if bias else None


def as_tensor(x: Any, like: Tensor | None, who: str) -> Tensor:
    """What a layer computes with, as a tensor; in its own dtype where there are no parameters."""
    x = floating(x, who) if like is None else as_input(x, like, who)
    return x if isinstance(x, Tensor) else Tensor(x)


class OfChannels(Module):
    """What batch and instance normalization have in common: settings, and statistics that follow the data."""

    shapes: ClassVar[dict[int, str]]  # what x may be, by its number of axes

    @names_itself
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(num_features=num_features)
        Range(0).check("eps", eps)
        if momentum is not None:
            Range(0, 1).check("momentum", momentum)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight, self.bias = ones_and_zeros(num_features, affine, affine and bias, dtype)
        self.running_mean = Buffer(np.zeros(num_features, dtype)) if track_running_stats else None
        self.running_var = Buffer(np.ones(num_features, dtype)) if track_running_stats else None
        self.num_batches_tracked = Buffer(np.array(0, np.int64)) if track_running_stats else None

    def _checked(self, x: Any) -> Tensor:
        """The input as a tensor, if it has one of the shapes."""
        like = self.running_mean if self.weight is None else self.weight
        x = as_tensor(x, like, type(self).__name__)
        channels = 1 if self.shapes.get(x.ndim, "").startswith("(n") else 0
        if x.ndim not in self.shapes or x.shape[channels] != self.num_features:
            shapes = " or ".join(self.shapes.values())
            hint = layout(x.shape, max(self.shapes) - 2, self.num_features)
            raise ShapeError(
                f"{type(self).__name__} expects x of shape {shapes} with c = {self.num_features} channels, "
                f"got {x.shape}.{hint}"
            )
        return x

    def _normalized(self, x: Tensor) -> Tensor:
        """x of shape (n, c, …) by its own mean and variance or by the running ones, scaled and shifted."""
        if self.training or self.running_mean is None or self.running_var is None:
            return self._of_batch(x)
        return self._scaled(x, self.running_mean, self.running_var)

    def _scaled(self, x: Tensor, mean: Any, variance: Any) -> Tensor:
        """x normalized by a mean and a variance of each channel, scaled and shifted."""
        weight, bias, mean, variance = (
            ops.along_channels(p, x.ndim) for p in (self.weight, self.bias, mean, variance)
        )
        return ops.scaled((x - mean) / np.sqrt(variance + self.eps), weight, bias)

    def _of_batch(self, x: Tensor) -> Tensor:
        """x normalized by its own mean and variance, which the running ones follow in training."""
        raise NotImplementedError

    def _follow(self, mean: Any, variance: Any, share: Any) -> None:
        """Move the running mean and variance, if there are any, by a share towards others."""
        if self.running_mean is None or self.running_var is None:
            return
        rest = 1 - share
        if hasattr(share, "dtype"):  # exact, of the dtype of a count
            share, rest = share.astype(mean.dtype), rest.astype(mean.dtype)
        for running, batch in ((self.running_mean, mean), (self.running_var, variance)):
            running.write(rest * running.data + share * batch)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.weight is not None}, track_running_stats={self.running_mean is not None}"
            + ", bias=False"
            * (self.weight is not None and self.bias is None)
        )


class BatchNorm1d(OfChannels):
    """Batch normalization of features (n, c) or sequences (n, c, length): channels of mean 0, variance 1.

    y = weight · (x - mean) / √(variance + eps) + bias.  In training, mean and (biased) variance are those of
    the batch, and the running ones follow: running = (1 - momentum) · running + momentum · batch, with the
    unbiased variance.  In use, the running ones take their place.

    Parameters
    ----------
    num_features : int
        The channels c.
    eps : float, default=1e-5
        Added to the variance.
    momentum : float or None, default=0.1
        Of the running mean and variance; None makes them the plain mean over all batches.
    affine : bool, default=True
        Whether there is a weight.
    track_running_stats : bool, default=True
        If False there are no running ones, and those of the batch are used always.
    bias : bool, default=True
        Whether there is a bias beside the weight.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight, bias : Parameter of shape (c,), or None
    running_mean, running_var : Buffer of shape (c,), or None
        Updated by every call in training, under `no_grad` too.
    num_batches_tracked : Buffer of shape (), int64, or None

    Raises
    ------
    ShapeError
        When called with an x of another number of axes or channels.
    ArgumentError
        In training, with one value per channel: it has no variance.  Nothing is updated then.

    References
    ----------
    S. Ioffe, C. Szegedy (2015). Batch normalization: accelerating deep network training by reducing internal
    covariate shift. arXiv:1502.03167

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> norm = nn.BatchNorm1d(1)
    >>> norm(np.array([[1.0], [3.0]])).tolist()
    [[-0.9999949932098389], [0.9999949932098389]]
    >>> norm.running_mean, norm.running_var
    (Buffer([0.2], dtype=float32), Buffer([1.1], dtype=float32))
    """

    shapes: ClassVar[dict[int, str]] = {2: "(n, c)", 3: "(n, c, length)"}
    moments: Any = None  # what else gives mean, variance and n: those of several processes

    def forward(self, x: Any) -> Tensor:
        """Normalize x of shape (n, c, …) over all axes but the channels'."""
        return self._normalized(self._checked(x))

    def _of_batch(self, x: Tensor) -> Tensor:
        n, moments = x.size // self.num_features, None
        if self.moments is not None:
            *moments, n = self.moments(x)
        if self.training and n < 2:
            raise ArgumentError(
                f"{type(self).__name__}: Expected more than 1 value per channel when training, got an input "
                f"of shape {x.shape}: "
                "one value has no variance.\n  Leave out a last batch of one example (drop_last=True of the "
                "DataLoader), or use eval()."
            )
        follows = self.training and self.num_batches_tracked is not None
        told = partial(self._follow_batch, n) if follows else None
        if self.weight is not None and moments is None:
            return batch_normalized(x, self.weight, self.bias, self.eps, told)
        if moments is None:
            y, *moments = standardize(x, (0, *range(2, x.ndim)), self.eps)
        else:
            y = self._scaled(x, *moments)
        if told is not None:
            told(*(a.data.reshape(-1) for a in moments))
        return y

    def _follow_batch(self, n: int, mean: Any, variance: Any) -> None:
        """Move the running mean and variance towards those of a batch of n values in a channel."""
        batches = self.num_batches_tracked
        assert batches is not None
        batches.write(batches.data + 1)
        share = 1 / batches.data if self.momentum is None else self.momentum
        self._follow(mean, variance * (n / (n - 1)), share)


class BatchNorm2d(BatchNorm1d):
    """Batch normalization of images (n, c, height, width): channels of mean 0, variance 1; see `BatchNorm1d`.

    Parameters, attributes, errors and reference are those of `BatchNorm1d`.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.BatchNorm2d(3)(np.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    shapes: ClassVar[dict[int, str]] = {4: "(n, c, height, width)"}
