"""Linear algebra of complex matrices, and eigenvalues of general ones.

The oracles are numerical derivatives in real and imaginary parts, closed forms, and that phases are free.
"""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tests.ops.split import split
from tinygrad_edu import Tensor
from tinygrad_edu.check.domains.domain import Call


def numbers(*shape, seed=0):
    return generic(*shape, seed=seed) + 1j * generic(*shape, seed=seed + 100)


A, TALL, WIDE, STACK = numbers(3, 3), numbers(4, 3, seed=1), numbers(2, 3, seed=2), numbers(2, 3, 2, seed=3)
HERMITIAN = A + A.conj().T
POSITIVE = A @ A.conj().T + np.eye(3)
B, REAL = numbers(3, seed=4), generic(3, 3, seed=7)


def gradient(f, *arrays):
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    f(*tensors).backward()
    return [x.grad.data for x in tensors]


def close(a, b, rtol=1e-9):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def check(f, *arrays):
    """The derivatives of first and second order in all real and imaginary parts are numerical."""
    of_parts, call = split(f, Call(arrays, {}))
    assert tg.gradcheck(lambda *parts: of_parts(*parts), *call.args)


def turned(vectors, by):
    """Vectors with the phase of one element each, in ``by``, taken away."""
    return vectors * np.conj(by) / np.sqrt(np.real(by * np.conj(by)))


def H(a):
    return np.conj(np.swapaxes(a, -1, -2))


# ---- against numerical derivatives -------------------------------------------------------------------------

FUNCTIONS = {
    "inv": (np.linalg.inv, A),
    "det": (np.linalg.det, STACK[:, :2]),
    "slogdet": (lambda a: tuple(np.linalg.slogdet(a)), A),
    "solve": (np.linalg.solve, A, B),
    "solve real": (np.linalg.solve, REAL, B),
    "solve of real": (np.linalg.solve, STACK[:, :2], generic(2, 2)),
    "pinv tall": (np.linalg.pinv, TALL),
    "pinv wide": (np.linalg.pinv, WIDE),
    "pinv cut": (lambda a: np.linalg.pinv(a, rcond=0.6), TALL),
    "pinv hermitian": (lambda a: np.linalg.pinv(a, hermitian=True), HERMITIAN),
    "pinv hermitian cut": (lambda a: np.linalg.pinv(a, rcond=0.5, hermitian=True), HERMITIAN),
    "lstsq tall": (lambda a, b: np.linalg.lstsq(a, b)[:2], TALL, numbers(4, seed=6)),
    "lstsq wide": (lambda a, b: np.linalg.lstsq(a, b)[0], WIDE, numbers(2, 2, seed=6)),
    "lstsq cut": (lambda a, b: np.linalg.lstsq(a, b, 0.6)[0], TALL, numbers(4, seed=6)),
    "lstsq real": (lambda a, b: np.linalg.lstsq(a, b)[0], TALL.real.copy(), numbers(4, seed=6)),
    "cholesky": (lambda a: np.linalg.cholesky(a) @ A, POSITIVE),
    "cholesky upper": (lambda a: A @ np.linalg.cholesky(a, upper=True), POSITIVE),
    "eigvalsh": (lambda a: np.linalg.eigvalsh(a, "U"), HERMITIAN),
    "eigh": (lambda a: (lambda w, v: (w, turned(v, v[:1])))(*np.linalg.eigh(a)), HERMITIAN),
    "svdvals": (np.linalg.svdvals, STACK),
    "qr tall": (lambda a: tuple(np.linalg.qr(a)), TALL),
    "qr wide": (lambda a: tuple(np.linalg.qr(a)), WIDE),
    "qr r": (lambda a: np.linalg.qr(a, mode="r"), A),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, -2), A),
    "tensorinv": (lambda a: np.linalg.tensorinv(a, 1), numbers(4, 2, 2)),
    "tensorsolve": (np.linalg.tensorsolve, numbers(2, 2, 4), numbers(2, 2, seed=7)),
    "multi_dot": (lambda a, b: np.linalg.multi_dot([a, b, b]), WIDE, A),
    "kron": (np.kron, WIDE, numbers(2)),
    "cross": (np.cross, WIDE, B),
    "outer": (np.linalg.outer, numbers(2), B),
    "eigvals": (np.linalg.eigvals, STACK[:, :2]),
    # In parts, as NumPy 2.5 has complex numbers of real eigenvalues too, whose imaginary parts are all 0.
    "eigvals real": (lambda a: (lambda w: (np.real(w), np.sum(np.imag(w) ** 2)))(np.linalg.eigvals(a)), REAL),
    "eig": (lambda a: (lambda w, v: (w, turned(v, v[:1])))(*np.linalg.eig(a)), A),
    "eig real": (lambda a: (lambda w, v: (w, turned(v, v[:1])))(*np.linalg.eig(a)), REAL),
    "roots": (np.roots, numbers(4)),
    "roots real": (np.roots, generic(5)),
    "poly": (np.poly, B),
    "poly of a matrix": (np.poly, A),
    "polyfit": (lambda x, y: np.polyfit(x, y, 1), numbers(4), numbers(4, seed=8)),
}  # fmt: skip


