"""Adadelta: Adagrad whose memory fades, and whose steps have the unit of the parameter."""

from typing import Any

from numpy import add, divide, multiply, sqrt, square

from .elementwise import Elementwise, Step, average
from .group import Group, Params
from .setting import arguments


class Adadelta(Elementwise):
    """Adagrad with a memory that fades, and steps in the unit of the parameter: no rate need be found.

        s ← ρ s + (1 - ρ) g²,    Δ = g · √(u + ε) / √(s + ε),    u ← ρ u + (1 - ρ) Δ²,    p ← p - lr · Δ

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1.0
    rho : float in [0, 1), default=0.9
    eps : float, at least 0, default=1e-6
        It stands inside the roots; the first step is about lr · √(ε / (1 - ρ)).
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g; PyTorch has no such setting.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    References
    ----------
    M. Zeiler (2012). ADADELTA: an adaptive learning rate method. arXiv:1212.5701

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = Adadelta([p], eps=0.001)
    >>> (p * 100.0).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(5)
    array([0.9])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        *,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def equations(group: Group, t: int, g: Any, s: Any, u: Any) -> Step:
        rho, eps = group.rho, group.eps
        s = rho * s + (1 - rho) * g**2
        delta = g * sqrt(u + eps) / sqrt(s + eps)
        u = rho * u + (1 - rho) * delta**2
        return group.lr * delta, {"s": s, "u": u}

    def coefficients(self, group: Group, t: int) -> list[float]:
        return [group.lr, group.rho, 1 - group.rho, group.eps]

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        (s, u), e, (lr, rho, rest, eps) = state, scratch, numbers
        average(s, rho, rest, square(g, d), d)
        divide(add(u, eps, d), add(s, eps, e), d)
        multiply(sqrt(d, d), g, d)
        average(u, rho, rest, square(d, e), e)
        multiply(d, lr, d)
