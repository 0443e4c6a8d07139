"""How functions whose derivatives form a family are called."""

import numpy as np
from hypothesis import strategies as st

from ...ops import special
from ..strategies import arrays, shapes
from .domain import Domains, call, case, unary

# fmt: off
DOMAINS: Domains = {
    np.sinc:            unary(-4, 4),
    np.i0:              case(lambda d: call(d(arrays(shapes(0, 2), low=-6, high=6)))),
    special.sinc_slope: case(lambda d: call(d(arrays(shapes(0, 2), low=-4, high=4)), d(st.integers(0, 4)))),
    special.bessel_i:   case(lambda d: call(d(arrays(shapes(0, 2), low=-6, high=6)), d(st.integers(0, 4)))),
}
# fmt: on
