"""Losses at the edges: overflow, masked classes, wrong labels, soft rows, examples left out, weights.

Gradients are closed forms; so are the values, but for those of smoothed and weighted losses, which are
PyTorch's figures.
"""

import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf

INF = math.inf
LOGITS = [[2, 1, 0], [0, 0, 0]]
Z = math.exp(2) + math.exp(1) + 1
P = [math.exp(2) / Z, math.exp(1) / Z, 1 / Z]  # the softmax of the first row; that of the second is 1/3 each
FIRST, SECOND = math.log(Z) - 2, math.log(3)  # the losses of labels 0 and 2

# fmt: off
ROWS = [
    #            id   logits              targets                          reduction value                         gradient
    pytest.param(LOGITS, [0, 2], "mean", (FIRST + SECOND) / 2, [[(P[0] - 1) / 2, P[1] / 2, P[2] / 2], [1 / 6, 1 / 6, -1 / 3]], id="L01"),
    pytest.param(LOGITS, [0, 2], "sum", FIRST + SECOND, [[P[0] - 1, P[1], P[2]], [1 / 3, 1 / 3, -2 / 3]], id="L02"),
    pytest.param([[1000, 0]], [1], "mean", 1000, [[1, -1]], id="L04"),
    pytest.param([[1000, 0]], [0], "mean", 0, [[0, 0]], id="L05"),
    pytest.param([[0, -INF, 0]], [0], "mean", math.log(2), [[-0.5, 0, 0.5]], id="L06"),
    pytest.param([[0, -INF, 0]], [1], "mean", INF, [[0.5, -1, 0.5]], id="L07"),
    pytest.param(LOGITS, [[0.7, 0.2, 0.1], [0, 0.5, 0.5]], "mean", (0.7 * FIRST + 0.2 * (FIRST + 1) + 0.1 * (FIRST + 2) + SECOND) / 2,
                 [[(P[0] - 0.7) / 2, (P[1] - 0.2) / 2, (P[2] - 0.1) / 2], [1 / 6, -1 / 12, -1 / 12]], id="L15"),
    pytest.param(LOGITS, np.array([0, 2], np.uint8), "sum", FIRST + SECOND, [[P[0] - 1, P[1], P[2]], [1 / 3, 1 / 3, -2 / 3]], id="L20-uint8"),
    pytest.param(LOGITS, np.array([0, 2], np.int32), "sum", FIRST + SECOND, [[P[0] - 1, P[1], P[2]], [1 / 3, 1 / 3, -2 / 3]], id="L20-int32"),
    pytest.param(LOGITS, [[1, 0, 0], [0, 0, 1]], "sum", FIRST + SECOND, [[P[0] - 1, P[1], P[2]], [1 / 3, 1 / 3, -2 / 3]], id="L20-onehot-int"),
]
# fmt: on


@pytest.mark.parametrize(("logits", "targets", "reduction", "value", "gradient"), ROWS)
@pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-6)], ids=["float64", "float32"]
)
def test_value_and_gradient(logits, targets, reduction, value, gradient, dtype, rtol):
    logits = leaf(logits, dtype)
    if np.asarray(targets).dtype == np.float64:
        targets = np.asarray(targets, dtype)
    loss = tg.softmax_cross_entropy(logits, targets, reduction=reduction)
    loss.backward()
    assert (loss.shape, loss.dtype, logits.grad.dtype) == ((), dtype, dtype)
    # A loss of 0 and a gradient near 0 are differences of numbers of size 1.
    np.testing.assert_allclose(loss.data, value, rtol=rtol, atol=0)
    np.testing.assert_allclose(logits.grad.data, gradient, rtol=rtol, atol=rtol / 10)


@pytest.mark.parametrize(
    "targets", [[0, 2], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]], ids=["L03-labels", "L03-rows"]
)
def test_without_reduction_there_is_a_loss_for_each_row(targets):
    logits = leaf(LOGITS)
    losses = tg.softmax_cross_entropy(logits, targets, reduction="none")
    np.testing.assert_allclose(losses.data, [FIRST, SECOND], rtol=1e-12)
    with pytest.raises(RuntimeError, match=r"shape \(2,\) needs a gradient"):
        losses.backward()
    losses.backward([3.0, -6.0])
    np.testing.assert_allclose(
        logits.grad.data, [[3 * P[0] - 3, 3 * P[1], 3 * P[2]], [-2, -2, 4]], rtol=1e-12
    )


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        pytest.param([0, 3], "3", id="L17-too-large"),
        pytest.param([0, -1], "-1", id="L17-negative"),
        pytest.param(np.array([0, 2**63], np.uint64), str(2**63), id="L17-uint64"),
        pytest.param(np.array([0, 255], np.uint8), "255", id="L17-uint8"),
        pytest.param(np.array([-128, 0], np.int8), "-128", id="L17-int8"),
    ],
)
def test_label_outside_the_classes(labels, named):
    with pytest.raises(ValueError, match=rf"label {named} is outside \[0, 3\)"):
        tg.softmax_cross_entropy(leaf(LOGITS), labels)


