"""Stochastic gradient descent, with momentum, and Nesterov's."""

from typing import Any

from numpy import add, multiply, negative, subtract

from ..errors import ArgumentError
from .elementwise import Elementwise, Step
from .group import Group, Params
from .setting import arguments


class SGD(Elementwise):
    """Gradient descent, p ← p - lr · g, and momentum in two forms.

    PyTorch's form, the default, keeps a sum of gradients, and scales it by the rate of the moment:

        v ← momentum · v + (1 - dampening) · g,    p ← p - lr · v

    The classical form keeps a velocity, to which each gradient contributed at the rate of its own time:

        v ← momentum · v - lr · (1 - dampening) · g,    p ← p + v

    The two differ only while lr changes.  In both, dampening is not applied at the first step.  Nesterov's
    momentum looks one step ahead: p ← p - lr · (g + momentum · v), or in the classical form p ← p + momentum
    · v - lr · g.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1e-3
    momentum : float, at least 0, default=0.0
    dampening : float, default=0.0
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g.
    nesterov : bool, default=False
        Whether momentum looks one step ahead; it needs a momentum, and no dampening.
    classical : bool, default=False
        Whether momentum is of the classical form.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    Notes
    -----
    PyTorch has neither ``l1=`` nor ``classical=``.

    References
    ----------
    H. Robbins, S. Monro (1951). A stochastic approximation method.
    B. Polyak (1964). Some methods of speeding up the convergence of iteration methods.
    Y. Nesterov (1983). A method for solving the convex programming problem with convergence rate O(1/k²).
    I. Sutskever et al. (2013). On the importance of initialization and momentum in deep learning. ICML.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    Tensor([0.8])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        nesterov: bool = False,
        classical: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def check(group: Group) -> None:
        if group.nesterov and (not group.momentum or group.dampening):
            raise ArgumentError(
                f"nesterov needs momentum > 0 and dampening 0; got momentum={group.momentum}, "
                f"dampening={group.dampening}."
            )

    @staticmethod
    def slots(group: Group) -> dict[str, float]:
        return {"v": 0.0} if group.momentum else {}

    @staticmethod
    def equations(group: Group, t: int, g: Any, v: Any = 0.0) -> Step:
        lr, momentum = group.lr, group.momentum
        share = 1 - group.dampening if t > 1 else 1.0
        if not momentum:
            return lr * g, {}
        if group.classical:
            v = momentum * v - lr * share * g
            return (lr * g - momentum * v if group.nesterov else -v), {"v": v}
        v = momentum * v + share * g
        return lr * (g + momentum * v if group.nesterov else v), {"v": v}

    def coefficients(self, group: Group, t: int) -> list[float]:
        share = 1 - group.dampening if t > 1 else 1.0
        return [group.lr, group.momentum, group.lr * share if group.classical else share]

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        lr, momentum, share = numbers
        if not group.momentum:
            multiply(g, lr, d)
            return
        (v,) = state
        multiply(v, momentum, v)
        multiply(g, share, d)
        if group.classical:
            subtract(v, d, v)
            if group.nesterov:
                subtract(d, multiply(v, momentum, scratch), d)
            else:
                negative(v, d)
        else:
            add(v, d, v)
            if group.nesterov:
                add(g, multiply(v, momentum, d), d)
                multiply(d, lr, d)
            else:
                multiply(v, lr, d)
