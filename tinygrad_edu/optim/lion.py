"""Lion: the sign of a momentum."""

from typing import Any

from numpy import add, multiply, sign

from .elementwise import Elementwise, Step, average
from .group import Group, Params
from .setting import arguments


class Lion(Elementwise):
    """Steps of exactly lr in every element (0 where the momentum is 0), with half of Adam's memory.

        p ← p (1 - lr · weight_decay) - lr · sign(β₁ m + (1 - β₁) g),    m ← β₂ m + (1 - β₂) g

    A step of lr everywhere is longer than Adam's: the paper's rates are 3 to 10 times smaller than those for
    AdamW, and its weight_decay as much larger.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
    lr : float, at least 0, default=1e-4
    betas : pair of float in [0, 1), default=(0.9, 0.99)
    weight_decay : float, at least 0, default=0.0
        It is decoupled from the gradient.

    Notes
    -----
    PyTorch has no Lion.  There is no ``l1=``: the size of a gradient has no meaning here.

    References
    ----------
    X. Chen et al. (2023). Symbolic discovery of optimization algorithms. arXiv:2302.06675

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([1.0, 1.0, 1.0], requires_grad=True)
    >>> optimizer = Lion([p], lr=0.25)
    >>> (p * [3.0, -0.001, 0.0]).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    Tensor([0.75, 1.25, 1.  ])
    """

    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-4,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(**arguments(locals()))

    @staticmethod
    def equations(group: Group, t: int, g: Any, m: Any) -> Step:
        beta1, beta2 = group.betas
        step = group.lr * sign(beta1 * m + (1 - beta1) * g)
        return step, {"m": beta2 * m + (1 - beta2) * g}

    def coefficients(self, group: Group, t: int) -> list[float]:
        beta1, beta2 = group.betas
        return [group.lr, beta1, 1 - beta1, beta2, 1 - beta2]

    def update(self, group: Group, t: int, g: Any, d: Any, state: Any, scratch: Any, numbers: Any) -> None:
        """The t-th step; see `Elementwise.update`."""
        (m,), e, (lr, beta1, rest1, beta2, rest2) = state, scratch, numbers
        add(multiply(m, beta1, d), multiply(g, rest1, e), d)
        multiply(sign(d, d), lr, d)
        average(m, beta2, rest2, g, e)
