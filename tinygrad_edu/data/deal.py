"""Dealing: rows of several labels, divided so that every part has its share of each label."""

import numpy as np
from numpy.typing import NDArray


def dealt(
    tags: NDArray[np.bool], sizes: NDArray[np.int64], rng: "np.random.Generator | None"
) -> NDArray[np.int64]:
    """The part of each row of several labels (n, k), in parts of these sizes, by iterative stratification.

    Rows with the label that fewest of the rows left have are dealt first, each to the part that lacks most
    of that label; of equal ones to the part that lacks most rows, and then by chance, or to the first.
    """
    n, parts = len(tags), len(sizes)
    order = np.arange(n) if rng is None else rng.permutation(n)
    room = sizes.astype(np.int64)
    wanted = tags.sum(axis=0)[:, None] * (sizes / n)  # (k, parts), of each label in each part
    left, fold = tags[order].copy(), np.full(n, -1, np.int64)
    counts = left.sum(axis=0)
    while counts.any():
        label = int(np.where(counts > 0, counts, n + 1).argmin())
        for row in np.flatnonzero(left[:, label]):
            luck = np.arange(parts, 0, -1) if rng is None else rng.permutation(parts)
            part = max(
                (i for i in range(parts) if room[i]), key=lambda i: (wanted[label, i], room[i], luck[i])
            )
            fold[row] = part
            wanted[left[row], part] -= 1
            counts = counts - left[row]
            room[part] -= 1
            left[row] = False
    fold[fold < 0] = np.repeat(np.arange(parts), room)  # rows without a label, in their order
    result = np.empty(n, np.int64)
    result[order] = fold
    return result
