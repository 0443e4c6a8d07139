"""The data sets that come with scikit-learn, as arrays, offline: they need the extra ``examples``.

flowers = bundled.iris()
flowers.x, flowers.y, flowers.columns, flowers.classes
"""

from typing import Any

import numpy as np

from .named import Records


def iris() -> Records:
    """Fisher's irises: x of shape (150, 4), y of shape (150,) with 3 classes.

    Examples
    --------
    >>> flowers = iris()
    >>> flowers.x.shape, flowers.classes
    ((150, 4), ('setosa', 'versicolor', 'virginica'))
    """
    return _records("load_iris")


def wine() -> Records:
    """Chemical analyses of wines of three growers: x of shape (178, 13), y of shape (178,) with 3 classes."""
    return _records("load_wine")


def breast_cancer() -> Records:
    """Cell nuclei of tumours, malignant (0) or benign (1): x of shape (569, 30), y of shape (569,)."""
    return _records("load_breast_cancer")


def digits() -> Records:
    """Handwritten digits of 8 by 8 pixels, 0 to 16: x of shape (1797, 64), y of shape (1797,), 0 to 9."""
    return _records("load_digits")


def diabetes(*, scaled: bool = True) -> Records:
    """How far diabetes progressed in a year: x of shape (442, 10), y of shape (442,), float64, 25 to 346.

    Parameters
    ----------
    scaled : bool, default=True
        Whether columns of x have mean 0 and sum of squares 1, as scikit-learn gives them, or are as they were
        measured.
    """
    return _records("load_diabetes", scaled=scaled)


def _records(function: str, **settings: Any) -> Records:
    try:
        from sklearn import datasets
    except ImportError as error:
        ways = "pip install 'tinygrad_edu[examples]', or pip install scikit-learn"
        raise ImportError(f"This data set comes with scikit-learn: {ways}.") from error
    bunch = getattr(datasets, function)(**settings)
    columns, classes = (
        tuple(map(str, bunch.feature_names)),
        tuple(map(str, getattr(bunch, "target_names", ()))),
    )
    y = bunch.target.astype(np.int64 if classes else np.float64)
    return Records(bunch.data.astype(np.float64), y, columns, classes)
