"""Points and settings that drawn calls seldom or never meet: each was found by a wrong rule that lived."""

import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf

NaN, INF = np.nan, np.inf


def gradients(function, *values):
    """The gradients of the sum of a function's result in arguments of these values."""
    tensors = [tg.Tensor(np.asarray(v, float), requires_grad=True) for v in values]
    np.sum(function(*tensors)).backward()
    return [t.grad.data.tolist() for t in tensors]


NEARLY_ZERO = np.eye(64, 2) * [1, 8 * np.finfo(float).eps]  # of whose singular values the second counts as 0

# fmt: off
ROWS = {
    "hypot of zeros":              (np.hypot, [[0, 3], [0, 4]], [[0, .6], [0, .8]]),
    "copysign of zero":            (np.copysign, [[0, -2], [1, 1]], [[0, -1], [0, 0]]),
    "a product with NaN":          (np.prod, [[NaN, 2, 3]], [[6, NaN, NaN]]),
    "places of a split that fall": (lambda x: np.concatenate(np.split(x, [3, 1], axis=-1), -1), [[[1, 2, 3, 4]] * 2], [[[1, 2, 2, 1]] * 2]),
    "a key that is a tensor":      (lambda x: x[tg.Tensor(np.array([1, 1]))], [[5, 7]], [[0, 2]]),
    "a sum over letters, implicit": (lambda a, b: np.einsum("...i,...i", a, b) * [1, 10], [[[1, 2], [3, 4]], [5, 6]], [[[5, 6], [50, 60]], [31, 42]]),
    "rank by NumPy's limit":       (lambda b: np.linalg.lstsq(NEARLY_ZERO, b)[0], [np.ones(64)], [[1, *[0] * 63]]),
    "condition of a tall matrix":  (np.linalg.cond, [[[4, 0], [0, 2], [0, 0]]], [[[.5, 0], [0, -1], [0, 0]]]),
    "values of skew vectors":      (lambda a: np.sum(np.real(np.linalg.eigvals(a)) * [0, 1]), [[[1, 1e6], [0, 2]]], [[[0, 0], [1e6, 1]]]),
    "linspace of two, its step":   (lambda a, b: np.linspace(a, b, 2, retstep=True)[1], [1, 3], [-1, 1]),
    "slopes along the first axis": (lambda x: np.gradient(x, axis=0)[1], [np.arange(12).reshape(4, 3)], [np.outer([-.5, 0, .5, 0], [1, 1, 1])]),
    "a frame of unknown numbers":  (lambda x: np.pad(x, 1, "empty")[1:-1, 1:-1] * [1, 2], [[[3, 4]]], [[[1, 2]]]),
    "a frame of tensors":          (lambda x, c: np.pad(x, 1, constant_values=[(c, 0)]) * [1, 2, 4], [[5], 3], [[2], 1]),
    "interp, to both sides":       (lambda y, a, b: np.interp([-1, 0, 1, 3], [0, 2], y, a, b) * [2, 3, 5, 7], [[5, 7], 0, 1], [[5.5, 2.5], 2, 7]),
    "powers of a number":          (lambda x: np.vander(x, 5) * [1, 2, 3, 4, 5], [[2, -1]], [[72, 0]]),
    "the padding, from the end":   (lambda w: tg.embedding([[3, 1, 1], [0, 3, 2]], w, padding_idx=-1), [np.ones((4, 1))], [[[1], [2], [1], [0]]]),
    "one element, reflected odd":  (lambda x: np.pad(x, (1, 2), "reflect", reflect_type="odd"), [[3]], [[4]]),
}
# fmt: on


@pytest.mark.parametrize(("function", "values", "expected"), ROWS.values(), ids=ROWS)
def test_gradients(function, values, expected):
    for found, wanted in zip(gradients(function, *values), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=0)


def test_where_of_a_condition_alone_is_a_list_of_places():
    (places,) = np.where(tg.Tensor([0.0, 1.0, 0.0, 2.0]))
    assert np.asarray(places).tolist() == [1, 3]


def test_reshape_copies_as_it_is_told():
    x = tg.Tensor(np.ones((2, 3)), requires_grad=True)
    assert np.shares_memory(np.reshape(x, -1, copy=False).data, x.data)
    assert not np.shares_memory(np.reshape(x, -1, copy=True).data, x.data)
    with pytest.raises(ValueError, match="copy"):
        np.reshape(x.T, -1, copy=False)


@pytest.mark.parametrize("join", [np.concatenate, np.stack, np.vstack, np.hstack])
def test_joined_arrays_have_the_dtype_that_is_asked_for(join):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    out = join([x, x], dtype=np.float32)
    assert out.dtype == np.float32
    np.sum(out).backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(TypeError, match="safe"):
        join([x, x], dtype=np.float32, casting="safe")


