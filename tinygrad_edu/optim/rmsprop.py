"""RMSprop: gradients over the root of the mean of their squares."""

from typing import Any

from numpy import add, divide, maximum, multiply, sqrt, square, subtract

from .elementwise import Elementwise, Step, average
from .group import Group, Params
from .setting import arguments


class RMSprop(Elementwise):
    """Steps of about lr, however large the gradients of late.

        s ← α s + (1 - α) g²,    p ← p - lr · g / (√s + ε)

    Centered, √s is √(s - a²), the standard deviation, where a ← α a + (1 - α) g.  With momentum, v ← momentum
    · v + g / (√s + ε) and p ← p - lr · v.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1e-2
    alpha : float in [0, 1), default=0.99
    eps : float, at least 0, default=1e-8
        It stands outside of the root.
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g.
    momentum : float, at least 0, default=0.0
        How much of v each step keeps; 0 has no v.
    centered : bool, default=False
        Whether the root is the standard deviation.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    Notes
    -----
    Differences from PyTorch: there is ``l1=``; and a variance s - a² that rounding makes negative counts as
    zero, where PyTorch has NaN.

    References
    ----------
    T. Tieleman, G. Hinton (2012). Lecture 6.5, RMSprop. Coursera: Neural networks for machine learning.
    A. Graves (2013). Generating sequences with recurrent neural networks. arXiv:1308.0850 (centered)

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = RMSprop([p], lr=0.01)
    >>> (p * [3.0, -0.001]).sum().backward()
    >>> optimizer.step()
    >>> p.data.round(4)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def slots(group: Group) -> dict[str, float]:
        return {"s": 0.0, **({"a": 0.0} if group.centered else {}), **({"v": 0.0} if group.momentum else {})}

    @staticmethod
    def equations(group: Group, t: int, g: Any, s: Any, a: Any = 0.0, v: Any = 0.0) -> Step:
        alpha = group.alpha
        s = alpha * s + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g if group.centered else a
        v = group.momentum * v + g / (sqrt(maximum(s - a**2, 0)) + group.eps)
        return group.lr * v, {"s": s, "a": a, "v": v}

    def coefficients(self, group: Group, t: int) -> list[float]:
        return [group.lr, group.alpha, 1 - group.alpha, group.eps, group.momentum, 0.0]

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        lr, alpha, rest, eps, momentum, zero = numbers
        s = state[0]
        average(s, alpha, rest, square(g, d), d)
        if group.centered:
            a = state[1]
            average(a, alpha, rest, g, d)
            maximum(subtract(s, square(a, d), d), zero, out=d)
        sqrt(d if group.centered else s, d)
        divide(g, add(d, eps, d), d)
        if group.momentum:
            v = state[-1]
            multiply(v, momentum, v)
            add(v, d, v)
        multiply(v if group.momentum else d, lr, d)
