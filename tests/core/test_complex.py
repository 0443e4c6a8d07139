"""Complex numbers in the engine: gradients are ∂L/∂re + i ∂L/∂im, at every door by which they come in or go
out.
"""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors

RNG = np.random.default_rng(0)
Z = RNG.normal(size=3) + 1j * RNG.normal(size=3)
W = RNG.normal(size=3) + 1j * RNG.normal(size=3)


def leaf(values=Z, dtype=None):
    return tg.Tensor(values, requires_grad=True, dtype=dtype)


def close(x, expected, rtol=1e-12):
    np.testing.assert_allclose(getattr(x, "data", x), expected, rtol=rtol, atol=1e-14)


# ---- the convention ----------------------------------------------------------------------------------------


def test_a_step_against_the_gradient_descends():
    x, target = leaf(), np.array([1 + 2j, -1j, 3.0])
    for _ in range(60):
        x.grad = None
        np.sum(np.real((x - target) * np.conj(x - target))).backward()
        with tg.no_grad():
            x -= 0.25 * x.grad
    close(x, target, 1e-9)


def test_the_gradient_of_a_real_loss_is_that_of_its_real_and_imaginary_parts():
    x, (re, im) = leaf(), (leaf(Z.real), leaf(Z.imag))

    def loss(z):
        return np.sum(np.real(np.exp(z) * np.conj(z) ** 2) + np.imag(z * z[::-1]) ** 2)

    loss(x).backward()
    loss(re + 1j * im).backward()
    assert re.grad.dtype == np.float64
    close(x.grad, re.grad.data + 1j * im.grad.data)


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (np.exp, np.exp),
        (np.sin, np.cos),
        (lambda z: z**3, lambda z: 3 * z**2),
        (lambda z: 1 / z, lambda z: -1 / z**2),
    ],
    ids=["exp", "sin", "cube", "reciprocal"],
)
def test_the_gradient_of_a_holomorphic_function_is_the_conjugate_of_its_derivative_times_the_cotangent(
    f, derivative
):
    x = leaf()
    f(x).backward(W)
    close(x.grad, W * np.conj(derivative(Z)))


def test_the_second_order_is_that_of_the_real_and_imaginary_parts():
    x, (re, im) = leaf(), (leaf(Z.real), leaf(Z.imag))

    def second(z, *leaves):
        np.sum(np.real(np.exp(z) * np.conj(z))).backward(create_graph=True)
        gradients = [leaf.grad for leaf in leaves]
        for one in leaves:
            one.grad = None
        return gradients

    (by_z,) = second(x, x)
    np.sum(np.real(by_z) * W.real + np.imag(by_z) * W.imag).backward()
    by_re, by_im = second(re + 1j * im, re, im)
    (np.sum(by_re * W.real) + np.sum(by_im * W.imag)).backward()
    close(x.grad, re.grad.data + 1j * im.grad.data)


def test_gradients_accumulate_and_keep_their_dtype():
    x = leaf(Z.astype(np.complex64))
    for _ in range(2):
        np.sum(np.real(x * x)).backward()
    assert x.grad.dtype == np.complex64
    close(x.grad, 4 * np.conj(x.data), 1e-6)


def test_a_real_argument_of_a_complex_function_gets_a_real_gradient():
    x = leaf(Z.real.astype(np.float32))
    y = x * np.complex64(2j)
    assert y.dtype == np.complex64
    y.backward(np.array([1j, 1, 2j], np.complex64))
    assert x.grad.dtype == np.float32
    close(x.grad, [2, 0, 4])


def test_a_real_argument_that_broadcasts_against_a_complex_one():
    x, z = leaf(np.array(2.0)), leaf()
    (x * z).backward(W)
    close(x.grad, np.sum(np.real(W * np.conj(Z))))
    close(z.grad, 2 * W)


# ---- what comes in -----------------------------------------------------------------------------------------