@pytest.mark.parametrize("targets", [np.zeros(0, int), np.zeros((0, 3))], ids=["L18-labels", "L18-rows"])
def test_empty_batch(targets):
    logits = leaf(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="no target left"):
        tg.softmax_cross_entropy(logits, targets)
    total = tg.softmax_cross_entropy(logits, targets, reduction="sum")
    total.backward()
    assert total.item() == 0
    assert logits.grad.shape == (0, 3)


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param(np.array([0.0, 2.0]), id="L20-float-labels"),
        pytest.param(np.array([True, False]), id="L20-bool-labels"),
        pytest.param(np.array([[0], [2]]), id="L20-column"),
        pytest.param(np.array([0]), id="L20-too-few"),
        pytest.param([[2.0, 0, 0], [0, 1, 0]], id="L16"),
    ],
)
def test_targets_of_the_wrong_kind(targets):
    with pytest.raises(ValueError, match="softmax_cross_entropy"):
        tg.softmax_cross_entropy(leaf(LOGITS), targets)


@pytest.mark.parametrize("targets", [[0], [[1.0]]], ids=["L19-labels", "L19-rows"])
def test_one_class_is_no_choice(targets):
    with pytest.raises(
        ValueError,
        match=r"softmax_cross_entropy: scores of shape \(1, 1\) have one "
        r"class.*\n.*binary_cross_entropy_with_logits",
    ):
        tg.softmax_cross_entropy(leaf([[5]]), targets)


@pytest.mark.parametrize("targets", [[1], [[0.0, 1.0]]], ids=["L24-labels", "L24-rows"])
def test_large_logits_in_float32(targets):
    logits = leaf([[88.8, -88.8]], np.float32)
    loss = tg.softmax_cross_entropy(logits, np.array(targets, np.float32 if np.ndim(targets) == 2 else int))
    loss.backward()
    assert loss.dtype == np.float32
    assert loss.item() == pytest.approx(177.600006, rel=1e-8)  # 2 · float32(88.8)
    np.testing.assert_allclose(logits.grad.data, [[1, -1]], rtol=1e-6)


def test_soft_targets_have_gradients_also_where_they_are_zero():
    z = np.array([[2.0, 1.0, 0.0]])
    log_p = z - np.log(np.exp(z).sum())
    gradient = tg.grad(lambda t: tg.softmax_cross_entropy(z, t))(np.array([[0.0, 1.0, 0.0]]))
    np.testing.assert_allclose(gradient.data, -log_p, rtol=1e-12)


def test_rows_in_a_list_are_moved_with_the_class_axis():
    z, rows = np.array([[2.0, 1.0], [0.5, 0.0]]), [[1.0, 1.0], [0.0, 0.0]]
    expected = np.mean(np.log(np.exp(z).sum(0)) - z[0])
    for targets in (rows, np.array(rows)):
        np.testing.assert_allclose(tg.softmax_cross_entropy(z, targets, axis=0), expected, rtol=1e-12)


# ---- examples left out, smoothed labels, weights -----------------------------------------------------------

WEIGHT = [1, 2, 4]


def mixed(p, row):
    """The gradient of the first row: softmax · Σ row - row."""
    return [sum(row) * a - b for a, b in zip(p, row)]


# fmt: off
OPTIONS = [
    #            logits  targets     options  value  gradient
    pytest.param(LOGITS, [0, -100], {}, 0.40760596444438, [mixed(P, [1, 0, 0]), [0, 0, 0]], id="L08"),
    pytest.param(LOGITS, [0, -7], {"ignore_index": -7}, FIRST, [mixed(P, [1, 0, 0]), [0, 0, 0]], id="L08-other-index"),
    pytest.param(LOGITS, [0, 2], {"ignore_index": 2}, FIRST, [mixed(P, [1, 0, 0]), [0, 0, 0]], id="L08-index-of-a-class"),
    pytest.param(LOGITS, [-100, -100], {"reduction": "sum"}, 0, [[0, 0, 0], [0, 0, 0]], id="L10"),
    pytest.param(LOGITS, [0, 2], {"label_smoothing": 0.1}, 0.803109126556245,
                 np.divide([mixed(P, [0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3]), [0.3, 0.3, -0.6]], 2), id="L11"),
    pytest.param(LOGITS, [0, -100], {"label_smoothing": 0.2}, 0.607605964444380,
                 [mixed(P, [0.8 + 0.2 / 3, 0.2 / 3, 0.2 / 3]), [0, 0, 0]], id="L12"),
    pytest.param(LOGITS[:1], [0], {"label_smoothing": 0.2}, 0.607605964444380,
                 [mixed(P, [0.8 + 0.2 / 3, 0.2 / 3, 0.2 / 3])], id="L12-without-the-other"),
    pytest.param(LOGITS, [0, 2], {"weight": WEIGHT}, 0.960411023823364,
                 [np.divide(mixed(P, [1, 0, 0]), 5), [4 / 15, 4 / 15, -8 / 15]], id="L13"),
    pytest.param([*LOGITS, [1, 1, 1]], [0, 2, -100], {"weight": WEIGHT, "label_smoothing": 0.2}, 1.04224252268252,
                 [np.divide(mixed(P, [0.8 + 0.2 / 3, 0.4 / 3, 0.8 / 3]), 5),
                  np.divide([11 / 9 - 0.2 / 3, 11 / 9 - 0.4 / 3, 11 / 9 - 10.4 / 3], 5), [0, 0, 0]], id="L14"),
]
# fmt: on


