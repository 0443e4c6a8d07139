"""Lambert's W, the inverse of w exp(w), whose slope is infinite at its branch point -1/e (DLMF 4.13)."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise

# scipy.special.lambertw calls this ufunc, and gives it a tensor as it is.
lambertw: Any = sc._ufuncs._lambertw

# -1/e is the double BRANCH, and ROUNDED more: so written, z + 1/e keeps its digits beside it.
BRANCH, ROUNDED = -0.36787944117144233, 1.2428753672788363e-17
NEAR = 0.05  # |1 + W| to which the series below has all digits


def branch_series(terms: int) -> list[float]:
    """The coefficients of 1 + W = p - p²/3 + 11 p³/72 - …, p² = 2 (e z + 1), without that of p⁰.

    With u = 1 + W and s = u², u u' (1 - p²/2) = p (1 - u), so that n sₙ / 2 - (n - 2) sₙ₋₂ / 4 is -uₙ₋₂, and
    1 more at n = 2; and sₙ is 2 uₙ₋₁ and products of the u before it.
    """
    u, s = [Fraction(0), Fraction(1)], [Fraction(0), Fraction(0), Fraction(1)]
    for n in range(3, terms + 2):
        s.append(Fraction(2, n) * ((n - 2) * s[n - 2] / 4 - u[n - 2]))
        u.append((s[n] - sum(u[i] * u[n - i] for i in range(2, n - 1))) / 2)
    return [float(c) for c in u[1:]]


SERIES = branch_series(14)


def lambert_slope(z: Any, out: Any) -> Any:
    """W' = exp(-W) / (1 + W), a form without the 0/0 of W / (z (1 + W)) at z = 0.

    Beside the branch point 1 + W has lost its digits; there W' = e u'(p) / p, with u the series above, and
    with that of the two roots p which lies on W's side.  Where W is infinite, as log z is, W' is 0 at
    infinite z; the slope at 0 of the branches that have a logarithm there is -inf, as the real one's is.
    """
    beside, pole = np.absolute(1 + out) < NEAR, np.isinf(out)
    squared = 2 * math.e * np.where(beside, (z - BRANCH) - ROUNDED, 1)
    root = np.sqrt(squared + np.zeros_like(out))
    p = np.where(np.real(np.conjugate(root) * (1 + out)) < 0, -root, root)
    series = np.zeros_like(p)
    for n, coefficient in reversed(list(enumerate(SERIES, 1))):
        series = series * p + n * coefficient
    w, far = np.where(beside | pole, 0, out), np.where(np.real(out) > 0, 0, -np.inf)
    return np.where(beside, math.e * series / p, np.where(pole, far, np.exp(-w) / (1 + w)))


# fmt: off
elementwise(lambertw, "z", "k", "tol", z=lambda g, z, out: g * lambert_slope(z, out))
# fmt: on
