"""RAdam: Adam that waits until its mean square can be trusted."""

import math
from typing import Any

from numpy import add, divide, multiply, sqrt, square

from .elementwise import Elementwise, Step, average
from .group import Group, Params
from .setting import arguments


class RAdam(Elementwise):
    """Adam whose rate is rectified by the variance of 1 / √v̂, which is large in the first steps.

    It is a warm-up without settings.

        m ← β₁ m + (1 - β₁) g,    v ← β₂ v + (1 - β₂) g²,    m̂ = m / (1 - β₁ᵗ),    v̂ = v / (1 - β₂ᵗ)
        ρ∞ = 2 / (1 - β₂) - 1,    ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)
        r = √((ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ)),    p ← p - lr · r · m̂ / (√v̂ + ε)    if ρ > 5
        p ← p - lr · m̂    otherwise (with the defaults, the first five steps)

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
        It is added to √v before the correction, as in PyTorch: the ε of the formula is eps / √(1 - β₂ᵗ).
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g, or is decoupled.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g; PyTorch has no such setting.
    decoupled_weight_decay : bool, default=False
        Whether weight decay is p ← p (1 - lr · weight_decay), as in `AdamW`.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    References
    ----------
    L. Liu et al. (2020). On the variance of the adaptive learning rate and beyond. arXiv:1908.03265 (which
    has ρ > 4; PyTorch has 5)

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = RAdam([p], lr=0.1)
    >>> (p * [3.0, -1.0]).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(4)
    array([0.7, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        decoupled_weight_decay: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def equations(group: Group, t: int, g: Any, m: Any, v: Any) -> Step:
        beta1, beta2 = group.betas
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, r = m / (1 - beta1**t), _rectification(beta2, t)
        if not r:
            return group.lr * m_hat, {"m": m, "v": v}
        root = (sqrt(v) + group.eps) / math.sqrt(1 - beta2**t)
        return group.lr * r * m_hat / root, {"m": m, "v": v}

    def coefficients(self, group: Group, t: int) -> list[float]:
        beta1, beta2 = group.betas
        r = _rectification(beta2, t)
        rate = group.lr / (1 - beta1**t) * (r * math.sqrt(1 - beta2**t) if r else 1.0)
        return [beta1, 1 - beta1, beta2, 1 - beta2, rate, group.eps]

    def phase(self, group: Group, t: int) -> Any:
        return bool(_rectification(group.betas[1], t))

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        (m, v), (beta1, rest1, beta2, rest2, rate, eps) = state, numbers
        average(m, beta1, rest1, g, d)
        average(v, beta2, rest2, square(g, d), d)
        if not self.phase(group, t):
            multiply(m, rate, d)
            return
        divide(m, add(sqrt(v, d), eps, d), d)
        multiply(d, rate, d)


def _rectification(beta2: float, t: int) -> float:
    """r, or 0 while v is the mean of too few gradients, about ρ, to divide by."""
    limit = 2 / (1 - beta2) - 1
    rho = limit - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= 5:
        return 0.0
    return math.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
