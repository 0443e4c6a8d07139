"""Fits of one kind of network share a compiled step: the bits are those of a fit by itself."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("sklearn", "1.6", reason="tinygrad_edu.sklearn needs scikit-learn")

from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from tinygrad_edu import nn
from tinygrad_edu.compiler.c.cache import compiler
from tinygrad_edu.errors import NonFiniteError
from tinygrad_edu.sklearn import Classifier, Regressor, bench

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
HAS_C = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
BACKENDS = ["numpy", pytest.param("c", marks=HAS_C)]
QUICK = {"batch_size": 64, "max_iter": 12, "tol": 0.0, "n_iter_no_change": np.inf, "random_state": 0}

pytestmark = [
    pytest.mark.usefixtures("quick_c"),
    pytest.mark.filterwarnings("ignore:.*still got better:UserWarning"),
]


@pytest.fixture(autouse=True)
def benches(monkeypatch):
    """None at first, and those of the other tests afterwards."""
    monkeypatch.setattr(bench, "_KEPT", {})
    return bench._KEPT


def fitted(kind=Classifier, rows=150, weights=None, **settings):
    y = Y if kind is Classifier else X[:, 0]
    return kind((8,), **QUICK | settings).fit(X[:rows], y[:rows], weights)


def learned(estimator):
    """Everything that a fit leaves, as bits."""
    optimizer = estimator._optimizer.state_dict()["state"]
    weights = [p.detach().numpy() for p in estimator.module_.parameters()]
    return [*weights, *estimator.loss_curve_, *(slot for one in optimizer for slot in one.values())]


def assert_same(one, other):
    for a, b in zip(learned(one), learned(other), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


@pytest.mark.parametrize("compiled", BACKENDS)
@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_the_second_fit_traces_nothing_and_gives_the_same_bits(kind, compiled, benches):
    alone = fitted(kind, compile=compiled)
    (kept,) = benches.values()
    traces = kept.kept.step.traces
    assert traces == 2  # batches of 64 rows, and the last of 22
    assert_same(fitted(kind, compile=compiled), alone)
    assert kept.kept.step.traces == traces
    assert list(benches.values()) == [kept]


OTHERS = [
    {"random_state": 1},
    {"rows": 140, "lr": 0.02},
    {"weights": np.arange(1, 151)},
    {"fit_settings": {"clip_norm": 0.01}},
    {"weight_decay": 0.1},
    {"activation": "tanh"},
    {"optimizer": "sgd"},
    {"early_stopping": True},
    {"fit_settings": {"schedule": lambda epoch: 0.01 / (1 + epoch)}},
    {"fit_settings": {"accumulate": 2}},
]


@pytest.mark.parametrize(
    ("compiled", "settings"),
    [
        *(pytest.param("numpy", one, id=f"numpy {list(one)}") for one in OTHERS),
        *(pytest.param("c", one, id=f"c {list(one)}", marks=HAS_C) for one in OTHERS[:4]),
    ],
)
def test_a_fit_after_another_is_as_it_is_alone(compiled, settings, benches):
    alone = fitted(compile=compiled, **settings)
    benches.clear()
    fitted(compile=compiled)
    assert_same(fitted(compile=compiled, **settings), alone)


def test_what_was_learned_stays_after_another_fit():
    first = fitted(compile="numpy")
    before = [np.copy(a) for a in learned(first)]
    fitted(compile="numpy", random_state=1)
    for a, b in zip(learned(first), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_warm_start_goes_on_from_its_own_optimizer():
    def twice(**settings):
        estimator = Classifier((8,), warm_start=True, **QUICK | settings).fit(X, Y)
        return estimator.fit(X, Y)

    assert_same(twice(compile="numpy"), twice(compile=False))


def test_threads_have_benches_of_their_own(benches):
    alone = fitted(compile="numpy")
    with ThreadPoolExecutor(4) as pool:
        for one in pool.map(lambda _: fitted(compile="numpy"), range(8)):
            assert_same(one, alone)
    assert len(benches) == 1


def test_a_fit_that_fails_leaves_no_bench(benches):
    fitted(compile="numpy")
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError):
        fitted(compile="numpy", lr=1e200)
    assert not benches
    assert_same(fitted(compile="numpy"), fitted(compile=False))


def test_parts_of_the_users_own_and_large_networks_are_not_kept(benches, monkeypatch):
    Classifier(lambda n, k: nn.Linear(n, k), compile=True, **QUICK).fit(X, Y)
    fitted(activation=nn.Tanh, compile=True)
    fitted(loss=nn.CrossEntropyLoss(label_smoothing=0.1), compile=True)
    fitted(compile=False)
    monkeypatch.setattr(bench, "LARGEST", 10)
    fitted(compile=True)
    assert not benches


def test_few_benches_are_kept(benches):
    for width in range(2, 5 + bench.MOST):
        Classifier((width,), compile=True, **QUICK | {"max_iter": 2}).fit(X, Y)
    assert len(benches) == bench.MOST