def test_a_complex_scalar_needs_a_gradient():
    y = np.sum(leaf())
    with pytest.raises(errors.GraphError, match=r"complex tensor needs a gradient.*np\.abs\(z\)\*\*2"):
        y.backward()
    with pytest.raises(errors.GraphError, match=r"grad: f returned a tensor of complex128"):
        tg.grad(np.sum)(Z)


def test_a_real_output_refuses_a_complex_gradient_and_a_complex_one_takes_a_real_one():
    with pytest.raises(errors.DTypeError, match="imaginary part would be lost in float64"):
        np.real(leaf()).backward(W)
    with pytest.raises(errors.DTypeError, match="vjp: the cotangent: it is complex128"):
        tg.vjp(np.real, Z)[1](W)
    with pytest.raises(errors.DTypeError, match="jvp: tangents: it is complex128"):
        tg.jvp(np.exp, (Z.real,), (W,))
    x = leaf()
    (2j * x).backward(np.ones(3))
    close(x.grad, -2j * np.ones(3))


def test_a_gradient_that_is_a_python_complex():
    @tg.primitive(x=lambda g, x: complex(g * x))
    def half_square(x):
        return x * x / 2

    x = leaf(1 + 2j)
    half_square(x).backward(1j)
    close(x.grad, 1j * (1 - 2j))


def test_only_a_rule_among_real_numbers_may_not_be_complex():
    @tg.primitive(x=lambda g, x: g * 1j)
    def wrong(x):
        return 2 * x

    with pytest.raises(errors.WrongRule, match="dtype complex128; expected an array of float64"):
        wrong(leaf(1.0)).backward()
    rotated = tg.primitive(x=lambda g: g * 1j)(lambda x: x * 1j)
    x = leaf(1.0)
    np.imag(rotated(x)).backward()
    close(x.grad, 1.0)


# ---- what goes out -----------------------------------------------------------------------------------------


def test_hooks_and_retained_gradients_see_the_gradient_as_it_is_outside():
    x, seen = leaf(), []
    y = x * x
    y.retain_grad()
    y.register_hook(seen.append)
    x.register_hook(seen.append)
    y.register_hook(lambda g: g * 1j)
    y.backward(W)
    close(seen[0], W)
    close(y.grad, 1j * W)
    close(seen[1], x.grad.data)
    close(x.grad, 1j * W * np.conj(2 * Z))


def test_a_hook_on_a_real_tensor_returns_no_complex_one():
    x = leaf(Z.real)
    x.register_hook(lambda g: g * 1j)
    with pytest.raises(errors.DTypeError, match="hook on a real tensor"):
        np.sum(x).backward()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("watched", [False, True])
def test_hooks_with_several_outputs_under_debug_and_with_a_graph(create_graph, watched):
    x, seen = leaf(np.concatenate([Z, W])), []
    with tg.debug(watched):
        a, b = np.split(x, 2)
        a.register_hook(seen.append)
        x.register_hook(lambda g: 2 * g)
        np.sum(np.real(a * np.conj(b)) + np.imag(a)).backward(create_graph=create_graph)
    close(seen[0].detach(), W + 1j)
    close(x.grad.detach(), 2 * np.concatenate([W + 1j, Z]))


def test_the_debug_mode_sees_complex_nan():
    with tg.debug(), np.errstate(all="ignore"), pytest.raises(errors.NonFiniteError, match="divide"):
        leaf([1j]) / np.array([0j])


# ---- transforms --------------------------------------------------------------------------------------------


def test_transforms_agree():
    def f(z):
        return np.sum(np.real(np.exp(z) * np.conj(z * z)))

    gradient = tg.grad(f)(Z)
    x = leaf()
    f(x).backward()
    close(gradient, x.grad.data)
    (pulled,) = tg.vjp(f, Z)[1](1.0)
    close(pulled, gradient)
    value, tangent = tg.jvp(f, (Z,), (W,))
    close(value, f(Z))
    close(tangent, np.sum(np.real(np.conj(gradient) * W)))  # dL = Re(conj(gradient) · dz)
    h = 1e-6
    numerical = (tg.grad(f)(Z + h * W) - tg.grad(f)(Z - h * W)) / (2 * h)
    close(tg.hvp(f, (Z,), (W,))[0], numerical, 1e-7)
    close(tg.jvp(tg.grad(f), (Z,), (W,))[1], numerical, 1e-7)


