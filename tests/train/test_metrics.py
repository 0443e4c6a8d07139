"""Metrics equal scikit-learn's, on labels, scores, ties and everything degenerate,
and refuse what they cannot mean.
"""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tinygrad_edu as tg
from tinygrad_edu.errors import ArgumentError, DTypeError, ShapeError
from tinygrad_edu.train import metrics

sk = pytest.importorskip("sklearn.metrics")

CLOSE = {"rtol": 1e-12, "atol": 1e-12}
CLASSES = 4
THIRDS = np.full((3, 3), 1 / 3)


@st.composite
def labels(draw, classes=CLASSES):
    """Targets and predictions of the same length; often some class is missing."""
    n = draw(st.integers(1, 12))
    return tuple(draw(arrays(np.int64, n, elements=st.integers(0, classes - 1))) for _ in range(2))


@st.composite
def ranked(draw):
    """Two classes that both occur, and scores with ties."""
    n = draw(st.integers(2, 12))
    targets = draw(arrays(np.int64, n, elements=st.integers(0, 1)))
    assume(0 < targets.sum() < n)
    return targets, draw(
        arrays(np.float64, n, elements=st.one_of(st.sampled_from([-1.0, 0.0, 0.5]), st.floats(-9, 9)))
    )


# ---- equal to scikit-learn's -------------------------------------------------------------------------------


@given(labels())
def test_accuracy_and_confusion_matrix(drawn):
    targets, predictions = drawn
    np.testing.assert_allclose(
        metrics.accuracy(targets, predictions), sk.accuracy_score(targets, predictions), **CLOSE
    )
    expected = sk.confusion_matrix(targets, predictions, labels=range(CLASSES))
    np.testing.assert_array_equal(metrics.confusion_matrix(targets, predictions, classes=CLASSES), expected)
    assert metrics.confusion_matrix(targets, predictions).shape == (max(*targets, *predictions) + 1,) * 2


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(metrics.precision, sk.precision_score), (metrics.recall, sk.recall_score), (metrics.f1, sk.f1_score)],
    ids=["precision", "recall", "f1"],
)
@given(drawn=labels())
def test_precision_recall_f1(ours, theirs, average, drawn):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = ours(*drawn, average=average)
    np.testing.assert_allclose(value, theirs(*drawn, average=average, zero_division=0), **CLOSE)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(metrics.precision, sk.precision_score), (metrics.recall, sk.recall_score), (metrics.f1, sk.f1_score)],
    ids=["precision", "recall", "f1"],
)
@given(drawn=labels(classes=2))
def test_binary_precision_recall_f1(ours, theirs, drawn):
    np.testing.assert_allclose(ours(*drawn), theirs(*drawn, zero_division=0), **CLOSE)


@given(ranked())
def test_roc_auc(drawn):
    np.testing.assert_allclose(metrics.roc_auc(*drawn), sk.roc_auc_score(*drawn), **CLOSE)


@st.composite
def probable(draw):
    """Labels of several classes, each of which occurs, and rows of probabilities with ties."""
    c = draw(st.integers(3, 5))
    more = draw(st.lists(st.integers(0, c - 1), max_size=12))
    targets = np.array(draw(st.permutations([*range(c), *more])))
    rows = draw(arrays(np.float64, (len(targets), c), elements=st.integers(1, 4).map(float)))
    return targets, rows / rows.sum(1, keepdims=True)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("multi_class", ["ovr", "ovo"])
@given(drawn=probable())
def test_roc_auc_of_several_classes(multi_class, average, drawn):
    settings = {"multi_class": multi_class, "average": average}
    if multi_class == "ovo" and average in ("micro", None):
        with pytest.raises(
            ArgumentError, match="average is one of 'macro', 'weighted' with multi_class='ovo'"
        ):
            metrics.roc_auc(*drawn, **settings)
        return
    ours = metrics.roc_auc(*drawn, **settings)
    assert isinstance(ours, np.ndarray if average is None else float)
    np.testing.assert_allclose(ours, sk.roc_auc_score(*drawn, **settings), **CLOSE)
    np.testing.assert_allclose(ours, metrics.roc_auc(drawn[0][:, None], tg.Tensor(drawn[1]), **settings))


@given(ranked())
def test_roc_auc_of_two_columns_is_that_of_the_second(drawn):
    targets, scores = drawn
    p = 1 / (1 + np.exp(-np.round(scores, 3)))
    for multi_class in ("ovr", "ovo"):
        area = metrics.roc_auc(targets, np.stack([1 - p, p], 1), multi_class=multi_class)
        assert area == pytest.approx(metrics.roc_auc(targets, p), abs=1e-12)


