"""Three rungs: softmax regression, a network with a hidden layer, and a convolutional network
that is far better than either.

The ladder that courses climb on MNIST (Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), Gradient-based
learning applied to document recognition, is where the last rung comes from): the same 60,000 images to learn
from, the same 10,000 to be judged by, the same optimizer.  The convolutional network has less than a tenth of
the parameters of the one before it: it knows which pixels are neighbours, and looks for the same strokes
everywhere.  With ``--quick`` they climb on the 1797 digits of 8 × 8 pixels that come with scikit-learn, a
quarter of them held out.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import math
from pathlib import Path
from statistics import median

import numpy as np
from report import Missing, Row, show, spread, track

from tinygrad_edu import data, nn, optim, plot, train
from tinygrad_edu.errors import DownloadError


def softmax_regression(side: int, rng: np.random.Generator) -> nn.Sequential:
    """Ten weighted sums of the pixels."""
    return nn.Sequential(nn.Flatten(), nn.Linear(side**2, 10, rng=rng))


def mlp(side: int, rng: np.random.Generator) -> nn.Sequential:
    """A hidden layer of 256."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(side**2, 256, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.2, rng=rng),
        nn.Linear(256, 10, rng=rng),
    )


def cnn(side: int, rng: np.random.Generator) -> nn.Sequential:
    """Convolution, pooling, twice, and a dense layer.

    The small images are pooled once, and their filters are smaller.
    """
    if side == 8:
        layers = [
            nn.Conv2d(1, 8, 3, padding=1, rng=rng),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1, rng=rng),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        return nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(0.3, rng=rng), nn.Linear(16 * 4 * 4, 10, rng=rng)
        )
    first = [nn.Conv2d(1, 16, 5, rng=rng), nn.ReLU(), nn.MaxPool2d(2)]  # (n, 16, 12, 12)
    second = [nn.Conv2d(16, 32, 5, rng=rng), nn.ReLU(), nn.MaxPool2d(2)]  # (n, 32, 4, 4)
    return nn.Sequential(
        *first, *second, nn.Flatten(), nn.Dropout(0.3, rng=rng), nn.Linear(32 * 4 * 4, 10, rng=rng)
    )


def learn(model: nn.Module, split: data.TrainTest, *, lr: float, epochs: int, seed: int) -> float:
    """Mini-batches of 64 and Adam, whose rate warms up and then falls to 0 along a cosine;
    the held-out accuracy.
    """
    steps = epochs * math.ceil(len(split.x_train) / 64)
    schedule = optim.schedule.warmup(steps // 20, then=optim.schedule.cosine(lr, steps - steps // 20))
    optimizer = optim.Adam(model.parameters(), lr=lr)
    loss = nn.CrossEntropyLoss()
    pairs = (split.x_train, split.y_train)
    train.fit(
        model,
        loss,
        optimizer,
        pairs,
        epochs=epochs,
        batch_size=64,
        seed=seed,
        step_schedule=schedule,
        progress=False,
    )
    return float(np.mean(train.predict(model, split.x_test).argmax(axis=1) == split.y_test))


# ---- measured beside the original --------------------------------------------------------------------------


# build, passes through the images, and the accuracy to be reached; on MNIST, and on the small digits
MNIST = {"softmax": (softmax_regression, 5, 0.92), "MLP": (mlp, 10, 0.98), "CNN": (cnn, 3, 0.99)}
SMALL = {"softmax": (softmax_regression, 10, 0.9), "MLP": (mlp, 10, 0.96), "CNN": (cnn, 10, 0.965)}


def mnist() -> data.TrainTest:
    """Images of shape (n, 1, 28, 28) and their digits, as published."""
    try:
        x_train, y_train, x_test, y_test = data.mnist()
    except DownloadError:
        raise Missing("MNIST is neither here nor to be downloaded") from None
    return data.TrainTest(x_train[:, None], y_train, x_test[:, None], y_test)


def small_digits(seed: int) -> data.TrainTest:
    """Images of shape (n, 1, 8, 8) and their digits, split by the seed."""
    x, y, *_ = data.bundled.digits()
    x_train, x_test, y_train, y_test = data.train_test_split(
        x.reshape(-1, 1, 8, 8) / 16, y, stratify=y, rng=seed
    )
    return data.TrainTest(x_train, y_train, x_test, y_test)


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    ladder, name, lr = (SMALL, "8 × 8 digits", 0.01) if quick else (MNIST, "MNIST", 0.003)
    split = None if quick else mnist()
    shares: dict[str, list[float]] = {rung: [] for rung in ladder}
    for seed in track(range(1 if quick else 5), "CNN ladder, seed"):
        now = split or small_digits(seed)
        for rung, (build, epochs, _) in ladder.items():
            model = build(now.x_train.shape[-1], np.random.default_rng(seed))
            shares[rung].append(learn(model, now, lr=lr, epochs=epochs, seed=seed))
    if out:
        ax = plot.weights(model[0])  # of the last rung
        ax.set_title("What the first layer looks for")
        plot.save(ax.figure, out / "26_cnn_ladder.png")
    return [
        Row(
            f"{name}: {rung}",
            f"goal: {least:.1%}" if quick else f"goal: about {least:.0%}",
            spread(shares[rung], ".2%"),
            median(shares[rung]) >= least,
        )
        for rung, (_, _, least) in ladder.items()
    ]


if __name__ == "__main__":
    show(run)
