"""Activations as modules, for containers; each is the function of the same name, and where it has none, NumPy's."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import given
from ..errors import ShapeError
from ..graph import record
from ..ops import activation as ops
from ..ops.window import layout
from ..table import op_of
from ..tensor import Tensor
from .linear import Linear
from .module import Module
from .parameter import Parameter, as_input
from .sizes import check_sizes

RELU = op_of(ops.relu)


# ---- without settings --------------------------------------------------------------------------------------


class Activation(Module):
    """Base of activations: a function of one array, and of nothing else."""

    function: ClassVar[Any]  # a static method: of an instance no method, so that it gets the array alone

    def forward(self, x: Any) -> Any:
        return self.function(x if isinstance(x, Tensor) else given(x, type(self).__name__))


class ReLU(Module):
    """max(x, 0); see `tinygrad_edu.relu`."""

    def forward(self, x: Any) -> Any:
        return record(Tensor, RELU, (x,)) if isinstance(x, Tensor) else ops.relu(given(x, "ReLU"))


class ReLU6(Activation):
    """min(max(x, 0), 6); see `tinygrad_edu.relu6`."""

    function = staticmethod(ops.relu6)


class SELU(Activation):
    """1.0507 · elu(x, 1.6733); see `tinygrad_edu.selu`."""

    function = staticmethod(ops.selu)


class Sigmoid(Activation):
    """1 / (1 + exp(-x)); see `tinygrad_edu.sigmoid`."""

    function = staticmethod(ops.sigmoid)


class SiLU(Activation):
    """x · sigmoid(x), also called swish; see `tinygrad_edu.silu`."""

    function = staticmethod(ops.silu)


class Mish(Activation):
    """x · tanh(softplus(x)); see `tinygrad_edu.mish`."""

    function = staticmethod(ops.mish)


class Hardsigmoid(Activation):
    """x / 6 + ½ within [0, 1]; see `tinygrad_edu.hardsigmoid`."""

    function = staticmethod(ops.hardsigmoid)


class Hardswish(Activation):
    """x · hardsigmoid(x); see `tinygrad_edu.hardswish`."""

    function = staticmethod(ops.hardswish)


class Tanh(Activation):
    """Hyperbolic tangent, `numpy.tanh`."""

    function = staticmethod(np.tanh)


class Arctan(Activation):
    """Inverse tangent, `numpy.arctan`, a sigmoid between ±π/2."""

    function = staticmethod(np.arctan)


class Softsign(Activation):
    """x / (1 + |x|); see `tinygrad_edu.softsign`."""

    function = staticmethod(ops.softsign)


class Gaussian(Activation):
    """exp(-x²), the Gaussian radial basis function; see `tinygrad_edu.gaussian`."""

    function = staticmethod(ops.gaussian)


class Identity(Module):
    """x itself: where a container wants a layer and there is nothing to do."""

    def forward(self, x: Any) -> Any:
        return x


# ---- with settings -----------------------------------------------------------------------------------------


class LeakyReLU(Module):
    """x where x > 0, else negative_slope · x; see `tinygrad_edu.leaky_relu`."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        return ops.leaky_relu(given(x, "LeakyReLU"), self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x where x > 0, else alpha · (exp(x) - 1); see `tinygrad_edu.elu`."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return ops.elu(given(x, "ELU"), self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class CELU(ELU):
    """x where x > 0, else alpha · (exp(x / alpha) - 1); see `tinygrad_edu.celu`."""

    def forward(self, x: Any) -> Any:
        return ops.celu(given(x, "CELU"), self.alpha)


class GELU(Module):
    """x Φ(x), exactly or with ``approximate="tanh"``; see `tinygrad_edu.gelu`."""

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return ops.gelu(given(x, "GELU"), self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + exp(beta · x)) / beta; see `tinygrad_edu.softplus`."""

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = beta

    def forward(self, x: Any) -> Any:
        return ops.softplus(given(x, "Softplus"), self.beta)

    def extra_repr(self) -> str:
        return f"beta={self.beta}"


class Hardtanh(Module):
    """x between min_val and max_val, these beyond; see `tinygrad_edu.hardtanh`."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        return ops.hardtanh(given(x, "Hardtanh"), self.min_val, self.max_val)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"


class Heaviside(Module):
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

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def forward(self, x: Any) -> Any:
        return np.heaviside(given(x, "Heaviside"), self.value)

    def extra_repr(self) -> str:
        return f"value={self.value}"


class Softmax(Module):
    """Probabilities along an axis, by default the last; see `tinygrad_edu.softmax`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return ops.softmax(given(x, "Softmax"), self.axis)

    def extra_repr(self) -> str:
        return f"axis={self.axis}"


class LogSoftmax(Softmax):
    """Logarithms of probabilities along an axis; see `tinygrad_edu.log_softmax`."""

    def forward(self, x: Any) -> Any:
        return ops.log_softmax(given(x, "LogSoftmax"), self.axis)


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

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike = np.float32) -> None:
        check_sizes("PReLU", num_parameters=num_parameters)
        self.weight = Parameter(np.full(num_parameters, init, dtype))

    def forward(self, x: Any) -> Any:
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
    """The largest of several linear maps, y_k = max_j (x W_jᵀ + b_j)_k: a layer that learns its convex activation.

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

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        *,
        init: Callable[..., Any] | None = None,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("Maxout", in_features=in_features, out_features=out_features, pieces=pieces)
        self.pieces = pieces
        self.linear = Linear(in_features, out_features * pieces, bias, init=init, rng=rng, dtype=dtype)

    def forward(self, x: Any) -> Any:
        """Map x of shape (..., in_features) to (..., out_features)."""
        return ops.maxout(self.linear(x), self.pieces)