@pytest.mark.parametrize("case", FUNCTIONS.values(), ids=FUNCTIONS)
def test_derivatives_are_numerical(case):
    check(*case)


@pytest.mark.parametrize("a", [A, TALL, WIDE, STACK], ids=["square", "tall", "wide", "stack"])
def test_svd(a):
    def parts(a):
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return turned(u, u[..., :1, :]), s, H(turned(H(vh), u[..., :1, :]))

    check(parts, a)


@pytest.mark.parametrize("order", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_norms_and_condition_numbers(order):
    check(lambda a: np.linalg.norm(a, order), TALL)
    check(lambda a: np.linalg.cond(a, order), A)


@pytest.mark.parametrize("order", [1, -1, 2, 3, 0.5, np.inf, -np.inf])
def test_norms_of_vectors(order):
    check(lambda a: np.linalg.norm(a, order, 0), WIDE)
    check(lambda a: np.linalg.vector_norm(a, axis=1, ord=order), WIDE)


def test_gradient_of_a_norm_is_the_direction_and_0_at_0():
    close(gradient(np.linalg.norm, B)[0], B / np.linalg.norm(B))
    close(gradient(lambda a: np.linalg.norm(a, 1), B)[0], B / abs(B))
    for p in (None, 1, 2, 3):
        assert not gradient(lambda a, p=p: np.linalg.norm(a, p), np.zeros(2, complex))[0].any()


# ---- one triangle is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_gradient_of_hermitian_matrices_stands_in_the_triangle_that_is_read(uplo):
    """Of Σ w² it is that of Σ |aᵢⱼ|², each element beside the diagonal read twice."""
    (g,) = gradient(lambda a: np.sum(np.linalg.eigvalsh(a, uplo) ** 2), HERMITIAN)
    read = np.tril if uplo == "L" else np.triu
    close(g, 4 * read(HERMITIAN) - 2 * np.diag(np.diag(HERMITIAN)))
    assert not np.diag(g).imag.any()


def test_what_is_not_read_changes_nothing():
    other = np.tril(HERMITIAN) + np.triu(numbers(3, 3, seed=9), 1) + 1j * np.eye(3)
    w = numbers(3, 3, seed=10)
    for f in (
        np.linalg.cholesky,
        lambda a: np.linalg.pinv(a, hermitian=True),
        lambda a: np.linalg.svd(a, hermitian=True).S,
    ):
        loss = lambda a, f=f: np.sum(np.real(w * f(a + 8 * np.eye(3))))
        close(gradient(loss, HERMITIAN)[0], gradient(loss, other)[0])


def test_a_factor_gives_the_matrix_back():
    loss = lambda a: np.sum(np.real(np.linalg.cholesky(a) @ H(np.linalg.cholesky(a)) * np.conj(A)))
    full = A + A.conj().T  # of what is read twice
    close(gradient(loss, POSITIVE)[0], np.tril(full) - np.diag(np.diag(full)) / 2)


# ---- phases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        lambda a: np.sum(np.real(np.linalg.eigh(a)[1])),
        lambda a: np.sum(np.real(np.linalg.eig(a)[1])),
        lambda a: np.sum(np.imag(np.linalg.svd(a)[0])),
        lambda a: np.sum(np.imag(np.linalg.svd(a)[2])),
    ],
    ids=["eigh", "eig", "u", "vh"],
)
def test_a_gradient_that_depends_on_a_phase_raises(loss):
    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        gradient(loss, HERMITIAN)


