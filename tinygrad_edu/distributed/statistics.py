"""Statistics over ranks: batch normalization by the mean and variance of the rows of all of them.

Each rank takes the mean mᵣ and the variance vᵣ of its own nᵣ values and lays them into its row of a table;
one `allreduce` gives everyone the whole table.  Then, with the shares sᵣ = nᵣ / Σ nᵣ,

    mean = Σ sᵣ mᵣ,   variance = Σ sᵣ (vᵣ + (mᵣ - mean)²),

in which nothing large cancels, as it would in E[x²] - mean².  The sum differentiates, and so do these.
"""

from typing import Any, TypeVar

import numpy as np

from ..nn.module import Module
from ..nn.normalization import BatchNorm1d
from ..ops.batch_norm import all_but_channels
from .sums import allreduce
from .team import world

M = TypeVar("M", bound=Module)


def moments_over_ranks(x: Any) -> tuple[Any, Any, int]:
    """Mean and (biased) variance of each channel over all ranks, and the number of values of one.

    Parameters
    ----------
    x : Tensor of shape (n, c, ...)
        This rank's rows, one or more.

    Returns
    -------
    mean, variance : Tensor of shape (c,)
    n : int
    """
    axes, team = all_but_channels(x), world()
    mine = np.arange(team.size) == team.rank
    counts = team.sum(np.where(mine, x.size // x.shape[1], 0), "the number of values of a channel")
    own = np.stack([np.mean(x, axes), np.var(x, axes)])
    means, variances = np.moveaxis(allreduce(mine.astype(x.dtype)[:, None, None] * own), 1, 0)  # (ranks, c)
    shares = (counts / counts.sum()).astype(x.dtype)[:, None]
    mean = np.sum(shares * means, 0)
    return mean, np.sum(shares * (variances + (means - mean) ** 2), 0), int(counts.sum())


def synchronize(model: M) -> M:
    """Let batch normalization take the mean and variance of the rows of all ranks, as one process would.

    Parameters
    ----------
    model : Module
        All its layers of batch normalization are changed in place; parameters, buffers and names stay.

    Returns
    -------
    Module
        The same one.

    Notes
    -----
    A layer then waits for all ranks, once in its forward pass and once in its backward pass, and each of them
    has one row or more in every batch.  ``train.fit(…, distributed=True)`` weighs the ranks by their rows; in
    a loop of one's own all have as many, since what is differentiated is the sum of the losses of all ranks.

    Examples
    --------
    >>> from tinygrad_edu import distributed, nn
    >>> model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    >>> model = distributed.synchronize(model)  # doctest: +SKIP
    """
    for layer in model.modules():
        if isinstance(layer, BatchNorm1d):
            layer.moments = moments_over_ranks
    return model
