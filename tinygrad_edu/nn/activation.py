"""Activations as modules, for containers; each calls the function of the same name, ours or NumPy's."""

from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import given
from ..errors import ShapeError, names_itself
from ..graph import record
from ..ops import activation as ops
from ..ops import gates
from ..ops.window import layout
from ..random import Rng
from ..table import op_of
from ..tensor import Tensor
from .function import FunctionModule
from .linear import Linear
from .module import Module
from .parameter import Parameter, as_input
from .sizes import check_sizes
from .through import Through
from .weights import Initializer

RELU = op_of(ops.relu)


# ---- of a function --------------------------------------------------------------------------------------


class Activation(FunctionModule):
    """Base of activations: a function of one array, and of its settings."""

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Tensor) -> Tensor: ...

        @overload
        def __call__(self, x: Any) -> Any: ...

        def __call__(self, x: Any) -> Any: ...

    def forward(self, x: Any) -> Any:
        """Apply the function to each element of x, or along its axis."""
        x = x if isinstance(x, Tensor) else given(x, type(self).__name__)
        if not self._settings:
            return self._function(x)
        return self._function(x, *[getattr(self, name) for name in self._settings])


class ReLU(Activation, function=ops.relu):
    """max(x, 0); see `tinygrad_edu.relu`."""

    def forward(self, x: Any) -> Any:
        # Recorded without the call of relu, which costs as much as a small array's maximum.
        return record(Tensor, RELU, (x,)) if isinstance(x, Tensor) else super().forward(x)


class ReLU6(Activation, function=ops.relu6):
    """min(max(x, 0), 6); see `tinygrad_edu.relu6`."""


class SELU(Activation, function=ops.selu):
    """1.0507 · elu(x, 1.6733); see `tinygrad_edu.selu`."""


class Sigmoid(Activation, function=ops.sigmoid):
    """1 / (1 + exp(-x)); see `tinygrad_edu.sigmoid`."""


class LogSigmoid(Activation, function=gates.log_sigmoid):
    """log(1 / (1 + exp(-x))); see `tinygrad_edu.log_sigmoid`."""


class SiLU(Activation, function=ops.silu):
    """x · sigmoid(x), also called swish; see `tinygrad_edu.silu`."""


class Mish(Activation, function=ops.mish):
    """x · tanh(softplus(x)); see `tinygrad_edu.mish`."""


class Hardsigmoid(Activation, function=ops.hardsigmoid):
    """x / 6 + ½ within [0, 1]; see `tinygrad_edu.hardsigmoid`."""


class Hardswish(Activation, function=ops.hardswish):
    """x · hardsigmoid(x); see `tinygrad_edu.hardswish`."""


class Tanh(Activation, function=np.tanh):
    """Hyperbolic tangent, `numpy.tanh`."""


class Arctan(Activation, function=np.arctan):
    """Inverse tangent, `numpy.arctan`, a sigmoid between ±π/2."""


class Softsign(Activation, function=ops.softsign):
    """``x / (1 + |x|)``; see `tinygrad_edu.softsign`."""


class Gaussian(Activation, function=ops.gaussian):
    """exp(-x²), the Gaussian radial basis function; see `tinygrad_edu.gaussian`."""


class LeakyReLU(Activation, function=ops.leaky_relu):
    """x where x > 0, else negative_slope · x; see `tinygrad_edu.leaky_relu`."""

    negative_slope: float = 0.01


class ELU(Activation, function=ops.elu):
    """x where x > 0, else alpha · (exp(x) - 1); see `tinygrad_edu.elu`."""

    alpha: float = 1.0


class CELU(ELU, function=ops.celu):
    """x where x > 0, else alpha · (exp(x / alpha) - 1); see `tinygrad_edu.celu`."""


class GELU(Activation, function=ops.gelu):
    """x Φ(x), exactly or with ``approximate="tanh"``; see `tinygrad_edu.gelu`."""

    approximate: str = "none"


class Softplus(Activation, function=ops.softplus):
    """log(1 + exp(beta · x)) / beta; see `tinygrad_edu.softplus`."""

    beta: float = 1.0
    threshold: float | None = None


class Hardtanh(Activation, function=ops.hardtanh):
    """x between min_val and max_val, these beyond; see `tinygrad_edu.hardtanh`."""

    min_val: float = -1.0
    max_val: float = 1.0