def test_full_like_takes_all_settings():
    a, x = tg.Tensor(np.zeros((2, 2))), tg.Tensor([1.0, 2.0], requires_grad=True)
    assert np.full_like(a, x, dtype=np.float32).dtype == np.float32
    assert np.full_like(a, x, shape=(3, 2)).tolist() == [[1, 2]] * 3
    for wrong in ({"order": "Z"}, {"device": "moon"}):
        with pytest.raises(ValueError, match=r"order|[Dd]evice"):
            np.full_like(a, x, **wrong)


def test_linear_adds_a_bias_of_higher_precision():
    x, weight = tg.Tensor(np.ones((3, 2), np.float32)), tg.Tensor(np.ones((4, 2), np.float32))
    out = tg.linear(x, weight, tg.Tensor(np.full(4, 0.1)))
    assert out.dtype == np.float64
    assert out.tolist() == [[2.1] * 4] * 3


@pytest.mark.parametrize("rows", [1, 3, 70])
def test_linear_of_a_large_weight(rows):
    x, weight = np.arange(2.0 * rows).reshape(rows, 2), np.ones((1 << 14, 2)) * [1, 2]
    out = tg.linear(tg.Tensor(x), tg.Tensor(weight))
    assert out.shape == (rows, 1 << 14)
    assert np.all(out.data == (x[:, :1] + 2 * x[:, 1:]))


@pytest.mark.parametrize("function", [np.cumulative_sum, np.cumulative_prod, np.corrcoef, np.cov])
def test_dtype_is_what_was_asked_for(function):
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    assert function(x, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize(
    "function", [np.linalg.svd, lambda a: np.linalg.qr(a, "complete")], ids=["svd", "qr"]
)
def test_decompositions_of_a_vector_are_refused_as_by_numpy(function):
    with pytest.raises(np.linalg.LinAlgError):
        function(tg.Tensor([1.0, 2.0], requires_grad=True))


def test_phases_of_eigenvectors_may_move_a_result_by_less_than_rounding():
    a = np.array([[1, 1j], [-1j, 3]])
    for scale in (1e-13, 1.0):
        x = tg.Tensor(a, requires_grad=True)
        loss = scale * np.sum(np.real(np.linalg.eigh(x)[1]) + 2 * np.imag(np.linalg.eigh(x)[1]))
        if scale == 1.0:
            with pytest.raises(np.linalg.LinAlgError, match="phase"):
                loss.backward()
        else:
            loss.backward()


def test_zeros_are_trimmed_along_one_axis_only():
    a = np.array([[0.0, 0, 0], [0, 1, 2], [0, 3, 4]])
    try:
        np.trim_zeros(a, axis=0)
    except (TypeError, ValueError):
        pytest.skip("this NumPy trims vectors only")
    (found,) = gradients(lambda x: np.trim_zeros(x, axis=0) * [[1, 2, 3], [4, 5, 6]], a)
    assert found == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]


def test_what_is_nearly_real_becomes_real():
    assert np.real_if_close(tg.Tensor([1 + 1e-16j], requires_grad=True)).dtype == np.float64
    assert np.real_if_close(tg.Tensor([1 + 1e-3j], requires_grad=True)).dtype == np.complex128
    assert np.real_if_close(tg.Tensor([1 + 1e-3j], requires_grad=True), 1e15).dtype == np.float64


def test_the_angle_of_a_complex_zero_is_flat():
    z = tg.Tensor([0j, 2j], requires_grad=True)
    np.sum(np.angle(z)).backward()
    assert z.grad.tolist() == [0, -0.5]


def test_the_angle_in_degrees_and_its_second_derivatives():
    w = np.array([3.0, -2.0])
    z = tg.Tensor([2j, 4 + 0j], requires_grad=True)
    np.sum(np.angle(z, deg=True) * w).backward()
    np.testing.assert_allclose(z.grad.data, np.array([-3 / 2, -2j / 4]) * 180 / np.pi, rtol=1e-14)
    angle = lambda x: np.angle(x[0] + 1j * x[1])
    assert tg.hessian(angle)(np.zeros(2)).tolist() == [[0, 0], [0, 0]]
    np.testing.assert_allclose(tg.hessian(angle)(np.array([1.0, 2.0])), [[4, 3], [3, -4]] / np.array(25))


