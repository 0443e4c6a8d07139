"""The rules of scipy.special's ufuncs: every property of the table, closed forms, and edges."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

sc = pytest.importorskip("scipy.special")
import tinygrad_edu as tg  # noqa: E402  # not without SciPy
from tests.ops import test_table as table  # noqa: E402
from tinygrad_edu import errors  # noqa: E402
from tinygrad_edu.check.domains import DOMAINS  # noqa: E402
from tinygrad_edu.check.strategies import numbers  # noqa: E402
from tinygrad_edu.entry import is_special, name_of  # noqa: E402
from tinygrad_edu.errors import MissingRule  # noqa: E402
from tinygrad_edu.ops.scipy_special import lambert  # noqa: E402
from tinygrad_edu.reasons import NO_RULE, reason_of  # noqa: E402
from tinygrad_edu.table import entry_of  # noqa: E402

COMPLEX_INSIDE = {sc.wofz, sc.voigt_profile, sc.modfresnelp, sc.modfresnelm}
NEVER_RETURN = {  # in single precision, in SciPy itself
    f for f in DOMAINS if name_of(f).startswith(("scipy.special.pro_", "scipy.special.obl_"))
}
few = settings(max_examples=max(3, settings.default.max_examples // 8))


@pytest.mark.parametrize("function", table.SCIPYS, ids=name_of)
@few
@given(data=st.data())
def test_every_property_of_the_table(function, data, count):
    count(name_of(function))
    table.check_properties(
        function,
        data.draw(DOMAINS[function].calls),
        data.draw,
        same_bits=function
        not in COMPLEX_INSIDE,  # NumPy multiplies complex arrays in another way without axes
        single=function not in NEVER_RETURN,
        rules=(np.float64,),  # some compute in double precision, which the engine rounds
    )


# ---- closed forms and edges --------------------------------------------------------------------------------


def slope(f, *x):
    return tg.grad(lambda *x: np.sum(f(*x)), argnums=tuple(range(len(x))))(*map(np.asarray, x))


def test_what_cancels_far_out_is_summed_as_a_series():
    """The slopes of erfcx and dawsn there, by the first terms of their own asymptotic series."""
    x = np.array([24.0, 26.0, 1e3, 1e8])
    t = 1 / (2 * x * x)
    series = 1 - 3 * t + 15 * t**2 - 105 * t**3 + 945 * t**4
    np.testing.assert_allclose(slope(sc.erfcx, x)[0], -2 / np.sqrt(np.pi) * t * series, rtol=1e-11)
    series = 1 + 3 * t + 15 * t**2 + 105 * t**3 + 945 * t**4
    np.testing.assert_allclose(slope(sc.dawsn, -x)[0], -t * series, rtol=1e-11)


def test_tails_keep_their_digits():
    x = np.array([-1e5, -40.0, 40.0])
    mills = np.array([1e5 * (1 + 1e-10), 40.0 * (1 + 1 / 1600 - 2 / 1600**2), 0.0])
    np.testing.assert_allclose(slope(sc.log_ndtr, x)[0], mills, rtol=1e-7)
    np.testing.assert_allclose(slope(sc.log_expit, [-800.0, 800.0])[0], [1, 0])
    np.testing.assert_allclose(slope(sc.expit, [40.0, -40.0])[0], [np.exp(-40)] * 2, rtol=1e-14)


def test_the_reciprocal_gamma_function_is_smooth_at_its_zeros():
    n = np.arange(5.0)
    np.testing.assert_allclose(slope(sc.rgamma, -n)[0], (-1) ** n * sc.gamma(n + 1), rtol=1e-13)
    assert slope(sc.rgamma, 1.0)[0] == pytest.approx(np.euler_gamma, rel=1e-14)


def test_binomial_coefficients_outside_of_pascals_triangle():
    """At k = n + 1 the coefficient is 0, and its slope in k is -n! / (n + 1)! = -1/(n + 1)."""
    dn, dk = slope(sc.binom, 4.0, 5.0)
    assert (dn, dk) == (pytest.approx(1 / 5), pytest.approx(-1 / 5))


def test_where_gamma_functions_have_poles_quotients_of_them_have_slopes():
    tg.gradcheck(sc.poch, np.array([-3.2, -0.5, -1.0, -2.0, 0.0]), np.array([2.5, 0.7, 0.5, 2.5, 1.5]))
    n, k = np.array([4.0, 4.0, 2.5, 1.0, 0.5]), np.array([5.5, -0.5, 3.2, 3.0, -1.0])
    tg.gradcheck(sc.binom, n, k)


def test_singular_forms_have_their_limits():
    assert slope(sc.exprel, 0.0)[0] == 0.5
    np.testing.assert_allclose(slope(sc.exprel, [np.inf, 1e3, -1e9, -np.inf])[0], [np.inf, np.inf, 1e-18, 0])
    assert slope(sc.k0e, 0.0)[0] == slope(sc.k1e, 0.0)[0] == -np.inf
    assert np.isnan(slope(sc.logit, 2.0)[0])
    assert np.isnan(slope(sc.psi, -1.0)[0])
    assert slope(lambda x: sc.expn(1, x), 2.0)[0] == -sc.expn(0, 2.0)
    assert slope(sc.spence, 1.0)[0] == -1
    assert slope(sc.ellipk, 0.0)[0] == pytest.approx(np.pi / 8)
    assert slope(sc.ellipe, 0.0)[0] == pytest.approx(-np.pi / 8)
    assert slope(sc.j1, 0.0)[0] == slope(sc.i1, 0.0)[0] == 0.5
    log = np.log(3.0)
    np.testing.assert_allclose(slope(sc.boxcox, 3.0, 0.0), [1 / 3, log**2 / 2])
    np.testing.assert_allclose(slope(sc.inv_boxcox, log, 0.0), [3, -3 * log**2 / 2])


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_entropies_at_their_edges():
    """Where a value is infinite the gradient is 0; 0 log 0 is 0, and so is its slope in what is second."""
    np.testing.assert_array_equal(slope(sc.entr, [-1.0, 0.0, 1.0])[0], [0, np.inf, -1])
    for f in (sc.rel_entr, sc.kl_div):
        dx, dy = slope(f, [1.0, -1.0, 0.0, 0.0], [-1.0, 1.0, 0.0, 2.0])
        np.testing.assert_array_equal(dx[:2], 0)
        np.testing.assert_array_equal(dx[3], -np.inf)
        np.testing.assert_array_equal(dy, [0, 0, 0 if f is sc.rel_entr else 1, 0 if f is sc.rel_entr else 1])
    np.testing.assert_allclose(slope(sc.rel_entr, [1.0, 3.0], [2.0, 1.0])[0], [1 - np.log(2), 1 + np.log(3)])
    np.testing.assert_array_equal(slope(sc.kl_div, [0.0], [-1.0]), [[0], [0]])
    np.testing.assert_array_equal(slope(sc.xlogy, [0.0, 2.0, 2.0], [0.0, 4.0, 0.0])[1], [0, 0.5, np.inf])
    np.testing.assert_array_equal(slope(sc.xlog1py, [0.0, 2.0], [-1.0, 3.0])[1], [0, 0.5])


def second(f, *x):
    """The second derivatives in the last argument."""
    *settings, x = map(np.asarray, x)
    return tg.grad(lambda x: np.sum(tg.grad(lambda x: np.sum(f(*settings, x)))(x)))(x)


def test_slopes_by_their_formulas():
    x, k = np.array([-1.2, 0.3, 1.7]), np.array([0.0, 2.0, 2.5])
    for f, base in ((sc.exp2, 2), (sc.exp10, 10)):
        np.testing.assert_allclose(slope(f, x)[0], np.log(base) * base**x, rtol=1e-13)
    np.testing.assert_allclose(
        slope(lambda x: sc.betainc(2.0, 3.0, x), 0.3)[0], 12 * 0.3 * 0.7**2, rtol=1e-13
    )
    np.testing.assert_allclose(
        slope(lambda x: sc.betaincc(2.0, 3.0, x), 0.3)[0], -12 * 0.3 * 0.7**2, rtol=1e-13
    )
    mass = np.exp(-1.5) * np.array([1, 1.5**2 / 2, 1.5**2 / 2])  # of Poisson's distribution, at 0, 2 and 2
    np.testing.assert_allclose(slope(lambda m: sc.pdtr(k, m), np.full(3, 1.5))[0], -mass, rtol=1e-13)
    np.testing.assert_allclose(slope(lambda m: sc.pdtrc(k, m), np.full(3, 1.5))[0], mass, rtol=1e-13)


def test_slopes_of_elliptic_integrals():
    """DLMF 19.4.1 and 19.4.2."""
    m = np.array([-1.0, 0.3, 0.9])
    k, e = sc.ellipk(m), sc.ellipe(m)
    expected = (e - (1 - m) * k) / (2 * m * (1 - m))
    np.testing.assert_allclose(slope(sc.ellipk, m)[0], expected, rtol=1e-11)
    np.testing.assert_allclose(slope(sc.ellipkm1, 1 - m)[0], -expected, rtol=1e-11)
    np.testing.assert_allclose(slope(sc.ellipe, m)[0], (e - k) / (2 * m), rtol=1e-11)


def test_a_missing_number_has_a_missing_slope_of_steps():
    for f in (sc.gammasgn, sc.round):
        np.testing.assert_array_equal(slope(f, [np.nan, 1.25])[0], [np.nan, 0])


def test_slopes_at_infinity():
    with np.errstate(all="raise"):
        assert slope(sc.erfcx, np.inf)[0] == 0
        np.testing.assert_array_equal(slope(sc.dawsn, [np.inf, -np.inf])[0], 0)


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_second_derivatives_where_a_branch_is_not_taken():
    """What stands in the branch that is not taken makes no NaN of them either."""
    gamma, trigamma = np.euler_gamma, np.pi**2 / 6
    assert second(sc.rgamma, 1.0) == pytest.approx(gamma**2 - trigamma, rel=1e-12)  # of exp(γt - ζ(2)t²/2 …)
    assert second(sc.rgamma, 0.0) == pytest.approx(2 * gamma, rel=1e-12)  # of t + γt² …
    assert second(lambda z: sc.poch(z, 0.0), 2.0) == 0
    assert second(sc.entr, -1.0) == 0
    assert second(sc.entr, 2.0) == -0.5
    for f in (sc.rel_entr, sc.kl_div):
        assert second(f, 1.0, -1.0) == 0
        assert second(lambda y, x, f=f: f(x, y), -1.0, 1.0) == 0
    assert second(sc.huber, -1.0, 3.0) == 0
    assert second(sc.exprel, 0.0) == pytest.approx(1 / 3, rel=1e-12)
    assert second(sc.exprel, -1e9) == pytest.approx(2e-27, rel=1e-6)
    assert second(sc.log_ndtr, 50.0) == 0
    assert second(sc.log_ndtr, -1e4) == pytest.approx(-1, rel=1e-6)
    assert second(sc.erfcx, 30.0) == pytest.approx(
        2 * sc.erfcx(30.0) + 60 * slope(sc.erfcx, 30.0)[0], rel=1e-9
    )
    assert second(sc.dawsn, 30.0) == pytest.approx(
        60 * (2 * 30.0 * sc.dawsn(30.0) - 1) - 2 * sc.dawsn(30.0), rel=1e-6
    )


POLYNOMIALS = {
    "legendre": (), "chebyt": (), "chebyu": (), "hermite": (), "hermitenorm": (), "laguerre": (),
    "genlaguerre": (1.5,), "gegenbauer": (1.5,), "jacobi": (1.5, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials_have_the_slopes_of_their_coefficients(name):
    x, parameters = np.array([-0.9, 0.3, 1.0]), POLYNOMIALS[name]
    for n in range(5):
        polynomial = np.poly1d(getattr(sc, name)(n, *parameters).coeffs)
        f = lambda x, n=n: getattr(sc, f"eval_{name}")(n, *parameters, x)
        np.testing.assert_allclose(slope(f, x)[0], polynomial.deriv()(x), rtol=1e-11, atol=1e-11)


def test_a_negative_width_of_hubers_loss_has_no_gradient():
    np.testing.assert_array_equal(slope(sc.huber, [-1.0, 2.0], [3.0, 3.0]), [[0, 1], [0, 2]])


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (lambda a: sc.gammainc(a, 1.0), "a"),
        (lambda v: sc.jv(v, 1.0), "v"),
        (lambda b: sc.betainc(1.0, b, 0.5), "b"),
        (lambda m: sc.ellipkinc(0.5, m), "m"),
        (lambda df: sc.stdtr(df, 0.5), "df"),
    ],
)
def test_parameters_without_a_closed_form_refuse_by_name(function, argument):
    with pytest.raises(MissingRule, match=f"no derivative rule for its argument {argument} "):
        function(tg.Tensor(2.0, requires_grad=True))


def test_every_ufunc_has_a_rule_or_a_reason():
    found = [f for module in (sc, sc._ufuncs) for f in vars(module).values() if isinstance(f, np.ufunc)]
    without = [f for f in found if entry_of(f) is None]
    assert [name_of(f) for f in without if reason_of(f) in ("", NO_RULE)] == []
    assert {"elliprf", "smirnov", "zetac", "bdtrik"} <= {f.__name__ for f in without}
    with pytest.raises(
        MissingRule, match=r"smirnov has no derivative rule[^\0]*The reason: .*a sum of n terms"
    ):
        sc.smirnov(3, tg.Tensor(0.5, requires_grad=True))


def lambert_derivatives(z, k):
    """W and two derivatives by forty digits: Newton's method in decimal numbers, from SciPy's value."""
    with localcontext() as context:
        context.prec = 40
        z, e = Decimal(z), Decimal(1).exp()
        beside, w = 2 * (e * z + 1), Decimal(float(np.real(sc.lambertw(float(z), k))))
        w = (beside.sqrt() if k == 0 else -beside.sqrt()) - 1 if beside < Decimal("1e-4") else w
        for _ in range(60):
            w -= (w - z * (-w).exp()) / (1 + w)
        return [float(d) for d in (w, (-w).exp() / (1 + w), -(w + 2) * (-2 * w).exp() / (1 + w) ** 3)]


BESIDE = [-0.3678794411714423, -0.3678794411714, -0.36787944, -0.3678, -0.3674, -0.365, -0.3, -1e-5]


@pytest.mark.parametrize(("w", "k"), [(3 + 0.5j, 0), (0.5j, 0), (0.5 + 6j, 1), (-0.5 - 7j, -1), (2 + 11j, 2)])
def test_lambertw_of_complex_numbers_is_the_inverse_of_w_exp_w(w, k):
    z, slope = w * np.exp(w), np.exp(-w) / (1 + w)
    np.testing.assert_allclose(sc.lambertw(z, k), w, rtol=1e-12)
    pulled = tg.vjp(lambda z: sc.lambertw(z, k), z)[1](1.0)[0]
    np.testing.assert_allclose(pulled, np.conj(slope), rtol=1e-12)


@pytest.mark.parametrize("k", [0, -1])
def test_slopes_of_lambertw_keep_their_digits_beside_its_branch_point(k):
    for f in (lambda x: np.real(sc.lambertw(x, k)), lambda x: tg.special.lambertw(x, k)):
        for z in [*BESIDE, *[0.0, 1e-300, 1.0, 1e8] * (k == 0)]:
            _, first, second = lambert_derivatives(z, k)
            assert tg.grad(f)(np.float64(z)) == pytest.approx(first, rel=1e-12)
            assert tg.grad(tg.grad(f))(np.float64(z)) == pytest.approx(second, rel=1e-11)
        assert tg.grad(f)(np.float64(0.0)) == (1 if k == 0 else -np.inf)


def test_closed_forms_of_functions_of_their_own():
    x = np.array([0.3, 2.0])
    np.testing.assert_allclose(slope(lambda x: sc.wofz(x).real, x)[0], -2 * x * np.exp(-x * x), rtol=1e-12)
    np.testing.assert_allclose(slope(lambda u: sc.ellipj(u, 0.0)[0], x)[0], np.cos(x), rtol=1e-13)
    np.testing.assert_allclose(slope(lambda u: sc.ellipj(u, 1.0)[0], x)[0], np.cosh(x) ** -2, rtol=1e-13)
    np.testing.assert_allclose(slope(sc.agm, 2.0, 2.0), [0.5, 0.5])
    np.testing.assert_allclose(
        slope(lambda x: sc.voigt_profile(x, 0.0, 2.0), x)[0], -4 * x / np.pi / (x * x + 4) ** 2
    )
    normal = np.exp(-x * x / 8) / np.sqrt(8 * np.pi)
    by_x, by_sigma, _ = slope(sc.voigt_profile, x, [2.0, 2.0], [0.0, 0.0])
    np.testing.assert_allclose(by_x, -x / 4 * normal, rtol=1e-12)
    np.testing.assert_allclose(by_sigma, (x * x / 8 - 0.5) * normal, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slope(lambda x: sc.chndtr(x, 2, 0.0), x)[0], np.exp(-x / 2) / 2, rtol=1e-13)
    np.testing.assert_allclose(
        slope(lambda x: sc.lpmv(2, 2, x), [-1.0, 0.5, 1.0])[0], [6, -3, -6], rtol=1e-12
    )
    np.testing.assert_allclose(slope(lambda x: sc.lpmv(0, 3, x), [-1.0, 1.0])[0], [6, 6], rtol=1e-12)
    assert slope(sc.beip, 0.0)[0] == 0.5
    assert slope(sc.berp, 0.0)[0] == 0
    assert slope(lambda z: tg.special.spherical_jn(1, z), 0.0)[0] == pytest.approx(1 / 3)


# ---- what is no ufunc there: tg.special --------------------------------------------------------------------


def test_polygamma_multigammaln_and_lambertw_are_scipys():
    x = np.array([2.5, 3.0])
    np.testing.assert_array_equal(tg.special.polygamma(2, x), sc.polygamma(2, x))
    np.testing.assert_allclose(tg.special.multigammaln(x, 3), sc.multigammaln(x, 3), rtol=1e-14)
    np.testing.assert_allclose(
        slope(lambda a: tg.special.multigammaln(a, 2), x)[0], sc.psi(x) + sc.psi(x - 0.5)
    )
    for k, y in ((0, [-0.3, 0.0, 2.0]), (-1, [-0.3, -0.1])):
        np.testing.assert_array_equal(tg.special.lambertw(np.array(y), k), sc.lambertw(y, k).real)
        assert tg.gradcheck(lambda x, k=k: tg.special.lambertw(x, k), np.array(y)).elements == len(y)
    assert np.isnan(tg.special.lambertw(-1.0))
    assert np.isnan(tg.special.multigammaln(0.5, 2))
    for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"):
        np.testing.assert_array_equal(getattr(tg.special, name)(2, x), getattr(sc, name)(2, x))
    with pytest.raises(errors.CoercionError, match=r"tg\.special\.spherical_jn"):
        sc.spherical_jn(2, tg.Tensor(x, requires_grad=True))
    with pytest.raises(AttributeError, match="use logsumexp"):
        tg.special.logsumexp  # noqa: B018


# ---- complex numbers, and degrees that are no whole numbers ------------------------------------------------


def complex_loop(ufunc):
    """The types of the arguments of its loop of complex numbers, of which it has one at most: "dD"."""
    return next((inputs for inputs, _, _ in (t.partition("->") for t in ufunc.types) if "D" in inputs), "")


def differentiates_there(ufunc):
    """Whether the argument that may be complex has a rule: that of zeta(x, q) has none."""
    inputs = complex_loop(ufunc)
    return inputs and entry_of(ufunc).argument(inputs.index("D")) in entry_of(ufunc).rules


COMPLEX = [f for f in DOMAINS if isinstance(f, np.ufunc) and is_special(f) and differentiates_there(f)]
# Some are scaled by the modulus of a part of z; SciPy has the slopes of the others for real numbers only, and
# says so itself.
REAL_SLOPES = {sc.ive, sc.jve, sc.yve, sc.airye, sc.spence, sc.psi}
# Off the cuts of them all: the real axis, left of 0 and right of 1.
OFF_THE_CUTS = st.builds(complex, numbers(-1.5, 1.5), numbers(-1.5, 1.5, away_from=(0,), margin=1 / 4))


@pytest.mark.parametrize("function", COMPLEX, ids=name_of)
@settings(max_examples=max(4, settings.default.max_examples // 5), phases=[Phase.generate])
@given(z=OFF_THE_CUTS, order=st.sampled_from([0.5, 0.7, 1.0, 2.0]), data=st.data())
def test_derivatives_at_complex_numbers_are_numerical_or_refused(function, z, order, data):
    """The gradient of a weighted sum of the outputs' parts, by differences along both axes of the plane."""
    place = complex_loop(function).index("D")
    given = [z if kind == "D" else 1 if kind == "l" else order for kind in complex_loop(function)]
    if function is lambert.lambertw:
        given[2] = 1e-12  # which is no order, but a tolerance
    weights = [data.draw(st.builds(complex, numbers(-1, 1), numbers(-1, 1))) for _ in range(function.nout)]

    def loss(z):
        outputs = function(*given[:place], z, *given[place + 1 :])
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return sum(np.real(w * out) for w, out in zip(weights, outputs, strict=True))

    try:
        gradient = tg.grad(loss)(z)
    except (errors.DTypeError, TypeError):
        assert function in REAL_SLOPES
        return
    assert function not in REAL_SLOPES
    along = lambda d, h: (loss(z + h * d) - loss(z - h * d)) / (2 * h)
    slopes = [(4 * along(d, 1e-3) - along(d, 2e-3)) / 3 for d in (1, 1j)]
    np.testing.assert_allclose(
        gradient, complex(*slopes), rtol=1e-7, atol=1e-8 * (1 + abs(loss(z))), err_msg=f"{z}, {given}"
    )


