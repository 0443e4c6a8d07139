"""The bilinear layer."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ShapeError, names_itself
from ..ops.bilinear import bilinear
from ..random import Rng
from ..tensor import Tensor
from .module import Module
from .parameter import as_input
from .sizes import check_sizes
from .weights import Initializer, weight_and_bias


class Bilinear(Module):
    """Bilinear layer, y_k = x1ᵀ W_k x2 + b_k.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        The lengths of the last axes of x1, x2 and y, at least 1.
    bias : bool, default=True
        Whether there is a b.
    init : callable, optional
        Makes the weights: called as ``init(shape, rng=rng, dtype=dtype)``, as those of `tinygrad_edu.nn.init`
        are, which take n_in to be in1_features · in2_features; biases are then zero.  By default, as in
        PyTorch, weights and biases are uniform in ±1/√in1_features.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight : Parameter of shape (out_features, in1_features, in2_features)
    bias : Parameter of shape (out_features,), or None

    Raises
    ------
    ShapeError
        When called with an x1 or x2 whose last axis has another length, or whose other axes differ.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Bilinear(3, 4, 2, rng=0)
    >>> layer
    Bilinear(in1_features=3, in2_features=4, out_features=2, bias=True)
    >>> layer(np.ones((5, 3)), np.ones((5, 4))).shape
    (5, 2)
    """

    @names_itself
    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: Initializer | None = None,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(in1_features=in1_features, in2_features=in2_features, out_features=out_features)
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        shape = out_features, in1_features, in2_features
        self.weight, self.bias = weight_and_bias(shape, in1_features, bias, init, rng, dtype)

    def forward(self, x1: Any, x2: Any) -> Tensor:
        """Map x1 of shape (..., in1_features) and x2 of shape (..., in2_features) to (..., out_features)."""
        x1, x2 = as_input(x1, self.weight, "Bilinear"), as_input(x2, self.weight, "Bilinear")
        lengths = x1.shape[-1:] + x2.shape[-1:]
        if lengths != (self.in1_features, self.in2_features) or x1.shape[:-1] != x2.shape[:-1]:
            raise ShapeError(
                f"Bilinear expects x1 of shape (..., {self.in1_features}) and x2 of shape (..., "
                f"{self.in2_features}), alike before the last axis; got {x1.shape} and {x2.shape}."
            )
        return bilinear(x1, x2, self.weight, self.bias)

    def extra_repr(self) -> str:
        names = "in1_features", "in2_features", "out_features"
        return "".join(f"{name}={getattr(self, name)}, " for name in names) + f"bias={self.bias is not None}"
