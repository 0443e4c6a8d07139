"""allreduce: the sum of an array over all ranks, as an operation that differentiates.

Every rank computes a loss of its own, and what is minimized is their sum, L = Σ Lᵣ.  With y = Σ xᵣ on every
rank, dL = Σᵣ gᵣ · dy = (Σᵣ gᵣ) · Σₛ dxₛ: the gradient of each xₛ is the sum of the gradients over all ranks.
So the adjoint of this sum is the same sum.
"""

from typing import Any

import numpy as np

from ..arrays import is_tensor
from ..errors import ArgumentError, MissingRule
from ..modes import is_grad_enabled
from ..primitive import primitive
from .team import world

EXTREMES = {"max": "MAX", "min": "MIN"}


def _again(g: Any) -> Any:
    return _total(g)


@primitive(x=_again)
def _total(x: Any) -> Any:
    total = np.array(x, order="C")
    world().meet(f"the sum of an array of shape {total.shape}, {total.dtype}")
    return world().sum(total, "allreduce")


def allreduce(x: Any, op: str = "sum") -> Any:
    """The sum of an array over all ranks, elementwise.

    Parameters
    ----------
    x : Tensor or array_like of shape (…)
        It has one shape and dtype on all ranks, and needs a gradient on all of them or on none.
    op : {"sum", "max", "min"}, default="sum"
        The sum differentiates; the others are of arrays that need no gradient.

    Returns
    -------
    Tensor or ndarray of shape (…)
        A tensor for a tensor, the same on all ranks.

    Raises
    ------
    MissingRule
        If a gradient is wanted of a maximum or minimum.
    RankError
        On all ranks, if they call it with other shapes or dtypes, or if some of them want a gradient and some
        do not: those would wait for a backward pass that others never make.

    Notes
    -----
    What is differentiated is the sum of the losses of all ranks, and its gradient is the sum of the gradients
    over all ranks: each rank calls ``backward()`` of its own loss, and all do.  The mean is
    ``allreduce(x) / size()``.
    """
    if op not in ("sum", *EXTREMES):
        raise ArgumentError(f'allreduce: op is "sum", "max" or "min"; got {op!r:.60}.')
    wanted = is_tensor(x) and x.requires_grad and is_grad_enabled()
    if wanted and op != "sum":
        raise MissingRule(
            f"allreduce: the {op} over ranks has no derivative rule, and the sum has one. Of a constant: "
            f"allreduce(x.detach(), {op!r})."
        )
    world().meet(f"allreduce, {op}, of an array that needs {'a' if wanted else 'no'} gradient")
    if op == "sum":
        return _total(x)
    extreme = np.array(x.detach().numpy() if is_tensor(x) else x, order="C")
    world().meet(f"the {op} of an array of shape {extreme.shape}, {extreme.dtype}")
    extreme = world().sum(extreme, "allreduce", EXTREMES[op])
    return type(x)(extreme) if is_tensor(x) else extreme
