"""Handwritten digits: a network with one hidden layer learns to read them, offline, in about a second a run.

    python examples/digits.py --out digits.png

The data are the 1797 images of 8 × 8 pixels that come with scikit-learn.  Each run splits them by its seed,
four fifths to train on and one fifth held out, with all digits in equal parts.  Without arguments there are
five runs, and their median accuracy on held-out images must be 97 % or more.  (The settings were chosen on
the splits of other seeds, 10 to 21.)

Ctrl-C stops the training; what has been learned by then is evaluated and saved.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, plot

try:
    from sklearn.datasets import load_digits
    from sklearn.metrics import confusion_matrix
    from sklearn.model_selection import train_test_split
except ImportError:
    sys.exit("digits.py takes its data from scikit-learn: pip install scikit-learn matplotlib")


@dataclass
class Run:
    """One trained model, and how it came about."""

    seed: int
    model: nn.Module
    held_out: np.ndarray  # which of the images, shape (n,)
    inputs: np.ndarray  # those images, scaled, shape (n, 64)
    labels: np.ndarray  # shape (n,)
    # After each epoch.
    losses: dict[str, list[float]] = field(default_factory=lambda: {"training": [], "held-out": []})
    interrupted: bool = False

    @tg.no_grad
    def probabilities(self) -> np.ndarray:
        """Of each digit, for each held-out image: shape (n, 10)."""
        return tg.softmax(self.model.eval()(self.inputs)).numpy()

    @property
    def accuracy(self) -> float:
        return float(np.mean(self.probabilities().argmax(axis=1) == self.labels))


def train(seed: int, settings: argparse.Namespace) -> Run:
    """Split the data, build a network and train it, all by one seed."""
    pixels, digits = load_digits(return_X_y=True)
    chosen, held_out = train_test_split(
        np.arange(len(digits)), stratify=digits, test_size=0.2, random_state=seed
    )
    # The held-out part has no say in it.
    pixels = ((pixels - pixels[chosen].mean(axis=0)) / pixels[chosen].std()).astype(np.float32)
    x, labels = pixels[chosen], digits[chosen]

    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Linear(64, settings.hidden, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.5, rng=rng),
        nn.Linear(settings.hidden, 10, rng=rng),
    )
    optimizer = tg.optim.Adam(model.parameters(), lr=settings.lr)
    run = Run(seed, model, held_out, pixels[held_out], digits[held_out])
    try:
        with Progress(f"seed {seed}", settings.epochs) as progress:
            for _ in range(settings.epochs):
                model.train()
                order = rng.permutation(len(x))
                for start in range(0, len(x), settings.batch):
                    batch = order[start : start + settings.batch]
                    optimizer.zero_grad()
                    loss = tg.softmax_cross_entropy(model(x[batch]), labels[batch])
                    loss.backward()
                    optimizer.step()
                now = evaluate(model, x, labels), evaluate(model, run.inputs, run.labels)
                for losses, value in zip(run.losses.values(), now):
                    losses.append(value)
                progress.show(f"loss {now[0]:.4f}, held-out {now[1]:.4f}")
    except KeyboardInterrupt:
        run.interrupted = True
    return run


@tg.no_grad
def evaluate(model: nn.Module, x: np.ndarray, labels: np.ndarray) -> float:
    """The loss without dropout."""
    return tg.softmax_cross_entropy(model.eval()(x), labels).item()


class Progress:
    """A line that shows how far the training is: tqdm's if it is installed, and plain text every few epochs
    where there is no terminal.
    """

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.done, self.bar = title, total, 0, None
        self.terminal = sys.stderr.isatty()

    def __enter__(self) -> "Progress":
        if self.terminal:
            try:
                from tqdm import tqdm

                self.bar = tqdm(total=self.total, desc=self.title, unit="epoch")
            except ImportError:
                pass
        return self

    def show(self, text: str) -> None:
        """Another epoch is done."""
        self.done += 1
        line = f"{self.title}: epoch {self.done}/{self.total}, {text}"
        if self.bar is not None:
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update()
        elif self.terminal:
            # Over the line before, if that was longer too.
            print(f"\r{line:<72}", end="", file=sys.stderr, flush=True)
        elif self.done % 10 == 0 or self.done == self.total:
            print(line, file=sys.stderr, flush=True)

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()
        elif self.terminal:
            print(file=sys.stderr)


def save_picture(path: Path, run: Run) -> None:
    """The losses, who was taken for whom, and the mistakes that the model was surest of."""
    from matplotlib.figure import Figure

    p = run.probabilities()
    predicted = p.argmax(axis=1)
    wrong = np.flatnonzero(predicted != run.labels)
    worst = wrong[np.argsort(-p[wrong, predicted[wrong]])][:9]

    figure = Figure(figsize=(13, 4.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1, 1))
    plot.loss_curve(run.losses, ax=left, log=True).set_title("Cross-entropy")
    plot.confusion_matrix(confusion_matrix(run.labels, predicted, labels=range(10)), ax=middle).set_title(
        "Held-out images"
    )
    captions = [f"read {predicted[i]} ({p[i, predicted[i]]:.0%}), is {run.labels[i]}" for i in worst]
    images = load_digits().images[run.held_out[worst]]
    plot.images(images, titles=captions, ax=right, columns=3).set_title(
        f"Mistakes ({len(wrong)}), the surest first"
    )
    stopped = f", stopped after {len(run.losses['training'])} epochs" if run.interrupted else ""
    figure.suptitle(
        f"Seed {run.seed}: {run.accuracy:.1%} of {len(run.labels)} held-out digits read right{stopped}"
    )
    plot.save(figure, path)


def at_least(low: int):
    """An argument type: whole numbers from ``low``."""

    def whole(text: str) -> int:
        value = int(text) if text.strip().lstrip("+-").isdecimal() else low - 1
        if value < low:
            raise argparse.ArgumentTypeError(f"expected a whole number, {low} or more; got {text!r}")
        return value

    return whole


def rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a positive number; got {text!r}")
    return value


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Train a network with one hidden layer on the handwritten digits of scikit-learn.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--seeds", type=at_least(0), nargs="+", default=[0, 1, 2, 3, 4], metavar="N", help="one run for each"
    )
    parser.add_argument(
        "--hidden", type=at_least(1), default=256, metavar="N", help="units of the hidden layer"
    )
    parser.add_argument(
        "--epochs", type=at_least(1), default=40, metavar="N", help="passes through the training images"
    )
    parser.add_argument("--batch", type=at_least(1), default=32, metavar="N", help="images per step")
    parser.add_argument("--lr", type=rate, default=0.003, metavar="X", help="learning rate of Adam")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("digits.png"),
        metavar="PATH",
        help="where to save a picture of the median run",
    )
    settings = parser.parse_args()
    try:
        plot.check_path(settings.out)
    except tg.TinygradError as error:
        parser.error(str(error))
    except ImportError:
        parser.error("the picture needs matplotlib: pip install matplotlib")

    runs: list[Run] = []
    for seed in settings.seeds:
        runs.append(run := train(seed, settings))
        stopped = f", stopped after {len(run.losses['training'])} epochs" if run.interrupted else ""
        print(f"seed {seed}: {run.accuracy:.2%} of {len(run.labels)} held-out images read right{stopped}")
        if run.interrupted:
            break

    median = median_low(run.accuracy for run in runs)
    typical = next(run for run in runs if run.accuracy == median)
    print(f"\nConfusion matrix of seed {typical.seed} (rows: what it is, columns: what it was taken for)")
    print(confusion_matrix(typical.labels, typical.probabilities().argmax(axis=1), labels=range(10)))
    save_picture(settings.out, typical)
    print(
        f"\nmedian accuracy of {len(runs)} run{'s' * (len(runs) > 1)}: {median:.2%}\npicture: {settings.out}"
    )
    if runs[-1].interrupted:
        return 130  # as shells expect of a program that Ctrl-C ended
    if all(
        getattr(settings, name) == parser.get_default(name)
        for name in ("seeds", "hidden", "epochs", "batch", "lr")
    ):
        assert median >= 0.97
    return 0


if __name__ == "__main__":
    sys.exit(main())