@given(
    targets=arrays(np.int64, 6, elements=st.integers(0, CLASSES - 1)),
    scores=arrays(np.float64, (6, CLASSES), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    k=st.integers(1, CLASSES - 1),
)
def test_top_k_accuracy(targets, scores, k):
    expected = sk.top_k_accuracy_score(targets, scores, k=k, labels=range(CLASSES))
    np.testing.assert_allclose(metrics.top_k_accuracy(targets, scores, k=k), expected, **CLOSE)
    assert metrics.top_k_accuracy(targets, scores, k=CLASSES) == 1


@given(
    st.integers(2, 8).flatmap(
        lambda n: st.tuples(*[arrays(np.float64, (n, 2), elements=st.integers(-3, 3).map(float))] * 2)
    )
)
def test_r2_and_mean_squared_error(drawn):
    targets, predictions = drawn
    np.testing.assert_allclose(metrics.r2(targets, predictions), sk.r2_score(targets, predictions), **CLOSE)
    np.testing.assert_allclose(
        metrics.r2(targets[:, 0], predictions[:, 0]), sk.r2_score(targets[:, 0], predictions[:, 0]), **CLOSE
    )
    np.testing.assert_allclose(
        metrics.mean_squared_error(targets, predictions), sk.mean_squared_error(targets, predictions), **CLOSE
    )
    np.testing.assert_allclose(
        metrics.mean_absolute_error(targets, predictions),
        sk.mean_absolute_error(targets, predictions),
        **CLOSE,
    )


@given(
    st.integers(1, 8).flatmap(
        lambda n: st.tuples(*[arrays(np.int64, (n, 3), elements=st.integers(0, 1))] * 2)
    )
)
def test_labels_one_by_one(drawn):
    targets, predictions = drawn
    expected = [sk.accuracy_score(targets[:, i], predictions[:, i]) for i in range(3)]
    np.testing.assert_allclose(metrics.label_accuracy(targets, predictions), expected, **CLOSE)
    np.testing.assert_allclose(
        metrics.label_f1(targets, predictions),
        sk.f1_score(targets, predictions, average=None, zero_division=0),
        **CLOSE,
    )
    np.testing.assert_allclose(
        metrics.subset_accuracy(targets, predictions), sk.accuracy_score(targets, predictions), **CLOSE
    )


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "samples"])
@given(
    drawn=st.integers(1, 8).flatmap(
        lambda n: st.tuples(*[arrays(np.int64, (n, 3), elements=st.integers(0, 1))] * 2)
    )
)
def test_means_over_labels(average, drawn):
    targets, predictions = drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of 0 / 0
        expected = sk.f1_score(targets, predictions, average=average, zero_division=0)
    found = metrics.label_f1(targets, predictions, average=average)
    np.testing.assert_allclose(found, expected, **CLOSE)
    assert type(found) is float
    right, counts = targets == predictions, targets.sum(0)
    expected = right.mean()  # all labels have as many examples
    if average == "weighted":
        expected = np.average(right.mean(0), weights=counts) if counts.any() else 0
    np.testing.assert_allclose(
        metrics.label_accuracy(targets, predictions, average=average), expected, **CLOSE
    )


# ---- what predictions may be -------------------------------------------------------------------------------


