"""Adam, and AdamW, which decays the weights apart from the gradient."""

import math
from collections.abc import Iterable
from typing import Any

from numpy import add, divide, multiply, sqrt, subtract

from ..tensor import Tensor
from .optimizer import Optimizer, at_least_zero, below_one


class Adam(Optimizer):
    """Steps of about lr in every coordinate: the mean of the gradient over the root of its mean square.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  p ← p - lr · m̂ / (√v̂ + ε), where m̂ = m / (1 - β₁ᵗ) and
    v̂ = v / (1 - β₂ᵗ) make up for the start at zero.  Weight decay adds weight_decay · p to g.

    Parameters
    ----------
    params : iterable of Tensor
    lr : float, at least 0, default=1e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
    weight_decay : float, at least 0, default=0.0

    References
    ----------
    D. Kingma, J. Ba (2015). Adam: a method for stochastic optimization. arXiv:1412.6980

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * [3.0, -0.001]).sum().backward()
    >>> optimizer.step()
    >>> np.round(p.data, 5)
    array([0.9, 1.1])
    """

    slots = 2
    decoupled = False

    def __init__(
        self, params: Iterable[Tensor], lr: float = 1e-3, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0
    ) -> None:
        name = type(self).__name__
        self.betas = below_one(name, "betas[0]", betas[0]), below_one(name, "betas[1]", betas[1])
        self.eps, self.weight_decay = at_least_zero(name, "eps", eps), at_least_zero(name, "weight_decay", weight_decay)
        super().__init__(params, lr)

    def coefficients(self, t: int) -> list[float]:
        (beta1, beta2), decay = self.betas, self.weight_decay
        first, second = self.lr / (1 - beta1**t), 1 / math.sqrt(1 - beta2**t)  # what makes up for the start at zero
        return [beta1, 1 - beta1, beta2, 1 - beta2, first, second, self.eps, 1 - self.lr * decay if self.decoupled else decay]

    def update(self, t: int, p: Any, g: Any, state: list[Any], scratch: list[Any], coefficients: list[Any]) -> None:
        """One step; see `Optimizer.update`."""
        (m, v), (d, decayed) = state, scratch
        beta1, rest1, beta2, rest2, first, second, eps, decay = coefficients
        if self.weight_decay and self.decoupled:
            multiply(p, decay, p)
        elif self.weight_decay:
            multiply(p, decay, decayed)
            g = add(g, decayed, decayed)
        multiply(m, beta1, m)
        multiply(g, rest1, d)
        add(m, d, m)
        multiply(v, beta2, v)
        multiply(g, g, d)
        multiply(d, rest2, d)
        add(v, d, v)
        sqrt(v, d)
        multiply(d, second, d)
        add(d, eps, d)
        divide(m, d, d)
        multiply(d, first, d)
        subtract(p, d, p)


class AdamW(Adam):
    """Adam whose weight decay does not pass through its moments: p ← p (1 - lr · weight_decay) before each step.

    Parameters
    ----------
    params : iterable of Tensor
    lr : float, at least 0, default=1e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
    weight_decay : float, at least 0, default=0.01

    References
    ----------
    I. Loshchilov, F. Hutter (2019). Decoupled weight decay regularization. arXiv:1711.05101
    """

    decoupled = True

    def __init__(
        self, params: Iterable[Tensor], lr: float = 1e-3, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2
    ) -> None:
        super().__init__(params, lr, betas=betas, eps=eps, weight_decay=weight_decay)
