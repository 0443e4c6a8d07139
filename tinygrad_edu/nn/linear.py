"""The fully connected layer."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ShapeError, names_itself
from ..graph import record
from ..ops.contraction import linear
from ..random import Rng
from ..table import op_of
from ..tensor import Tensor
from .module import Module
from .parameter import as_input
from .sizes import check_sizes
from .weights import Initializer, weight_and_bias

LINEAR = op_of(linear)


class Linear(Module):
    """Fully connected layer, y = x Wᵀ + b.

    Parameters
    ----------
    in_features, out_features : int
        The lengths of the last axes of x and y, at least 1.
    bias : bool, default=True
        Whether there is a b.
    init : callable, optional
        Makes the weights: called as ``init(shape, rng=rng, dtype=dtype)``, as those of `tinygrad_edu.nn.init`
        are; biases are then zero.  By default, as in PyTorch, weights and biases are uniform in
        ±1/√in_features.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
    bias : Parameter of shape (out_features,), or None

    Raises
    ------
    ShapeError
        When called with an x whose last axis is not of length in_features.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Linear(3, 2, rng=0)
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    >>> layer(np.ones((5, 3))).shape
    (5, 2)
    """

    @names_itself
    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: Initializer | None = None,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        shape = out_features, in_features
        self.weight, self.bias = weight_and_bias(shape, in_features, bias, init, rng, dtype)

    def forward(self, x: Any) -> Tensor:
        """Map x of shape (..., in_features) to (..., out_features)."""
        weight = self.weight
        x = as_input(x, weight, "Linear")
        try:
            return record(Tensor, LINEAR, (x, weight, self.bias))
        except ValueError:
            if x.shape[-1:] == (self.in_features,):
                raise
            message = f"Linear expects {self.in_features} features in the last axis, got {x.shape}."
            if x.ndim > 2 and np.prod(x.shape[1:]) == self.in_features:
                message += " Flatten the images first: x.reshape(len(x), -1)."
            raise ShapeError(message) from None

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )
