"""Eigenvalues and roots at every scale: what is taken for rounding, for defective and for multiple."""

import numpy as np
import pytest

from tests.helpers import generic
from tests.ops.test_complex_linalg import HIDDEN, close, gradient

SCALES = [1e-100, 1.0, 1e100]


@pytest.mark.parametrize("scale", SCALES)
def test_a_matrix_is_as_defective_as_a_multiple_of_it(scale):
    """Of [[1, 1], [0, 1 + gap]] the first value moves by [[1, 0], [-1 / gap, 0]], at any scale."""
    gap, first = 1e-5, lambda w: np.sum(np.real(w) * (np.real(w.detach()) < scale * (1 + gap / 2)))
    for values in (np.linalg.eigvals, lambda a: np.linalg.eig(a)[0]):
        (g,) = gradient(lambda a, f=values: first(f(a)), scale * np.array([[1.0, 1.0], [0.0, 1 + gap]]))
        np.testing.assert_allclose(g, [[1, 0], [-1 / gap, 0]], rtol=1e-4, atol=1e-3)
        for hidden in (scale * HIDDEN, scale * 1j * HIDDEN):
            try:
                np.linalg.eig(hidden)
            except np.linalg.LinAlgError as error:  # the wheels of NumPy 2.1 fail at some scales
                why = str(error)
            else:
                why = "defective"
            with pytest.raises(np.linalg.LinAlgError, match=why):
                gradient(lambda a, f=values: np.sum(np.real(f(a) ** 2)), hidden)


def test_equal_values_beside_some_that_are_nearly_defective():
    """Values that are equal, those of diag(2, 2), are no reason to refuse others, which are apart."""
    a, q = np.diag([2.0, 2.0, 1.0, 1.00001]), np.linalg.qr(generic(4, 4))[0]
    a[2, 3] = 1
    a = np.stack([a, q @ a @ q.T])
    (g,) = gradient(lambda a: np.sum(np.real(np.linalg.eigvals(a)) ** 2), a)
    np.testing.assert_allclose(g, 2 * np.swapaxes(a, 1, 2), rtol=1e-4, atol=1e-4)


def test_equal_values_keep_the_vectors_of_their_places():
    for a in (np.diag([2.0, 2.0, 1.0]), np.zeros((3, 3))):
        for values in (np.linalg.eigvals, lambda a: np.linalg.eig(a)[0]):
            for w in np.eye(3):
                (g,) = gradient(lambda a, f=values, w=w: np.sum(np.real(f(a)) * w), a)
                close(g, np.diag(w))


@pytest.mark.parametrize("scale", SCALES)
def test_values_of_large_matrices_in_a_stack_find_their_vectors(scale):
    """Re Σ w̄ᵢ dwᵢ, in which no order is left: np.linalg.eigvals has another than np.linalg.eig."""
    a = scale * generic(6, 200, 200)  # in some of which, by what processor there is, the orders differ
    w, (values, v) = np.linalg.eigvals(a), np.linalg.eig(a)
    assert not np.allclose(w / scale, values / scale)
    (g,) = gradient(lambda a: np.sum(np.real(np.linalg.eigvals(a) * np.conj(w / scale))), a)
    left = np.swapaxes(np.linalg.inv(v), -2, -1) * np.conj(values / scale)[:, None]
    close(g, np.real(left @ np.swapaxes(v, -2, -1)))


def test_the_real_vector_of_a_real_value_has_no_phase():
    """Among complex vectors of a real matrix those of real values are real, and stay so."""
    a = np.array([[1.0, -2.0, 0.5], [2.0, 1.0, 0.25], [0.0, 0.0, 3.0]])
    v = np.linalg.eig(a)[1]
    (place,) = np.flatnonzero(np.all(v.imag == 0, axis=0))
    (g,) = gradient(lambda a: np.sum(np.imag(np.linalg.eig(a)[1][:, place])), a)
    assert not g.any()
    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        gradient(lambda a: np.sum(np.imag(np.linalg.eig(a)[1][:, place - 1])), a)


def test_a_complex_vector_of_a_real_value_has_a_phase():
    a = np.array([[1.0, 1j], [0.0, 2.0]])
    assert not np.linalg.eig(a)[0].imag.any()
    with pytest.raises(np.linalg.LinAlgError, match="phases"):
        gradient(lambda a: np.sum(np.imag(np.linalg.eig(a)[1][:, 0])), a)


@pytest.mark.parametrize("scale", [1e-20, 1.0, -1.0, 1e20])
@pytest.mark.parametrize("root", [1 / 3, -1 / 3, 1e6 / 3, 1e-6 / 3])
def test_multiple_roots_at_every_scale(scale, root):
    double, single = np.array([1.0, -2 * root, root**2]), np.array([1.0, -3 * root, 2 * root**2])
    with pytest.raises(np.linalg.LinAlgError, match="Multiple roots"):
        gradient(lambda p: np.sum(np.real(np.roots(p))), scale * double)
    larger = lambda r: np.sum(np.real(r) * (np.absolute(r.detach()) > 1.5 * abs(root)))
    (g,) = gradient(lambda p: larger(np.roots(p)), scale * single)  # -r² / p'(r), …, of the root 2 r
    np.testing.assert_allclose(g, -((2 * root) ** np.array([2, 1, 0])) / (scale * root), rtol=1e-12)
