"""How the functions of scipy.special are called."""

from typing import Any

import numpy as np
from hypothesis.strategies import SearchStrategy
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...ops.scipy_special import gamma, lambert, spherical
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


def three(d: Draw, *elements: Any) -> Call:
    """Three arguments that broadcast."""
    return call(*(d(element(shape)) for element, shape in zip(elements, d(broadcastable(3)))))


def normal(d: Draw) -> Call:
    """A probability, a deviation, and a number."""
    return three(d, inner(1 / 8, 7 / 8), inner(1 / 4, 3), inner(-2, 2))


def deviation(d: Draw) -> Call:
    """A mean, a probability other than ½, and a number."""
    return three(d, inner(-2, 2), inner(5 / 8, 7 / 8), inner(-2, 2))


def with_value(d: Draw, value: Any, low: float, high: float) -> Call:
    """Orders, a parameter, a characteristic value, and arguments of a spheroidal function."""
    m, n, c = d(choice(0, 1)), d(choice(1, 2)), d(choice(0.5, 1.5))
    return call(m, n, c, value(m, n, c), d(arrays(low=low, high=high)))


def noncentral(d: Draw, low: float, high: float) -> Call:
    """Degrees of freedom, a noncentrality, and numbers or probabilities."""
    return call(
        d(choice(1, 2, 5)),
        d(choice(2, 3.5)),
        d(arrays((2,), low=1 / 4, high=3)),
        d(arrays((2,), low=low, high=high)),
    )


FEW, POSITIVE, UNIT = inner(-2, 2), inner(1 / 4, 3), inner(1 / 8, 7 / 8)
DEGREE, ORDER, SHAPE = choice(0, 1, 2, 4), choice(0, 1, 2, 0.5), choice(0.5, 1, 2.5)

