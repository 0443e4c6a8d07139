"""Where each function of the table is differentiable: how to call it, and which points to stay away from.

`DOMAINS` has one entry for every function that differentiates or is composite; the test of the table runs
every property on calls drawn from it.  In a call, every floating array is differentiated; integer and boolean
arrays and Python numbers are settings.
"""

from . import (
    activation,
    building,
    calculus,
    contraction,
    convolution,
    elementwise,
    fft,
    indexing,
    linalg,
    loss,
    normalization,
    order,
    polynomial,
    recurrent,
    scans,
    shape,
    special,
    unfolding,
)
from .domain import Domains

_FAMILIES = (
    elementwise, contraction, scans, order, indexing, shape, linalg, calculus, building, special, polynomial,
    fft, activation, convolution, loss, normalization, recurrent,
    unfolding,
)  # fmt: skip

DOMAINS: Domains = {function: domain for family in _FAMILIES for function, domain in family.DOMAINS.items()}
try:
    from . import scipy_special
except ModuleNotFoundError:  # SciPy is an extra
    pass
else:
    DOMAINS.update(scipy_special.DOMAINS)
