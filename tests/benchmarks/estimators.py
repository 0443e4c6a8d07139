"""`Classifier` and `Regressor` beside scikit-learn's MLPClassifier and MLPRegressor, each with its defaults.

Both have one hidden layer of 100 units, Adam and batches of 200; missing values are filled in by means, rows
(and numbers to be predicted) are scaled.  The sets are those that scikit-learn brings, two spirals and, where
``TINYGRAD_EDU_DATA`` names a folder with them, Cleveland's heart patients, the passengers of the Titanic,
wheat seeds and the first 5,000 digits of MNIST.  Everyone learns the same folds, one after the other, in an
order that rotates; small sets are divided into folds several times.

*Score* is the mean over folds, of accuracies or R², and ± is the standard error of the difference.  *Seconds*
are those of all fits, until each ends by itself; *epochs* their mean number.  *To the same score* are the
seconds of one fit of as many epochs as it takes, by ``partial_fit``, until the held-out score is for the
first time what MLP's was when it had ended by itself, of two folds, if both get there.  *In C* are those
with ``compile="c"``, after a fit that has made the library: of the first fit of such a network in a process,
which traces its step, and *again*, of any other, as in a search or a cross-validation.  All seconds are of
the processor, which others that share the machine change less than those of the clock.
"""

import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

FOLDS, TIMED, MOST_EPOCHS = 5, 2, 400
SMALL, REPEATS = 1000, 2  # rows, and how often a set with fewer is divided into folds
SCIKIT = ("iris", "wine", "breast_cancer", "digits", "diabetes")
SETS = (*SCIKIT, "spirals", "cleveland", "titanic", "seeds", "mnist5000")


def report(names: Collection[str] = SETS) -> dict[str, Any]:
    """Print the checks that pass, if all sets are asked for, and the table; returns the figures."""
    if find_spec("sklearn") is None:
        print("estimators: scikit-learn is not installed")
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of trainings that have not converged: the table says what they reach
        figures: dict[str, Any] = {"checks": checks()} if len(names) == len(SETS) else {}
        heads = ("", "score MLP", "ours", "±", "epochs MLP", "ours", "seconds MLP", "ours", "same score MLP",
                 "ours", "in C", "again", "")  # fmt: skip
        print("{:14}{:>10}{:>8}{:>8}{:>12}{:>6}{:>13}{:>7}{:>16}{:>7}{:>7}{:>7}{:>10}".format(*heads))
        for name in names:
            if (found := arrays(name)) is None:
                print(f"{name:14}TINYGRAD_EDU_DATA names no folder with it")
                continue
            x, y = found
            figures[name] = row = compared(x, y)
            (theirs, ours), (their_epochs, our_epochs) = row["scores"], row["epochs"]
            again, reached = row["to the score"], f"({row['reached']} of {row['folds']})"
            print(
                f"{name:14}{theirs:10.4f}{ours:8.4f}{row['error']:8.4f}{their_epochs:12.0f}{our_epochs:6.0f}"
                f"{row['seconds'][0]:13.2f}{row['seconds'][1]:7.2f}{again[0]:16.3f}"
                f"{again[1]:7.3f}{again[2]:7.3f}{again[3]:7.3f}{reached:>10}",
                flush=True,
            )
    return figures


def checks() -> dict[str, dict[str, int]]:
    """How many of scikit-learn's checks pass, with all defaults, and the names of those that do not."""
    from sklearn.utils.estimator_checks import check_estimator

    from tinygrad_edu.sklearn import Classifier, Regressor

    found = {}
    for kind in (Classifier, Regressor):
        results = check_estimator(kind(), on_skip=None, on_fail=None)
        found[kind.__name__] = counts = dict(Counter(result["status"] for result in results))
        others = [r["check_name"] for r in results if r["status"] != "passed"]
        told = ", ".join(f"{n} {status}" for status, n in counts.items())
        print(f"check_estimator({kind.__name__}()): {told} ({', '.join(others)})")
    return found


