"""Two heads: yes or no for spam, and one-vs-all for vehicles.

The two exercises that courses on classification give: spam against other mail, with one logit and the binary
cross-entropy; and vehicles of four kinds, with four logits of which each answers "this kind, or another?", so
that four binary classifiers are trained side by side and the surest one is believed.  Public data of both
kinds (Spambase, Statlog vehicle silhouettes) are not passed on with this package: messages and vehicles are
made by code here, from the seed that also draws split and weights.  Figures are of the half that was held
out, beside scikit-learn's logistic regression on the same split; medians of seeds 0 to 4.
"""

from pathlib import Path

import numpy as np
from report import Row, show, spread, track
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot, train

# Inputs to train on and held out, labels of both.
Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def logistic(x: np.ndarray, targets: np.ndarray) -> nn.Linear:
    """A linear layer of logits, which know nothing of each other: ½ Σ w² + Σ binary cross-entropies,
    scikit-learn's objective at C = 1, by L-BFGS.
    """
    model = nn.Linear(x.shape[1], targets.shape[1], init=nn.init.zeros, dtype=float)
    optimizer = tg.optim.LBFGS(model.parameters(), max_iter=200, tolerance_change=1e-12)

    def closure() -> tg.Tensor:
        optimizer.zero_grad()
        loss = (
            tg.binary_cross_entropy_with_logits(model(x), targets, reduction="sum")
            + np.sum(model.weight**2) / 2
        )
        loss.backward()
        return loss

    optimizer.step(closure)
    return model


def binary(seed: int) -> tuple[nn.Linear, LogisticRegression, Split]:
    """Spam or not: one logit, and the answer is yes where it is above 0."""
    split = halves(*messages(1000, rng := np.random.default_rng(seed)), rng)
    x, _, y, _ = split
    return logistic(x, y[:, None].astype(float)), LogisticRegression(tol=1e-8).fit(x, y), split


def one_vs_all(seed: int) -> tuple[nn.Linear, OneVsRestClassifier, Split]:
    """As many logits as kinds, against one-hot targets; the largest is believed."""
    split = halves(*vehicles(1000, rng := np.random.default_rng(seed)), rng)
    x, _, y, _ = split
    return (
        logistic(x, data.one_hot(y, len(KINDS), dtype=float)),
        OneVsRestClassifier(LogisticRegression(tol=1e-8)).fit(x, y),
        split,
    )


# ---- measured beside the original --------------------------------------------------------------------------


SPAM = [
    "free",
    "win",
    "prize",
    "cash",
    "offer",
    "credit",
    "click",
    "now",
    "money",
    "urgent",
    "winner",
    "cheap",
]
MAIL = [
    "meeting",
    "report",
    "tomorrow",
    "project",
    "lunch",
    "thanks",
    "notes",
    "question",
    "family",
    "week",
    "paper",
    "draft",
]
BOTH = [
    "the",
    "you",
    "to",
    "your",
    "we",
    "please",
    "is",
    "for",
    "on",
    "today",
    "call",
    "time",
    "email",
    "new",
]
#           length  width  height (m)  mass (t)  seats
KINDS = {
    "car": (4.4, 1.80, 1.50, 1.4, 5),
    "van": (5.2, 1.95, 2.10, 2.2, 7),
    "truck": (8.0, 2.45, 3.20, 9.0, 3),
    "bus": (11.0, 2.50, 3.10, 11.0, 40),
}


def messages(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """How often each of the words above is in a message, shape (n, 38), and which are spam.

    A fifth of their telling words are the other kind's.
    """
    y = rng.integers(2, size=n)
    odds = np.array(
        [
            [0.2] * len(SPAM) + [0.8] * len(MAIL) + [1.0] * len(BOTH),
            [0.8] * len(SPAM) + [0.2] * len(MAIL) + [1.0] * len(BOTH),
        ]
    )
    counts = [rng.multinomial(rng.integers(4, 12), odds[label] / odds[label].sum()) for label in y]
    return np.array(counts, float), y


def vehicles(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Five measures of vehicles, shape (n, 5), each a fifth or so off what is typical of the kind;
    and the kinds.
    """
    y = rng.integers(len(KINDS), size=n)
    return np.array(list(KINDS.values()))[y] * np.exp(rng.normal(scale=0.2, size=(n, 5))), y


def halves(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Split:
    """Half to train on, half held out, scaled by what the first half tells."""
    x_train, x_test, y_train, y_test = data.train_test_split(x, y, test_size=0.5, rng=rng)
    scaler = data.StandardScaler().fit(x_train)
    return scaler.transform(x_train), scaler.transform(x_test), y_train, y_test


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    """The same at any length."""
    rows = []
    for name, head in (("spam, one logit", binary), ("vehicles, one-vs-all", one_vs_all)):
        ours, theirs, apart = [], [], []
        for seed in track(range(5), f"{name}, seed"):
            model, other, (_, x, _, y) = head(seed)
            scores = train.predict(model, x)
            says = scores.argmax(axis=1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(int)
            weights = np.vstack([one.coef_ for one in getattr(other, "estimators_", [other])])
            ours.append(np.mean(says == y))
            theirs.append(other.score(x, y))
            apart.append(np.abs(model.weight.data - weights).max())
        figure = f"recomputed {np.median(theirs):.1%} (scikit-learn, on the same split)"
        rows.append(
            Row(
                f"{name}: held-out accuracy",
                figure,
                spread(ours, ".1%"),
                bool(np.median(ours) >= np.median(theirs)),
            )
        )
        rows.append(
            Row(
                f"{name}: weights beside scikit-learn's",
                "goal: the same",
                f"differ by {max(apart):.0e} at most",
                max(apart) < 1e-3,
            )
        )
    z = np.linspace(-5, 5, 11)
    apart = np.abs(tg.sigmoid(z) - tg.softmax(np.stack([0 * z, z], axis=1))[:, 1]).max()
    rows.append(
        Row(
            "one logit z beside softmax of two, (0, z)",
            "goal: the same",
            f"differ by {apart:.0e}",
            bool(apart < 1e-15),
        )
    )
    if out:
        # Of the last seed.
        ax = plot.confusion_matrix(train.metrics.confusion_matrix(y, says), classes=list(KINDS))
        ax.set_title("Vehicles, one against all")
        plot.save(ax.figure, out / "28_one_vs_all.png")
    return rows


if __name__ == "__main__":
    show(run)
