"""The handwritten digits of the machine learning course: one-vs-all logistic regression,
and a network with 25 hidden units.

Andrew Ng (2011), Machine Learning, Stanford on Coursera, exercises 3 and 4: 5000 digits of 20 × 20 pixels
from a .mat file, in which 10 stands for 0; ten logistic classifiers with λ = 0.1, and 400-25-10 with
sigmoids, one-hot targets, weights drawn from U(±0.12), and λ = 1; as there, no bias is penalized.  The
course's fmincg, 50 iterations of it, is L-BFGS here.

The course's file is not passed on with this package.  A stand-in takes its place, made from MNIST and written
as a .mat file with the course's names, shapes, dtypes and labels: whoever has the original can hand
``ex3data1.mat`` to `read` instead.  Published figures are training accuracies on the original.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from report import Missing, Row, show, spread, track

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot
from tinygrad_edu.errors import DownloadError


def network(seed: int) -> nn.Module:
    """400-25-10; the last sigmoid is in the cost."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(400, 25, dtype=float), nn.Sigmoid(), nn.Linear(25, 10, dtype=float))
    for parameter in model.parameters():
        parameter.data = rng.uniform(-0.12, 0.12, parameter.shape)
    return model


def one_vs_all() -> nn.Module:
    """Ten logistic classifiers, side by side.

    All begin at zero, and the sum of their costs is least where each of them is.
    """
    return nn.Linear(400, 10, init=nn.init.zeros, dtype=float)


def cost(model: nn.Module, x: np.ndarray, y: np.ndarray, lam: float) -> tg.Tensor:
    """J(θ) = 1/m Σᵢ Σₖ (−yᵢₖ log hᵢₖ − (1 − yᵢₖ) log (1 − hᵢₖ)) + λ/2m Σ w², where y is one-hot."""
    fit = tg.binary_cross_entropy_with_logits(model(x), data.one_hot(y, 10, dtype=float), reduction="sum")
    weights = [w for name, w in model.named_parameters() if name.endswith("weight")]
    return (fit + lam / 2 * sum(np.sum(w**2) for w in weights)) / len(x)


def minimize(model: nn.Module, objective: Callable[[], tg.Tensor], iterations: int) -> None:
    optimizer = tg.optim.LBFGS(model.parameters(), max_iter=iterations)

    def closure() -> tg.Tensor:
        optimizer.zero_grad()
        value = objective()
        value.backward()
        return value

    optimizer.step(closure)


# ---- measured beside the original --------------------------------------------------------------------------


NOTE = (
    "A training accuracy, as the published one, but on the stand-in: other digits, "
    "so that the two figures are neighbours and no more."
)


def write_stand_in(path: Path) -> None:
    """5000 digits from MNIST, stored as the course stores them: pixels go down the columns of an image,
    and zeros are labelled 10.
    """
    from scipy.io import savemat

    try:
        x, y, *_ = data.course_digits()
    except DownloadError:
        raise Missing("MNIST, of which the stand-in is made, is neither here nor to be downloaded") from None
    downwards = x.reshape(-1, 20, 20).swapaxes(1, 2).reshape(-1, 400)
    savemat(path, {"X": downwards.astype(float), "y": np.where(y == 0, 10, y).astype(np.uint8)[:, None]})


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The images as rows of 400 pixels, and digits from 0 to 9."""
    x, y = data.read_mat(path, ["X", "y"])
    return x, data.relabel(y, {10: 0})


@tg.no_grad
def accuracy(model: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(model(x).numpy().argmax(axis=1) == y))


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        write_stand_in(Path(folder) / "ex3data1.mat")
        x, y = read(Path(folder) / "ex3data1.mat")
    counts = np.bincount(y)
    whole = x.shape == (5000, 400) and set(counts) == {500}
    rows = [
        Row(
            "course digits: the .mat file",
            "goal: 5000 × 400, 500 of each",
            f"{len(x)} × {x.shape[1]}, {counts.min()} to {counts.max()}",
            whole,
        )
    ]
    if quick:
        x, y = x[::10], y[::10]
    iterations, size = (25, ", 500 of them") if quick else (50, "")

    linear = one_vs_all()
    minimize(linear, lambda: cost(linear, x, y, lam=0.1), iterations)
    right = accuracy(linear, x, y)
    rows.append(
        Row(
            f"course digits{size}: one-vs-all",
            "goal: 95.1 %" if quick else "published 95.1 % (original file)",
            f"{right:.2%} (stand-in)",
            right >= 0.951,
            NOTE,
        )
    )
    networks = [network(seed) for seed in range(5)]
    for net in track(networks, "course digits, 400-25-10, seed"):
        minimize(net, lambda net=net: cost(net, x, y, lam=1.0), iterations)
    shares = [accuracy(net, x, y) for net in networks]
    rows.append(
        Row(
            f"course digits{size}: 400-25-10",
            "goal: 95.3 %" if quick else "published 95.3 % (original file)",
            f"{spread(shares, '.2%')} (stand-in)",
            median(shares) >= 0.953,
        )
    )
    if out:
        upright = networks[0][0].weight.data.reshape(25, 20, 20).swapaxes(1, 2)
        ax = plot.weights(upright)
        ax.set_title("What the 25 hidden units look for")
        plot.save(ax.figure, out / "22_course_digits.png")
    return rows


if __name__ == "__main__":
    show(run)