def test_phases_of_a_singular_value_of_0_are_not_shared():
    low = np.outer(B, B[:2])
    low = np.concatenate([low, low @ np.array([[1], [1j]])], axis=1)
    product = lambda a: (lambda u, s, vh: np.sum(np.real(u[:, -1:] * vh[-1])))(*np.linalg.svd(a))
    with pytest.raises(np.linalg.LinAlgError):
        gradient(product, low)


def test_phases_of_one_singular_value_of_0_are_not_shared_either():
    low = TALL[:3, :2] @ np.array([[1, 0, 2], [0, 1, 1j]])  # of rank 2
    product = lambda a: (lambda u, s, vh: np.sum(np.real(u[:, -1:] * vh[-1])))(*np.linalg.svd(a))
    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        gradient(product, low)


def test_a_small_gradient_that_depends_on_a_phase_raises_as_well():
    for f in (lambda a: np.linalg.eigh(a)[1], lambda a: np.linalg.svd(a)[0]):
        with pytest.raises(np.linalg.LinAlgError, match="phases"):
            gradient(lambda a, f=f: 1e-9 * np.sum(np.real(f(a))), HERMITIAN)


def test_the_rounding_of_a_large_gradient_is_no_phase():
    a, w = numbers(30, 30, seed=17), 1e9 * numbers(30, 30, seed=18)
    a = a + H(a)
    by_values = lambda a: (lambda w, v: (v * w**2) @ H(v))(*np.linalg.eigh(a))
    found, direct = (
        gradient(lambda a, f=f: np.sum(np.real(w * f(a))), a)[0] for f in (by_values, lambda a: a @ a)
    )
    full = direct + H(direct)
    close(found / 1e9, (np.tril(full) - np.diag(np.diag(full)) / 2) / 1e9)


def test_vectors_that_leave_the_space_of_a_wide_matrix_of_low_rank():
    low = np.outer(B[:2], B)
    for f in (lambda a: np.linalg.svd(a, full_matrices=False)[2], lambda a: np.linalg.svd(a.T, False)[0].T):
        with pytest.raises(np.linalg.LinAlgError, match="value 0"):
            gradient(lambda a, f=f: np.sum(np.real(f(a)[-1] * np.conj(f(a).detach()[-1] + B))), low)
        with pytest.raises(np.linalg.LinAlgError, match="value 0"):
            gradient(lambda a, f=f: np.sum(f(a)[-1] * generic(3)), np.outer([1.0, 2.0], [1.0, 3.0, 2.0]))


def test_singular_vectors_of_hermitian_matrices_give_the_matrix_back():
    (found,) = gradient(
        lambda a: (lambda u, s, vh: np.sum(np.real((u * s) @ vh * np.conj(A))))(
            *np.linalg.svd(a, hermitian=True)
        ),
        HERMITIAN,
    )
    full = A + H(A)
    close(found, np.tril(full) - np.diag(np.diag(full)) / 2)


def test_pseudo_inverses_of_hermitian_matrices_in_stacks():
    stack, w = np.stack([[HERMITIAN, A], [POSITIVE, B * A]]), numbers(2, 2, 3, 3, seed=16)
    pinv = lambda a: np.linalg.pinv(a, hermitian=True)
    (found,) = gradient(lambda a: np.sum(np.real(w * pinv(a))), stack)
    for i in np.ndindex(2, 2):
        close(found[i], gradient(lambda a, i=i: np.sum(np.real(w[i] * pinv(a))), stack[i])[0])


def test_products_in_which_phases_cancel():
    """V exp(w) V⁻¹ has the trace Σ exp(w); U Vᴴ is the unitary factor of A, and V Vᴴ is 1."""
    w = numbers(3, 3, seed=11)
    (g,) = gradient(
        lambda a: (lambda w, v: np.real(np.trace(v * np.exp(w) @ H(v))))(*np.linalg.eigh(a)), HERMITIAN
    )
    (h,) = gradient(lambda a: np.sum(np.exp(np.linalg.eigvalsh(a))), HERMITIAN)
    close(g, h)
    polar = lambda a: (lambda u, s, vh: u @ vh)(*np.linalg.svd(a))
    root = lambda a: (lambda w, v: a @ (v / np.sqrt(w)) @ H(v))(*np.linalg.eigh(H(a) @ a))
    close(*(gradient(lambda a, f=f: np.sum(np.real(w * f(a))), A)[0] for f in (polar, root)))
    (none,) = gradient(lambda a: (lambda v: np.sum(np.real(v @ H(v) * w)))(np.linalg.eigh(a)[1]), HERMITIAN)
    close(none, 0)
    (none,) = gradient(lambda a: (lambda v: np.sum(np.real(v * np.conj(v))))(np.linalg.eig(a)[1]), A)
    close(none, 0)


