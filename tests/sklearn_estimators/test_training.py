"""What estimators do in training: partial_fit, early stopping, warm starts, kinds of targets, settings."""

import warnings
from functools import partial

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="tinygrad_edu.sklearn needs scikit-learn")

from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import StandardScaler

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.sklearn import Classifier, Regressor

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
QUICK = {"lr": 0.05, "tol": 0.002, "n_iter_no_change": 5, "max_iter": 1000, "random_state": 0}


# ---- the course of a training ------------------------------------------------------------------------------


def test_partial_fit_is_fit_epoch_by_epoch_where_nothing_is_shuffled():
    whole = Classifier((8,), max_iter=5, shuffle=False, batch_size=40, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=5 epochs"):
        whole.fit(X, NAMES)
    parts = Classifier((8,), shuffle=False, batch_size=40, random_state=0)
    for _ in range(5):
        assert parts.partial_fit(X, NAMES, classes=np.unique(NAMES)) is parts
    np.testing.assert_array_equal(whole.predict_proba(X), parts.predict_proba(X))
    assert whole.loss_curve_ == parts.loss_curve_
    assert whole.n_iter_ == parts.n_iter_ == 5
    assert parts.classes_.tolist() == ["setosa", "versicolor", "virginica"]


def test_partial_fit_meets_classes_later_and_refuses_others():
    classifier = Classifier((8,), lr=0.02, random_state=0)
    for start in (0, 50, 100) * 30:  # one class at a time
        classifier.partial_fit(X[start : start + 50], NAMES[start : start + 50], classes=np.unique(NAMES))
    assert classifier.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match=r"'sessile' is not among the classes, \['setosa'"):
        classifier.partial_fit(X[:1], ["sessile"])
    with pytest.raises(ValueError, match="does not support early_stopping"):
        Classifier(early_stopping=True).partial_fit(X, Y)


def test_early_stopping_gives_the_best_weights_back():
    settings = {**QUICK, "n_iter_no_change": 5, "tol": 0.0, "lr": 0.1, "validation_fraction": 0.3}
    classifier = Classifier((16,), early_stopping=True, batch_size=10, **settings).fit(X, NAMES)
    scores = classifier.validation_scores_
    assert classifier.best_validation_score_ == max(scores)
    assert classifier.n_iter_ == len(scores) == len(classifier.loss_curve_)
    assert classifier.n_iter_ - (np.argmax(scores) + 1) == 5  # epochs since the best
    assert classifier.history_.best_epoch == np.argmax(scores) + 1
    regressor = Regressor((16,), early_stopping=True, **settings).fit(X[:, :3], X[:, 3])
    assert regressor.best_validation_score_ > 0.8


def test_the_loss_decides_without_early_stopping():
    classifier = Classifier((8,), **QUICK).fit(X, Y)
    losses = classifier.loss_curve_
    assert classifier.n_iter_ == len(losses) < 200
    assert classifier.loss_ == losses[-1]
    assert classifier.best_loss_ == min(losses)
    best = min(losses[:-5])
    assert all(loss > best - 0.002 for loss in losses[-5:])
    assert classifier.validation_scores_ == []
    assert classifier.best_validation_score_ is None


def test_a_warm_start_goes_on():
    once = Classifier((8,), max_iter=3, warm_start=True, random_state=0)
    with pytest.warns(ConvergenceWarning):
        first = once.fit(X, Y).loss_
    with pytest.warns(ConvergenceWarning):
        once.fit(X, Y)
    assert once.n_iter_ == 3
    assert len(once.loss_curve_) == 6
    assert once.loss_ < first
    with pytest.raises(ValueError, match="'sessile' is not among the classes"):
        once.fit(X, ["sessile"] * 150)