def test_what_nan_to_num_replaces_has_no_gradient():
    (found,) = gradients(lambda x: np.nan_to_num(x, posinf=7) * [2, 3, 5], [NaN, 1, INF])
    assert found == [0, 3, 0]
    with pytest.raises(tg.errors.UnsupportedCall, match="copy=False"):
        np.nan_to_num(tg.Tensor([1.0], requires_grad=True), copy=False)


def test_norms_of_several_orders_are_refused():
    for norm in (np.linalg.norm, np.linalg.matrix_norm, np.linalg.vector_norm):
        with pytest.raises(tg.errors.UnsupportedCall, match="one at a time"):
            norm(tg.Tensor(np.ones((2, 2)), requires_grad=True), ord=[1])


def test_pad_takes_a_width_for_each_axis():
    x, w = np.ones((2, 2)), np.arange(24.0).reshape(4, 6)
    t = tg.Tensor(x, requires_grad=True)
    out = np.pad(t, [[1], [2]])
    assert out.tolist() == np.pad(x, [[1], [2]]).tolist()
    np.sum(out * w).backward()
    assert t.grad.tolist() == w[1:3, 2:4].tolist()


def test_pad_by_a_function_of_ones_own():
    def mirror(row, width, axis, kwargs):
        row[: width[0]] = row[width[0]] * kwargs["factor"]

    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    t = tg.Tensor(x, requires_grad=True)
    out = np.pad(t, ((1, 0), (1, 0)), mirror, factor=10)
    assert out.tolist() == np.pad(x, ((1, 0), (1, 0)), mirror, factor=10).tolist()
    np.sum(out).backward()
    assert t.grad.tolist() == [[121, 11], [11, 1]]


def test_logspace_of_several_bases_and_of_another_dtype():
    start, base = tg.Tensor(0.5, requires_grad=True), np.array([2.0, 3.0])
    np.testing.assert_allclose(np.logspace(start, 1, 3, base=base).data, np.logspace(0.5, 1, 3, base=base))
    assert np.logspace(start, 1, 3, dtype=np.float32).dtype == np.float32


def test_a_block_of_one():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    assert np.block([[x]]).tolist() == [[1, 2]]
    assert np.block([x]).tolist() == np.block(x).tolist() == [1, 2]


@pytest.mark.parametrize(("full", "cov"), [(True, False), (False, True), (False, "unscaled"), (False, False)])
def test_polyfit_returns_what_is_asked_for(full, cov):
    x, y = np.arange(6.0), np.array([1.0, 3, 2, 5, 8, 7])
    found = np.polyfit(tg.Tensor(x, requires_grad=True), y, 1, full=full, cov=cov)
    expected = np.polyfit(x, y, 1, full=full, cov=cov)
    assert isinstance(found, tuple) == isinstance(expected, tuple)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(getattr(a, "data", a)), b, rtol=1e-9)


def test_a_number_is_no_polynomial():
    with pytest.raises(TypeError):
        np.polyval(tg.Tensor(2.0, requires_grad=True), 1.0)


@pytest.mark.parametrize("spread", [np.nanvar, np.nanstd])
@pytest.mark.filterwarnings("ignore:Degrees of freedom")
def test_the_spread_of_nothing_has_no_slope(spread):
    (found,) = gradients(lambda x: spread(x, axis=1), [[NaN, NaN], [1, 1]])
    np.testing.assert_array_equal(found, [[NaN, NaN], [0, 0]])


SMOOTH = [
    tg.leaky_relu, tg.elu, tg.celu, tg.hardsigmoid, tg.hardswish, tg.erf, tg.erfc, tg.sigmoid, tg.silu,
    tg.softplus, tg.softsign, tg.gelu, tg.mish, tg.gaussian, tg.softmax, tg.log_softmax, tg.logsumexp,
    lambda x: tg.gelu(x, "tanh"),
]  # fmt: skip


@pytest.mark.parametrize("function", SMOOTH, ids=lambda f: f.__name__)
def test_whole_numbers_count_as_floating_ones_and_complex_ones_are_refused(function):
    out = function([1, 2])
    assert out.dtype == np.float64
    assert out.tolist() == function(np.array([1.0, 2.0])).tolist() == function(np.array([1, 2])).tolist()
    with pytest.raises(tg.errors.DTypeError, match="real numbers"):
        function(np.array([1j, 2.0]))


def test_an_axis_that_x_does_not_have_is_refused():
    for axis in (2, -3):
        with pytest.raises(tg.errors.ShapeError, match="is none of an x"):
            tg.layer_norm(np.ones((2, 3)), axis=axis)


