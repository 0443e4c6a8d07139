"""Lent memory: vectors that optimizers have to compute in, and that a step has no use for.

Nobody looks at them between two steps, so results that do not outlive a step may lie there.
"""

from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..program import Live, Program, owner_of
from ..state.counting import is_ours
from ..trace.whose_code import OURS

ALIGNED = 64  # bytes
LEAST = 1 << 14  # bytes of a vector that is worth it


class Lent:
    """Stretches of lent memory, which lie before an arena that begins at 0, a wall behind each.

    Parameters
    ----------
    rooms : sequence of ndarray of uint8
        Of whole multiples of `ALIGNED` bytes.

    Attributes
    ----------
    begins : list of int
        Where each of them begins.
    walls : list of (int, int)
        Where nothing may lie.
    """

    def __init__(self, rooms: Sequence[Any] = ()) -> None:
        self.rooms = list(rooms)
        ends = list(accumulate((room.nbytes + ALIGNED for room in self.rooms), initial=0))
        self.begins = [end - ends[-1] for end in ends[:-1]]
        self.walls = [(b + r.nbytes, b + r.nbytes + ALIGNED) for b, r in zip(self.begins, self.rooms)]

    @property
    def first(self) -> int:
        """Where the first one begins."""
        return min(self.begins, default=0)

    def found(self, offset: int) -> tuple[Any, int]:
        """Which room an offset below 0 is in, and where there."""
        begin, room = max((b, i) for i, b in enumerate(self.begins) if b <= offset)
        return self.rooms[room], offset - begin


def lent(program: Program, places: Collection[int]) -> Lent:
    """What the optimizers of a program lend to the steps that are carried out."""
    taken = {id(owner_of(program.values[ref.number])) for i in places for ref in program.steps[i].used}
    packs = [pack for pack, *_ in own_packs(program)]
    vectors = (owner_of(v) for pack in packs for v in (pack.step, pack.scratch, pack.total, pack.negative))
    found = {id(v): v for v in vectors if type(v) is np.ndarray and id(v) not in taken}
    rooms = []
    for vector in found.values():
        before = -vector.ctypes.data % ALIGNED
        size = (vector.nbytes - before) // ALIGNED * ALIGNED
        if size >= LEAST and vector.flags.c_contiguous:
            rooms.append(np.ndarray((size,), np.uint8, vector, before))
    return Lent(rooms)


def own_packs(program: Program) -> list[Any]:
    """The packs of optimizers whose steps are all this package's, with the optimizer and the number of a
    parameter.
    """
    lives = [s.of for s in program.steps if isinstance(s, Live) and s.of is not None]
    return [of for of in lives if is_ours(of[1]) and type(of[1]).update.__module__.startswith(f"{OURS}.")]
