"""Gradients of all ranks as one: they are laid into one flat array, which is summed in one call."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import ArgumentError, RankError
from ..modes import no_grad
from ..tensor import Tensor
from .team import Team, world


def summed(team: Team, arrays: Sequence[Any], what: str) -> list[Any]:
    """The sums of arrays over all ranks by one call, in one floating dtype, at least float32."""
    dtype = np.result_type(np.float32, *(array.dtype for array in arrays))
    flat = np.concatenate([np.ravel(array) for array in arrays], dtype=dtype)
    team.sum(flat, what)
    ends = np.cumsum([prod(array.shape) for array in arrays])
    return [part.reshape(array.shape) for part, array in zip(np.split(flat, ends[:-1]), arrays)]


@no_grad
def sum_gradients(team: Team, params: Sequence[Any], others: Sequence[Any] = ()) -> list[Any]:
    """Put the sum over all ranks in the place of each parameter's gradient, and return that of others.

    A parameter without a gradient on every rank has none afterwards; without one on some, 0 counts there.
    """
    grads = [np.zeros(p.shape, p.dtype) if p.grad is None else p.grad.data for p in params]
    have = np.array([p.grad is not None for p in params], np.float32)
    *totals, have = summed(team, [*others, *grads, have], "the sum of the gradients")
    for p, total, some in zip(params, totals[len(others) :], have):
        if p.grad is not None:
            p.grad.data[...] = total
        elif some:
            p.grad = Tensor(total.astype(p.dtype))
    return totals[: len(others)]


def average_gradients(params: Iterable[Any], rows: float = 1.0) -> float:
    """Put the mean over all ranks, Σ nᵣ gᵣ / Σ nᵣ, in the place of each parameter's gradient.

    Parameters
    ----------
    params : iterable of Parameter
        The same ones on every rank, in the same order, as ``model.parameters()``.
    rows : float, at least 0, default=1.0
        nᵣ, how much this rank's gradient counts: the number of rows in its batch, so that the result is the
        gradient of the mean loss over the rows of all ranks.

    Returns
    -------
    float
        Σ nᵣ.

    Raises
    ------
    ArgumentError
        If rows are negative or not a number, or 0 on all ranks.
    RankError
        On all ranks, if they come with other parameters.
    """
    params = list(params)
    if not 0 <= rows < np.inf:
        raise ArgumentError(f"average_gradients: rows is a number, 0 or more; got {rows!r}.")
    team, shapes = world(), ", ".join(str(p.shape) for p in params)
    team.meet(f"average_gradients of {len(params)} parameters of shapes {shapes}")
    with no_grad():
        for p in params:
            if p.grad is not None:
                p.grad *= rows
    (total,) = sum_gradients(team, params, [np.array(rows, np.float32)])
    if not total:
        raise ArgumentError("average_gradients: there are no rows on any rank.")
    with no_grad():
        for p in params:
            if p.grad is not None:
                p.grad /= float(total)
    return float(total)


def check_equal(named: Iterable[tuple[str, Any]], what: str = "check_equal") -> None:
    """Raise on all ranks unless parameters have the same bits on each of them.

    Parameters
    ----------
    named : iterable of (str, Parameter)
        As ``model.named_parameters()``.
    what : str, default="check_equal"
        The name of who asks, for the error.

    Raises
    ------
    RankError
        Naming those that differ.
    """
    from zlib import crc32

    team, names, sums = world(), [], []
    for name, p in named:
        names.append(name)
        sums.append(crc32(p.data.tobytes()))
    team.meet(f"{what} of {len(names)} parameters")
    codes = np.array([sums, [-code for code in sums]])
    team.sum(codes, what, "MAX")
    if differ := [name for name, most, least in zip(names, *codes) if most != -least]:
        shown = ", ".join(differ[:3]) + (f" and {len(differ) - 3} more" if len(differ) > 3 else "")
        cause = "Did one rank alone change them, or leave out a step?"
        raise RankError(f"{what}: the ranks have other values in {shown}. {cause}")
