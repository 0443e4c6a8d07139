"""Classifier: labels, or several tags, from rows, with their probabilities."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d, validate_data

from ..errors import ArgumentError
from . import parts
from .estimator import FLOATING, Estimator
from .targets import Labels, Tags


class Classifier(ClassifierMixin, Estimator):
    """A classifier of scikit-learn: any module, or fully connected layers, trained by `train.fit`.

    Parameters
    ----------
    model : sizes, Module or callable, default=(100,)
        The sizes of hidden layers: (64, 32), 64, or () for none, with Glorot's uniform weights and biases in
        the same bounds, as scikit-learn's, in float32 if the rows are, else in float64.  Or a module that
        gives a score (a logit) for each class or tag, or a single one for two classes; fit trains a copy of
        it, which begins with its weights.  Or a function,
        called as ``model(n_features, n_outputs)``, that makes a module, whose layers are seeded by
        ``random_state`` unless they have an ``rng`` of their own: ``nn.Linear`` is one.
    activation : str or callable, default="relu"
        What follows each hidden layer: "identity", "relu", "tanh", "sigmoid" ("logistic"), "leaky_relu",
        "elu", "selu", "gelu", "silu", "mish", "softplus"; or makes a module, such as ``nn.Hardtanh``.
    loss : callable, optional
        A function of (outputs, targets), such as ``nn.CrossEntropyLoss(label_smoothing=0.1)``.  Targets are
        the places of labels among ``classes_``, shape (n,); or 0.0 and 1.0, shape (n, 1), where two classes
        have one score; or 0.0 and 1.0 for each tag, shape (n, n_labels).  By default it is the cross-entropy.
    optimizer : str or callable, default="adam"
        The name of an optimizer of `tinygrad_edu.optim` that goes by steps, such as "sgd" or "adamw"; or a
        function of the parameters, such as ``functools.partial(optim.SGD, lr=0.1, momentum=0.9)``, for which
        lr and weight_decay count for nothing.
    lr : float, at least 0, default=1e-3
    weight_decay : float, at least 0, default=0.0
    batch_size : int, "auto" or None, default="auto"
        "auto" is 200, and never more than there are rows; None is all of them.
    max_iter : int, at least 1, default=200
        The largest number of epochs.
    tol : float, at least 0, default=1e-4
        By how much the loss (or the score, if early_stopping) has to get better to count as better.
    n_iter_no_change : float, at least 1, default=10
        After how many epochs in a row without a better one the training ends; numpy.inf for never.
    early_stopping : bool, default=False
        Whether a part of the rows is held out, the score of it decides on the end, and the weights of the
        best epoch come back.
    validation_fraction : float in (0, 1), default=0.1
        The share that is held out, of each class.
    class_weight : dict, "balanced", list of dict or None, default=None
        The weight of each class, by label; "balanced" is n_samples / (n_classes · count).  Of tags, a dict
        for each.  They multiply sample_weight.
    shuffle : bool, default=True
        Whether every epoch has an order of its own.
    random_state : int, RandomState or None, default=None
        What weights, held-out rows, orders and dropout come from; with an int, fit does the same each time.
    warm_start : bool, default=False
        Whether another fit goes on with the module and the optimizer as they are.
    verbose : bool, default=False
        Whether a line on stderr tells how far the training is.
    compile : {"auto", "numpy", "c", "numba"} or bool, default="auto"
        How `train.fit` compiles steps.  "auto" does from about 500 steps on, and to C, where there is a
        compiler, from 2000 on; what cannot be compiled is made as it is.  C sums small products in an order
        of its own, and its first training of a shape waits for the compiler; libraries are kept.  Layers
        that are given by their sizes are traced once in a process: the next fit of such layers, of
        `cross_val_score` or `GridSearchCV`, begins with the step of the last, and gives the same bits.
    fit_settings : dict, optional
        More settings of `train.fit`: accumulate, callbacks, checkpoint, clip_norm, metrics, schedule,
        step_schedule.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels in order; the numbers of the tags.
    module_ : Module
        What was trained.
    history_ : train.History
        What the last fit reported.
    n_iter_ : int
        How many epochs the last fit has made; by partial_fit, all calls together.
    loss_, best_loss_ : float
        The last and the smallest of ``loss_curve_``.
    loss_curve_ : list of float
        The loss of every epoch.
    validation_scores_ : list of float
        The score of the held-out rows after every epoch; empty without early_stopping.
    best_validation_score_ : float or None
    n_features_in_, n_outputs_ : int
    feature_names_in_ : ndarray of str
        The columns, if the rows were a DataFrame whose columns are all text.

    Notes
    -----
    Sparse matrices are made dense one batch at a time.  Rows are not scaled: put a StandardScaler before it.

    joblib and pickle save a fitted estimator with its parameters as data and its optimizer's state; as with
    any pickle, load only what you trust.  ``io.save_safetensors(path, classifier.module_.state_dict())``
    saves the parameters alone, without pickle.

    Differences from scikit-learn's MLPClassifier: settings have this package's names (``model`` for
    hidden_layer_sizes, ``lr`` for learning_rate_init, ``optimizer`` for solver); there is no L-BFGS; weight
    decay is the optimizer's, on biases too, and 0 by default; ``n_iter_no_change`` counts from the last loss
    that was better by ``tol``, and an exhausted one ends the training one epoch earlier.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> x, y = load_iris(return_X_y=True)
    >>> flow = make_pipeline(StandardScaler(), Classifier((16,), lr=0.01, tol=0.01, random_state=0))
    >>> bool(cross_val_score(flow, x, y).mean() > 0.93)
    True
    >>> flow.fit(x, y).predict_proba(x[:2]).round(1)
    array([[1., 0., 0.],
           [1., 0., 0.]])
    """

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
        class_weight: Any = None,
        shuffle: bool = True,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: bool = False,
        compile: bool | str = "auto",
        fit_settings: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            model,
            activation=activation,
            loss=loss,
            optimizer=optimizer,
            lr=lr,
            weight_decay=weight_decay,
            batch_size=batch_size,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            shuffle=shuffle,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            compile=compile,
            fit_settings=fit_settings,
        )
        self.class_weight = class_weight

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Make one epoch on rows and their labels; the first call makes the module.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix of shape (n_samples, n_features)
        y : array_like of shape (n_samples,) or (n_samples, n_labels)
        classes : array_like of shape (n_classes,), optional
            All labels that there will be: the first call needs them, unless its ``y`` has them all.
        sample_weight : array_like of shape (n_samples,), optional

        Returns
        -------
        Classifier
            Itself.
        """
        if isinstance(self.class_weight, str):
            told = f"class_weight={self.class_weight!r} is not supported by partial_fit, which sees one part"
            raise ArgumentError(f"{told} of the data. Give the weights as a dict.")
        return self._partial_fit(X, y, classes, sample_weight)

    def predict_proba(self, X: Any) -> Any:
        """The probabilities of the classes.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``; of tags, that each applies.
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of `predict_proba`, computed without taking any: they stay finite.

        Parameters
        ----------
        X : array_like, DataFrame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        """
        outputs = self._outputs(X)
        return self._targets.log_probabilities(outputs)

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        nd = not parts.is_sizes(self.model)
        given = {"accept_sparse": "csr", "dtype": FLOATING, "allow_nd": nd, "reset": reset}
        X, y = validate_data(self, X, y, multi_output=True, **given)
        check_classification_targets(y)
        if type_of_target(y).endswith("multioutput"):
            advice = "sklearn.multioutput.MultiOutputClassifier makes an estimator of each column"
            raise ArgumentError(f"Several columns of targets are tags, 0 or 1; got labels. {advice}.")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y.toarray() if parts.is_sparse(y) else y

    def _weights(self, y: Any, given: Any) -> Any:
        weights = super()._weights(y, given)
        if self.class_weight is None:
            return weights
        of_class = compute_sample_weight(self.class_weight, y)
        return of_class if weights is None else weights * of_class

    def _targets_of(self, y: Any, names: Any, classes: Any) -> Labels | Tags:
        self.classes_ = unique_labels(y if classes is None else classes)
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return Labels(self.classes_) if y.ndim == 1 else Tags(y.shape[1], names)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
