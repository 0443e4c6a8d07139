"""Domains of losses: of the primitives; the others are made of them and of NumPy's functions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.losses import divergence, labels
from ..calls import Domain, call, case, cross_entropy_by_hand, logits_and_labels, softmax_by_hand, unary
from ..strategies import arrays, shapes

# fmt: off
DOMAINS: dict[Callable[..., Any], Domain] = {
    labels.cross_entropy_of_labels: case(logits_and_labels, reference=cross_entropy_by_hand),
    labels.softmax_of_rows: case(lambda d: call(d(arrays(shapes(1, min_side=1)))), reference=softmax_by_hand),
    divergence.lowest_log:                 unary(1 / 4, 3 / 4, reference=np.log),
    divergence.lowest_log_of_rest:         unary(1 / 4, 3 / 4, reference=lambda p: np.log(1 - p)),
}
# fmt: on