def test_a_seed_decides_everything_and_leaves_the_others_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002  # which is not to be touched
    net = lambda features, outputs: nn.Sequential(nn.Linear(features, 8), nn.Dropout(), nn.Linear(8, outputs))
    for model in ((8,), net):
        one, same, other = (
            Classifier(model, batch_size=16, **{**QUICK, "random_state": seed}).fit(X, Y).predict_proba(X)
            for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(one, same)
        assert (one != other).any()
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002  # the same


# ---- kinds of targets --------------------------------------------------------------------------------------


def test_two_classes_have_one_score_or_two():
    two, labels = X[50:], NAMES[50:]
    for model, width in ((8,), 1), (nn.Linear(4, 1, rng=0), 1), (nn.Linear(4, 2, rng=0), 2):
        classifier = Classifier(model, **QUICK).fit(two, labels)
        assert classifier.score(two, labels) > 0.9
        scores = tg.train.predict(classifier.module_, two).astype(float)
        assert scores.shape == (100, width)
        p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        p = p if width == 2 else np.hstack([1 / (1 + np.exp(scores)), 1 / (1 + np.exp(-scores))])
        np.testing.assert_allclose(classifier.predict_proba(two), p, rtol=1e-5)
        np.testing.assert_array_equal(classifier.predict(two), classifier.classes_[p.argmax(1)])
        np.testing.assert_allclose(classifier.predict_log_proba(two), np.log(p), rtol=1e-4, atol=1e-6)


def test_probabilities_that_round_to_nothing_have_logarithms():
    module = nn.Linear(1, 1, rng=0, dtype=np.float64)
    module.load_state_dict({"weight": [[1000.0]], "bias": [0.0]})
    classifier = Classifier(module, lr=0.0, tol=0.0, n_iter_no_change=1).fit([[0.0], [1.0]], [0, 1])
    np.testing.assert_array_equal(classifier.predict_log_proba([[-1.0]]), [[0.0, -1000.0]])


def test_tags():
    x, tags = make_multilabel_classification(300, n_classes=4, random_state=0)
    x = StandardScaler().fit_transform(x)
    classifier = Classifier((32,), **QUICK).fit(x, tags)
    assert classifier.predict(x).shape == classifier.predict_proba(x).shape == (300, 4)
    np.testing.assert_array_equal(classifier.predict(x), classifier.predict_proba(x) > 0.5)
    assert (classifier.predict(x) == tags).mean() > 0.9
    assert classifier.score(x, tags) == (classifier.predict(x) == tags).all(axis=1).mean()
    weights = [{0: 1, 1: 100}, *[{0: 1, 1: 1}] * 3]
    heavy = Classifier((32,), class_weight=weights, **QUICK).fit(x, tags)
    assert heavy.predict(x)[:, 0].mean() > classifier.predict(x)[:, 0].mean()


def test_labels_in_several_columns_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="MultiOutputClassifier"):
        Classifier().fit(X, np.column_stack([Y, Y]))


def test_several_numbers_and_one_in_a_column():
    y = np.column_stack([X[:, 0] - X[:, 1], X[:, 2]])
    regressor = Regressor((), **{**QUICK, "lr": 0.1, "tol": 1e-6}).fit(X, y)
    assert regressor.predict(X).shape == (150, 2)
    assert regressor.score(X, y) > 0.99
    assert regressor.n_outputs_ == 2
    assert Regressor((), **QUICK).fit(X, y[:, :1]).predict(X).shape == (150, 1)
    flat = nn.Sequential(nn.Linear(4, 1, rng=0), nn.Flatten(0))
    assert Regressor(flat, **QUICK).fit(X, y[:, 0]).predict(X).shape == (150,)


def test_images_go_into_a_convolution():
    images = np.random.default_rng(0).normal(size=(40, 1, 6, 6)).astype(np.float32)
    labels = (images[:, 0, :3].sum((1, 2)) > 0).astype(int)
    module = nn.Sequential(nn.Conv2d(1, 4, 3, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2, rng=1))
    assert Classifier(module, **QUICK).fit(images, labels).score(images, labels) > 0.9


# ---- settings ----------------------------------------------------------------------------------------------


def test_float32_rows_are_learned_in_float32():
    assert Classifier((8,), **QUICK).fit(X.astype(np.float32), Y).predict_proba(X).dtype == np.float32
    assert Classifier((8,), **QUICK).fit(X, Y).predict_proba(X).dtype == np.float64


