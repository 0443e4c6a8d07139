"""Weights of classes equal scikit-learn's, and losses take them as arrays and as dicts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import errors, nn
from tinygrad_edu.data import class_weights

sk = pytest.importorskip("sklearn.utils.class_weight")


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20), st.booleans())
def test_balanced_weights_equal_scikit_learns(labels, named):
    names = [f"c{label}" for label in labels] if named else labels
    classes = np.unique(names)
    expected = sk.compute_class_weight("balanced", classes=classes, y=np.array(names))
    found = class_weights(names)
    np.testing.assert_allclose(found if named else found[classes], expected, rtol=1e-12)
    if not named:
        assert len(found) == max(labels) + 1
        assert found[np.setdiff1d(np.arange(len(found)), classes)].sum() == 0


def test_weights_by_name_and_number():
    assert class_weights(["b", "a", "b"], {"a": 2}).tolist() == [2, 1]
    assert class_weights([1, 0], {1: 0.5}, classes=3).tolist() == [1, 0.5, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_weights([0, 1], {2: 1.0}), r"class_weights: a weight is for the class 2, .*\[0, 1\]"),
        (lambda: class_weights([0, 1], {1: -1.0}), "0 or more"),
        (lambda: class_weights([0, 1], "even"), '"balanced", or a mapping'),
        (lambda: class_weights([0, 3], classes=3), r"label 3 is outside \[0, 3\)"),
        (lambda: class_weights([-1, 0]), "label -1 is outside"),
        (lambda: class_weights(["a", "b"], classes=2), "counts those of integer labels"),
        (lambda: class_weights([]), "no labels"),
    ],
)
def test_what_are_no_weights_is_refused(call, message):
    with pytest.raises(errors.ArgumentError, match=message):
        call()


OF_CLASSES = [nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss, nn.MultiLabelSoftMarginLoss]


@pytest.mark.parametrize("loss", OF_CLASSES)
def test_a_loss_takes_weights_by_class(loss):
    scores, labels = np.log([[0.2, 0.8], [0.5, 0.5]]), np.array([0, 1])
    if loss is nn.MultiLabelSoftMarginLoss:
        labels = np.eye(2)
    by_class = loss(weight={1: 3.0, 0: 1.0})
    assert by_class(scores, labels) == loss(weight=[1.0, 3.0])(scores, labels)
    assert by_class.state_dict()["weight"].tolist() == [1, 3]
    for weight in ({1: 2.0}, {"a": 1.0, "b": 2.0}, {}):
        with pytest.raises(errors.ArgumentError, match=r"a weight by class has one .*data\.class_weights"):
            loss(weight=weight)
    with pytest.raises(errors.ArgumentError, match=r"'balanced', and .*data\.class_weights\(labels\)"):
        loss(weight="balanced")


def test_functions_take_them_too():
    logits, labels = np.array([[2.0, 1.0], [0.0, 1.0]]), [0, 0]
    expected = tg.softmax_cross_entropy(logits, labels, weight=[3.0, 1.0])
    assert tg.softmax_cross_entropy(logits, labels, weight={0: 3.0, 1: 1.0}) == expected
    with pytest.raises(errors.ArgumentError, match=r"softmax_cross_entropy: weight .*data\.class_weights"):
        tg.softmax_cross_entropy(logits, labels, weight="balanced")
