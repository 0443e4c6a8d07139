"""Plain NumPy that differentiates.

The two-minute tour::

    import numpy as np
    import tinygrad_edu as tg

    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)  # an array that remembers what is done to it
    y = np.sum(np.sin(x) ** 2)                          # NumPy's own functions
    y.backward()                                        # x.grad is now sin(2x)

    f = lambda x: np.sum(x**3)
    tg.grad(f)(np.array([1.0, 2.0]))                    # or as functions of functions, in any order of nesting
    tg.hessian(f)(np.array([1.0, 2.0]))

    model = tg.nn.Sequential(tg.nn.Linear(2, 8), tg.nn.ReLU(), tg.nn.Linear(8, 2))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
    loss = tg.softmax_cross_entropy(model(inputs), labels)
    loss.backward()
    optimizer.step()

To read the code, begin with `tinygrad_edu.backward`; then `ops.table`, `graph` and `tensor`.
"""

from . import check, nn, optim
from .check import gradcheck
from .debug import debug
from .errors import TinygradError
from .modes import enable_grad, is_grad_enabled, no_grad
from .ops.activation import elu, leaky_relu, log_softmax, logsumexp, relu, sigmoid, softmax, softplus
from .ops.contraction import linear
from .ops.loss import softmax_cross_entropy
from .ops.random import dropout, seed
from .ops.table import primitive
from .tensor import Tensor
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__version__ = "0.1.0"
__all__ = [
    "Tensor",
    "TinygradError",
    "check",
    "debug",
    "dropout",
    "elu",
    "enable_grad",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "is_grad_enabled",
    "jacobian",
    "jvp",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsumexp",
    "nn",
    "no_grad",
    "optim",
    "primitive",
    "relu",
    "seed",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "value_and_grad",
    "vjp",
]
