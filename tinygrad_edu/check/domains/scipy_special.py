"""How the functions of scipy.special are called."""

from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...ops.scipy_special import gamma
from ..strategies import Draw, arrays, broadcastable, shapes
from .domain import Call, Domain, Domains, call, case, choice, unary
from .elementwise import Pair


def inner(low: float, high: float, *away_from: float) -> Any:
    """Elements in [low, high]."""
    return lambda shape=None: arrays(shape, low=low, high=high, away_from=away_from)


def given(*settings: SearchStrategy[Any], low: float, high: float, away: tuple[float, ...] = ()) -> Domain:
    """Settings, then one array of elements in [low, high]."""
    drawn = arrays(shapes(max_dims=2), low=low, high=high, away_from=away)
    return case(lambda d: call(*map(d, settings), d(drawn)))


def pair(x1: Any, x2: Any, kinks: Any = None) -> Domain:
    """Two arguments that broadcast."""
    return Pair(x1, x2, kinks).broadcast()


def rates(d: Draw) -> Call:
    """A rate, a shape, and where the distribution is asked for."""
    s1, s2 = d(broadcastable())
    return call(d(arrays(s1, low=1 / 2, high=2)), d(SHAPE), d(arrays(s2, low=1 / 4, high=3)))


FEW, POSITIVE, UNIT = inner(-2, 2), inner(1 / 4, 3), inner(1 / 8, 7 / 8)
DEGREE, ORDER, SHAPE = choice(0, 1, 2, 4), choice(0, 1, 2, 0.5), choice(0.5, 1, 2.5)