@pytest.mark.parametrize(("logits", "targets", "options", "value", "gradient"), OPTIONS)
@pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-6)], ids=["float64", "float32"]
)
def test_value_and_gradient_with_options(logits, targets, options, value, gradient, dtype, rtol):
    logits = leaf(logits, dtype)
    loss = tg.softmax_cross_entropy(logits, targets, **options)
    loss.backward()
    assert (loss.shape, loss.dtype, logits.grad.dtype) == ((), dtype, dtype)
    np.testing.assert_allclose(loss.data, value, rtol=rtol)
    np.testing.assert_allclose(logits.grad.data, gradient, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"weight": WEIGHT}], ids=str)
def test_a_batch_of_labels_left_out_has_no_mean(options):  # L09
    with pytest.raises(ValueError, match=r"no target left to average over, there are 2 labels, all -100"):
        tg.softmax_cross_entropy(leaf(LOGITS), [-100, -100], **options)


@pytest.mark.parametrize("dtype", [np.int8, np.int64])
@pytest.mark.parametrize("c", [2, 32, 33])
def test_labels_in_an_array_are_classes_or_named(c, dtype):  # L17
    z = np.linspace(-2, 1, 4 * c).reshape(4, c)
    for wrong in (-128, -c - 3, -c - 2, -c - 1, -c, -1, c, c + 1, 2 * c, 127, np.iinfo(dtype).max):
        with pytest.raises(ValueError, match=rf"label {wrong} is outside \[0, {c}\)"):
            tg.softmax_cross_entropy(leaf(z), np.array([0, wrong, 1, 0], dtype))
    y = np.array([c - 1, 0, 1, c - 1], dtype)
    losses = tg.softmax_cross_entropy(leaf(z), y, reduction="none")
    np.testing.assert_allclose(losses.data, np.log(np.exp(z).sum(1)) - z[range(4), y], rtol=1e-12)


def test_left_out_examples_have_a_loss_of_zero():  # L12
    z = leaf(LOGITS)
    losses = tg.softmax_cross_entropy(z, [-100, 2], label_smoothing=0.2, reduction="none")
    np.testing.assert_allclose(losses.data, [0, SECOND], rtol=1e-12)
    losses.backward([5.0, 3.0])
    np.testing.assert_allclose(z.grad.data, [[0, 0, 0], [0.8, 0.8, -1.6]], rtol=1e-12)


def test_a_wrong_label_is_refused_beside_one_that_is_left_out():  # L17
    for options in ({}, {"label_smoothing": 0.1}):
        with pytest.raises(ValueError, match=r"label 3 is outside \[0, 3\)"):
            tg.softmax_cross_entropy(leaf(LOGITS), [-100, 3], **options)
        with pytest.raises(ValueError, match=r"label -100 is outside \[0, 3\)"):
            tg.softmax_cross_entropy(leaf(LOGITS), [-100, 2], ignore_index=None, **options)


# ---- other losses ------------------------------------------------------------------------------------------


def test_binary_cross_entropy_of_large_logits_does_not_overflow():  # L21
    z = leaf([-1000, 0, 1000, 1000])
    losses = tg.binary_cross_entropy_with_logits(z, [0, 1, 1, 0], reduction="none")
    np.testing.assert_allclose(losses.data, [0, math.log(2), 0, 1000], rtol=1e-12)
    losses.backward(np.ones(4))
    np.testing.assert_allclose(z.grad.data, [0, -0.5, 0, 1], rtol=1e-12)


def test_a_column_against_a_row_is_refused():  # L22
    with pytest.raises(
        ValueError,
        match=r"prediction of shape \(4, 1\) and target of shape \(4,\).*\n.*target.reshape\(4, 1\)",
    ):
        tg.mse_loss(leaf([[1], [2], [3], [4]]), np.zeros(4))


def test_a_cotangent_scales_the_gradient_of_a_mean():  # L23
    x = leaf([1, 2])
    loss = tg.mse_loss(x, [0, 0])
    assert loss.item() == 2.5
    loss.backward(np.array(3.0))
    np.testing.assert_allclose(x.grad.data, [3, 6], rtol=1e-12)


def test_divergence_from_a_certain_target_is_finite():  # L25
    q = leaf([[0.5, 0.5]])
    log_q = np.log(q)
    log_q.retain_grad()
    loss = tg.kl_div(log_q, [[1.0, 0.0]], reduction="batchmean")
    loss.backward()
    np.testing.assert_allclose(loss.data, math.log(2), rtol=1e-12)
    np.testing.assert_allclose(q.grad.data, [[-2, 0]], rtol=1e-12)
    np.testing.assert_allclose(log_q.grad.data, [[-1, 0]], rtol=1e-12)
