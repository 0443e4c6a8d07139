"""gradcheck of complex inputs and outputs: real and imaginary parts are moved one by one."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.check.numerical import numerical_jvp, numerical_vjp
from tinygrad_edu.errors import GradcheckError

Z = np.array([0.5 + 0.25j, -1.25 + 0.75j, 2.0 - 1.5j])
M = np.array([[1 + 2j, 0.5 - 1j, 2.0], [0.25j, -1.5, 1 - 1j]])

RIGHT = {
    "holomorphic": (lambda z: np.exp(z) * z**2, (Z,)),
    "conjugate": (lambda z: np.conj(z) * z, (Z,)),
    "real values": (lambda z: np.abs(z), (Z,)),
    "real argument": (lambda x, z: x * z, (Z.real, Z)),
    "several outputs": (lambda z: (np.real(z * z), np.imag(z) * z), (Z,)),
    "matrix": (lambda m, z: m @ z, (M, Z)),
    "number": (lambda z: np.exp(z), (0.5 + 1j,)),
    "container": (lambda p: p["w"] * p["b"], ({"w": Z, "b": 1.5},)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name):
    f, inputs = RIGHT[name]
    report = tg.gradcheck(f, *inputs)
    assert report.largest_error < 1e-6
    assert report.notes == ()


def test_both_parts_are_counted():
    assert tg.gradcheck(np.exp, Z).elements == 6


def test_single_precision_is_checked_in_double():
    assert tg.gradcheck(lambda z: z * np.conj(z) * z, Z.astype(np.complex64)).largest_error < 1e-6

    @tg.primitive(
        z=lambda g, z: (g * (2 * z)).astype(np.complex64) * (1 if z.dtype == np.complex128 else 1.5)
    )
    def wrong_in_single(z):
        return z * z

    with pytest.raises(GradcheckError, match="in complex64 the gradient is"):
        tg.gradcheck(wrong_in_single, Z.astype(np.complex64), second_order=False)


def rule(rule):
    """The map z ↦ A z², A complex, with a rule that may be wrong."""
    return tg.primitive(z=rule)(lambda z: (2 - 1j) * z * z)


def conj(x):
    return np.conjugate(x)


WRONG = {
    "conjugate result": (lambda g, z: conj(g * (2 - 1j) * 2 * z), "it is the conjugate of what it should be"),
    "conjugate factor": (lambda g, z: g * conj((2 - 1j) * 2 * z), "f′ stands in the rule as its conjugate"),
    "conjugate g": (lambda g, z: conj(g) * (2 - 1j) * 2 * z, "g stands in the rule as its conjugate"),
    "factor": (lambda g, z: g * (2 - 1j) * z, "A factor 2 is missing"),
    "sign": (lambda g, z: -g * (2 - 1j) * 2 * z, "the sign is wrong"),
    "zero": (lambda g, z: 0 * g, "the gradient is zero"),
    "real part alone": (lambda g, z: np.real(g * (2 - 1j) * 2 * z), "gradient is"),
    "one conjugate missing": (lambda g, z: g * (2 - 1j) * 2 * conj(z), "gradient is"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_found_and_named(name):
    wrong, diagnosis = WRONG[name]
    with pytest.raises(GradcheckError, match=diagnosis):
        tg.gradcheck(rule(wrong), Z)
    tg.gradcheck(rule(lambda g, z: g * (2 - 1j) * 2 * z), Z)


def test_the_part_that_is_wrong_is_named():
    with pytest.raises(
        GradcheckError, match=r"input 0 \(shape \(3,\), complex128\), imaginary part of element"
    ):
        tg.gradcheck(rule(lambda g, z: np.real(g * (2 - 1j) * 2 * z)), Z)


def test_a_wrong_second_order_is_found():
    def hides(g, z):
        z = z.detach().data if isinstance(z, tg.Tensor) else z
        return g * (2 - 1j) * 2 * z

    with pytest.raises(GradcheckError, match="second order"):
        tg.gradcheck(rule(hides), Z)


def test_numerical_derivatives_of_complex_functions():
    (gradient,), (error,) = numerical_vjp(lambda z: z * z, [Z], 1j * Z)
    np.testing.assert_allclose(gradient, 1j * Z * np.conj(2 * Z), atol=1e-8)
    assert gradient.shape == error.shape == Z.shape
    (tangent,), _ = numerical_jvp(np.conj, [Z], [1j * Z])
    np.testing.assert_allclose(tangent, np.conj(1j * Z), atol=1e-8)


def test_kinks_are_refused():
    with pytest.raises(GradcheckError, match="not differentiable here"):
        tg.gradcheck(np.abs, np.array([1 + 1j, 0j]))