def arrays(name: str) -> tuple[Any, Any] | None:
    """The rows and targets of a set, or None if it is not here; floating targets are to be predicted."""
    from sklearn import datasets

    from tinygrad_edu import data

    from .trainings import digits

    if name in SCIKIT:
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return x, y
    if name == "spirals":
        return tuple(data.spirals(600, arms=2, noise=0.3, seed=0))
    if not (folder := os.environ.get("TINYGRAD_EDU_DATA")):
        return None
    if name == "mnist5000":
        x, y, *_ = digits(Path(folder))
        return x[:5000].reshape(5000, -1), y[:5000]
    x, y = {"cleveland": data.heart_disease, "titanic": data.titanic, "seeds": data.wheat_seeds}[name]()[:2]
    return x, (np.asarray(y) > 0).astype(int) if name == "cleveland" else y


def compared(x: Any, y: Any) -> dict[str, Any]:
    """What both networks reach on all folds, MLP's first, and how long that takes."""
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

    classify = y.dtype.kind != "f"
    repeats = REPEATS if len(x) < SMALL else 1
    splitter = (RepeatedStratifiedKFold if classify else RepeatedKFold)(
        n_splits=FOLDS, n_repeats=repeats, random_state=0
    )
    shape = (FOLDS * repeats, 2)
    scores, epochs, spent = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    again = np.full((TIMED, 4), np.inf)
    for i, (train, test) in enumerate(splitter.split(x, y)):
        known, held_out = prepared(x, y, train, test)
        for k in (0, 1) if i % 2 else (1, 0):
            network = network_of(k, classify, random_state=i)
            spent[i, k] = seconds(network.fit, *known)
            scores[i, k], epochs[i, k] = network.score(*held_out), network.n_iter_
        if i < TIMED:
            again[i] = to_the_score(scores[i, 0], classify, i, known, held_out)
    reached, apart = np.isfinite(again).all(axis=1), scores[:, 1] - scores[:, 0]
    return {
        "scores": scores.mean(0).tolist(),
        "error": float(apart.std() / np.sqrt(len(apart))),
        "epochs": epochs.mean(0).tolist(),
        "seconds": spent.sum(0).tolist(),
        "to the score": again[reached].sum(0).tolist(),
        "reached": int(reached.sum()),
        "folds": TIMED,
    }


def prepared(x: Any, y: Any, train: Any, test: Any) -> tuple[Any, Any]:
    """Rows and targets to learn from, and held out, scaled by what the former tell."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    scaler = make_pipeline(SimpleImputer(), StandardScaler()).fit(x[train])
    targets = y
    if y.dtype.kind == "f":
        targets = (y - y[train].mean(0)) / y[train].std(0)
    known, held_out = ((scaler.transform(x[rows]), targets[rows]) for rows in (train, test))
    return known, held_out


def to_the_score(goal: float, classify: bool, seed: int, known: Any, held_out: Any) -> list[float]:
    """The seconds until the held-out score is reached: of MLP's fit, of ours, of ours in C, and again."""
    from tinygrad_edu.sklearn import bench

    epochs = [epochs_until(network_of(k, classify, random_state=seed), goal, known, held_out) for k in (0, 1)]
    if None in epochs:
        return [np.inf] * 4

    def spent(k: int, **settings: Any) -> float:
        made = network_of(
            k, classify, random_state=seed, max_iter=epochs[k], tol=0.0, n_iter_no_change=10**9, **settings
        )
        return seconds(made.fit, *known)

    spent(1, compile="c")  # which makes the library, once for each shape
    found = []
    while len(found) < 5 and sum(map(sum, found)) < 6:
        bench.forget()
        found.append([spent(0), spent(1), spent(1, compile="c"), spent(1, compile="c")])
    return np.min(found, axis=0).tolist()


def network_of(which: int, classify: bool, **settings: Any) -> Any:
    """A network of scikit-learn's (0), or of ours (1)."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from tinygrad_edu.sklearn import Classifier, Regressor

    kinds: Any = (MLPClassifier, Classifier) if classify else (MLPRegressor, Regressor)
    return kinds[which](**settings)


def epochs_until(network: Any, goal: float, known: Any, held_out: Any) -> int | None:
    """How many epochs the held-out score takes to be reached; None if it is not."""
    classes = {"classes": np.unique(known[1])} if known[1].dtype.kind != "f" else {}
    for epoch in range(1, MOST_EPOCHS + 1):
        network.partial_fit(*known, **classes)
        if network.score(*held_out) >= goal:
            return epoch
    return None


def seconds(run: Callable[..., Any], *arguments: Any, **named: Any) -> float:
    """How long a call keeps the processor busy."""
    start = time.process_time()
    run(*arguments, **named)
    return time.process_time() - start
