"""Products of matrices by `ndarray.dot`, which hands BLAS the same numbers as `matmul`, in less time."""

from functools import cache
from typing import Any

import numpy as np

from ..program import Call, Program, Ref


def is_dot(call: Call, program: Program, out: Ref) -> bool:
    """Whether a product has a form in which both call the same routine of BLAS, to the same bits."""
    if call.function is not np.matmul or call.kwargs or not all(type(a) is Ref for a in call.args[:2]):
        return False
    arrays = [program.values[r.number] for r in (*call.args[:2], out)]
    return (
        all(isinstance(a, np.ndarray) and a.ndim == 2 and min(a.shape) > 1 for a in arrays)
        and len({a.dtype for a in arrays}) == 1
        and all(a.flags.c_contiguous or a.flags.f_contiguous for a in arrays)
        and arrays[2].flags.c_contiguous
        and program.owner(out) not in program.owners(call.args[:2])
        and dot_is_matmul(arrays[2].dtype.char)
    )


@cache
def dot_is_matmul(kind: str) -> bool:
    """Whether the two agree to the bit for numbers of a kind, in a few sizes and all orders of memory."""
    if kind not in "fdFD":
        return False
    rng = np.random.default_rng(0)
    for n, k, m in ((2, 2, 2), (4, 3, 2), (3, 17, 5), (16, 4, 16), (33, 9, 40)):
        a, b = (rng.standard_normal(shape).astype(kind) for shape in ((n, k), (k, m)))
        for x in (a, np.asfortranarray(a)):
            for y in (b, np.asfortranarray(b), x.T):
                found: Any = np.empty((n, y.shape[1]), kind)
                x.dot(y, found)
                if found.tobytes() != np.matmul(x, y).tobytes():
                    return False
    return True
