"""Extremes: where the largest or smallest elements stand, and means of whole numbers, as loops."""

from math import prod
from typing import Any

import numpy as np

from ..program import Call
from .items import Items
from .kinds import Fold
from .memories import Literal, NoLoop, Operand

PLACES: dict[Any, str] = {
    np.argmax: "maximum", "argmax": "maximum", np.argmin: "minimum", "argmin": "minimum",
}  # fmt: skip
OF_TRUTHS = {"maximum": "logical_or", "minimum": "logical_and"}
MOST = 32  # places that are numbered: among more NumPy finds one sooner
EXACT = 1 << 53  # up to here all whole numbers are doubles, so that they may be added in any order


class Extremes(Items):
    """Statements for these."""

    def _place(self, call: Call) -> None:
        """The first place of those that have the largest element, or NaN: the smallest of their numbers."""
        given = dict(zip(("axis", "out"), call.args[1:])) | call.kwargs
        axis, keepdims = given.pop("axis", None), bool(given.pop("keepdims", False))
        source, out, op = self.operand(call.args[0]), self.target(call), PLACES[call.function]
        shape, intp = source.shape, np.dtype(np.intp)
        if call.writes or not shape or any(v is not None for v in given.values()):
            raise NoLoop("a place that is written into an array, or of a number")
        if axis is not None and type(axis) is not int:
            raise NoLoop("a place along an axis that is computed")
        folded = set(range(len(shape))) if axis is None else {axis % len(shape)}
        kept = tuple(a for a in range(len(shape)) if a not in folded)
        count = prod(shape[a] for a in folded)
        if count > MOST:
            raise NoLoop("a place among many")
        numbers = np.arange(count).reshape([n if a in folded else 1 for a, n in enumerate(shape)])
        if keepdims:
            out = out._replace(
                shape=tuple(shape[a] for a in kept), strides=tuple(out.strides[a] for a in kept)
            )
        best = self.memories.temporary(out.shape, source.dtype)
        self._made.append(Fold(OF_TRUTHS[op] if source.dtype.kind == "b" else op, best, source, kept))
        spread = best._replace(shape=shape, strides=spread_out(best.strides, kept, len(shape)))
        hit, place = self.memories.temporary(shape, bool), self.memories.temporary(shape, intp)
        self.each("equal", hit, [source, spread], source.dtype, bool)
        if source.dtype.kind == "f":
            other = self.memories.temporary(shape, bool)
            self.each("isnan", other, [source], source.dtype, bool)
            self.each("logical_or", hit, [hit, other], bool, bool)
        self.each("where", place, [hit, self.memories.constant(numbers), Literal(count)], intp, intp)
        self._made.append(Fold("minimum", out, place, kept))

    def _doubles(self, source: Operand, out: Operand) -> Operand:
        """Whole numbers as those that their mean is computed in, if their sum is the same in any order."""
        bits = 1 if source.dtype.kind == "b" else 8 * source.dtype.itemsize
        if source.dtype.kind not in "biu" or out.dtype != float or prod(source.shape) << bits > EXACT:
            raise NoLoop("mean of integers")
        return self.as_type(source, out.dtype)


def spread_out(strides: tuple[int, ...], kept: tuple[int, ...], axes: int) -> tuple[int, ...]:
    """The strides of an array among those axes that it has no longer."""
    return tuple(strides[kept.index(a)] if a in kept else 0 for a in range(axes))
