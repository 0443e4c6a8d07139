"""Several labels at once: every output is a yes or no of its own.

The multilabel networks of the Keras and scikit-learn tutorials, on the data that these take, scikit-learn's
``make_multilabel_classification``: 2000 documents, word counts of 20 words, and five topics of which a
document may have none, one or several.  Independent sigmoids under the binary cross-entropy; a softmax would
make the topics share one probability among them.  Figures are of the quarter that was held out, in the median
of seeds 0 to 4, which draw data, split and weights.

What each label's figures must beat: the accuracy of always giving the more frequent answer, max(p, 1 − p) of
a label that a part p of the documents has; and the F1 of always saying yes, 2p / (1 + p), the best of any
answer that does not look at the document.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

from pathlib import Path

import numpy as np
from report import Row, save_graph, show, track
from sklearn.datasets import make_multilabel_classification

from tinygrad_edu import data, nn, optim, train

TOPICS = 5


def network(words: int, rng: np.random.Generator) -> nn.Sequential:
    """20-64-5: five logits, whose sigmoids are the probabilities of the five topics."""
    return nn.Sequential(nn.Linear(words, 64, rng=rng), nn.ReLU(), nn.Linear(64, TOPICS, rng=rng))


# ---- measured beside the original --------------------------------------------------------------------------


def judge(seed: int, documents: int) -> np.ndarray:
    """Held-out accuracy and F1 of each label, and what they must beat; shape (4, topics)."""
    x, y = make_multilabel_classification(
        documents, 20, n_classes=TOPICS, n_labels=2, random_state=seed
    )  # (n, words), (n, topics)
    x_train, x_test, y_train, y_test = data.train_test_split(x, y, rng=seed)
    scaler = data.StandardScaler()
    x_train, x_test = scaler.fit_transform(x_train), scaler.transform(x_test)
    model = network(x.shape[1], np.random.default_rng(seed))
    optimizer = optim.Adam(model.parameters(), lr=0.003, weight_decay=1e-3)
    train.fit(
        model,
        nn.BCEWithLogitsLoss(),
        optimizer,
        (x_train, y_train.astype(float)),
        epochs=20,
        seed=seed,
        progress=False,
    )

    says = train.predict(model, x_test) > 0  # a probability above one half
    p = y_test.mean(axis=0)
    return np.stack(
        [
            train.metrics.label_accuracy(y_test, says),
            train.metrics.label_f1(y_test, says),
            np.maximum(p, 1 - p),
            2 * p / (1 + p),
        ]
    )


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    figures = np.stack(
        [judge(seed, 500 if quick else 2000) for seed in track(range(5), "multilabel, seed")]
    )  # (seeds, 4, topics)
    if out:
        x, y = make_multilabel_classification(100, 20, n_classes=TOPICS, n_labels=2, random_state=0)
        model = network(20, np.random.default_rng(0))
        cost = lambda: nn.BCEWithLogitsLoss()(model(x), y.astype(float))
        save_graph(out / "27_multilabel.svg", cost, model)
    rows = []
    for topic in range(TOPICS):
        accuracy, f1, base_accuracy, base_f1 = np.median(figures[:, :, topic], axis=0)
        # Within each seed: base rates differ from seed to seed.
        margins = np.median(figures[:, :2, topic] - figures[:, 2:, topic], axis=0)
        target = f"goal: above the base rates, {base_accuracy:.1%} and {base_f1:.3f}"
        rows.append(
            Row(
                f"multilabel: accuracy and F1 of topic {topic}",
                target,
                f"{accuracy:.1%} and {f1:.3f}",
                bool(np.all(margins > 0)),
            )
        )
    return rows


if __name__ == "__main__":
    show(run)
