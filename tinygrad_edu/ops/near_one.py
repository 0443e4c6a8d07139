"""exp(x) - 1 and log(1 + x), of float32 by functions that NumPy computes several numbers at a time of.

NumPy's own expm1 and log1p take one number at a time, and so several times as long as its exp.
What they are for is kept: both are exact where they are near 0, relatively.
"""

from typing import Any

import numpy as np

from .pieces import above, below

FEW = 512  # elements, of which NumPy's own take no longer than the calls


# c / (exp(c) - 1) is 1 - c/2 + c²/12 - c⁴/720 + …: its even coefficients, the highest first, with which it is
# right to a third of a unit of float32's last place for c in [-1/2, 0].
EVEN, NEAR = (-0.00137679, 0.08333224, 1.00000001), -0.5
AT_NEAR = float(np.exp(np.float32(NEAR)))


def exp_and_expm1(x: Any, times: float = 1) -> tuple[Any, Any]:
    """exp(x) and exp(x) - 1 for x ≤ 0, times a number above 0.

    In float32 they are of one exponential, and within 4 units of the last place: the second is exp(c) - 1, by
    its series, and exp(x) - exp(c), of which few digits cancel, with c the nearest to x in [-1/2, 0].
    """
    e = np.exp(x) if times == 1 else times * np.exp(x)
    if x.dtype != np.float32 or x.size < FEW:
        return e, np.expm1(x) if times == 1 else times * np.expm1(x)
    c, far = above(x, NEAR), times * AT_NEAR
    d = EVEN[0] / times * (c * c)
    d += EVEN[1] / times
    d *= c
    d -= 0.5 / times
    d *= c
    d += EVEN[2] / times
    return e, c / d + (below(e, far) - far)


def log1p_of_share(x: Any) -> Any:
    """log(1 + x) for x in [0, 1]; in float32 within 4 units of the last place.

    The sum is rounded to u, and log(u) lacks what the rounding took off: x - (u - 1), which has no error, and
    whose part in the logarithm is 1 / u of it, that is half of it at least.
    """
    if x.dtype != np.float32 or x.size < FEW:
        return np.log1p(x)
    u = 1 + x
    return np.log(u) + (x - (u - 1))