def test_losses_optimizers_and_settings_of_fit_are_passed_on():
    loss = nn.CrossEntropyLoss(label_smoothing=0.2)
    momentum = partial(optim.SGD, lr=0.1, momentum=0.9)
    more = {
        "clip_norm": 1.0,
        "schedule": optim.schedule.exponential(0.1, 0.9),
        "metrics": {"zero": lambda *_: 0},
    }
    weights, settings = np.ones(150), QUICK | {"optimizer": momentum, "fit_settings": more, "random_state": 1}
    smooth = Classifier((8,), loss=loss, **settings).fit(X, Y, weights)
    assert smooth.score(X, Y) > 0.9
    assert smooth.predict_proba(X).max() < 0.97
    assert loss.reduction == "mean"  # a copy was used with weights
    assert smooth.history_["lr"][1] == pytest.approx(0.09)
    assert smooth.history_["zero"][0] == 0
    huber = Regressor((), loss=tg.huber_loss, optimizer="sgd", **QUICK).fit(X[:, :3], X[:, 3], weights)
    assert huber.score(X[:, :3], X[:, 3]) > 0.8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": (8, 0)}, r"hidden sizes, whole numbers of 1 or more such as \(64, 32\); got \(8, 0\)"),
        ({"model": "deep"}, "hidden sizes"),
        ({"model": lambda features, outputs: None}, "the function returned NoneType"),
        ({"model": nn.Linear(4, 2, rng=0)}, r"gives \('n', 2\) for n rows; expected \(n, 3\)"),
        ({"activation": "rellu"}, "Did you mean relu"),
        ({"optimizer": "adamm"}, "optimizer is one of .* Did you mean adam"),
        ({"optimizer": list}, "it returned list"),
        ({"batch_size": 0}, 'batch_size is a whole number, 1 or more, or "auto"'),
        ({"max_iter": 0}, "max_iter is a whole number, 1 or more; got 0"),
        ({"n_iter_no_change": 0}, "patience"),
        ({"fit_settings": {"epochs": 3}}, "fit_settings is a dict with settings of train.fit: accumulate"),
        ({"early_stopping": True, "validation_fraction": 2.0}, "test_size"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Classifier(**settings).fit(X, Y)


def test_rows_and_targets_that_cannot_be_are_refused():
    with pytest.raises(NotFittedError):
        Classifier().predict(X)
    with pytest.raises(NotFittedError):
        Classifier().get_feature_names_out()
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        Classifier().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="2 features, but Classifier is expecting 4"):
        Classifier((8,), **QUICK).fit(X, Y).predict(X[:, :2])
    with pytest.raises(ValueError, match="validation set is too small, 1 example"):
        Regressor(early_stopping=True).fit(X[:5], Y[:5])
    with np.errstate(over="ignore"), pytest.raises(FloatingPointError, match="the loss is"):
        Regressor((), optimizer="sgd", lr=1e30).fit(X, Y)


# ---- compiled steps ----------------------------------------------------------------------------------------


class Uncompiled(nn.Module):
    """A network with a Python number of a value in it, and dropout, which draws."""

    def __init__(self):
        self.first, self.second = nn.Linear(3, 8, rng=0), nn.Linear(8, 2, rng=1)
        self.dropout = nn.Dropout(0.2, rng=2)

    def forward(self, x):
        hidden = np.tanh(self.first(x))
        return self.second(self.dropout(hidden * (1 + 0 * int(hidden.detach().numpy()[0, 0]))))


def rows():
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(int)


def weights_after(**settings):
    made = tg.sklearn.Classifier(batch_size=20, max_iter=6, random_state=0, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.fit(*rows())
    return [p.data.copy() for p in made.module_.parameters()]


@pytest.mark.parametrize("compiled", [True, "numpy", "auto"])
def test_compiled_steps_give_the_same_bits(compiled, monkeypatch):
    monkeypatch.setattr("tinygrad_edu.sklearn.parts.LONG", 1)
    for a, b in zip(weights_after(compile=compiled), weights_after(compile=False)):
        np.testing.assert_array_equal(a, b)


def test_what_cannot_be_compiled_is_trained_as_it_is(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.sklearn.parts.LONG", 1)
    for a, b in zip(weights_after(model=Uncompiled()), weights_after(model=Uncompiled(), compile=False)):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(tg.errors.TraceError):
        weights_after(model=Uncompiled(), compile=True)


def test_short_trainings_are_not_compiled():
    assert tg.sklearn.parts.backend("auto", 499) is False
    assert tg.sklearn.parts.backend("auto", 500) == "numpy"
    assert tg.sklearn.parts.backend("auto", 2000) == "auto"
    assert tg.sklearn.parts.backend("c", 1) == "c"
    with pytest.raises(tg.errors.ArgumentError, match="compile is"):
        tg.sklearn.parts.backend("fast", 1)
