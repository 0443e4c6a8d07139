"""Estimators among scikit-learn's tools and beside pandas: searches, pipelines, weights, copies, pickles."""

import io

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="tinygrad_edu.sklearn needs scikit-learn")

import joblib
import pandas as pd
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import tinygrad_edu as tg
from tests.helpers import python
from tinygrad_edu import nn
from tinygrad_edu.sklearn import Classifier, Regressor

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
QUICK = {"lr": 0.05, "tol": 0.002, "n_iter_no_change": 5, "max_iter": 1000, "random_state": 0}


def restored(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


# ---- searches, pipelines, tables ---------------------------------------------------------------------------


def test_grid_search_over_sizes_modules_and_rates():
    module = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 3, rng=1))
    grid = {"classifier__model": [(16,), module, nn.Linear], "classifier__lr": [1e-9, 0.02]}
    search = GridSearchCV(make_pipeline(StandardScaler(), Classifier(**QUICK)), grid, cv=2)
    assert search.fit(X, Y).best_score_ > 0.9
    assert search.best_params_["classifier__lr"] == 0.02
    assert (search.cv_results_["std_test_score"] >= 0).all()  # NaN, where a training failed


def test_processes_are_sent_estimators_and_send_them_back():
    one, other = joblib.Parallel(n_jobs=2)(
        joblib.delayed(Classifier(model, **QUICK).fit)(X, Y) for model in ((8,), nn.Linear(4, 3, rng=0))
    )
    np.testing.assert_array_equal(one.predict_proba(X), Classifier((8,), **QUICK).fit(X, Y).predict_proba(X))
    assert other.score(X, Y) > 0.8


def test_cross_validation_scores_as_scikit_learns_own_network_does():
    theirs = {"learning_rate_init": 0.05, "tol": 0.002, "n_iter_no_change": 5, "random_state": 0}
    own = cross_val_score(Classifier((16,), **QUICK), X, Y, cv=5).mean()
    assert (
        own
        > cross_val_score(MLPClassifier(hidden_layer_sizes=(16,), **theirs), X, Y, cv=5).mean() - 0.03
        > 0.9
    )
    x, y = load_diabetes(return_X_y=True)
    scaled = lambda network: TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    own = cross_val_score(scaled(Regressor((16,), **QUICK)), x, y, cv=5).mean()
    assert (
        own
        > cross_val_score(scaled(MLPRegressor(hidden_layer_sizes=(16,), **theirs)), x, y, cv=5).mean() - 0.1
        > 0.2
    )


def test_a_frame_with_text_goes_through_a_column_transformer_and_keeps_its_names():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=200), "town": rng.choice(["Bonn", "Köln", "Trier"], 200)})
    labels = np.where((frame["size"] > 0) & (frame["town"] != "Bonn"), "dear", "cheap")
    encoder = OneHotEncoder(sparse_output=False)
    columns = ColumnTransformer([("number", StandardScaler(), ["size"]), ("text", encoder, ["town"])])
    columns.set_output(transform="pandas")
    flow = make_pipeline(columns, Classifier((16,), **QUICK))
    assert flow.fit(frame, labels).score(frame, labels) > 0.95
    last = flow[-1]
    names = ["number__size", "text__town_Bonn", "text__town_Köln", "text__town_Trier"]
    assert last.feature_names_in_.tolist() == names
    assert last.n_features_in_ == 4
    assert last.get_feature_names_out().tolist() == last.classes_.tolist() == ["cheap", "dear"]
    with pytest.raises(ValueError, match="feature names should match"):
        last.predict(columns.transform(frame)[names[::-1]])


def test_names_of_several_targets_come_from_a_frame():
    y = pd.DataFrame({"a": X[:, 0], "b": X[:, 1]})
    regressor = Regressor((), **QUICK).fit(X, y)
    assert regressor.get_feature_names_out().tolist() == ["a", "b"]
    assert Regressor((), **QUICK).fit(X, y.to_numpy()).get_feature_names_out().tolist() == ["y0", "y1"]


def test_sparse_rows_are_the_same_as_dense_ones():
    from scipy.sparse import csr_array

    rows = np.where(np.abs(X) > 0.5, X, 0)
    dense, sparse = (Classifier((8,), batch_size=32, **QUICK).fit(x, Y) for x in (rows, csr_array(rows)))
    np.testing.assert_array_equal(dense.predict_proba(rows), sparse.predict_proba(csr_array(rows)))


def test_other_tools_take_them():
    calibrated = CalibratedClassifierCV(Classifier((8,), **QUICK), cv=2).fit(X, Y)
    assert calibrated.score(X, Y) > 0.9
    importance = permutation_importance(
        Classifier((8,), **QUICK).fit(X, Y), X, Y, n_repeats=2, random_state=0
    )
    assert importance.importances_mean.argmax() in (2, 3)  # the petals


# ---- copies and pickles ------------------------------------------------------------------------------------