def test_scores_are_taken_for_their_largest_class():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.0, 0.1, 0.9]], np.float32)
    for targets in (
        [1, 0, 0],
        [[1], [0], [0]],
        np.eye(3)[[1, 0, 0]],
        np.array([1.0, 0.0, 0.0]),
        np.array([1, 0, 0], np.uint8),
    ):
        assert metrics.accuracy(targets, scores) == pytest.approx(2 / 3)
    np.testing.assert_array_equal(
        metrics.confusion_matrix([1, 0, 0], scores), [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
    )
    assert metrics.confusion_matrix([0, 0], [[0.9, 0.1, 0.0], [0.8, 0.1, 0.1]]).shape == (3, 3)
    assert metrics.accuracy(tg.Tensor([1, 0, 0]), tg.Tensor(scores, requires_grad=True)) == pytest.approx(
        2 / 3
    )


def test_sequences_count_every_element():
    scores = np.zeros((2, 3, 4))
    scores[0, :, 1] = scores[1, :, 2] = 1
    assert metrics.accuracy([[1, 1, 0], [2, 0, 0]], scores) == 0.5


def test_one_score_needs_a_threshold():
    probabilities = np.array([[0.9], [0.4], [0.6]])
    assert metrics.accuracy([1, 0, 0], probabilities, threshold=0.5) == pytest.approx(2 / 3)
    assert metrics.accuracy([[1], [0], [0]], probabilities[:, 0] - 0.5, threshold=0.0) == pytest.approx(2 / 3)
    assert partial(metrics.f1, threshold=0.5)([1, 0, 0], probabilities) == pytest.approx(2 / 3)
    with pytest.raises(ArgumentError, match=r"threshold=0\.5 for probabilities"):
        metrics.accuracy([1, 0, 0], probabilities)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.accuracy([0, 1], [0, 1, 1]), ShapeError, "as many predictions as targets"),
        (lambda: metrics.accuracy([], []), ShapeError, "no examples"),
        (lambda: metrics.accuracy([0.5, 1], [0, 1]), DTypeError, "targets are labels"),
        (lambda: metrics.accuracy(["a"], ["a"]), DTypeError, "targets are labels"),
        (lambda: metrics.accuracy([0, 1, 1], np.zeros((2, 3))), ShapeError, "scores of shape"),
        (lambda: metrics.accuracy([[1, 1, 0]], [[0.9, 0.8, 0.1]]), ArgumentError, "label_accuracy"),
        (lambda: metrics.confusion_matrix([0, -1], [0, 1]), ArgumentError, "from -1 to 1"),
        (lambda: metrics.confusion_matrix([0, 3], [0, 1], classes=3), ArgumentError, "from 0 to 2"),
        (lambda: metrics.confusion_matrix([0, 10**12], [0, 1]), ArgumentError, "at most 10000 classes"),
        (lambda: metrics.accuracy([0, 1], [[np.nan, 1.0], [0.0, 1.0]]), ArgumentError, "not a number"),
        (lambda: metrics.accuracy([0, 1], [np.nan, 0.7], threshold=0.5), ArgumentError, "not a number"),
        (lambda: metrics.accuracy([0, 1], [0.0, np.inf]), DTypeError, "predictions are labels"),
        (lambda: metrics.top_k_accuracy([0], [[np.nan, np.nan]], k=1), ArgumentError, "not a number"),
        (lambda: metrics.precision([0, 2], [0, 1]), ArgumentError, "is for labels 0 and 1"),
        (lambda: metrics.recall([0, 1], [0, 1], average="mean"), ArgumentError, "average is one of"),
        (lambda: metrics.roc_auc([1, 1], [0.1, 0.2]), ArgumentError, "both occur"),
        (lambda: metrics.roc_auc([0, 1], [0.1, np.nan]), ArgumentError, "not a number"),
        (lambda: metrics.roc_auc([0, 1, 2], THIRDS), ShapeError, r"\(3, 3\) are scores of several.*ovr"),
        (lambda: metrics.roc_auc([0, 1, 1], THIRDS, multi_class="ovr"), ArgumentError, "class 2 does not"),
        (lambda: metrics.roc_auc([0, 1, 3], THIRDS, multi_class="ovo"), ArgumentError, "0 to 2.*got 3"),
        (lambda: metrics.roc_auc([0, 1], THIRDS, multi_class="ovo"), ShapeError, r"\(2,\) and \(3, 3\)"),
        (
            lambda: metrics.roc_auc([0, 1], [0.5, 0.5], multi_class="ovr"),
            ShapeError,
            r"rows of scores.*\(n, c\)",
        ),
        (
            lambda: metrics.roc_auc([0, 1, 2], 2 * THIRDS, multi_class="ovr"),
            ArgumentError,
            "sum to 1.*softmax",
        ),
        (
            lambda: metrics.roc_auc([0, 1, 2], THIRDS * np.nan, multi_class="ovr"),
            ArgumentError,
            "not a number",
        ),
        (
            lambda: metrics.roc_auc([0, 1, 2], THIRDS, multi_class="all"),
            ArgumentError,
            '"ovr", "ovo" or None',
        ),
        (lambda: metrics.roc_auc([0, 0.5, 2], THIRDS, multi_class="ovr"), DTypeError, "whole numbers"),
        (
            lambda: metrics.roc_auc([0, 1, 2], THIRDS, multi_class="ovr", average="mean"),
            ArgumentError,
            "average is one of 'macro', 'weighted', 'micro', None with multi_class='ovr'; got 'mean'",
        ),
        (lambda: metrics.top_k_accuracy([3], [[0.1, 0.9]], k=1), ArgumentError, "targets from 0 to 1"),
        (lambda: metrics.top_k_accuracy([1], [[0.1, 0.9]], k=3), ArgumentError, "k is from 1 to 2"),
        (lambda: metrics.r2([1.0], [1.0]), ShapeError, "two examples"),
        (lambda: metrics.mean_squared_error([1.0, 2.0], [[1.0], [2.0]]), ShapeError, "one shape"),
        (lambda: metrics.label_accuracy([[0, 1]], [[0.2, 0.8]]), DTypeError, r"threshold=0\.5"),
        (lambda: metrics.label_f1([0, 1], [0, 1]), ShapeError, r"\(n, k\)"),
        (lambda: metrics.label_f1([[0, 1]], [[0, 1]], average="binary"), ArgumentError, "average is one of"),
    ],
)
def test_what_has_no_meaning_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
