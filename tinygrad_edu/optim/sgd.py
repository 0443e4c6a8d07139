"""Stochastic gradient descent, with momentum, and Nesterov's."""

from collections.abc import Iterable
from typing import Any

from numpy import add, multiply, subtract

from ..errors import ArgumentError
from ..tensor import Tensor
from .optimizer import Optimizer, at_least_zero


class SGD(Optimizer):
    """Gradient descent, p ← p - lr · d.

    Without momentum d is the gradient g; with it, d = v where v ← momentum · v + (1 - dampening) · g (v ← g at the first
    step); with Nesterov's, d = g + momentum · v.  Weight decay adds weight_decay · p to g.

    Parameters
    ----------
    params : iterable of Tensor
    lr : float, at least 0
    momentum : float, at least 0, default=0.0
    dampening : float, default=0.0
        Not applied at the first step.
    weight_decay : float, at least 0, default=0.0
    nesterov : bool, default=False
        Needs a momentum, and no dampening.

    References
    ----------
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
        self, params: Iterable[Tensor], lr: float, *, momentum: float = 0.0, dampening: float = 0.0, weight_decay: float = 0.0, nesterov: bool = False
    ) -> None:
        if nesterov and (not momentum or dampening):
            raise ArgumentError(f"SGD: nesterov needs momentum > 0 and dampening 0; got momentum={momentum}, dampening={dampening}.")
        self.momentum = at_least_zero("SGD", "momentum", momentum)
        self.weight_decay = at_least_zero("SGD", "weight_decay", weight_decay)
        self.dampening, self.nesterov = float(dampening), nesterov
        self.slots = 1 if momentum else 0
        super().__init__(params, lr)

    def coefficients(self, t: int) -> list[float]:
        return [self.lr, self.weight_decay, self.momentum, 1 - self.dampening]

    def update(self, t: int, p: Any, g: Any, state: list[Any], scratch: list[Any], coefficients: list[Any]) -> None:
        """One step; see `Optimizer.update`."""
        (d, decayed), (lr, weight_decay, momentum, share) = scratch, coefficients
        if self.weight_decay:
            multiply(p, weight_decay, decayed)
            g = add(g, decayed, decayed)
        if self.momentum:
            (v,) = state
            if t == 1:
                v[...] = g
            else:
                multiply(v, momentum, v)
                multiply(g, share, d)
                add(v, d, v)
            if self.nesterov:
                multiply(v, momentum, d)
                g = add(g, d, d)
            else:
                g = v
        multiply(g, lr, d)
        subtract(p, d, p)
