"""Adagrad: a rate for each element, which falls with the squares of the gradients that it has seen."""

from typing import Any

from numpy import add, divide, multiply, sqrt, square

from .elementwise import Elementwise, Step
from .group import Group, Params
from .setting import arguments


class Adagrad(Elementwise):
    """Elements that have seldom had a gradient take larger steps.

        s ← s + g²,    p ← p - lr / (1 + (t - 1) lr_decay) · g / (√s + ε)

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1e-2
    lr_decay : float, at least 0, default=0.0
        How fast the rate falls with the steps.
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g; PyTorch has no such setting.
    initial_accumulator_value : float, at least 0, default=0.0
        The s that each element begins with.
    eps : float, at least 0, default=1e-10
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer (2011). Adaptive subgradient methods for online learning and stochastic
    optimization. JMLR 12.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adagrad([p], lr=0.1)
    >>> (p * [3.0, -0.001]).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(5)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        *,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def slots(group: Group) -> dict[str, float]:
        return {"s": group.initial_accumulator_value}

    @staticmethod
    def equations(group: Group, t: int, g: Any, s: Any) -> Step:
        s = s + g**2
        return group.lr / (1 + (t - 1) * group.lr_decay) * g / (sqrt(s) + group.eps), {"s": s}

    def coefficients(self, group: Group, t: int) -> list[float]:
        return [group.lr / (1 + (t - 1) * group.lr_decay), group.eps]

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        (s,), (rate, eps) = state, numbers
        add(s, square(g, d), s)
        divide(g, add(sqrt(s, d), eps, d), d)
        multiply(d, rate, d)
