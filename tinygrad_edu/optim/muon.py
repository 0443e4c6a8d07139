"""Muon: momentum made orthogonal, for the matrices of a network."""

import math
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..versions import WRITES
from .group import Group, Params
from .optimizer import Optimizer, check_fits
from .setting import arguments


class Muon(Optimizer):
    """Steps along U Vᵀ, where U Σ Vᵀ is the momentum: as far in every direction, whatever its singular value.

        m ← momentum · m + (1 - momentum) · g,    u = momentum · m + (1 - momentum) · g (Nesterov), or m
        W ← W (1 - lr · weight_decay) - lr · ratio · orthogonalized(u)

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The hidden matrices of a network.  Kernels of a convolution, (out, in, …), count as matrices (out, in
        · …).  Biases and gains are refused: give them, and by experience the embedding and the last layer, to
        an AdamW of their own.
    lr : float, at least 0, default=1e-3
    weight_decay : float, at least 0, default=0.1
        It is decoupled from the gradient.
    momentum : float in [0, 1), default=0.95
    nesterov : bool, default=True
        Whether u looks one step ahead.
    ns_steps : int, at least 1, default=5
        How many steps of Newton and Schulz are made; see `orthogonalized`.
    eps : float, at least 0, default=1e-7
        If the norm of u is smaller, it counts as this.
    adjust_lr_fn : {"original", "match_rms_adamw"}, default="original"
        Which ratio is taken: √max(1, rows / columns), or 0.2 √max(rows, columns), with which the elements
        move as far as by AdamW, so that its lr and weight_decay serve.

    Notes
    -----
    Differences from PyTorch: convolutions are taken; and the iteration is computed in the dtype of the
    parameter, where PyTorch's is in bfloat16 and right to two digits.  A step allocates, and frees, six
    matrices of the size of the largest parameter, at most.

    References
    ----------
    K. Jordan et al. (2024). Muon: an optimizer for hidden layers in neural networks.
    kellerjordan.github.io/posts/muon J. Liu et al. (2025). Muon is scalable for LLM training.
    arXiv:2502.16982 (weight decay, match_rms_adamw)

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> w = tg.Tensor(np.zeros((2, 2)), requires_grad=True)
    >>> optimizer = Muon([w], lr=1.0)
    >>> (w * [[100.0, 0.0], [0.0, -1.0]]).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(1)
    array([[-0.7,  0. ],
           [ 0. ,  0.7]])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_steps: int = 5,
        eps: float = 1e-7,
        adjust_lr_fn: str = "original",
    ) -> None:
        super().__init__(**arguments(locals()))
        for p in self.params:
            if p.ndim < 2:
                raise ArgumentError(
                    f"Muon is for matrices and kernels of convolutions; got a parameter of shape {p.shape}. "
                    "Give it to an AdamW."
                )
        self._momenta: list[dict[str, Any]] = [
            {"steps": 0, "m": np.zeros(p.shape, p.dtype)} for p in self.params
        ]

    @staticmethod
    def check(group: Group) -> None:
        if not group.momentum < 1:
            raise ArgumentError(f"momentum is in [0, 1), the weight of a mean; got {group.momentum}.")

    @staticmethod
    def slots(group: Group) -> dict[str, float]:
        return {"m": 0.0}

    def step(self) -> None:
        """Update every parameter that has a gradient; the others, and what is remembered of them, stay."""
        self._watch.step(self)
        groups = [group for group in self.groups for _ in group.params]
        learned = [(g, p, s) for g, p, s in zip(groups, self.params, self._momenta) if p.requires_grad]
        for _, p, state in learned:
            check_fits(self, p, state["m"].shape, state["m"].dtype)
        for group, p, state in learned:
            if p.grad is not None:
                _update(group, p._array, p.grad._array, state)

    def _state(self) -> list[dict[str, Any]]:
        return [{"steps": state["steps"], "m": state["m"].copy()} for state in self._momenta]

    def _restore(self, restored: list[dict[str, Any]]) -> None:
        self._momenta = restored


def _update(group: Group, p: Any, g: Any, state: dict[str, Any]) -> None:
    """Update one parameter by the equations as they are: beside the products of matrices, all else is cheap."""
    m, momentum = state["m"], group.momentum
    m[...] = momentum * m + (1 - momentum) * g
    u = momentum * m + (1 - momentum) * g if group.nesterov else m
    rows, columns = len(p), p.size // len(p)
    ratio = math.sqrt(max(1, rows / columns))
    if group.adjust_lr_fn == "match_rms_adamw":
        ratio = 0.2 * math.sqrt(max(rows, columns))
    step = orthogonalized(u.reshape(rows, columns), steps=group.ns_steps, eps=group.eps)
    step *= group.lr * ratio
    state["steps"] += 1
    WRITES.mark(p)
    p *= 1 - group.lr * group.weight_decay
    p -= step.reshape(p.shape)


def orthogonalized(matrix: Any, *, steps: int = 5, eps: float = 1e-7) -> Any:
    """About U Vᵀ of a matrix U Σ Vᵀ: all its singular values become about 1.

    Newton and Schulz's iteration maps X to a X + b (X Xᵀ) X + c (X Xᵀ)² X, and so each singular value σ to a
    σ + b σ³ + c σ⁵, by matrix products alone.  These a, b and c do not converge to 1, but bring all σ from
    0.002 to 1 between 0.68 and 1.21 in five steps.

    Parameters
    ----------
    matrix : ndarray of shape (rows, columns)
    steps : int, default=5
    eps : float, default=1e-7
        The matrix is divided by this if its norm is less.

    Returns
    -------
    ndarray of shape (rows, columns)
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix  # the product of the shorter sides is smaller
    x = x / max(float(np.linalg.norm(x)), eps)  # no singular value is above 1
    for _ in range(steps):
        gram = x @ x.T  # (short, short)
        polynomial = gram @ gram
        polynomial *= c
        gram *= b
        polynomial += gram
        change = polynomial @ x  # (short, long)
        x *= a
        x += change
    return x.T if tall else x
