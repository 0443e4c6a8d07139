"""Estimators of scikit-learn around any module: `Classifier` and `Regressor`.

They are what `GridSearchCV`, `Pipeline`, `ColumnTransformer` and `cross_val_score` expect, and pass all of
scikit-learn's own checks, ``sklearn.utils.estimator_checks.check_estimator``::

    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    import tinygrad_edu as tg

    flow = make_pipeline(StandardScaler(), tg.sklearn.Classifier((32,), random_state=0))
    search = GridSearchCV(flow, {"classifier__model": [(16,), (64, 64)], "classifier__lr": [1e-3, 1e-2]})
    search.fit(x_train, labels).score(x_test, more_labels)

The training is `tinygrad_edu.train.fit`, and the optimizers are those of `tinygrad_edu.optim`.  scikit-learn
is needed, the extra ``sklearn``; the rest of the package does without.
"""

try:
    from sklearn.utils.validation import validate_data as _since_1_6  # noqa: F401  # the error below says so
except ImportError:
    told = "tinygrad_edu.sklearn needs scikit-learn, 1.6 or later: pip install tinygrad_edu[sklearn]"
    raise ImportError(told) from None

from ..hints import missing_from
from .classifier import Classifier
from .regressor import Regressor

__all__ = ["Classifier", "Regressor"]

__getattr__ = missing_from(__name__)
