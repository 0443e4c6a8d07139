"""Adam, with AMSGrad, and AdamW, which decays the weights apart from the gradient."""

import math
from typing import Any

from numpy import add, divide, maximum, multiply, sqrt, square

from .elementwise import Elementwise, Step
from .group import Group, Params
from .setting import arguments


class Adam(Elementwise):
    """Steps of about lr in every coordinate: the mean of the gradient over the root of its mean square.

        m ← β₁ m + (1 - β₁) g,    v ← β₂ v + (1 - β₂) g²,    p ← p - lr · m̂ / (√v̂ + ε),

    where m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) make up for the start at zero.  AMSGrad takes the largest
    v so far in the place of v, so that no step grows again.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
        It stands outside of the root, and after the correction of v.
    weight_decay : float, at least 0, default=0.0
        It adds weight_decay · p to g, and so passes through the moments; see `AdamW`.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g; PyTorch has no such setting.
    amsgrad : bool, default=False
        Whether the largest v takes the place of v.  It is taken before the correction, as in PyTorch; the
        paper has no correction.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    References
    ----------
    D. Kingma, J. Ba (2015). Adam: a method for stochastic optimization. arXiv:1412.6980
    S. Reddi, S. Kale, S. Kumar (2018). On the convergence of Adam and beyond. arXiv:1904.09237 (AMSGrad)

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

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def slots(group: Group) -> dict[str, float]:
        return {"m": 0.0, "v": 0.0, **({"largest": 0.0} if group.amsgrad else {})}

    @staticmethod
    def equations(group: Group, t: int, g: Any, m: Any, v: Any, largest: Any = 0.0) -> Step:
        beta1, beta2 = group.betas
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        largest = maximum(largest, v)  # it is v itself without AMSGrad, which remembers it
        m_hat, v_hat = m / (1 - beta1**t), largest / (1 - beta2**t)
        return group.lr * m_hat / (sqrt(v_hat) + group.eps), {"m": m, "v": v, "largest": largest}

    def coefficients(self, group: Group, t: int) -> list[float]:
        beta1, beta2 = group.betas
        # lr m̂ / (√v̂ + ε) = rate · m / (√v + ε root), where root = √(1 - β₂ᵗ): two passes over the vector
        # fewer
        root = math.sqrt(1 - beta2**t)
        return [beta1, 1 - beta1, beta2, 1 - beta2, group.lr * root / (1 - beta1**t), group.eps * root]

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        m, v = state[:2]
        beta1, rest1, beta2, rest2, rate, eps = numbers
        add(multiply(m, beta1, m), multiply(g, rest1, d), m)
        add(multiply(v, beta2, v), multiply(square(g, d), rest2, d), v)
        if group.amsgrad:
            v = maximum(v, state[2], out=state[2])
        divide(m, add(sqrt(v, d), eps, d), d)
        multiply(d, rate, d)


class AdamW(Adam):
    """Adam whose weight decay does not pass through its moments.

    Before each step, p ← p (1 - lr · weight_decay).

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1e-3
    betas : pair of float in [0, 1), default=(0.9, 0.999)
    eps : float, at least 0, default=1e-8
    weight_decay : float, at least 0, default=0.01
        It is decoupled from the gradient.
    l1 : float, at least 0, default=0.0
        It adds l1 · sign(p) to g, and so passes through the moments; PyTorch has no such setting.
    amsgrad : bool, default=False
        Whether the largest v takes the place of v, as in `Adam`.
    maximize : bool, default=False
        Whether g is the gradient's negative: the loss is to grow, and weight decay still shrinks.

    References
    ----------
    I. Loshchilov, F. Hutter (2019). Decoupled weight decay regularization. arXiv:1711.05101

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> w, b = (tg.Tensor([1.0], requires_grad=True) for _ in range(2))
    >>> optimizer = AdamW([{"params": [w], "weight_decay": 0.5}, {"params": [b], "weight_decay": 0}], lr=0.1)
    >>> (w * 0 + b * 0).sum().backward()
    >>> optimizer.step()
    >>> w.item(), b.item()
    (0.95, 1.0)
    """

    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        l1: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(**arguments(locals()))