def test_roots_of_negative_numbers_are_complex():
    x = tg.Tensor(np.array([-4.0, 4.0], np.float32), requires_grad=True)
    out = np.emath.sqrt(x)
    assert out.dtype == np.complex64
    assert out.tolist() == [2j, 2]
    np.sum(np.imag(out) + np.real(out)).backward()
    assert x.grad.tolist() == [-0.25, 0.25]
    assert np.emath.sqrt(tg.Tensor([-4.0], requires_grad=True)).dtype == np.complex128


@pytest.mark.parametrize(
    ("function", "x", "others"),
    [
        (np.emath.sqrt, [0.0, 1.0], ()), (np.emath.sqrt, np.array([-1 + 1j], np.complex64), ()),
        (np.emath.log, [1.0, 2.0], ()), (np.emath.arcsin, [-1.0, 1.0], ()), (np.emath.arcsin, [0.5, 1.5], ()),
        (lambda x, n: np.emath.logn(n, x), [-4.0, 4.0], (2.0,)), (np.emath.logn, [-2.0, 3.0], (4.0,)),
        *((np.emath.power, np.float32([2, 4]), (np.int8([p]),)) for p in (2, 0, -1)),
        (np.emath.power, [-2.0, 4.0], (0.5,)),
    ],
)  # fmt: skip
def test_numbers_turn_complex_where_numpys_do(function, x, others):
    x = np.asarray(x)
    out, expected = function(tg.Tensor(x, requires_grad=True), *others), function(x, *others)
    assert out.dtype == expected.dtype
    np.testing.assert_allclose(out.data, expected, rtol=1e-6 if x.itemsize == 4 else 1e-14)


def test_an_index_just_outside_of_the_table_is_named():
    with pytest.raises(tg.errors.ArgumentError, match="got 3"):
        tg.embedding(np.array([0, 3]), tg.Tensor(np.ones((3, 2)), requires_grad=True))


def test_attention_and_dropout_take_whole_numbers():
    q = [[[1, 2], [3, 4]]]
    out = tg.scaled_dot_product_attention(q, q, q)
    floats = np.array(q, float)
    assert out.tolist() == tg.scaled_dot_product_attention(floats, floats, floats).tolist()
    assert tg.dropout([1, 2], 0.0).dtype == np.float64
    with pytest.raises(tg.errors.ArgumentError, match="1\\.5"):
        tg.dropout([1, 2], 1.5)


def test_transposed_convolution_refuses_a_bias_of_other_channels():
    x, w = np.ones((1, 2, 3, 3)), np.ones((2, 4, 2, 2))
    with pytest.raises(tg.errors.ShapeError, match="bias"):
        tg.conv_transpose2d(x, w, np.ones(3))


@pytest.mark.parametrize("spread", [np.nanvar, np.nanstd])
@pytest.mark.filterwarnings("ignore:Degrees of freedom")
def test_what_a_spread_leaves_out_has_no_gradient(spread):
    (found,) = gradients(lambda x: spread(x, axis=1, where=np.zeros((1, 2), bool)), [[1, 2]])
    assert found == [[0, 0]]


def test_products_of_polynomials_have_no_zeros_in_front():
    for a, b in (([0.0, 1.0], [1.0, 2.0]), ([0.0, 0.0], [3.0]), ([0.0, 0.0, 2.0], [0.0, 1.0])):
        out = np.polymul(tg.Tensor(a, requires_grad=True), b)
        assert out.tolist() == np.polymul(a, b).tolist()


def test_adaptive_pooling_of_sequences_may_leave_the_length():
    x = np.arange(6.0).reshape(1, 2, 3)
    assert tg.nn.AdaptiveAvgPool1d(None)(tg.Tensor(x)).tolist() == x.tolist()


def test_axes_of_vecdot_are_numbers():
    x = tg.Tensor(np.ones((2, 3)), requires_grad=True)
    for axis in ((0,), 1.0):
        with pytest.raises(TypeError):
            np.vecdot(x, x, axis=axis)


def test_a_root_mean_square_of_nothing_is_nothing():
    assert tg.rms_norm(np.ones((2, 0))).shape == (2, 0)


def test_weights_of_channels_that_are_no_arrays_are_refused_by_name():
    with pytest.raises(tg.errors.ShapeError, match="normalization: weight and bias"):
        tg.group_norm(np.ones((1, 2, 3)), 1, [[1.0], [1.0, 2.0]])


def test_a_remainder_by_nothing_has_no_slope():
    with np.errstate(all="ignore"):
        (found,) = gradients(lambda x: np.divmod(x, [0.0, 2.0])[1], [1, 3])
    np.testing.assert_array_equal(found, [NaN, 1])


