"""np.pad: every mode against NumPy's values, its gradient, and what is refused as NumPy refuses it."""

from itertools import product

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic


def test_pad_and_its_gradient():
    x = tg.Tensor([[1.0, 2.0]], requires_grad=True)
    y = np.pad(x, ((1, 0), (0, 2)), constant_values=7)
    np.testing.assert_array_equal(y.data, [[7, 7, 7, 7], [1, 2, 7, 7]])
    y.backward(np.arange(8.0).reshape(2, 4))
    np.testing.assert_array_equal(x.grad.data, [[4, 5]])


def test_pad_of_some_axes():
    if np.lib.NumpyVersion(np.__version__) < "2.3.0":
        pytest.skip("np.pad takes a dict since NumPy 2.3")
    tg.gradcheck(lambda x: np.pad(x, {-1: (1, 2), 0: 1}), generic(2, 1, 3))


# fmt: off
MODES = [
    ("edge", {}), ("wrap", {}), ("reflect", {}), ("reflect", {"reflect_type": "odd"}), ("symmetric", {}),
    ("symmetric", {"reflect_type": "odd"}), ("mean", {}), ("mean", {"stat_length": (2, 1)}), ("median", {}),
    ("median", {"stat_length": 2}), ("maximum", {}), ("maximum", {"stat_length": 1}), ("minimum", {}),
    ("linear_ramp", {}), ("linear_ramp", {"end_values": (1.0, -2.0)}), ("constant", {"constant_values": (1.0, -2.0)}),
]
# fmt: on
SHAPES = [(1,), (2,), (5,), (2, 3), (1, 4), (3, 1, 2)]


@pytest.mark.parametrize(("mode", "settings"), MODES, ids=str)
def test_every_mode_has_numpys_values_and_the_numerical_gradient(mode, settings):
    for shape, width in product(SHAPES, (0, 1, (2, 1), 7, (0, 3))):  # 7 is longer than any axis
        x = generic(*shape)
        padded = np.pad(tg.Tensor(x, requires_grad=True), width, mode, **settings)
        expected = np.pad(x, width, mode, **settings)
        assert padded.dtype == expected.dtype
        np.testing.assert_allclose(padded.data, expected, rtol=1e-13, atol=1e-14)
        if width == (2, 1) and shape in ((5,), (1, 4), (2, 3)):
            tg.gradcheck(lambda x, w=width: np.pad(x, w, mode, **settings), x)


def test_repeated_elements_get_the_sum():
    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.pad(x, 2, "edge").sum().backward()
    assert x.grad.tolist() == [3, 1, 3]
    x.grad = None
    np.pad(x, 2, "reflect", reflect_type="odd").sum().backward()  # 2x₀ - x₂, 2x₀ - x₁, …, 2x₂ - x₁, 2x₂ - x₀
    assert x.grad.tolist() == [1 + 4 - 1, 1 - 2, 1 + 4 - 1]


def test_constants_and_ends_may_be_tensors():
    x = generic(2, 3)
    for values in (generic(), generic(2), generic(2, 2)):
        tg.gradcheck(lambda x, v: np.pad(x, ((1, 2), (0, 2)), constant_values=v), x, values)
        tg.gradcheck(lambda x, v: np.pad(x, ((1, 2), (0, 2)), "linear_ramp", end_values=v), x, values)
    tg.gradcheck(lambda x, a, b: np.pad(x, 1, constant_values=((a, 0), (1, b))), x, generic(), generic())


def test_a_function_of_the_users_may_pad():
    def mirrored(row, width, axis, settings):
        row[: width[0]] = settings["scale"] * row[width[0]]
        row[-width[1] :] = row[-width[1] - 1] ** 2

    x = generic(2, 3)
    np.testing.assert_allclose(
        np.pad(tg.Tensor(x, requires_grad=True), 2, mirrored, scale=3).data, np.pad(x, 2, mirrored, scale=3)
    )
    tg.gradcheck(lambda x: np.pad(x, 2, mirrored, scale=3), x)
    x, widths = generic(2, 3, 2), ((1, 2), (0, 1), (2, 1))
    np.testing.assert_allclose(
        np.pad(tg.Tensor(x, requires_grad=True), widths, mirrored, scale=3).data,
        np.pad(x, widths, mirrored, scale=3),
    )


