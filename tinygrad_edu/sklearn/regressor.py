"""Regressor: numbers from rows."""

from typing import Any, Self

from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from . import parts
from .estimator import FLOATING, Estimator
from .targets import Numbers


class Regressor(RegressorMixin, Estimator):
    """A regressor of scikit-learn: any module, or fully connected layers, trained by `train.fit`.

    Parameters
    ----------
    model, activation, optimizer, lr, weight_decay, batch_size, max_iter, tol, n_iter_no_change, \
early_stopping, validation_fraction, shuffle, random_state, warm_start, verbose, compile, fit_settings
        As those of `Classifier`.  A module gives outputs of shape (n, n_outputs), or (n,) for one.
    loss : callable, optional
        A function of (outputs, targets), both of the shape that the module gives, such as ``nn.HuberLoss()``.
        By default it is the mean squared error.

    Attributes
    ----------
    module_, history_, n_iter_, loss_, best_loss_, loss_curve_, validation_scores_, \
best_validation_score_, n_features_in_, n_outputs_, feature_names_in_
        As those of `Classifier`; the score is R².

    Notes
    -----
    Neither rows nor targets are scaled.  Targets far from 0 and 1 are learned slowly:
    ``TransformedTargetRegressor(Regressor(), transformer=StandardScaler())`` scales them.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> regressor = Regressor((32,), batch_size=20, lr=0.01, random_state=0)
    >>> bool(regressor.fit(x, np.sin(3 * x[:, 0])).score(x, np.sin(3 * x[:, 0])) > 0.99)
    True

    Several targets, by a linear model:

    >>> y = np.hstack([x, 2 * x - 1])
    >>> several = Regressor((), optimizer="sgd", lr=0.3, random_state=0).fit(x, y)
    >>> several.predict([[1.0]]).round(1)
    array([[1., 1.]])
    """

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Make one epoch on rows and their targets; the first call makes the module.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix of shape (n_samples, n_features)
        y : array_like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array_like of shape (n_samples,), optional

        Returns
        -------
        Regressor
            Itself.
        """
        return self._partial_fit(X, y, None, sample_weight)

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        nd = not parts.is_sizes(self.model)
        given = {"accept_sparse": "csr", "dtype": FLOATING, "allow_nd": nd, "reset": reset}
        return validate_data(self, X, y, multi_output=True, y_numeric=True, **given)

    def _targets_of(self, y: Any, names: Any, classes: Any) -> Numbers:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return Numbers(y.shape[1:], names)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
