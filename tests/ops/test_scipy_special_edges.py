"""The slopes of scipy.special's ufuncs where a rule is easily NaN: at parameters 0, at the ends of a domain,
and far out.

The values of the tables are closed forms and limits; the sweep compares with differences wherever those are
clear.
"""

import itertools

import numpy as np
import pytest

sc = pytest.importorskip("scipy.special")
import tinygrad_edu as tg  # noqa: E402  # not without SciPy
from tinygrad_edu.entry import is_special  # noqa: E402
from tinygrad_edu.table import entries  # noqa: E402

INF, PI = np.inf, np.pi
pytestmark = [  # SciPy's and NumPy's own, at singular points and at numbers of successes that are none
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:non-integer arg n is deprecated"),
]


def slope(f, arguments, place, part=None):
    """The derivative of one output in one argument."""

    def of(x):
        out = f(*arguments[:place], x, *arguments[place + 1 :])
        return np.real(out if part is None else out[part])

    return tg.grad(of)(np.float64(arguments[place]))


# fmt: off
EDGES = [
    # parameters that are 0, and what is 0 to a power
    (sc.powm1, (0.0, 0.0), [0, 0]), (sc.powm1, (0.0, 2.0), [0, 0]), (sc.powm1, (0.0, 1.0), [1, 0]),
    (sc.boxcox, (0.0, 0.5), [INF, 4]), (sc.boxcox, (0.0, 2.0), [0, 0.25]), (sc.boxcox, (2.0, 0.0), [0.5, np.log(2) ** 2 / 2]),
    (sc.boxcox1p, (-1.0, 2.0), [0, 0.25]), (sc.boxcox1p, (1e-300, 1e300), [np.e, None]),
    (sc.inv_boxcox, (-1.0, 1.0), [1, -1]), (sc.inv_boxcox, (2.0, 1e300), [0, 0]),
    (sc.pseudo_huber, (0.0, 0.0), [0, 0]), (sc.pseudo_huber, (0.0, -3.0), [3, 0]),
    (sc.gdtr, (0.5, 0.5, 0.0), [0, None, INF]), (sc.gdtr, (0.0, 0.5, 2.0), [INF, None, 0]), (sc.gdtr, (0.5, 1.0, 0.0), [0, None, 0.5]),
    (sc.owens_t, (0.0, 1e300), [None, 0]), (sc.tklmbda, (5.0, 1.0), [0, 0]),
    (sc.xlogy, (0.0, 0.0), [-INF, 0]), (sc.xlog1py, (0.0, -1.0), [-INF, 0]), (sc.xlogy, (0.0, 2.0), [np.log(2), 0]),
    (sc.exprel, (0.0,), [0.5]), (sc.logit, (1e-300,), [1e300]), (sc.log_ndtr, (-1e8,), [1e8]), (sc.expit, (-700.0,), [np.exp(-700)]),
    # poles of Γ that cancel
    (sc.poch, (0.0, 0.0), [0, None]), (sc.poch, (0.0, -1.0), [-1, None]), (sc.poch, (1e-8, -1.0), [-1 / (1 - 1e-8) ** 2, None]),
    (sc.poch, (-1.0, 1.0), [1, None]),
    (sc.poch, (-1.5, 2.0), [-2, None]), (sc.beta, (1.0, -1.0), [None, -1]), (sc.betaln, (1.0, -1.0), [None, 1]),
    (sc.binom, (0.0, 1e8), [-1e-8, 1e-8]),
    # the ends of a domain
    (sc.betainc, (1.0, 1.0, 0.0), [None, None, 1]), (sc.betainc, (2.0, 1.0, 1.0), [None, None, 2]), (sc.betainc, (2.0, 3.0, 1.0), [None, None, 0]),
    (sc.gammainc, (1.0, 0.0), [None, 1]), (sc.gammainc, (2.0, 0.0), [None, 0]), (sc.gammaincinv, (2.0, 1.0), [None, INF]),
    (sc.bdtr, (3.0, 3, 1.0), [None, None, 0]), (sc.bdtrc, (3.0, 3, 1.0), [None, None, 0]), (sc.bdtr, (2.0, 3, 1.0), [None, None, -3]),
    (sc.fdtri, (1.0, 2.0, 1.0), [None, None, INF]), (sc.ncfdtr, (2, 3.0, 1.0, 0.0), [None, None, 0, np.exp(-0.5)]),
    (sc.kolmogorov, (1e-300,), [0]), (sc.agm, (0.0, 1.0), [INF, 0]),
    (sc.eval_legendre, (0.0, -1.0), [None, 0]), (sc.eval_chebyu, (0.0, -1.0), [None, 0]),
    (sc.eval_gegenbauer, (0.0, 0.5, -1.0), [None, None, 0]), (sc.eval_jacobi, (0.0, 1.0, 2.0, -1.0), [None, None, None, 0]),
    (sc.berp, (1e-8,), [-3 / 16 * 1e-16]), (sc.ellipk, (-1e300,), [0]), (sc.i1e, (1e300,), [0]),
]
PARTS = [  # of several outputs those that are not used may have a pole
    (sc.sici, 0.0, [1, INF]), (sc.shichi, 0.0, [1, INF]), (sc.itj0y0, 0.0, [1, -INF]), (sc.iti0k0, 0.0, [1, INF]),
    (sc.it2j0y0, 0.0, [0, None]), (sc.it2i0k0, 0.0, [0, None]), (sc.airy, 700.0, [0, 0, None, None]), (sc.kelvin, 0.0, [0, None, 0, None]),
]
# fmt: on


