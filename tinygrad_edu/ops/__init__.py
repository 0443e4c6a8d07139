"""The operations and their derivatives, a file a family.  `table` is the mechanism; importing this package files every rule."""

from . import activation, constant, contraction, elementwise, indexing, loss, random, reduction, shape, table

__all__ = ["activation", "constant", "contraction", "elementwise", "indexing", "loss", "random", "reduction", "shape", "table"]
