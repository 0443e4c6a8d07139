"""SciPy's sparse matrices in products with tensors, and SciPy's functions that tensors cannot enter."""

import numpy as np
import pytest

pytest.importorskip("scipy")
import scipy.fft  # not without SciPy
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.signal
import scipy.sparse as sp
import scipy.special
import scipy.stats

import tinygrad_edu as tg
from tests.helpers import generic, leaf
from tinygrad_edu.errors import CoercionError, ShapeError, UnsupportedCall

DENSE = generic(3, 4) * (generic(3, 4, seed=1) > -0.3)
KINDS = [
    getattr(sp, f"{kind}_{form}") for kind in ("csr", "csc", "coo", "dia") for form in ("array", "matrix")
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2)], ids=str)
def test_products_differentiate_as_those_of_the_dense_matrix(kind, shape):
    A, x = kind(DENSE), generic(*shape)
    pairs = [
        (lambda t: A @ t, lambda t: DENSE @ t, x),
        (lambda t: t @ A.T, lambda t: t @ DENSE.T, x.T),
        (lambda t: np.matmul(A, t), lambda t: DENSE @ t, x),
    ]
    if kind not in (sp.coo_array, sp.coo_matrix):  # whose own dot asks for an array
        pairs.append((lambda t: A.dot(t), lambda t: DENSE @ t, x))
    for sparse, dense, at in pairs:
        np.testing.assert_allclose(sparse(leaf(at)).data, dense(at), rtol=1e-13)
        for transform in (tg.grad, tg.hessian):
            f, g = (transform(lambda t, f=f: np.sum(np.sin(f(t)))) for f in (sparse, dense))
            np.testing.assert_allclose(f(at), g(at), rtol=1e-12)
        assert tg.gradcheck(sparse, at).elements == at.size


def test_constants_stay_tensors_and_float32_stays_float32():
    A = sp.csr_array(DENSE.astype(np.float32))
    for t in (tg.Tensor(np.ones(4, np.float32)), leaf(np.ones(4), np.float32)):
        assert isinstance(A @ t, tg.Tensor)
        assert (A @ t).dtype == np.float32
    with tg.no_grad():
        assert not (A @ leaf(np.ones(4))).requires_grad


def test_debug_mode_watches_products_too():
    t = leaf(np.ones(4))
    with tg.debug():
        np.sum((sp.csr_array(DENSE) @ t) ** 2).backward()
    np.testing.assert_allclose(t.grad.data, 2 * DENSE.T @ DENSE.sum(1))


A, M = sp.csr_array(DENSE), sp.csr_matrix(DENSE)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda t: M * t[0],
            UnsupportedCall,
            r"np\.multiply of a tensor and a sparse csr_matrix .*A @ t and t @ A",
        ),
        (lambda t: t * A, UnsupportedCall, r"np\.multiply .*\n  Write A\.toarray\(\)"),
        (lambda t: A + t, UnsupportedCall, r"np\.add of a tensor and a sparse csr_array of shape \(3, 4\)"),
        (lambda t: np.where(t > 0, A, t), UnsupportedCall, r"np\.where"),
        (lambda t: A * t, CoercionError, r"A @ t, or t @ A; A\.toarray\(\)"),
        (lambda t: A.multiply(t), CoercionError, r"A @ t, or t @ A; A\.toarray\(\)"),
        (lambda t: A @ t[:, :, None], ShapeError, "tensors of one or two axes"),
        (lambda t: A @ t, ValueError, "mismatch"),
    ],
)
def test_what_is_no_product_refuses_and_says_what_works(call, kind, message):
    with pytest.raises(kind, match=message):
        call(leaf(generic(3, 4)))


# ---- functions of plain arrays -----------------------------------------------------------------------------


INSTEAD = {
    lambda x, v: scipy.linalg.cholesky(x): r"np\.linalg\.cholesky",
    lambda x, v: scipy.linalg.cho_solve((x, True), v): r"np\.linalg\.solve",
    lambda x, v: scipy.linalg.solve_triangular(x, v): r"np\.linalg\.solve",
    lambda x, v: scipy.linalg.svd(x): r"np\.linalg\.svd",
    lambda x, v: scipy.linalg.expm(x): r"np\.linalg\.eigh",
    lambda x, v: scipy.integrate.trapezoid(v): r"np\.trapezoid",
    lambda x, v: scipy.interpolate.interp1d([0, 1, 2], v): r"np\.interp",
    lambda x, v: scipy.signal.fftconvolve(v, v): r"np\.convolve",
    lambda x, v: scipy.fft.rfft(v): r"np\.fft\.rfft",
    lambda x, v: scipy.special.logsumexp(v): r"tg\.logsumexp",
    lambda x, v: scipy.special.polygamma(1, v): r"tg\.special\.polygamma",
    lambda x, v: scipy.stats.norm.logpdf(v): r"tg\.stats\.norm\.logpdf",
    lambda x, v: scipy.stats.gamma(v, 1).logpdf(2.0): r"tg\.stats\.gamma\.logpdf",
    lambda x, v: scipy.stats.poisson.logpmf(2, v): r"tg\.stats\.poisson\.logpmf",
    lambda x, v: scipy.stats.multivariate_normal.logpdf(v): r"tg\.stats\.multivariate_normal\.logpdf",
    lambda x, v: scipy.signal.lfilter([1.0], [1.0, 0.5], v): r"give it a rule by @tg\.primitive",
}


@pytest.mark.parametrize("function", INSTEAD, ids=INSTEAD.values())
def test_scipys_functions_of_plain_arrays_lead_to_what_takes_tensors(function):
    with pytest.raises(CoercionError, match=INSTEAD[function]):
        function(leaf(np.eye(3)), leaf(np.ones(3)))