def test_an_empty_border_has_no_gradient():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    np.pad(x, 1, "empty")[1:3].sum().backward()
    assert x.grad.tolist() == [1, 1]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.pad(x, 1, "nonsense"), lambda x: np.pad(x, 1, "edge", constant_values=1),
        lambda x: np.pad(x, -1),
        lambda x: np.pad(x, 1, "maximum", stat_length=0), lambda x: np.pad(x, (1, 2, 3), "edge"),
        lambda x: np.pad(x[:0], 1, "reflect"), lambda x: np.pad(x, 1, nonsense=2),
    ],
)  # fmt: skip
def test_what_numpy_refuses_is_refused_alike(call):
    with pytest.raises((ValueError, TypeError)) as numpys:
        call(np.ones(3))
    with pytest.raises(type(numpys.value), match=r".*"):
        call(tg.Tensor(np.ones(3), requires_grad=True))


def test_all_forms_of_widths_and_of_constants():
    x = generic(2, 3)
    for values in (1, (1,), (1, 2), [[1, 2]], [[1], [2]], [[1, 2], [0, 1]]):
        width, constants = np.array(values), np.array(values, float)
        for padded in (lambda a, w=values: np.pad(a, w, "mean"), lambda a, w=width: np.pad(a, w, "edge")):
            np.testing.assert_allclose(padded(tg.Tensor(x, requires_grad=True)).data, padded(x), rtol=1e-13)
        for mode, name in (("constant", "constant_values"), ("linear_ramp", "end_values")):
            padded = lambda a, c, m=mode, n=name: np.pad(a, ((1, 2), (3, 1)), m, **{n: c})
            tensor = tg.Tensor(constants, requires_grad=True)
            np.testing.assert_allclose(
                padded(tg.Tensor(x, requires_grad=True), tensor).data, padded(x, constants), rtol=1e-13
            )
            np.testing.assert_allclose(
                padded(tg.Tensor(x, requires_grad=True), values).data, padded(x, constants), rtol=1e-13
            )
            tg.gradcheck(padded, x, constants)


def test_ends_in_lists_may_be_tensors():
    ends = lambda x, a, b: np.pad(x, 2, "linear_ramp", end_values=((a, 0), (1, b)))
    tg.gradcheck(ends, generic(2, 3), generic(), generic())
    x = np.ones(2, np.float32)
    assert (
        np.pad(tg.Tensor(x, requires_grad=True), 1, "linear_ramp", end_values=tg.Tensor(0.5)).dtype
        == np.float32
    )


def test_no_border_at_all_is_a_copy():
    for mode in ("constant", "edge", "mean", "reflect"):
        x = tg.Tensor([1.0, 2.0], requires_grad=True)
        out = np.pad(x, 0, mode)
        assert out.tolist() == [1, 2]
        assert not np.shares_memory(out.data, x.data)


def test_an_axis_without_elements_has_no_border():
    for mode, settings in (("mean", {}), ("reflect", {"reflect_type": "odd"}), ("linear_ramp", {})):
        out = np.pad(tg.Tensor(np.ones((0, 3)), requires_grad=True), ((0, 0), (1, 2)), mode, **settings)
        assert out.shape == (0, 6)


def test_a_reflection_that_is_called_even():
    x = np.array([1.0, 2.0, 4.0])
    out = np.pad(tg.Tensor(x, requires_grad=True), 2, "reflect", reflect_type="even")
    assert out.tolist() == [4, 2, 1, 2, 4, 2, 1]


def test_statistics_of_more_elements_than_there_are_are_those_of_all():
    x = np.array([1.0, 2.0, 4.0])
    for length in (4, (5, 2), (9, 9)):
        out = np.pad(tg.Tensor(x, requires_grad=True), 1, "maximum", stat_length=length)
        assert out.tolist() == np.pad(x, 1, "maximum", stat_length=length).tolist()
    assert np.pad(tg.Tensor(x, requires_grad=True), 1, "mean", stat_length=4)[-1].item() == pytest.approx(
        7 / 3
    )


def test_infinities_between_reflected_ends_stay_where_they_are():
    x = np.array([1.0, np.inf, 2.0])
    out = np.pad(tg.Tensor(x, requires_grad=True), (1, 0), "reflect", reflect_type="odd")
    assert out.tolist() == [-np.inf, 1, np.inf, 2]