def test_a_product_with_a_polynomial_of_no_coefficients():
    for a, b in (([], [1.0, 2.0]), ([3.0], [])):
        out = np.polymul(tg.Tensor(a, requires_grad=True), b)
        assert out.tolist() == np.polymul(a, b).tolist()


def test_a_number_beside_a_tensor_in_a_product_that_conjugates():
    z = tg.Tensor([1.0 + 2.0j, 0.5j], requires_grad=True)
    for function, a in (
        (np.vdot, 2.0),
        (np.vdot, 1.0 - 1.0j),
        (np.vdot, [1.0j, 2.0]),
        (np.vecdot, [1.0j, 2.0]),
    ):
        tg.gradcheck(lambda z, f=function, a=a: f(a, z if np.ndim(a) else z[0]), z)


@pytest.mark.parametrize("a", [np.ones((2, 2)), np.ones((3, 2)), np.ones((2, 3)), np.zeros((2, 2))], ids=repr)
def test_qr_of_columns_that_depend_on_each_other_has_no_gradient(a):
    # Rounding leaves of the second column what depends on the library; it was taken for a length.
    q, r = np.linalg.qr(leaf(a * 4.015625))
    np.testing.assert_allclose(q.data @ r.data, a * 4.015625, atol=1e-15)
    with pytest.raises(np.linalg.LinAlgError, match="where the columns of A are independent"):
        (q.sum() + r.sum()).backward()


def test_places_in_steps_of_complex_numbers_and_edges_of_no_numbers():
    x = leaf(np.arange(3.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, that the imaginary part is lost
        try:
            np.roll(x.data, 1 + 1j)
        except TypeError:  # before NumPy 2.3
            with pytest.raises(TypeError):
                np.roll(x, 1 + 1j)
        else:
            np.roll(x, 1 + 1j)[0].backward()
            np.testing.assert_array_equal(x.grad.data, [0, 0, 1])
    edges = np.histogram_bin_edges(leaf(np.zeros(0)), 2)
    np.testing.assert_array_equal(edges, np.histogram_bin_edges(np.zeros(0), 2))


def test_a_spacing_of_lower_precision_or_a_boolean_one():
    f = np.array([0.0, 0.1, 0.4])
    for spacing in (np.array(0.3125, np.float32), np.float32(0.1), np.array(True), np.array(2)):
        np.testing.assert_allclose(np.gradient(leaf(f), spacing).data, np.gradient(f, spacing), rtol=1e-14)
        tg.gradcheck(lambda f, h=spacing: np.gradient(f, h), f)


def test_transforms_of_a_length_that_is_a_boolean():
    for transform in (np.fft.rfft, np.fft.ihfft):
        tg.gradcheck(lambda x, t=transform: t(x, True), np.array([0.5, 0.25]))


def test_conditions_and_choices_of_tensors_that_numpy_refuses_are_refused():
    for call in (lambda x: np.select([x], [x]), lambda x: np.choose(x, [x, x])):
        with pytest.raises(TypeError):
            call(leaf([0.5]))


def test_the_covariance_of_a_fit_is_asked_for_by_what_is_true():
    x, y = np.arange(5.0), np.array([0.0, 1.0, 0.5, 2.0, 1.5])
    for cov in (True, np.array(1), "unscaled"):
        for ours, numpys in zip(
            np.polyfit(x, leaf(y), 1, cov=cov), np.polyfit(x, y, 1, cov=cov), strict=True
        ):
            np.testing.assert_allclose(ours.data, numpys, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("copies", [1, 4096], ids=["few", "many"])
@pytest.mark.parametrize(
    ("function", "slope", "bend"),  # slope just below 0, and that of the slope; above 0 it is `above`, and 0
    [
        (lambda x: tg.elu(x, 2.0), 2, 2),
        (lambda x: tg.elu(x, -0.5), -0.5, -0.5),
        (lambda x: tg.celu(x, 0.5), 1, 2),
        (tg.selu, 1.7580993408473766, 1.7580993408473766),
    ],
    ids=["elu", "elu of a negative alpha", "celu", "selu"],
)
def test_exponential_units_know_their_piece_where_the_exponential_rounds_to_1(
    function, slope, bend, copies, dtype
):
    eps = np.finfo(dtype).eps
    x = leaf(np.repeat([-eps / 8, 0, eps / 8], copies), dtype)
    np.sum(function(x)).backward(create_graph=True)
    above = 1.0507009873554805 if function is tg.selu else 1
    first, x.grad = x.grad, None
    np.sum(first).backward()
    for found, expected in ((first, [slope, slope, above]), (x.grad, [bend, 0, 0])):
        np.testing.assert_allclose(found.data, np.repeat(expected, copies), rtol=2 * eps, atol=0)