def test_a_module_that_is_given_is_copied_at_fit():
    module = nn.Linear(4, 3, rng=0)
    before = module.weight.data.copy()
    classifier = Classifier(module, **QUICK)
    first, second = classifier.fit(X, Y).predict_proba(X), classifier.fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(first, second)  # each began with the module's weights
    np.testing.assert_array_equal(module.weight.data, before)
    assert classifier.model is module
    assert classifier.module_ is not module
    copied = clone(classifier)
    assert copied.model is not module
    np.testing.assert_array_equal(copied.fit(X, Y).predict_proba(X), first)


def test_a_fitted_estimator_comes_back_from_joblib_and_goes_on_to_the_same_bits():
    one = Classifier((8,), **QUICK)
    for _ in range(3):
        one.partial_fit(X, Y)
    other = restored(one)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert all(p.grad is None for p in other.module_.parameters())
    for _ in range(2):
        one.partial_fit(X, Y), other.partial_fit(X, Y)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert one.loss_curve_ == other.loss_curve_
    assert other.n_iter_ == 5


def test_estimators_with_dropout_and_normalization_come_back():
    def net(features, outputs):
        hidden = nn.Sequential(nn.Linear(features, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2))
        return nn.Sequential(hidden, nn.Linear(16, outputs))

    classifier = Classifier(net, **QUICK).fit(X, Y)
    back = restored(clone(classifier).set_params(model=nn.Linear).fit(X, Y))
    assert back.score(X, Y) > 0.8
    again = Classifier(net, **QUICK).fit(X, Y)
    np.testing.assert_array_equal(classifier.predict_proba(X), again.predict_proba(X))
    assert restored(classifier.set_params(model=None)).score(X, Y) == again.score(X, Y) > 0.9


# ---- weights -----------------------------------------------------------------------------------------------


def test_class_weights_move_the_decision():
    rng = np.random.default_rng(0)
    x = np.vstack([rng.normal(0, 1, (190, 2)), rng.normal(1.5, 1, (10, 2))])
    y = np.array(["common"] * 190 + ["rare"] * 10)
    found = {}
    for name, weight in {
        "none": None,
        "balanced": "balanced",
        "dict": {"common": 200 / 380, "rare": 10},
    }.items():
        classifier = Classifier((), class_weight=weight, **QUICK).fit(x, y)
        found[name] = classifier.predict_proba(x)
    np.testing.assert_allclose(found["balanced"], found["dict"])  # n / (classes · count)
    share = {name: (p[:, 1] > 0.5).mean() for name, p in found.items()}
    assert share["none"] < 0.08 < share["balanced"]
    assert roc_auc_score(y == "rare", found["balanced"][:, 1]) > 0.8


def test_a_weighted_mean_is_learned_in_closed_form():
    """The best constant of the squared error is Σ wᵢ yᵢ / Σ wᵢ."""

    class Constant(nn.Module):
        def __init__(self):
            self.value = nn.Parameter(np.zeros(1))

        def forward(self, x):
            return np.zeros((len(x), 1)) + self.value

    y, weights = np.array([1.0, 2.0, 6.0, 100.0]), np.array([3.0, 1.0, 2.0, 0.0])
    settings = {"optimizer": "sgd", "lr": 0.25, "batch_size": None, "tol": 0, "random_state": 0}
    regressor = Regressor(Constant(), **settings).fit(np.zeros((4, 1)), y, weights)
    assert regressor.predict([[0]]) == pytest.approx((3 + 2 + 12) / 6)
    assert regressor.loss_ == pytest.approx(np.average((y - 17 / 6) ** 2, weights=weights))


def test_weights_that_cannot_be_are_refused():
    for weights, message in {
        (1.0, 2.0): r"sample_weight\.shape == \(2,\), expected \(150,\)",
        tuple([-1.0] * 150): "finite numbers of 0 or more; got -1.0",
        tuple([0.0] * 150): "at least one non-zero",
    }.items():
        with pytest.raises(ValueError, match=message):
            Classifier((8,), **QUICK).fit(X, Y, weights)
    with pytest.raises(ValueError, match=r"balanced.*Give the weights as a dict"):
        Classifier(class_weight="balanced").partial_fit(X, Y)


def test_without_scikit_learn_the_error_names_the_extra():
    code = "import sys; sys.modules['sklearn'] = None; import tinygrad_edu as tg; tg.sklearn"
    assert "needs scikit-learn, 1.6 or later: pip install tinygrad_edu[sklearn]" in python("-c", code).stderr


def test_the_module_is_among_the_names_of_the_package():
    assert tg.sklearn.Classifier is Classifier
    assert "sklearn" in dir(tg)
    assert "sklearn" not in tg.__all__  # `from tinygrad_edu import *` needs no scikit-learn
    with pytest.raises(AttributeError, match=r"use sklearn\.Classifier"):
        tg.sklearn.MLPClassifier  # noqa: B018
