"""Functions of complex numbers as functions of their real and imaginary parts, which the tests of real ones
can check.
"""

import numpy as np

from tinygrad_edu.check.domains.domain import Call


def is_number(value):
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def parts_of(values):
    """Real and imaginary parts of complex arrays, and real ones as they are, in a list."""
    return [part for v in values for part in ((np.real(v), np.imag(v)) if v.dtype.kind == "c" else (v,))]


def split(function, call):
    """A function from the parts of the arrays of a call to the parts of its outputs, and the call of it."""
    kinds = [a.dtype.kind for a in call.args if is_number(a)]

    def of_parts(*parts):
        left = iter(parts)
        values = iter([next(left) + 1j * next(left) if kind == "c" else next(left) for kind in kinds])
        out = function(*(next(values) if is_number(a) else a for a in call.args), **call.kwargs)
        return tuple(parts_of(out if isinstance(out, tuple) else (out,)))

    given = [np.array(part) for part in parts_of([a for a in call.args if is_number(a)])]
    return of_parts, Call(tuple(given), {})
