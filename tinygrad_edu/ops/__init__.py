"""The operations and their derivatives, a file a family.  `table` is the mechanism; importing this package files every rule."""

from . import (
    activation,
    constant,
    contraction,
    cross_entropy,
    divergence,
    elementwise,
    gru,
    indexing,
    loss,
    lstm,
    margin,
    random,
    recurrent,
    reduction,
    shape,
    table,
)

__all__ = [
    "activation",
    "constant",
    "contraction",
    "cross_entropy",
    "divergence",
    "elementwise",
    "gru",
    "indexing",
    "loss",
    "lstm",
    "margin",
    "random",
    "recurrent",
    "reduction",
    "shape",
    "table",
]
