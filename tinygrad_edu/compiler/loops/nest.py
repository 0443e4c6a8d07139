"""Nests: in which loops the elements of several arrays are gone through, and where each of them lies."""

from collections.abc import Sequence
from typing import Any

from .memories import Operand


class Nest:
    """Nested loops over the elements of several operands of one shape, as few and as long as can be.

    Attributes
    ----------
    sizes : list of int
        How often each loop runs, from the outermost.

    Parameters
    ----------
    shape : tuple of int
    operands : sequence of Operand
    *leaders : Operand
        Those whose layout decides the order of the loops.
    """

    def __init__(self, shape: tuple[int, ...], operands: Sequence[Operand], *leaders: Operand) -> None:
        runs: list[tuple[int, list[int]]] = []
        for a in order_of(shape, leaders):
            strides = [o.strides[a] for o in operands]
            if runs and all(outer == s * shape[a] for outer, s in zip(runs[-1][1], strides)):
                runs[-1] = runs[-1][0] * shape[a], strides
            else:
                runs.append((shape[a], strides))
        self.sizes = [n for n, _ in runs]
        self._strides = {o: [s[k] for _, s in runs] for k, o in enumerate(operands)}

    def strides(self, operand: Operand) -> list[int]:
        """How far apart the elements are, in elements, in each loop."""
        return [s // operand.dtype.itemsize for s in self._strides[operand]]

    def index(self, operand: Operand) -> str:
        """Where the element of a pass lies, counted in elements."""
        offset = operand.offset // operand.dtype.itemsize
        terms = [f"i{k}" if s == 1 else f"i{k} * {s}" for k, s in enumerate(self.strides(operand)) if s]
        return " + ".join([str(offset)] * (offset != 0 or not terms) + terms)

    def level(self, operand: Operand) -> int:
        """In how many loops the element depends on the pass."""
        return max((k + 1 for k, s in enumerate(self.strides(operand)) if s), default=0)


def order_of(shape: tuple[int, ...], leaders: Sequence[Operand]) -> list[int]:
    """The axes as NumPy's iterator goes through them, from the outermost, without those of length 1.

    It sorts them by how far apart their elements lie; an axis along which nothing moves stays where it is,
    and where operands disagree, the order of the axes decides.
    """
    found: list[int] = []  # from the innermost
    for a in reversed([a for a, n in enumerate(shape) if n != 1]):
        place = len(found)
        for i in reversed(range(len(found))):
            pairs = [(abs(o.strides[found[i]]), abs(o.strides[a])) for o in leaders]
            closer = [known > new for known, new in pairs if known and new]
            if closer and not all(closer):
                break
            place = i if closer else place
        found.insert(place, a)
    return found[::-1]


def place_of(operand: Operand, nest: Nest) -> Any:
    """What two operands share if they are the same element in every pass."""
    return operand.memory, operand.offset, operand.dtype, tuple(nest.strides(operand))


def position(operand: Operand, first: int) -> str:
    """Where the element of a pass lies, of loops one for each axis, from that of a number."""
    size = operand.dtype.itemsize
    terms = [f"i{first + k} * {s // size}" for k, s in enumerate(operand.strides) if s]
    return " + ".join([str(operand.offset // size), *terms])
