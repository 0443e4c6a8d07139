"""Adamax: Adam by the largest gradient of late in the place of a mean square."""

from typing import Any

from numpy import absolute, add, divide, maximum, multiply

from .elementwise import Elementwise, Step, average
from .group import Group, Params
from .setting import arguments


class Adamax(Elementwise):
    """Adam in the infinity norm.

        m ← β₁ m + (1 - β₁) g,    u ← max(β₂ u, abs(g) + ε),    p ← p - lr / (1 - β₁ᵗ) · m / u

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=2e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
        It stands inside the maximum, as in PyTorch; the paper has none.
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g; PyTorch has no such setting.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

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
        params: Params,
        lr: float = 2e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def equations(group: Group, t: int, g: Any, m: Any, u: Any) -> Step:
        beta1, beta2 = group.betas
        m = beta1 * m + (1 - beta1) * g
        u = maximum(beta2 * u, absolute(g) + group.eps)
        return group.lr / (1 - beta1**t) * m / u, {"m": m, "u": u}

    def coefficients(self, group: Group, t: int) -> list[float]:
        beta1, beta2 = group.betas
        return [beta1, 1 - beta1, beta2, group.eps, group.lr / (1 - beta1**t)]

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        (m, u), (beta1, rest1, beta2, eps, rate) = state, numbers
        average(m, beta1, rest1, g, d)
        multiply(u, beta2, u)
        maximum(u, add(absolute(g, d), eps, d), out=u)
        divide(m, u, d)
        multiply(d, rate, d)
