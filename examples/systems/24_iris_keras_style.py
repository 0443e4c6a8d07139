"""Irises by a Sequential model, judged by scikit-learn's cross-validation.

The Keras tutorials on this data set, such as Jason Brownlee's Multi-class classification tutorial with the
Keras deep learning library (machinelearningmastery.com): species as one-hot rows, a hidden layer with relu, a
softmax over three outputs, categorical cross-entropy, Adam, k-fold.  In Keras's words ``Sequential([Dense(64,
activation="relu"), Dense(3, activation="softmax")])``; the softmax is in the loss here.  Five folds,
``StratifiedKFold(5, shuffle=True, random_state=0)``, scaling fitted in the fold.
"""

from pathlib import Path
from statistics import median

import numpy as np
from report import Row, save_graph, show, spread, track
from sklearn.model_selection import StratifiedKFold

from tinygrad_edu import data, nn, optim, train


def baseline_model(rng: np.random.Generator) -> nn.Sequential:
    """4-64-3."""
    return nn.Sequential(nn.Linear(4, 64, rng=rng), nn.ReLU(), nn.Linear(64, 3, rng=rng))


def cross_val_score(x: np.ndarray, y: np.ndarray, *, seed: int, epochs: int) -> list[float]:
    """The accuracy of each fold."""
    scores = []
    for chosen, held_out in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        scaler = data.StandardScaler()
        x_train, x_test = scaler.fit_transform(x[chosen]), scaler.transform(x[held_out])
        model = baseline_model(np.random.default_rng(seed))
        train.fit(
            model,
            nn.CrossEntropyLoss(),
            optim.Adam(model.parameters(), lr=0.01, weight_decay=0.015),
            (x_train, data.one_hot(y[chosen], 3)),
            epochs=epochs,
            seed=seed,
            schedule=optim.schedule.cosine(0.01, epochs),
            progress=False,
        )
        predicted = train.predict(model, x_test).argmax(axis=1)
        scores.append(train.metrics.accuracy(y[held_out], predicted))
    return scores


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    flowers = data.bundled.iris()
    if out:
        model = baseline_model(np.random.default_rng(0))
        cost = lambda: nn.CrossEntropyLoss()(model(flowers.x), flowers.y)
        save_graph(out / "24_iris_keras_style.svg", cost, model)
    epochs, seeds = (20, range(3)) if quick else (60, range(5))
    folds = [
        cross_val_score(flowers.x, flowers.y, seed=seed, epochs=epochs) for seed in track(seeds, "iris, seed")
    ]
    means = [float(np.mean(scores)) for scores in folds]
    target, least = (
        ("goal of 20 epochs: 93 %", 0.93) if quick else ("recomputed 96.0 % (logistic regression)", 0.96)
    )
    note = f"The folds of seed 0, in percent: {' '.join(f'{100 * score:.1f}' for score in folds[0])}."
    return [
        Row("iris, Keras style: 5-fold", target, spread(means, ".2%"), round(median(means), 4) >= least, note)
    ]


if __name__ == "__main__":
    show(run)