@pytest.mark.parametrize(("f", "arguments", "slopes"), EDGES, ids=lambda v: getattr(v, "__name__", str(v)))
def test_slopes_at_edges(f, arguments, slopes):
    found = [None if s is None else slope(f, arguments, i) for i, s in enumerate(slopes)]
    expected = [s for s in slopes if s is not None]
    np.testing.assert_allclose([s for s in found if s is not None], expected, rtol=1e-9, atol=1e-150)


@pytest.mark.parametrize(("f", "x", "slopes"), PARTS, ids=lambda v: getattr(v, "__name__", str(v)))
def test_an_output_that_is_not_used_makes_no_nan(f, x, slopes):
    for part, expected in enumerate(slopes):
        if expected is not None:
            assert slope(f, (x,), 0, part) == pytest.approx(expected, abs=1e-150)


def difference(f, x):
    """The derivative of f by differences of two steps, and its error; None at kinks, poles and jumps."""
    here, h = f(x), 1e-4 * (abs(x) or 1e-2)
    ahead, behind = f(x + h), f(x - h)
    slopes = [(ahead - behind) / (2 * h), (f(x + h / 2) - f(x - h / 2)) / h]
    one, other, error = (ahead - here) / h, (here - behind) / h, 1e-13 * abs(here) / h
    clear = abs(slopes[0] - slopes[1]) <= 1e-4 * abs(slopes[1]) + error
    smooth = abs(one - other) <= 0.05 * max(abs(one), abs(other)) + error
    best = (4 * slopes[1] - slopes[0]) / 3
    return (best, error) if np.isfinite(here) and np.isfinite(best) and clear and smooth else None


GRIDS = {
    1: [0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.5, 5.5, -5.5, 30.0, 700.0, 1e8],
    2: [0.0, 0.5, 1.0, -1.0, 2.0, -2.5],
    3: [0.0, 0.5, 1.0, 2.0],
}
# SciPy returns a value of less than nine digits there, does not return, or takes whole numbers.
LEFT_OUT = {
    "eval_hermite",
    "eval_hermitenorm",
    "round",
    "fresnel",
    "itairy",
    "nrdtrisd",
    "kn",
    "yn",
    "expn",
    "tklmbda",
    "chndtr",
}
SWEPT = [
    f for f, entry in entries().items()
    if isinstance(f, np.ufunc) and is_special(f) and f.nin in GRIDS and f.nout == 1
    and f.__name__ not in LEFT_OUT and "d" * f.nin in {t.partition("->")[0] for t in f.types}
]  # fmt: skip


@pytest.mark.parametrize("f", SWEPT, ids=lambda f: f.__name__)
def test_slopes_are_numerical_on_a_grid_of_edges(f):
    entry, wrong = entries()[f], []
    for arguments in itertools.product(GRIDS[f.nin], repeat=f.nin):
        if f.__name__.startswith("eval") and arguments[0] < -1:
            continue  # no degree
        for place in [i for i in range(f.nin) if entry.argument(i) in entry.rules]:
            along = lambda t, a=arguments, i=place: f(*a[:i], np.float64(t), *a[i + 1 :])
            known = difference(along, arguments[place])
            if known is not None:
                found = slope(f, arguments, place)
                if not abs(found - known[0]) <= 1e-3 * abs(known[0]) + 30 * known[1] + 1e-12:
                    wrong.append((place, arguments, found, known[0]))
    assert wrong == []