def test_jvp_is_the_change_along_a_direction():
    def f(z):
        return z * np.conj(z) * np.exp(z)

    change = W * np.conj(Z) * np.exp(Z) + Z * np.conj(W) * np.exp(Z) + Z * np.conj(Z) * np.exp(Z) * W
    close(tg.jvp(f, (Z,), (W,))[1], change)


def test_the_jacobian_of_a_holomorphic_function_is_its_derivative():
    close(tg.jacobian(np.exp)(Z), np.diag(np.exp(Z)))
    close(tg.jacobian(tg.jacobian(lambda z: z**3))(2j), 12j)
    matrix = RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3))
    close(tg.jacobian(lambda z: matrix @ z)(Z), matrix)
    close(tg.jacobian(lambda z: matrix @ z)(leaf()).detach(), matrix)
    assert tg.jacobian(np.exp)(np.complex64(1j)).dtype == np.complex64


def test_the_jacobian_of_complex_values_in_real_numbers_is_their_derivative():
    x = Z.real
    close(tg.jacobian(lambda x: np.exp(1j * x))(x), np.diag(1j * np.exp(1j * x)))
    by_x, by_z = tg.jacobian(lambda x, z: x * z, argnums=(0, 1))(x, Z)
    close(by_x, np.diag(Z))
    close(by_z, np.diag(x))


@pytest.mark.parametrize("f", [np.conj, np.real, np.imag, np.angle, lambda z: z * np.conj(z)])
def test_the_jacobian_of_another_function_refuses_and_says_how_to_split(f):
    with pytest.raises(errors.GraphError, match=r"not holomorphic.*\n.*lambda re, im: f\(re \+ 1j \* im\)"):
        tg.jacobian(f)(Z)


def test_the_split_that_the_refusal_names_works():
    def f(re, im):
        w = np.conj(re + 1j * im)
        return np.stack([np.real(w), np.imag(w)])

    by_re, by_im = tg.jacobian(f, argnums=(0, 1))(1.0, 2.0)
    close(by_re, [1, 0])
    close(by_im, [0, -1])


def test_a_hessian_in_complex_numbers_refuses():
    with pytest.raises(errors.GraphError, match=r"hessian: an argument is complex.*\n.*lambda re, im"):
        tg.hessian(lambda z: np.sum(np.real(z * np.conj(z))))(Z)


def test_nested_transforms_agree_in_every_order():
    def f(a, z):
        return np.real(np.exp(a * z) * np.conj(z))

    def mixed(a, z):  # d/da of the gradient in z
        return np.conj(np.exp(a * z) * (1 + a * z) * np.conj(z)) + (z * np.exp(a * z))

    one, z = 0.5, 1 - 2j
    expected = mixed(one, z)
    close(tg.jvp(lambda a: tg.grad(f, 1)(a, z), (one,), (1.0,))[1], expected)
    by_a = tg.grad(f)
    close(tg.grad(lambda z: by_a(one, z))(z), expected)
    close(tg.vjp(lambda z: by_a(one, z), z)[1](1.0)[0], expected)
    close(tg.jacobian(lambda a: tg.grad(f, 1)(a, z))(one), expected)


# ---- the class ---------------------------------------------------------------------------------------------


def test_parts_and_conversions():
    x = leaf()
    for ours, numpys in ((x.real, Z.real), (x.imag, Z.imag), (x.conj(), Z.conj()), (abs(x), abs(Z))):
        assert ours.dtype == numpys.dtype
        close(ours.detach(), numpys, 1e-15)
    with pytest.raises(errors.CoercionError):
        complex(x[0])
    assert complex(x[0].detach()) == Z[0] == x[0].item()
    with pytest.raises(TypeError):
        float(x[0].detach())
    assert str(tg.Tensor([1j])) == "Tensor([0.+1.j], dtype=complex128)"
    real = leaf(Z.real)
    assert real.real is real
    assert not real.imag.data.any()