# fmt: off
DOMAINS: Domains = {
    # smooth everywhere
    **dict.fromkeys((sc.ber, sc.bei, sc.berp, sc.beip, sc.wofz, sc.itairy, sc.itstruve0, sc.itmodstruve0), unary(-2, 2)),
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
    **dict.fromkeys((sc.ker, sc.kei, sc.kerp, sc.keip, sc.kelvin, sc.airye, sc.kolmogorov, sc.modfresnelp, sc.modfresnelm), unary(1 / 2, 3)),
    **dict.fromkeys((sc.itj0y0, sc.iti0k0, sc.it2j0y0, sc.it2i0k0, sc.it2struve0), unary(1 / 2, 3)),
    sc.kolmogi:      unary(1 / 8, 7 / 8),
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
    gamma.weighted:  pair(inner(-2, 2, 0), FEW),
    sc.agm:          pair(POSITIVE, POSITIVE),
    sc.nrdtrimn:     case(normal),
    sc.nrdtrisd:     case(deviation),
    sc.radian:       case(lambda d: three(d, FEW, FEW, FEW)),
    sc.voigt_profile: case(lambda d: three(d, FEW, POSITIVE, POSITIVE)),
    sc.tklmbda:      pair(inner(-1, 1), inner(-1 / 2, 3 / 4)),
    sc.gdtria:       case(lambda d: call(d(arrays((2,), low=1 / 8, high=7 / 8)), d(SHAPE), d(arrays((2,), low=1 / 2, high=3)))),
    sc.gdtrix:       case(lambda d: call(d(arrays((2,), low=1 / 2, high=3)), d(SHAPE), d(arrays((2,), low=1 / 8, high=7 / 8)))),
    # with settings
    **dict.fromkeys((spherical.spherical_jn, spherical.spherical_yn, spherical.spherical_in, spherical.spherical_kn),
                    given(choice(0, 1, 3), low=1 / 2, high=3)),
    lambert.lambertw: case(lambda d: call(d(arrays(low=1 / 4, high=3)), d(choice(0, -1, 2)), 1e-8)),
    gamma.polygamma: given(choice(0, 1, 2), low=1 / 2, high=3),
    sc.expn:         given(choice(0, 1, 3), low=1 / 2, high=3),
    **({gamma.hurwitz: given(choice(1.5, 2, 4), low=1 / 2, high=3)} if gamma.hurwitz else {}),
    **dict.fromkeys((sc.gammainc, sc.gammaincc), given(SHAPE, low=1 / 4, high=3)),
    **dict.fromkeys((sc.gammaincinv, sc.gammainccinv), given(SHAPE, low=1 / 8, high=7 / 8)),
    **dict.fromkeys((sc.betainc, sc.betaincc, sc.betaincinv, sc.betainccinv), given(SHAPE, SHAPE, low=1 / 8, high=7 / 8)),
    **dict.fromkeys((sc.jv, sc.yv, sc.iv, sc.kv, sc.kve), given(ORDER, low=1 / 2, high=3)),
    **dict.fromkeys((sc.ive, sc.jve, sc.yve, sc.hankel1, sc.hankel2, sc.hankel1e, sc.hankel2e), given(ORDER, low=1 / 2, high=3)),
    sc.besselpoly:   case(lambda d: call(d(arrays(low=1 / 4, high=3)), d(choice(1, 1.5)), d(choice(0, 1, 0.5)))),
    sc.wright_bessel: given(choice(0, 0.5, 1), SHAPE, low=1 / 4, high=3),
    **({sc.log_wright_bessel: given(choice(0, 0.5, 1), SHAPE, low=1 / 4, high=3)} if hasattr(sc, "log_wright_bessel") else {}),
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
    **dict.fromkeys((sc.eval_chebyc, sc.eval_chebys, sc.eval_sh_chebyt, sc.eval_sh_chebyu, sc.eval_sh_legendre),
                    given(DEGREE, low=1 / 4, high=3 / 4)),
    sc.eval_sh_jacobi: given(DEGREE, choice(2.5, 3), choice(1, 1.5), low=1 / 8, high=7 / 8),
    sc.lpmv:         given(choice(-2, -1, 0, 1, 2), choice(2, 2.5, 3), low=-3 / 4, high=3 / 4),
    sc.ellipj:       case(lambda d: call(d(arrays(low=-3 / 2, high=3 / 2)), d(choice(0, 0.25, 0.5)))),
    **dict.fromkeys((sc.mathieu_cem, sc.mathieu_sem), given(choice(1, 2), choice(0.5, 1.5), low=-3, high=3)),
    **dict.fromkeys((sc.mathieu_modcem1, sc.mathieu_modcem2, sc.mathieu_modsem1, sc.mathieu_modsem2),
                    given(choice(1, 2), choice(0.5, 1.5), low=1 / 4, high=1.5)),
    **dict.fromkeys((sc.pbdv, sc.pbvv, sc.pbwa), given(choice(-1.5, 0.5, 2), low=-2, high=2)),
    **dict.fromkeys((sc.pro_ang1, sc.obl_ang1), given(choice(0, 1), choice(1, 2), choice(0.5, 1.5), low=-3 / 4, high=3 / 4)),
    sc.pro_ang1_cv:  case(lambda d: with_value(d, sc.pro_cv, -3 / 4, 3 / 4)),
    sc.obl_ang1_cv:  case(lambda d: with_value(d, sc.obl_cv, -3 / 4, 3 / 4)),
    **dict.fromkeys((sc.pro_rad1, sc.obl_rad1), given(choice(0, 1), choice(1, 2), choice(0.5, 1.5), low=5 / 4, high=3)),
    sc.pro_rad1_cv:  case(lambda d: with_value(d, sc.pro_cv, 5 / 4, 3)),
    sc.obl_rad1_cv:  case(lambda d: with_value(d, sc.obl_cv, 5 / 4, 3)),
    **dict.fromkeys((sc.eval_gegenbauer, sc.eval_genlaguerre), given(DEGREE, SHAPE, low=-3 / 4, high=3 / 4)),
    sc.eval_jacobi:  given(DEGREE, SHAPE, SHAPE, low=-3 / 4, high=3 / 4),
    sc.stdtr:        given(SHAPE, low=-3, high=3),
    sc.stdtrit:      given(SHAPE, low=1 / 8, high=7 / 8),
    **dict.fromkeys((sc.chdtr, sc.chdtrc), given(choice(1, 2, 5), low=1 / 4, high=3)),
    **dict.fromkeys((sc.pdtr, sc.pdtrc), given(choice(0, 1, 4), low=1 / 4, high=3)),
    **dict.fromkeys((sc.bdtr, sc.bdtrc), given(choice(0, 1, 3), choice(np.intp(4), np.intp(6)), low=1 / 8, high=7 / 8)),
    **dict.fromkeys((sc.gdtr, sc.gdtrc), case(rates)),
    sc.chdtri:       given(choice(1, 2, 5), low=1 / 8, high=7 / 8),
    **dict.fromkeys((sc.fdtr, sc.fdtrc), given(choice(1, 2, 5), choice(2, 3.5), low=1 / 4, high=3)),
    sc.fdtri:        given(choice(1, 2, 5), choice(2, 3.5), low=1 / 8, high=7 / 8),
    sc.pdtri:        given(choice(0, 1, 4), low=1 / 8, high=7 / 8),
    sc.bdtri:        given(choice(0, 1, 3), choice(np.intp(4), np.intp(6)), low=1 / 8, high=7 / 8),
    **dict.fromkeys((sc.nbdtr, sc.nbdtrc, sc.nbdtri), given(choice(0, 1, 3), choice(1, 2, 4), low=1 / 8, high=7 / 8)),
    sc.chndtr:       case(lambda d: call(d(arrays((2,), low=1 / 2, high=4)), d(choice(1, 2, 5)), d(arrays((2,), low=1 / 4, high=3)))),
    sc.chndtrix:     case(lambda d: call(d(arrays((2,), low=1 / 8, high=7 / 8)), d(choice(1, 2, 5)), d(arrays((2,), low=1 / 4, high=3)))),
    sc.ncfdtr:       case(lambda d: noncentral(d, 1 / 2, 4)),
    sc.ncfdtri:      case(lambda d: noncentral(d, 1 / 8, 7 / 8)),
}
# fmt: on