def test_rounding_is_no_phase():
    """Of a loss that is 0, and of one whose gradient is nothing but rounding."""
    one = lambda a: (lambda v: v @ H(v) - np.eye(3))(np.linalg.eigh(a)[1])
    (g,) = gradient(lambda a: np.sum(np.real(one(a) * np.conj(one(a)))), HERMITIAN)
    close(g, 0)
    assert not gradient(lambda a: 0 * np.sum(np.real(np.linalg.svd(a)[0])), A)[0].any()
    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        gradient(lambda a: 1e-6 * np.sum(np.real(np.linalg.svd(a)[0])), A)


def test_phases_in_single_precision():
    single = HERMITIAN.astype(np.complex64)
    w = numbers(3, 3, seed=11).astype(np.complex64)
    spectral = lambda a: (lambda w, v: (v * np.exp(w / 4)) @ H(v))(*np.linalg.eigh(a))
    loss = lambda a: np.sum(np.real(w * spectral(a)))
    (g,) = gradient(loss, single)
    assert g.dtype == np.complex64
    close(g, gradient(loss, HERMITIAN)[0], 1e-4)
    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        gradient(lambda a: np.sum(np.real(np.linalg.eigh(a)[1])), single)


@pytest.mark.parametrize("decompose", [np.linalg.eigh, np.linalg.eig], ids=["eigh", "eig"])
def test_tangents_of_what_does_not_depend_on_phases(decompose):
    f = lambda a: (lambda w, v: (v * np.exp(w / 4)) @ np.linalg.inv(v))(*decompose(a))
    v, h = A + H(A) @ HERMITIAN, 1e-5
    v = v + H(v)
    expected = (f(HERMITIAN + h * v) - f(HERMITIAN - h * v)) / (2 * h)
    close(tg.jvp(f, (HERMITIAN,), (v,))[1], expected, 1e-6)


# ---- eigenvalues -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "a", [A, REAL, numbers(2, 4, 4), np.diag([2.0, 2.0, 1.0])], ids=["complex", "real", "stack", "equal"]
)
@pytest.mark.parametrize("n", [1, 3])
def test_sums_of_eigenvalues_and_of_their_powers(a, n):
    """Σ wⁿ is the trace of Aⁿ."""
    powers = lambda w: np.sum(np.real(w**n))
    expected = gradient(lambda a: np.sum(np.real(np.linalg.trace(np.linalg.matrix_power(a, n)))), a)[0]
    for values in (np.linalg.eigvals, lambda a: np.linalg.eig(a)[0]):
        (g,) = gradient(lambda a, f=values: powers(f(a)), a)
        assert g.dtype == a.dtype
        close(g, expected)


def test_a_real_matrix_with_complex_eigenvalues_has_a_real_gradient():
    """[[a, -b], [b, a]] has a ± ib."""
    (g,) = gradient(
        lambda a: np.sum(np.imag(np.linalg.eigvals(a)) * [1, 0]), np.array([[1.0, -2.0], [2.0, 1.0]])
    )
    assert g.dtype == np.float64
    close(g, [[0, -0.5], [0.5, 0]])


JORDAN = np.array([[1.0, 1.0], [0.0, 1.0]])
Q = generic(3, 3, seed=12)
HIDDEN = Q @ np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]]) @ np.linalg.inv(Q)