# fmt: off
DOMAINS: Domains = {
    # smooth everywhere
    **dict.fromkeys((sc.erf, sc.erfc, sc.erfi, sc.erfcx, sc.dawsn, sc.ndtr, sc.log_ndtr, sc.fresnel), unary(-2, 2)),
    **dict.fromkeys((sc.expit, sc.log_expit, sc.exp2, sc.exp10, sc.expm1, sc.cosm1, sc.exprel, sc.sindg, sc.cosdg, sc.wrightomega), unary(-2, 2)),
    **dict.fromkeys((sc.j0, sc.j1, sc.i0, sc.i1, sc.airy, sc.rgamma), unary(-2, 2)),
    # of positive numbers, between 0 and 1, and between −1 and 1
    **dict.fromkeys((sc.gamma, sc.gammaln, sc.loggamma, sc.psi, sc.gammasgn, sc.exp1, sc.sici, sc.shichi, sc.expi, sc.spence, sc.entr, sc.y0, sc.y1,
                     sc.k0, sc.k1, sc.k0e, sc.k1e), unary(1 / 2, 3)),
    **dict.fromkeys((sc.logit, sc.ndtri, sc.ellipkm1), unary(1 / 8, 7 / 8)),
    sc.erfinv:       unary(-3 / 4, 3 / 4),
    sc.erfcinv:      unary(1 / 4, 7 / 4),
    sc.ndtri_exp:    unary(-3, -1 / 4),
    sc.log1p:        unary(-3 / 4),
    sc.tandg:        unary(-3, 3),
    sc.cotdg:        unary(1, 3),
    sc.ellipk:       unary(-2, 3 / 4),
    sc.ellipe:       unary(-2, 3 / 4),
    # with a pole, a kink or steps
    sc.cbrt:         unary(-3, 3, 0, margin=1 / 4),
    sc.i0e:          unary(-3, 3, 0),
    sc.i1e:          unary(-3, 3, 0),
    sc.round:        unary(-3, 3, -2.5, -1.5, -.5, .5, 1.5, 2.5),
    # of two arguments
    sc.owens_t:      pair(FEW, FEW),
    sc.beta:         pair(POSITIVE, POSITIVE),
    sc.betaln:       pair(POSITIVE, POSITIVE),
    sc.poch:         pair(POSITIVE, POSITIVE),
    sc.binom:        pair(inner(2, 4), inner(1 / 8, 1.5)),
    sc.xlogy:        pair(FEW, POSITIVE),
    sc.xlog1py:      pair(FEW, inner(-1 / 2, 2)),
    sc.rel_entr:     pair(POSITIVE, POSITIVE),
    sc.kl_div:       pair(POSITIVE, POSITIVE),
    sc.huber:        pair(inner(1 / 2, 2), inner(-3, 3), kinks=lambda delta, r: abs(r) - delta),
    sc.pseudo_huber: pair(inner(1 / 2, 2), inner(-3, 3)),
    sc.powm1:        pair(POSITIVE, FEW),
    sc.boxcox:       pair(POSITIVE, FEW),
    sc.boxcox1p:     pair(inner(-1 / 2, 2), FEW),
    sc.inv_boxcox:   pair(inner(-1 / 2, 3 / 2), inner(-1 / 4, 1)),
    sc.inv_boxcox1p: pair(inner(-1 / 2, 3 / 2), inner(-1 / 4, 1)),
    # with settings
    gamma.polygamma: given(choice(0, 1, 2), low=1 / 2, high=3),
    sc.expn:         given(choice(0, 1, 3), low=1 / 2, high=3),
    **({gamma.hurwitz: given(choice(1.5, 2, 4), low=1 / 2, high=3)} if gamma.hurwitz else {}),
    **dict.fromkeys((sc.gammainc, sc.gammaincc), given(SHAPE, low=1 / 4, high=3)),
    **dict.fromkeys((sc.gammaincinv, sc.gammainccinv), given(SHAPE, low=1 / 8, high=7 / 8)),
    **dict.fromkeys((sc.betainc, sc.betaincc, sc.betaincinv, sc.betainccinv), given(SHAPE, SHAPE, low=1 / 8, high=7 / 8)),
    **dict.fromkeys((sc.jv, sc.yv, sc.iv, sc.kv, sc.kve), given(ORDER, low=1 / 2, high=3)),
    sc.ive:          given(ORDER, low=1 / 2, high=3),
    **dict.fromkeys((sc.yn, sc.kn), given(choice(0, 1, 2), low=1 / 2, high=3)),
    **dict.fromkeys((sc.struve, sc.modstruve), given(ORDER, low=1 / 2, high=3)),
    sc.hyp0f1:       given(SHAPE, low=-2, high=2),
    sc.hyp1f1:       given(SHAPE, SHAPE, low=-2, high=2),
    sc.hyperu:       given(SHAPE, SHAPE, low=1 / 2, high=2),
    sc.hyp2f1:       given(SHAPE, SHAPE, SHAPE, low=-3 / 4, high=1 / 2),
    sc.ellipkinc:    case(lambda d: call(d(arrays(low=-3 / 2, high=3 / 2)), d(choice(-1, 0, 0.5)))),
    sc.ellipeinc:    case(lambda d: call(d(arrays(low=-3 / 2, high=3 / 2)), d(choice(-1, 0, 0.5)))),
    **dict.fromkeys((sc.eval_legendre, sc.eval_chebyt, sc.eval_chebyu, sc.eval_hermite, sc.eval_hermitenorm, sc.eval_laguerre),
                    given(DEGREE, low=-3 / 4, high=3 / 4)),
    **dict.fromkeys((sc.eval_gegenbauer, sc.eval_genlaguerre), given(DEGREE, SHAPE, low=-3 / 4, high=3 / 4)),
    sc.eval_jacobi:  given(DEGREE, SHAPE, SHAPE, low=-3 / 4, high=3 / 4),
    sc.stdtr:        given(SHAPE, low=-3, high=3),
    sc.stdtrit:      given(SHAPE, low=1 / 8, high=7 / 8),
    **dict.fromkeys((sc.chdtr, sc.chdtrc), given(choice(1, 2, 5), low=1 / 4, high=3)),
    **dict.fromkeys((sc.pdtr, sc.pdtrc), given(choice(0, 1, 4), low=1 / 4, high=3)),
    **dict.fromkeys((sc.bdtr, sc.bdtrc), given(choice(0, 1, 3), choice(np.intp(4), np.intp(6)), low=1 / 8, high=7 / 8)),
    **dict.fromkeys((sc.gdtr, sc.gdtrc), case(rates)),
}
# fmt: on