@pytest.mark.parametrize("n", [0.0, 0.3, 0.7, 1.0, 2.5])
def test_slopes_of_chebyshev_functions_of_any_degree(n):
    x = np.array([0.4, -0.8])
    expected = n * np.sin(n * np.arccos(x)) / np.sqrt(1 - x * x)  # of cos(n arccos x)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(sc.eval_chebyt(n, x)))(x), expected, rtol=1e-9)


@pytest.mark.filterwarnings(
    "ignore:floating point number truncated", "ignore:non-integer arg n is deprecated"
)
@pytest.mark.parametrize(
    "call",
    [
        lambda x: sc.expn(0.7, x), lambda x: sc.expn(2.5, x), lambda x: sc.kn(0.7, x),
        lambda x: sc.kn(1.9, x), lambda x: sc.kn(-0.5, x), lambda x: sc.yn(-0.5, x),
        lambda x: sc.yn(0.7, x), lambda x: sc.yn(1.9, x), lambda x: sc.bdtr(1.3, 3.9, x),
        lambda x: sc.bdtrc(1.3, 3.9, x),
    ],
)  # fmt: skip
def test_orders_that_scipy_cuts_off_to_integers(call):
    x, h = np.array([0.3, 0.8]), 1e-5
    slope = (call(x + h) - call(x - h)) / (2 * h)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(call(x)))(x), slope, rtol=1e-6)
