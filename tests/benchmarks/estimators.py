"""`Classifier` and `Regressor` beside scikit-learn's MLPClassifier and MLPRegressor, each with its defaults.

Both have one hidden layer of 100 units, Adam and batches of 200; rows (and numbers to be predicted) are
scaled.  The sets are those that scikit-learn brings, and the first 5,000 digits of MNIST where
``TINYGRAD_EDU_DATA`` names a folder with them.  Everyone learns the same folds, one after the other, in an
order that rotates.

*Score* is the mean over folds, of accuracies or R².  *Seconds* are those of all fits, until each ends by
itself; *epochs* their mean number.  *To the same score* are the seconds of epochs by ``partial_fit`` until
the held-out score is, for the first time, what MLP's was when it had ended by itself; of the folds in which
both get there.
"""

import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

FOLDS, MOST_EPOCHS = 5, 400


def report() -> dict[str, Any]:
    """Print the checks that pass, and the table; returns the figures."""
    if find_spec("sklearn") is None:
        print("estimators: scikit-learn is not installed")
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of trainings that have not converged: the table says what they reach
        figures: dict[str, Any] = {"checks": checks()}
        heads = (
            "",
            "score MLP",
            "ours",
            "epochs MLP",
            "ours",
            "seconds MLP",
            "ours",
            "same score MLP",
            "ours",
            "",
        )
        print("{:15}{:>10}{:>8}{:>12}{:>6}{:>13}{:>7}{:>16}{:>7}{:>7}".format(*heads))
        for name, (x, y) in sets():
            figures[name] = row = compared(x, y)
            print(
                f"{name:15}{row['scores'][0]:10.4f}{row['scores'][1]:8.4f}{row['epochs'][0]:12.0f}"
                f"{row['epochs'][1]:6.0f}{row['seconds'][0]:13.2f}{row['seconds'][1]:7.2f}"
                f"{row['to the score'][0]:16.2f}{row['to the score'][1]:7.2f}  ({row['reached']} of {FOLDS})"
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


def sets() -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Rows and targets by name; targets that are floating are numbers to be predicted."""
    from sklearn import datasets

    for name in ("iris", "wine", "breast_cancer", "digits", "diabetes"):
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        yield name, (x, y)
    if folder := os.environ.get("TINYGRAD_EDU_DATA"):
        from .trainings import digits

        x, y, *_ = digits(Path(folder))
        yield "mnist 5000", (x[:5000].reshape(5000, -1), y[:5000])


def compared(x: Any, y: Any) -> dict[str, Any]:
    """What both networks reach on all folds, MLP's first, and how long that takes."""
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.preprocessing import StandardScaler

    makers = networks(classify=y.dtype.kind != "f")
    splitter = (StratifiedKFold if y.dtype.kind != "f" else KFold)(FOLDS, shuffle=True, random_state=0)
    rows: dict[str, Any] = {
        name: np.zeros((FOLDS, 2)) for name in ("scores", "epochs", "seconds", "to the score")
    }
    for i, (train, test) in enumerate(splitter.split(x, y)):
        scaler = StandardScaler().fit(x[train])
        x1, x2, y1, y2 = scaler.transform(x[train]), scaler.transform(x[test]), y[train], y[test]
        if y.dtype.kind == "f":
            y1, y2 = ((part - y1.mean(0)) / y1.std(0) for part in (y1, y2))
        for k in (0, 1) if i % 2 else (1, 0):
            network = makers[k](i)
            rows["seconds"][i, k] = seconds(network.fit, x1, y1)
            rows["scores"][i, k], rows["epochs"][i, k] = network.score(x2, y2), network.n_iter_
        goal = rows["scores"][i, 0]
        for k in (0, 1) if i % 2 else (1, 0):
            rows["to the score"][i, k] = until(makers[k](i), goal, (x1, y1), (x2, y2))
    reached = np.isfinite(rows["to the score"]).all(axis=1)
    return {
        "scores": rows["scores"].mean(0).tolist(),
        "epochs": rows["epochs"].mean(0).tolist(),
        "seconds": rows["seconds"].sum(0).tolist(),
        "to the score": rows["to the score"][reached].sum(0).tolist(),
        "reached": int(reached.sum()),
    }


def networks(*, classify: bool) -> tuple[Callable[[int], Any], Callable[[int], Any]]:
    """Functions of the seed that make scikit-learn's network, and ours."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from tinygrad_edu.sklearn import Classifier, Regressor

    theirs, ours = (MLPClassifier, Classifier) if classify else (MLPRegressor, Regressor)
    return lambda seed: theirs(random_state=seed), lambda seed: ours(random_state=seed)


def until(network: Any, goal: float, known: tuple[Any, Any], held_out: tuple[Any, Any]) -> float:
    """The seconds of training until the held-out score is reached; infinity if it is not."""
    total = 0.0
    classes = {"classes": np.unique(known[1])} if known[1].dtype.kind != "f" else {}
    for _ in range(MOST_EPOCHS):
        total += seconds(network.partial_fit, *known, **classes)
        if network.score(*held_out) >= goal:
            return total
    return np.inf


def seconds(run: Callable[..., Any], *arguments: Any, **named: Any) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    run(*arguments, **named)
    return time.perf_counter() - start
