"""How polynomials are called: by their coefficients, the first of which is not 0."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..strategies import Draw, arrays, shapes
from .domain import Call, Domains, call, case, choice, off_zero


def coefficients(d: Draw, least: int = 1) -> Any:
    return d(off_zero((d(st.integers(least, 4)),)))


def rooted(d: Draw) -> Call:
    """Polynomials of roots that are real and far apart, and numbers, which have no roots."""
    apart = np.cumsum(d(arrays((d(st.integers(0, 3)),), low=1, high=2)))
    return call(np.poly(apart - 2.5) * d(arrays((1,), low=1, high=2)))


def integrated(d: Draw) -> Call:
    m = d(st.integers(1, 2))
    return call(coefficients(d), m, **d(choice({}, {"k": d(arrays((m,)))}, {"k": d(arrays((1,)))})))


def fitted(d: Draw) -> Call:
    """More points than coefficients, far apart."""
    n, deg = d(st.integers(3, 5)), d(st.integers(0, 2))
    x = np.cumsum(d(arrays((n,), low=1 / 2, high=1))) - 1.5
    settings = {"w": d(arrays((n,), low=1 / 2, high=2))} if d(st.booleans()) else {}
    if n > deg + 1:
        settings["cov"] = d(choice(False, True, "unscaled"))
    return call(x, d(arrays((n,) if d(st.booleans()) else (n, 2))), deg, **settings)


def divided(d: Draw) -> Call:
    return call(d(off_zero((d(st.integers(3, 4)),))), d(off_zero((d(st.integers(1, 3)),))))


def lead_of_rest(u: Any, v: Any) -> Any:
    """The first coefficient of the rest of a division, which np.polydiv leaves out where it is 0."""
    rest = np.polydiv(u, v)[1]
    return rest[0] if rest.shape[0] == v.shape[0] - 1 else float(v.shape[0] == 1)


# fmt: off
DOMAINS: Domains = {
    np.polyval: case(lambda d: call(coefficients(d), d(arrays(shapes(0, 2))))),
    np.polyadd: case(lambda d: call(coefficients(d), coefficients(d))),
    np.polysub: case(lambda d: call(coefficients(d), coefficients(d))),
    np.polymul: case(lambda d: call(coefficients(d), coefficients(d))),
    np.polydiv: case(divided, kinks=lead_of_rest),
    np.polyder: case(lambda d: call(coefficients(d, 3), d(st.integers(0, 2)))),
    np.polyint: case(integrated),
    np.poly:    case(lambda d: call(d(arrays(d(choice((1,), (2,), (3,), (1, 1), (2, 2), (3, 3))))))),
    np.roots:   case(rooted, regular=True),
    np.vander:  case(lambda d: call(d(arrays(shapes(1, 1))), d(choice(None, 0, 1, 3)), d(st.booleans()))),
    np.polyfit: case(fitted, regular=True),
}
# fmt: on
