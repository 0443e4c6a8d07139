"""Adamax: Adam by the largest gradient of late in the place of a mean square."""

from collections.abc import Iterable
from typing import Any

from numpy import absolute, add, divide, maximum, multiply

from ..tensor import Tensor
from .elementwise import Elementwise
from .group import Group


class Adamax(Elementwise):
    """Adam in the infinity norm.

        m ← β₁ m + (1 - β₁) g,    u ← max(β₂ u, |g| + ε),    p ← p - lr / (1 - β₁ᵗ) · m / u

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=2e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
        Inside the maximum, as in PyTorch; the paper has none.
    weight_decay : float, at least 0, default=0.0
        Adds weight_decay · p to g.
    l1 : float, at least 0, default=0.0
        Adds l1 · sign(p) to g; PyTorch has no such setting.

    References
    ----------
    D. Kingma, J. Ba (2015). Adam: a method for stochastic optimization. arXiv:1412.6980, section 7

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adamax([p], lr=0.1)
    >>> (p * [3.0, -0.001]).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(4)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 2e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, l1=l1)

    @staticmethod
    def slots(group: Group) -> dict[str, float]:
        return {"m": 0.0, "u": 0.0}

    def coefficients(self, group: Group, t: int) -> list[float]:
        beta1, beta2 = group.betas
        return [beta1, 1 - beta1, beta2, group.eps, group.lr / (1 - beta1**t)]

    def update(
        self, group: Group, t: int, g: Any, d: Any, state: list[Any], scratch: Any, coefficients: list[Any]
    ) -> None:
        """The t-th step; see `Elementwise.update`."""
        (m, u), (beta1, rest1, beta2, eps, rate) = state, coefficients
        multiply(m, beta1, m)
        multiply(g, rest1, d)
        add(m, d, m)
        multiply(u, beta2, u)
        absolute(g, d)
        add(d, eps, d)
        maximum(u, d, out=u)
        divide(m, u, d)
        multiply(d, rate, d)
