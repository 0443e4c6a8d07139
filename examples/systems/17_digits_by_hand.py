"""Handwritten digits, one at a time: a net of two matrices.

Bernd Klein (2017), Neural Network from Scratch, and Testing with MNIST, python-course.eu.  784-100-10,
logistic, no biases; weights truncated normal within ±1/√inputs, of standard deviation 1; pixels scaled to
[.01, 1], targets .01 and .99; one epoch of the 60,000 images in their order, each a step of rate 0.1; then
the confusion matrix, with precision and recall of each digit.

The rule of the original is no gradient: its hidden errors are whoᵀ · output errors, without the derivative of
the outputs, and with a who that has been changed already.  Here it is the gradient, of two losses: ½Σ(t −
o)², to which the change of who belongs, and the binary cross-entropy, whose errors are those that the
original sends back.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from report import Missing, Row, show, spread, track

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot, train
from tinygrad_edu.errors import DownloadError
from tinygrad_edu.train import metrics


def network(seed: int) -> nn.Sequential:
    """The weight matrices wih and who; the sigmoid of the outputs is in the loss."""
    rng = np.random.default_rng(seed)

    def truncated_normal(shape: tuple[int, ...], **how: object) -> np.ndarray:
        bound = 1 / np.sqrt(shape[1])
        return nn.init.truncated_normal(shape, low=-bound, high=bound, **how)

    wih = nn.Linear(784, 100, bias=False, init=truncated_normal, rng=rng)
    who = nn.Linear(100, 10, bias=False, init=truncated_normal, rng=rng)
    return nn.Sequential(wih, nn.Sigmoid(), who)


def half_squared_error(logits: tg.Tensor, targets: np.ndarray) -> tg.Tensor:
    return tg.half_squared_error(tg.sigmoid(logits), targets)


def cross_entropy(logits: tg.Tensor, targets: np.ndarray) -> tg.Tensor:
    return tg.binary_cross_entropy_with_logits(logits, targets, reduction="sum")


def train_epoch(
    model: nn.Sequential,
    loss: Callable[..., tg.Tensor],
    images: np.ndarray,
    targets: np.ndarray,
    learning_rate: float = 0.1,
) -> None:
    """A step for each image."""
    optimizer = tg.optim.SGD(model.parameters(), lr=learning_rate)
    for image, target in track(zip(images, targets), f"digits by hand, {loss.__name__}, image"):
        optimizer.zero_grad()
        loss(model(image), target).backward()
        optimizer.step()


# ---- measured beside the original --------------------------------------------------------------------------


NOTE = (
    "The true gradient of the squared error learns more slowly at this rate: "
    "the derivative of the outputs damps the hidden errors."
)


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    try:
        x, y, x_test, y_test = data.mnist(flat=True)
    except DownloadError as error:
        raise Missing(str(error)) from None
    x, x_test = (pixels * np.float32(0.99) + np.float32(0.01) for pixels in (x, x_test))
    targets = data.one_hot(y) * np.float32(0.98) + np.float32(0.01)
    n, seeds = (2000, range(1)) if quick else (len(x), range(5))

    labels = {}
    for seed in seeds:
        model = network(seed)
        train_epoch(model, cross_entropy, x[:n], targets[:n])
        labels[seed] = train.predict(model, x_test).argmax(axis=1)
    shares = [metrics.accuracy(y_test, found) for found in labels.values()]
    if quick:
        return [Row(f"digits by hand, {n} images: test", "goal: 80 %", f"{shares[0]:.2%}", shares[0] >= 0.8)]

    model = network(0)
    train_epoch(model, half_squared_error, x, targets)
    squared = metrics.accuracy(y_test, train.predict(model, x_test))
    rows = [
        Row(
            "digits by hand, cross-entropy: test",
            "recomputed 94.64 % (rule of the original)",
            spread(shares, ".2%"),
            median(shares) >= 0.9464,
        ),
        Row("digits by hand, ½Σ(t − o)², seed 0: test", "–", f"{squared:.2%}", None, NOTE),
    ]
    counts = metrics.confusion_matrix(y_test, labels[0])
    for name, score in (("precision", metrics.precision), ("recall", metrics.recall)):
        rows.append(
            Row(
                f"digits by hand, seed 0: {name} of 0 … 9",
                "–",
                " ".join(f"{s:.3f}" for s in score(y_test, labels[0], average=None)),
                None,
            )
        )
    if out:
        ax = plot.confusion_matrix(counts)
        ax.set_title(f"784-100-10 after one epoch: {shares[0]:.2%} of 10,000")
        plot.save(ax.figure, out / "17_digits_by_hand.png")
    return rows


if __name__ == "__main__":
    show(run)