def step(x: Any, value: float = 1.0) -> Any:
    """`numpy.heaviside`, in which a unit fires as it reaches its threshold."""
    return np.heaviside(x, value)


class Heaviside(Activation, function=step):
    """The step 0 where x < 0, 1 where x > 0, `numpy.heaviside`: the activation of the first perceptrons.

    Its gradient is zero everywhere, so that nothing before it learns by gradient descent: networks of steps
    are trained by rules of their own (the perceptron's), or through another slope.

    Parameters
    ----------
    value : float, default=1.0
        The value at 0: by default a unit fires as it reaches its threshold.  The gradient is 0 there too.

    References
    ----------
    F. Rosenblatt (1958). The perceptron: a probabilistic model for information storage and organization in
    the brain. Psychological Review 65.
    """

    value: float = 1.0


class Softmax(Activation, function=ops.softmax):
    """Probabilities along an axis, by default the last; see `tinygrad_edu.softmax`."""

    axis: int = -1


class LogSoftmax(Softmax, function=ops.log_softmax):
    """Logarithms of probabilities along an axis; see `tinygrad_edu.log_softmax`."""


class Softmin(Softmax, function=gates.softmin):
    """Probabilities along an axis, the largest of the smallest; see `tinygrad_edu.softmin`."""


class GLU(Activation, function=gates.glu):
    """a · sigmoid(b), of the two halves of x along an axis; see `tinygrad_edu.glu`."""

    axis: int = -1


class Softmax2d(Through):
    """Probabilities of the channels of images (n, c, h, w) or (c, h, w), at each place."""

    def forward(self, x: Any) -> Any:
        x = given(x, "Softmax2d")
        if len(x.shape) not in (3, 4):
            raise ShapeError(f"Softmax2d expects images of shape (n, c, h, w) or (c, h, w), got {x.shape}.")
        return ops.softmax(x, -3)


class Identity(Through):
    """x itself: where a container wants a layer and there is nothing to do."""

    def forward(self, x: Any) -> Any:
        return x


# ---- with parameters ---------------------------------------------------------------------------------------


class PReLU(Module):
    """x where x > 0, else weight · x, with a weight that is learned; see `tinygrad_edu.prelu`.

    Parameters
    ----------
    num_parameters : int, default=1
        One weight for everything, or one for each channel on axis 1.
    init : float, default=0.25
        What the weights are at first.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight : Parameter of shape (num_parameters,)

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun (2015). Delving deep into rectifiers. arXiv:1502.01852
    """

    @names_itself
    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike = np.float32) -> None:
        check_sizes(num_parameters=num_parameters)
        self.weight = Parameter(np.full(num_parameters, init, dtype))

    def forward(self, x: Any) -> Tensor:
        x = as_input(x, self.weight, "PReLU")
        if self.weight.size > 1 and x.shape[1:2] != self.weight.shape:
            raise ShapeError(
                f"PReLU expects {self.weight.size} channels on axis 1, got "
                f"{x.shape}.{layout(x.shape, x.ndim - 2, self.weight.size)}"
            )
        return ops.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.weight.size}"


class Maxout(Module):
    """The largest of several linear maps, y_k = max_j (x W_jᵀ + b_j)_k: a learned convex activation.

    Parameters
    ----------
    in_features, out_features : int
        The lengths of the last axes of x and y, at least 1.
    pieces : int, default=2
        How many linear maps there are.
    bias : bool, default=True
    init : callable, optional
        As for `Linear`.
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    linear : Linear
        All maps as one, of ``out_features · pieces`` outputs; the pieces of one y_k are neighbours.

    Examples
    --------
    >>> layer = Maxout(3, 2, pieces=4, rng=0)
    >>> layer.linear.weight.shape, layer(np.ones((5, 3))).shape
    ((8, 3), (5, 2))

    References
    ----------
    I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio (2013). Maxout networks. arXiv:1302.4389
    """

    @names_itself
    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        *,
        init: Initializer | None = None,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(in_features=in_features, out_features=out_features, pieces=pieces)
        self.pieces = pieces
        self.linear = Linear(in_features, out_features * pieces, bias, init=init, rng=rng, dtype=dtype)

    def forward(self, x: Any) -> Tensor:
        """Map x of shape (..., in_features) to (..., out_features)."""
        return ops.maxout(self.linear(x), self.pieces)
