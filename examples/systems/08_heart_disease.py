"""Heart disease: whether a patient of the Cleveland Clinic is ill, by thirteen findings.

The data set of many a first project (UCI, processed.cleveland; Detrano et al. 1989).  The six patients with a
``?`` are left out, codes become one-hot columns, columns are scaled inside each of the five folds; a small
network with L2 penalty stands against scikit-learn's logistic regression and its MLPClassifier.  (The
settings were chosen on the folds of other seeds, 10 to 14.)
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

from pathlib import Path

import numpy as np
from report import Row, show, spread

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot, train


def network(inputs: int, rng: np.random.Generator) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 16, rng=rng), nn.ReLU(), nn.Linear(16, 2, rng=rng))


def cross_validate(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, np.ndarray]:
    """The mean accuracy of five folds, and what was predicted for each patient when it was held out."""
    from sklearn.model_selection import StratifiedKFold

    predicted, scores = np.empty_like(y), []
    for chosen, held_out in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        rng = np.random.default_rng(seed)
        scaler = data.StandardScaler().fit(x[chosen])
        model = network(x.shape[1], rng)
        optimizer = tg.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.05)
        train.fit(
            model,
            nn.CrossEntropyLoss(),
            optimizer,
            (scaler.transform(x[chosen]), y[chosen]),
            epochs=40,
            batch_size=32,
            seed=seed,
        )
        predicted[held_out] = train.predict(model, scaler.transform(x[held_out])).argmax(axis=1)
        scores.append(np.mean(predicted[held_out] == y[held_out]))
    return float(np.mean(scores)), predicted


# ---- measured beside the original --------------------------------------------------------------------------


def findings() -> tuple[np.ndarray, np.ndarray]:
    """(297, 22) numbers, and 0 healthy or 1 ill."""
    patients = data.heart_disease(drop_missing=True)
    columns = []
    for name, column in zip(patients.columns, patients.x.T):
        codes = patients.categorical.get(name)
        columns.append(column[:, None] if codes is None else column[:, None] == codes)
    return np.concatenate(columns, axis=1).astype(np.float32), patients.y


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    x, y = findings()
    runs = [cross_validate(x, y, seed) for seed in range(1 if quick else 5)]
    scores = [score for score, _ in runs]
    if out:
        save_picture(out, y, runs[0][1])
    return [
        Row(
            f"heart disease, 22-16-2: accuracy, five folds of {len(x)}",
            f"recomputed {100 * figure:.1f} % ({name})",
            spread(scores, ".1%"),
            bool(np.median(scores) >= figure),
        )
        for name, figure in (("logistic regression", 0.838), ("scikit-learn's MLP", 0.812))
    ]


def save_picture(out: Path, y: np.ndarray, predicted: np.ndarray) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4), layout="constrained")
    counts = train.metrics.confusion_matrix(y, predicted)
    plot.confusion_matrix(counts, classes=("healthy", "ill"), ax=figure.add_subplot()).set_title(
        "Each patient when held out (seed 0)"
    )
    plot.save(figure, out / "08_heart_disease.png")


if __name__ == "__main__":
    show(run)
