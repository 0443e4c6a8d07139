"""Points and settings of losses that other tests do not meet: each was found by a wrong line that lived."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors
from tinygrad_edu.ops.losses.checks import Range, loss_function

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 4, 3)), RNG.integers(0, 4, (2, 3))  # two examples of three places, of four classes
LOG_P = X - np.log(np.exp(X).sum(1, keepdims=True))
AT_LABELS = np.take_along_axis(LOG_P, Y[:, None], 1)[:, 0]  # (2, 3)
ROWS = RNG.dirichlet(np.ones(4), (2, 3))  # (2, 3, 4)


# ---- where the classes are, and what is left out -----------------------------------------------------------


@pytest.mark.parametrize("axis", [1, -2])
def test_the_classes_of_images_are_on_an_axis_within(axis):
    losses = tg.softmax_cross_entropy(X, Y, axis=axis, reduction="none")
    np.testing.assert_allclose(losses, -AT_LABELS, rtol=1e-12)
    assert tg.nll_loss(LOG_P, Y, axis=axis) == pytest.approx(-AT_LABELS.mean(), rel=1e-12)
    rows = np.moveaxis(ROWS, -1, 1)
    losses = tg.softmax_cross_entropy(X, rows, axis=axis, label_smoothing=0.2, reduction="none")
    np.testing.assert_allclose(losses, -np.sum((0.8 * rows + 0.05) * LOG_P, 1), rtol=1e-12)
    behind = np.maximum(0, 1 - np.take_along_axis(X, Y[:, None], 1) + X)
    np.testing.assert_allclose(
        tg.multi_margin_loss(X, Y, axis=axis, reduction="none"), (behind.sum(1) - 1) / 4, rtol=1e-12
    )


def test_losses_of_what_is_left_out_are_zeros_in_their_places():
    labels = Y.copy()
    labels[0, 1] = -1
    expected = np.where(labels == -1, 0, -AT_LABELS)
    for loss, scores in ((tg.softmax_cross_entropy, X), (tg.nll_loss, LOG_P)):
        found = loss(scores, labels, axis=1, ignore_index=-1, reduction="none")
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_label_that_is_left_out_may_be_one_of_the_classes():
    scores, labels = np.zeros((2, 102)), [100, 101]
    for index in (100, 101):
        losses = tg.softmax_cross_entropy(scores, labels, ignore_index=index, reduction="none")
        np.testing.assert_allclose(losses, np.where(np.equal(labels, index), 0, np.log(102)), rtol=1e-12)


def test_all_the_label_smoothing_there_can_be_leaves_uniform_rows():
    found = tg.softmax_cross_entropy(X, Y, axis=1, label_smoothing=1)
    assert found == pytest.approx(-LOG_P.mean(), rel=1e-12)


def test_labels_may_be_a_tensor():
    losses = tg.nll_loss(LOG_P, tg.Tensor(Y), axis=1, weight=np.arange(4.0), reduction="none")
    assert type(losses) is np.ndarray
    np.testing.assert_allclose(losses, -Y * AT_LABELS, rtol=1e-12)
    with pytest.raises(errors.ArgumentError, match="class label 4 is outside"):
        tg.nll_loss(LOG_P, tg.Tensor(np.full((2, 3), 4)), axis=1)


# ---- dtypes ------------------------------------------------------------------------------------------------


def test_a_constant_tensor_goes_before_an_array_of_numbers():
    x, t = np.array([1.0, 2.0]), tg.Tensor(np.array([0.5, 0.5], np.float32))
    assert tg.mse_loss(x, t).dtype == np.float32
    assert tg.mse_loss(x, t.data).dtype == np.float64


def test_targets_that_may_be_booleans_may_be_nothing_else_but_numbers():
    for target in ([1j], ["1"]):
        with pytest.raises(errors.DTypeError, match="target"):
            tg.binary_cross_entropy_with_logits([0.5], np.array(target))
    with pytest.raises(errors.DTypeError, match=r"prediction\.astype\(np\.float64\)"):
        tg.mse_loss([True], [1])


# ---- limits ------------------------------------------------------------------------------------------------


def test_what_is_a_hundredth_beyond_a_probability_is_none_too_far():
    assert tg.binary_cross_entropy([1.01], [1.0]) == 0
    assert tg.binary_cross_entropy([-0.01], [0.0]) == 0
    z = np.log([[0.25, 0.75]])
    found = tg.softmax_cross_entropy(z, [[-0.01, 1.01]])
    assert found == pytest.approx(0.01 * np.log(0.25) - 1.01 * np.log(0.75), rel=1e-12)


def test_the_first_of_those_that_are_outside_is_named():
    for given, named in (([1.01, 1.5], "1.5"), ([-0.01, -0.5], "-0.5")):
        with pytest.raises(errors.ArgumentError, match=f"got {named}"):
            tg.binary_cross_entropy(given, [1.0, 1.0])
    with pytest.raises(errors.ArgumentError, match=r"targets.* got -0\.005"):
        tg.kl_div([-1.0, -1.0], [0.0, -0.005])


def test_three_rounded_thirds_are_a_row_and_numbers_that_miss_one_by_more_are_none():
    assert tg.softmax_cross_entropy(np.zeros((1, 3)), [[0.33] * 3]) == pytest.approx(0.99 * np.log(3))
    for off in (0.012, -0.012):
        with pytest.raises(errors.ArgumentError, match="sum to 1"):
            tg.softmax_cross_entropy(np.zeros((1, 2)), [[0.5, 0.5 + off]])


def test_what_is_missing_in_a_prediction_is_missing_in_the_divergence():
    assert np.isnan(tg.kl_div([np.nan, -1.0], [0.0, 1.0]))


def test_a_batch_mean_needs_a_batch():
    with pytest.raises(errors.ArgumentError, match=r"no target left .* shape \(\)"):
        tg.kl_div(-1.0, 0.5, reduction="batchmean")
    found = tg.kl_div([-1.0, -2.0], [0.5, 0.25], reduction="batchmean")
    assert found == pytest.approx((0.5 * (np.log(0.5) + 1) + 0.25 * (np.log(0.25) + 2)) / 2, rel=1e-12)


def test_the_row_that_is_farthest_from_one_is_named():
    with pytest.raises(errors.ArgumentError, match=r"got one with the sum 0\.5"):
        tg.softmax_cross_entropy(np.zeros((2, 2)), [[0.5, 0.5], [0.25, 0.25]])


def test_what_the_logits_exclude_and_a_row_does_not_is_infinitely_far():
    assert tg.softmax_cross_entropy([[0.0, -np.inf]], [[0.5, 0.5]]) == np.inf


def test_the_other_distance_of_a_triplet_has_its_epsilon():
    found = tg.triplet_margin_loss([3.0, 0.0], [0.0, 0.0], [-1.0, -2.0], eps=0.5, swap=True, margin=9)
    assert found == pytest.approx(np.hypot(3.5, 0.5) - np.hypot(1.5, 2.5) + 9, rel=1e-12)


def test_numbers_are_no_vectors():
    with pytest.raises(errors.ShapeError, match="does not fit vectors"):
        tg.cosine_embedding_loss(1.0, 2.0, 1.0)


def test_a_wrong_sign_in_a_tensor_is_told_as_a_number():
    with pytest.raises(errors.ArgumentError, match=r"got 2\.0\. Labels"):
        tg.hinge_loss([1.0, 1.0], tg.Tensor([1.0, 2.0]))


def test_settings_of_the_cross_entropy_are_checked():
    with pytest.raises(errors.ArgumentError, match=r"label_smoothing is a number ≥ 0 and ≤ 1; got 1\.5"):
        tg.softmax_cross_entropy(X, Y, axis=1, label_smoothing=1.5)
    with pytest.raises(errors.ArgumentError, match="reduction is one of mean, sum, none; got 'avg'"):
        tg.softmax_cross_entropy(X, Y, axis=1, reduction="avg")


def test_only_labels_in_a_column_or_row_are_told_to_be_reshaped():
    for scores, shape, told in (((2, 4), (2, 1), True), ((2, 4), (3,), False), ((2, 3, 4), (2, 3, 1), True)):
        with pytest.raises(errors.ShapeError) as caught:
            tg.softmax_cross_entropy(np.zeros(scores), np.zeros(shape, int))
        assert ("in a column or row" in str(caught.value)) is told


def test_a_loss_of_ones_own_is_checked_as_the_others():
    @loss_function(reductions=("mean",), p=Range(1, 2, above=True))
    def of_ones_own(x, *, p=2, reduction="mean"):
        return x**p

    assert of_ones_own(3.0) == 9
    assert of_ones_own(4.0, p=1.5) == 8
    of_ones_own.check_settings({"p": 2, "reduction": "mean"})
    for wrong in ({"p": 1}, {"p": 2.1}, {"reduction": "sum"}):
        for call in (lambda s=wrong: of_ones_own(3.0, **s), lambda s=wrong: of_ones_own.check_settings(s)):
            with pytest.raises(
                errors.ArgumentError, match=r"p is a number > 1 and ≤ 2|one of mean; got 'sum'"
            ):
                call()


# ---- derivatives -------------------------------------------------------------------------------------------


def test_distances_of_the_first_norm_are_flat_wherever_they_are_smooth():
    """Of |x₁| + |x₂| the second derivative is 0, at 0 as elsewhere."""
    loss = lambda x: tg.triplet_margin_loss(x, [0.0, 1.0], [5.0, 5.0], p=1, eps=0, margin=20)
    assert tg.hessian(loss)(np.array([0.0, 3.0])).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(("n", "c"), [(63, 3), (64, 3), (100, 31), (100, 32)])
def test_cross_entropy_of_many_rows(n, c):
    x, y = RNG.normal(size=(n, c)), RNG.integers(0, c, n)
    log_p = x - np.log(np.exp(x).sum(1, keepdims=True))
    t = tg.Tensor(x, requires_grad=True)
    loss = tg.softmax_cross_entropy(t, y, reduction="sum")
    assert loss.item() == pytest.approx(-log_p[np.arange(n), y].sum(), rel=1e-12)
    loss.backward()
    np.testing.assert_allclose(t.grad.data, np.exp(log_p) - np.eye(c)[y], rtol=1e-9, atol=1e-12)
