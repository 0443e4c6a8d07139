"""NAdam: Adam with Nesterov's momentum."""

import math
from array import array
from typing import Any

from numpy import add, divide, multiply, sqrt, square

from .elementwise import Elementwise, Step, average
from .group import Group, Params
from .setting import arguments


class NAdam(Elementwise):
    """Adam that looks one step ahead, with a momentum that warms up.

        μₜ = β₁ (1 - ½ · 0.96^(t · momentum_decay)),    πₜ = μ₁ μ₂ … μₜ
        m ← β₁ m + (1 - β₁) g,    v ← β₂ v + (1 - β₂) g²
        m̂ = μₜ₊₁ m / (1 - πₜ₊₁) + (1 - μₜ) g / (1 - πₜ),    v̂ = v / (1 - β₂ᵗ)
        p ← p - lr · m̂ / (√v̂ + ε)

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=2e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g, or is decoupled.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g; PyTorch has no such setting.
    momentum_decay : float, at least 0, default=4e-3
        How fast the momentum warms up.
    decoupled_weight_decay : bool, default=False
        Whether weight decay is p ← p (1 - lr · weight_decay), as in `AdamW`.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    Notes
    -----
    A difference from PyTorch: πₜ is that of the present settings, even if β₁ was another one before.

    References
    ----------
    T. Dozat (2016). Incorporating Nesterov momentum into Adam. ICLR workshop.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = NAdam([p], lr=0.1)
    >>> (p * [3.0, -0.001]).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(4)
    array([0.8944, 1.1056])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
    ) -> None:
        self._products: dict[tuple[float, float], array[float]] = {}
        super().__init__(**arguments(locals()))

    @staticmethod
    def equations(group: Group, t: int, g: Any, m: Any, v: Any) -> Step:
        (beta1, beta2), decay = group.betas, group.momentum_decay
        mu, ahead = _momentum(beta1, decay, t), _momentum(beta1, decay, t + 1)
        product = math.prod(_momentum(beta1, decay, i) for i in range(1, t + 1))
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = ahead * m / (1 - product * ahead) + (1 - mu) * g / (1 - product)
        return group.lr * m_hat / (sqrt(v / (1 - beta2**t)) + group.eps), {"m": m, "v": v}

    def coefficients(self, group: Group, t: int) -> list[float]:
        (beta1, beta2), decay = group.betas, group.momentum_decay
        ahead = group.lr * _momentum(beta1, decay, t + 1) / (1 - self._product(beta1, decay, t + 1))
        present = group.lr * (1 - _momentum(beta1, decay, t)) / (1 - self._product(beta1, decay, t))
        root = math.sqrt(1 - beta2**t)  # as in Adam, it moves from the vector into the numbers
        return [beta1, 1 - beta1, beta2, 1 - beta2, ahead * root, present * root, group.eps * root]

    def _product(self, beta1: float, decay: float, t: int) -> float:
        """πₜ; kept for all t until it is too small to change 1 - πₜ."""
        products = self._products.setdefault((beta1, decay), array("d", [1.0]))
        while len(products) <= t and products[-1] > 1e-17:
            products.append(products[-1] * _momentum(beta1, decay, len(products)))
        return products[t] if t < len(products) else 0.0

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        (m, v), e, (beta1, rest1, beta2, rest2, ahead, present, eps) = state, scratch, numbers
        average(m, beta1, rest1, g, d)
        average(v, beta2, rest2, square(g, d), d)
        add(multiply(m, ahead, d), multiply(g, present, e), d)
        divide(d, add(sqrt(v, e), eps, e), d)


def _momentum(beta1: float, decay: float, t: int) -> float:
    return beta1 * (1 - 0.5 * 0.96 ** (t * decay))
