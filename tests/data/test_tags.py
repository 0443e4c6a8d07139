"""Lists of tags as rows of zeros and ones: scikit-learn's, in every form that lists have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import errors
from tinygrad_edu.data import one_hot

preprocessing = pytest.importorskip("sklearn.preprocessing")


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=4), min_size=1, max_size=6))
def test_rows_are_those_of_a_multilabel_binarizer(tags):
    theirs = preprocessing.MultiLabelBinarizer()
    expected = theirs.fit_transform(tags)
    if any(tags):
        np.testing.assert_array_equal(one_hot(tags), expected)
    np.testing.assert_array_equal(
        one_hot(tags, "dcba")[:, [3 - "abcd".index(c) for c in theirs.classes_]], expected
    )


def test_forms_of_tags():
    expected = [[1, 0], [1, 1], [0, 0]]
    objects = np.empty(3, object)
    objects[:] = [["a"], ["b", "a"], []]
    for tags in ([["a"], ["b", "a"], []], (("a",), {"b", "a"}, set()), objects):
        assert one_hot(tags).tolist() == one_hot(tags, ["a", "b"]).tolist() == expected
    assert one_hot([[0, 2], [1]], classes=range(3)).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert one_hot([[0, 1], [1, 0]], range(2)).tolist() == [[1, 1], [1, 1]]
    assert one_hot(["b", "a"], ["a", "b"], dtype=np.int64).tolist() == [[0, 1], [1, 0]]
    assert one_hot([[0, 1], [1, 0]]).shape == (2, 2, 2)  # whole numbers by themselves are labels


def test_tags_that_are_none():
    with pytest.raises(
        errors.ArgumentError, match=r"one_hot: tag 'c' of row 1 is none of the classes \['a', 'b'\]"
    ):
        one_hot([["a"], ["c"]], ["a", "b"])
    with pytest.raises(errors.ArgumentError, match="each once"):
        one_hot([["a"]], ["a", "a"])
    with pytest.raises(errors.DTypeError, match="Names become numbers by LabelEncoder"):
        one_hot(["a", "b"])
    with pytest.raises(errors.ShapeError, match="rows of one length"):
        one_hot([[0], [1, 2]])