def test_an_imaginary_part_is_never_dropped():
    x = leaf()
    for convert in (
        lambda: x.astype(float), lambda: x.detach().astype(float, copy=False), lambda: np.astype(x, np.int64),
        lambda: tg.Tensor(Z, dtype=np.float32), lambda: np.astype(x, "f4"),
    ):  # fmt: skip
        with pytest.raises(errors.DTypeError, match="imaginary part would be lost"):
            convert()
    for value in (x[0], Z[0], Z[0:1]):
        out = tg.Tensor(np.zeros(3))
        with pytest.raises((errors.DTypeError, TypeError)):
            out[0:1] = value
        with tg.no_grad(), pytest.raises((errors.DTypeError, TypeError)):
            out[0:1] = value
        assert not out.data.any()


def test_real_and_complex_values_are_converted_into_each_other_with_their_gradients():
    x = leaf(Z.real)
    x.astype(complex).backward(W)
    close(x.grad, W.real)
    out = tg.Tensor(np.zeros(3, complex))
    y = leaf(Z.real)
    out[:] = y
    out.backward(W)
    assert y.grad.dtype == np.float64
    close(y.grad, W.real)


def test_copies():
    x = leaf()
    x.grad = tg.Tensor(W)
    again = copy.deepcopy(x)
    close(again.grad, W)
    with pytest.raises(errors.ShapeError):
        x.grad = tg.Tensor(W.real)


# ---- functions that are run again, and roots ---------------------------------------------------------------


def test_remat_gives_the_same_gradients():
    def f(z, x):
        return np.exp(z * x) * np.conj(z), x * np.abs(z)

    for create_graph in (False, True):
        found = []
        for function in (f, tg.remat(f)):
            z, x = leaf(), leaf(Z.real)
            a, b = function(z * z, x)
            (np.sum(np.real(a * W)) + np.sum(b)).backward(create_graph=create_graph)
            found.append((z.grad.detach().data, x.grad.detach().data))
        for ours, plain in zip(*found):
            close(ours, plain)


def test_remat_of_a_complex_output_takes_a_gradient_from_outside():
    for function in (np.exp, tg.remat(lambda z: np.exp(z))):
        z = leaf()
        function(z).backward(W)
        close(z.grad, W * np.conj(np.exp(Z)))


def test_the_gradient_of_a_root_of_complex_numbers():
    square_root = tg.implicit_root(lambda x, a: x * x - a)
    x = square_root(1 + 0.5j, 3 + 4j)
    close(x, 2 + 1j)
    close(tg.vjp(square_root, 1 + 0.5j, 3 + 4j)[1](1j)[1], 1j * np.conj(1 / (2 * (2 + 1j))))
    size = tg.implicit_root(lambda x, a: x * x - np.abs(a) ** 2)
    close(size(1.0, 3 + 4j), 5.0)
    close(tg.grad(size, 1)(1.0, 3 + 4j), (3 + 4j) / 5)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("p", [2, 0.5, -1, *[2.0] * (np.__version__[:4] != "2.1."), -1.0, 3, 1.5, 0])
def test_powers_have_the_bits_of_numpys_operator(p, dtype):
    z = Z.astype(dtype)
    power = leaf(z) ** p
    assert power.dtype == dtype
    assert power.data.tobytes() == (z**p).tobytes()


def test_parts_can_be_assigned_to():
    x, part = leaf(), leaf(np.array([1.0, 2.0, 3.0]))
    y = x * 1
    y.imag = part
    close(y.detach(), Z.real + 1j * part.data)
    y.real = 2 * part
    y.backward(W)
    close(part.grad, W.imag + 2 * W.real)
    close(x.grad, 0 * Z)
    with pytest.raises(TypeError):
        (part * 1).imag = part
