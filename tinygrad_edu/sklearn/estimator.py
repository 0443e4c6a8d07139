"""Estimator: what Classifier and Regressor have in common, the way from rows and targets to a trained module.

A reader begins with `Estimator.fit`.  What differs, how targets become arrays and outputs become predictions,
is in an object of `targets`.
"""

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import train
from ..errors import ArgumentError, TraceError
from ..random import seed
from ..train import EarlyStopping
from . import parts
from .bench import bench_of, key_of
from .targets import Targets

FLOATING = (np.float64, np.float32)  # what rows are converted to: the first, unless they have the other
LARGEST = 2**31 - 1  # of the seeds that are drawn
SCORE = "score"  # of early stopping, in the history


class Estimator(BaseEstimator):
    """Base of `Classifier`, which says what the settings are, and of `Regressor`."""

    loss_curve_: list[float]
    validation_scores_: list[float]
    _targets: Any

    def __init__(
        self,
        model: Any = (100,),
        *,
        activation: Any = "relu",
        loss: Any = None,
        optimizer: Any = "adam",
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        batch_size: int | str | None = "auto",
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        shuffle: bool = True,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: bool = False,
        compile: bool | str = "auto",
        fit_settings: Mapping[str, Any] | None = None,
    ) -> None:
        # As they are: scikit-learn expects that they are looked at in fit, and not before.
        self.model, self.activation, self.loss = model, activation, loss
        self.optimizer, self.lr, self.weight_decay = optimizer, lr, weight_decay
        self.batch_size, self.max_iter, self.tol = batch_size, max_iter, tol
        self.n_iter_no_change, self.early_stopping = n_iter_no_change, early_stopping
        self.validation_fraction, self.shuffle = validation_fraction, shuffle
        self.random_state, self.warm_start, self.verbose = random_state, warm_start, verbose
        self.compile, self.fit_settings = compile, fit_settings

    # ---- what the subclasses say ---------------------------------------------------------------------------

    def _targets_of(self, y: Any, names: Any, classes: Any) -> Targets:
        """What is known of the targets from those that are there, and from the names of their columns."""
        raise NotImplementedError

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        """Rows and targets, validated."""
        raise NotImplementedError

    def _weights(self, y: Any, given: Any) -> Any:
        """The weights of the examples, or None."""
        return None if given is None else parts.weights_of(given, len(y))

    # ---- training ------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows and their targets, for up to ``max_iter`` epochs.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix of shape (n_samples, n_features)
            Where ``model`` is a module or a function that makes one, arrays may have more axes.
        y : array_like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array_like of shape (n_samples,), optional
            At least 0; what weighs 0 is left out.  A batch's loss is Σ wᵢ lᵢ / Σ wᵢ.

        Returns
        -------
        Classifier or Regressor
            Itself.

        Raises
        ------
        ArgumentError, ShapeError, DTypeError
            All of them ValueErrors, if a setting or an array cannot be used.
        NonFiniteError
            If the loss or a parameter is no longer finite.

        Warns
        -----
        ConvergenceWarning
            If the loss, or the score of early stopping, still got better in the last epochs.
        """
        goes_on = self.warm_start and hasattr(self, "module_")
        names = getattr(y, "columns", None)
        X, y = self._checked(X, y, reset=not goes_on)
        X, y, weights = _without_zeros(X, y, self._weights(y, sample_weight))
        rng = check_random_state(self.random_state) if goes_on else self._begin(X, y, names)
        held_out = None
        if self.early_stopping:
            X, y, weights, *held_out = self._split(X, y, weights, rng.randint(LARGEST))
        epochs = parts.whole("max_iter", self.max_iter)
        self._train(X, y, weights, held_out, epochs=epochs, number=rng.randint(LARGEST))
        self.n_iter_, stopped = len(self.history_), self.history_.stopped
        if stopped == "interrupted":
            warnings.warn(f"{type(self).__name__}: {self.history_.reason}.", stacklevel=2)
        elif stopped is None:
            told = f"{type(self).__name__}: it still got better after max_iter={epochs} epochs"
            warnings.warn(f"{told}. Raise max_iter, or tol.", ConvergenceWarning, stacklevel=2)
        return self

    def _partial_fit(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> Self:
        """One epoch more; the first call begins a training."""
        if self.early_stopping:
            raise ArgumentError("partial_fit makes one epoch, and does not support early_stopping=True.")
        first, names = not hasattr(self, "module_"), getattr(y, "columns", None)
        X, y = self._checked(X, y, reset=first)
        weights = self._weights(y, sample_weight)
        if first:
            self._rng = self._begin(X, y, names, classes)
        elif not hasattr(self, "_rng"):  # it goes on from where fit has ended
            self._rng = check_random_state(self.random_state)
        X, y, weights = _without_zeros(X, y, weights)
        self._train(X, y, weights, None, epochs=1, number=self._rng.randint(LARGEST))
        self.n_iter_ = len(self.loss_curve_)
        return self

    def _begin(self, X: Any, y: Any, names: Any, classes: Any = None) -> Any:
        """Make the module, and forget what was; returns the generator that the seeds come from."""
        rng = check_random_state(self.random_state)
        self._targets = targets = self._targets_of(y, names, classes)
        features, number = self.n_features_in_, rng.randint(LARGEST)
        module = parts.module_of(self.model, self.activation, features, targets.width, X.dtype, number)
        targets.check_outputs(parts.outputs_of(module, X[:1]).shape)
        self._optimizer = parts.optimizer_of(self.optimizer, module, self.lr, self.weight_decay)
        self.module_, self.loss_curve_, self.validation_scores_ = module, [], []
        for name in ("_rng", "_optimizer_state"):
            self.__dict__.pop(name, None)
        return rng

    def _split(self, X: Any, y: Any, weights: Any, number: int) -> tuple[Any, ...]:
        """Rows to train on, and those held out, in which every class has its share."""
        strata = y if hasattr(self, "classes_") and y.ndim == 1 else None
        kept, out = train_test_split(
            np.arange(len(y)), test_size=self.validation_fraction, stratify=strata, random_state=number
        )
        if len(out) < 2:
            advice = "Raise validation_fraction, or give more data"
            raise ArgumentError(f"The validation set is too small, {len(out)} example. {advice}.")
        of: Any = lambda which: (X[which], y[which], None if weights is None else weights[which])
        return (*of(kept), *of(out))

    def _train(self, X: Any, y: Any, weights: Any, held_out: Any, *, epochs: int, number: int) -> None:
        """Call `train.fit`, and take note of what it reports."""
        targets, rows = self._targets, len(y)
        y = targets.arrays(y)
        size = parts.batch_size(self.batch_size, rows)
        shuffle = bool(self.shuffle) and size < rows
        loader = parts.batches(X, y, weights, size=size, shuffle=shuffle, number=number, module=self.module_)
        given = targets.loss() if self.loss is None else self.loss
        loss = parts.loss_of_each(given, weights is not None)
        settings = parts.fit_settings(self.fit_settings)
        watched: dict[str, Any] = {"restore": False}
        if held_out is not None:
            settings |= self._validation(*held_out, metrics=settings.get("metrics", {}))
            watched = {"monitor": f"val_{SCORE}", "mode": "max"}
        stop = EarlyStopping(self.n_iter_no_change, min_delta=self.tol, **watched)
        settings |= {"early_stopping": stop, "on_nan": "raise", "progress": bool(self.verbose)}
        settings |= {"epochs": epochs, "compile": parts.backend(self.compile, epochs * len(loader))}
        with seed(number):  # of what layers draw that have no generator of their own
            key = key_of(self, X, y, weights is not None, settings)
            self.history_ = self._fitted(loss, loader, settings, key)
        self.module_.zero_grad()
        self._note(self.history_.columns)

    def _fitted(self, loss: Any, loader: Any, settings: dict[str, Any], key: Any) -> Any:
        """What `train.fit` returns; with "auto", steps that cannot be compiled are made as they are."""
        known = self.module_, loss, self._made_optimizer(), loader
        if not settings["compile"]:
            return train.fit(*known, **settings)
        state = parts.State(*known) if self.compile == "auto" else None
        try:
            if key is None:
                return train.fit(*known, **settings)
            with bench_of(key, *known[:-1]) as bench:
                return train.fit(bench.module, bench.loss, bench.optimizer, loader, **settings)
        except TraceError:  # of the second step
            if state is None:
                raise
            state.restore()
            return train.fit(*known, **settings | {"compile": False})

    def _validation(self, X: Any, y: Any, weights: Any, *, metrics: Any) -> dict[str, Any]:
        """What `train.fit` is told of the rows that are held out: their score after every epoch."""
        loader = parts.batches(X, self._targets.arrays(y), size=len(y), module=self.module_)
        score: Any = lambda _, outputs: self._targets.score(y, outputs, weights)
        return {"validation": loader, "metrics": {**metrics, f"val_{SCORE}": score}}

    def _note(self, columns: Mapping[str, list[float]]) -> None:
        """Take note of the losses and scores of some epochs; of none, if the first was interrupted."""
        self.loss_curve_ += columns.get("loss", [])
        self.validation_scores_ += columns.get(f"val_{SCORE}", [])
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = min(self.loss_curve_, default=np.nan)
        self.best_validation_score_ = max(self.validation_scores_, default=None)

    # ---- use -----------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Any:
        """What the module says of the rows."""
        check_is_fitted(self)
        nd = not parts.is_sizes(self.model)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATING, reset=False, allow_nd=nd)
        return parts.outputs_of(self.module_, X)

    def predict(self, X: Any) -> Any:
        """What the module says of each row.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As the targets were: labels, rows of tags, or numbers.
        """
        outputs = self._outputs(X)
        return self._targets.predicted(outputs)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """The names of the columns of ``predict_proba``, or of a regressor's ``predict``.

        Parameters
        ----------
        input_features : ignored
            It is there since scikit-learn gives it.

        Returns
        -------
        ndarray of str
            The classes; of several targets, the columns of the DataFrame that they were, or y0, y1 …
        """
        check_is_fitted(self)
        return np.asarray(self._targets.names(), object)

    # ---- what scikit-learn asks ----------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "loss_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ---- pickles -------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """The attributes, with the optimizer as its state: joblib, copies and pickles hold data alone."""
        state = dict(super().__getstate__())
        optimizer = state.pop("_optimizer", None)
        if optimizer is not None:
            state["_optimizer_state"] = optimizer.state_dict()
        return state

    def _made_optimizer(self) -> Any:
        """The optimizer; after a copy or a pickle it is made again, and goes on from where it was."""
        if "_optimizer" not in vars(self):
            made = parts.optimizer_of(self.optimizer, self.module_, self.lr, self.weight_decay)
            made.load_state_dict(self.__dict__.pop("_optimizer_state"))
            self._optimizer = made
        return self._optimizer


def _without_zeros(X: Any, y: Any, weights: Any) -> Any:
    """The examples that have a weight above 0."""
    if weights is None or weights.all():
        return X, y, weights
    kept = np.flatnonzero(weights)
    return X[kept], y[kept], weights[kept]