@pytest.mark.parametrize("a", [JORDAN, HIDDEN, JORDAN + 0j, np.eye(2, k=1)], ids=range(4))
def test_defective_matrices(a):
    """Eigenvalues have no derivative; even where w² has none in w, Σ w² has one in A.  The characteristic
    polynomial has one everywhere.
    """
    for values in (np.linalg.eigvals, lambda a: np.linalg.eig(a)[0]):
        with pytest.raises(np.linalg.LinAlgError):
            gradient(lambda a, f=values: np.sum(np.real(f(a) ** 2)), a)
    w = generic(len(a) + 1, seed=13)
    assert tg.gradcheck(lambda a: np.sum(np.real(w * np.poly(a))), a.real.copy())


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6])
def test_eigenvalues_and_roots_that_are_near_each_other(gap):
    """Of [[1, 1], [0, 1 + gap]] the first one moves by the outer product of (1, -1 / gap) and (1, 0); of the
    polynomial whose roots are 1 and 1 + gap it moves by (1, 1, 1) / gap.
    """
    first = lambda w: np.sum(np.real(w) * (np.real(w.detach()) < 1 + gap / 2))
    a = np.array([[1.0, 1.0], [0.0, 1 + gap]])
    for values in (np.linalg.eigvals, lambda a: np.linalg.eig(a)[0]):
        (g,) = gradient(lambda a, f=values: first(f(a)), a)
        np.testing.assert_allclose(g, [[1, 0], [-1 / gap, 0]], rtol=1e-4, atol=1e-3)
    if gap > 1e-5:
        (g,) = gradient(lambda p: first(np.roots(p)), np.array([1.0, -2 - gap, 1 + gap]))
        np.testing.assert_allclose(g, np.ones(3) / gap, rtol=1e-5 / gap)


def test_equal_eigenvalues_of_different_vectors():
    a = np.diag([2.0, 2.0, 1.0])
    (g,) = gradient(lambda a: np.sum(np.real(np.linalg.eigvals(a)) ** 2), a)
    close(g, 2 * a)
    with pytest.raises(np.linalg.LinAlgError, match="equal values"):
        gradient(lambda a: np.sum(np.real(np.linalg.eig(a)[1] * generic(3, 3))), a)


# ---- polynomials -------------------------------------------------------------------------------------------


def test_roots_move_by_the_implicit_function_theorem():
    """Of x² - 3x + 2 they are 2 and 1; the first moves by -(x², x, 1) / (2x - 3)."""
    for front in ([], [0.0], [0.0, 0.0]):
        p = np.array([*front, 1.0, -3.0, 2.0])
        (g,) = gradient(lambda p: np.sum(np.roots(p) * [1, 0]), p)
        close(g, -(2.0 ** np.arange(len(p) - 1, -1, -1)))
    (g,) = gradient(lambda p: np.sum(np.roots(p) * [0, 1]), np.array([1.0, -2.0, 0.0]))
    close(g, [0, 0, 0.5])


def test_roots_and_polynomials_undo_each_other():
    p = np.array([1.0, *numbers(3, seed=14)])
    w = numbers(4, seed=15)
    (g,) = gradient(lambda p: np.sum(np.real(np.conj(w) * np.poly(np.roots(p)))), p)
    close(g[1:], w[1:])  # the leading coefficient of np.poly is 1


def test_all_that_polyfit_returns():
    x, y = generic(6), generic(6, 2, seed=1)
    ours = np.polyfit(Tensor(x), Tensor(y, requires_grad=True), 2, full=True)
    for a, b in zip(ours, np.polyfit(x, y, 2, full=True), strict=True):
        close(getattr(a, "data", a), b)
    (g,) = gradient(lambda y: np.sum(np.polyfit(x, y, 2, full=True)[1]), y)
    close(g, 2 * (y - np.vander(x, 3) @ np.polyfit(x, y, 2)))  # of the sum of squared residuals
    (g,) = gradient(lambda y: np.sum(np.polyfit(x, y, 2, cov=True)[1]), y)
    spread = np.sum(np.polyfit(x, y, 2, cov="unscaled")[1][..., 0])
    close(g, 2 * spread / 3 * (y - np.vander(x, 3) @ np.polyfit(x, y, 2)))


def test_multiple_roots_raise():
    for p in ([1.0, -2.0, 1.0], [1.0, -3.0, 3.0, -1.0], [1.0, 0.0, 0.0]):
        with pytest.raises(np.linalg.LinAlgError, match="Multiple roots"):
            gradient(lambda p: np.sum(np.real(np.roots(p) ** 2)), np.array(p))


def test_polynomials_of_pairs_are_real():
    zeros = np.array([1 + 2j, 1 - 2j, 3.0])
    out = np.poly(Tensor(zeros, requires_grad=True))
    assert out.dtype == np.poly(zeros).dtype == np.float64
    close(out.data, np.poly(zeros))
    (g,) = gradient(lambda z: np.sum(np.poly(z) * [0, 1, 0, 0]), zeros)
    close(g, -np.ones(3))
