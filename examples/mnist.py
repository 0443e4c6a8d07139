"""MNIST for real: two networks learn to read 60,000 handwritten digits, and are tested with 10,000 others.

    python examples/mnist.py                                        # 784-128-64-10, half a minute
    python examples/mnist.py --model cnn --out cnn.png              # two minutes
    python examples/mnist.py --checkpoint mlp.safetensors           # stop it by Ctrl-C …
    python examples/mnist.py --checkpoint mlp.safetensors --resume  # … and go on
    python examples/mnist.py --predict mlp.safetensors              # in use: no training

The data are fetched once, 11 MB, and kept in the user's cache folder.  ``--data FOLDER`` reads other images
of the same kind, four IDX files with MNIST's names, such as Fashion-MNIST's.

The seed is 0 for everything.  The MLP must reach 98.0 % on the test images, and the CNN 99.0 %, after their
last epoch; the test images have no say in when that is.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import data, io, nn, optim, plot, train
from tinygrad_edu.errors import FormatError, StateError

SEED, BATCH, RATE = 0, 64, 0.002
EPOCHS = {"mlp": 15, "cnn": 8}
GOALS = {"mlp": 0.980, "cnn": 0.990}


def mlp(rng: np.random.Generator) -> nn.Module:
    """784-128-64-10, with a fifth of the hidden units dropped in training."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.2, rng=rng),
        nn.Linear(128, 64, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.2, rng=rng),
        nn.Linear(64, 10, rng=rng),
    )


def cnn(rng: np.random.Generator) -> nn.Module:
    """Two layers of 5 × 5 filters, 8 and 16, each with pooling; then 784-128-10,
    with half of the hidden units dropped in training.
    """
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 8, 14, 14)
        nn.Conv2d(8, 16, 5, padding=2, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (n, 16, 7, 7)
        nn.Flatten(),
        nn.Linear(16 * 7 * 7, 128, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.5, rng=rng),
        nn.Linear(128, 10, rng=rng),
    )


MODELS: dict[str, Callable[[np.random.Generator], nn.Module]] = {"mlp": mlp, "cnn": cnn}


def load(folder: Path | None) -> data.TrainTest:
    """Images of shape (n, 1, 28, 28), as a convolution takes them, and labels."""
    if folder is None:
        x, y, x_test, y_test = data.mnist()
    else:
        parts = [
            data.read_idx(find(folder, f"{part}-{kind}"))
            for part in ("train", "t10k")
            for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
        ]
        x, x_test = (np.divide(pixels, np.float32(255)) for pixels in parts[::2])
        y, y_test = (labels.astype(np.int64) for labels in parts[1::2])
    return data.TrainTest(x[:, None], y, x_test[:, None], y_test)


def find(folder: Path, name: str) -> Path:
    """An IDX file, packed or not."""
    packed = folder / f"{name}.gz"
    return packed if packed.exists() else folder / name


def learn(
    name: str, digits: data.TrainTest, epochs: int, checkpoint: Path | None, resume: bool
) -> tuple[nn.Module, train.History]:
    """A model of that name, trained; the learning rate falls to zero along a cosine."""
    model = MODELS[name](np.random.default_rng(SEED))
    history = train.fit(
        model,
        nn.CrossEntropyLoss(),
        optim.Adam(model.parameters(), lr=RATE),
        (digits.x_train, digits.y_train),
        epochs=epochs,
        batch_size=BATCH,
        seed=SEED,
        validation=(digits.x_test, digits.y_test),
        metrics={"accuracy": train.metrics.accuracy},
        schedule=optim.schedule.cosine(RATE, epochs),
        checkpoint=None if checkpoint is None else train.Checkpoint(checkpoint, seconds=30),
        resume=resume,
    )
    return model, history


def saved(path: Path) -> nn.Module:
    """The model of a checkpoint; the names of its weights tell which."""
    state = io.load_checkpoint(path)
    weights = state.get("model", {}) if isinstance(state, dict) else {}
    if "0.weight" not in weights and "1.weight" not in weights:
        raise StateError(f"{path} is no checkpoint of this script's models.")
    model = MODELS["mlp" if "1.weight" in weights else "cnn"](np.random.default_rng(SEED))
    model.load_state_dict(weights)
    return model


def report(
    model: nn.Module, digits: data.TrainTest, out: Path | None, history: train.History | None = None
) -> float:
    """Print how well a model reads the test images, and save a picture of it if that is wanted.

    The accuracy is returned.
    """
    scores = train.predict(model, digits.x_test)
    said, labels = scores.argmax(axis=1), digits.y_test
    accuracy = train.metrics.accuracy(labels, scores)
    counts = train.metrics.confusion_matrix(labels, said, classes=10)
    print("\nConfusion matrix of the test images (rows: what it is, columns: what it was taken for)")
    print(counts)
    print(f"\n{accuracy:.2%} of {len(labels)} test images read right")
    if out is not None:
        save_picture(out, digits, scores, counts, history)
        print(f"picture: {out}")
    return accuracy


def save_picture(
    path: Path, digits: data.TrainTest, scores: np.ndarray, counts: np.ndarray, history: train.History | None
) -> None:
    """The losses if there was a training, who was taken for whom, and the mistakes
    that the model was surest of.
    """
    from matplotlib.figure import Figure

    p, labels = tg.softmax(scores), digits.y_test
    said = p.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    worst = wrong[np.argsort(-p[wrong, said[wrong]])][:20]
    figure = Figure(figsize=(15 if history else 10.5, 4.8), layout="constrained")
    *first, middle, right = figure.subplots(
        1, 3 if history else 2, width_ratios=[1.0, 1.0, 1.25][0 if history else 1 :]
    )
    if history:
        history.plot(ax=first[0], log=True).set_title("Cross-entropy")
    plot.confusion_matrix(counts, ax=middle).set_title("Test images")
    titles = [f"read {said[i]}, is {labels[i]}" for i in worst]
    plot.images(digits.x_test[worst, 0], titles=titles, columns=5, ax=right).set_title(
        f"Mistakes ({len(wrong)}), the surest first"
    )
    figure.suptitle(f"{1 - len(wrong) / len(labels):.2%} of {len(labels)} test images read right")
    plot.save(figure, path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Train a network on MNIST, or use a trained one.")
    parser.add_argument(
        "--model", choices=MODELS, default="mlp", help="784-128-64-10, or a convolutional network"
    )
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help=f"passes through the images (default: {EPOCHS['mlp']} or {EPOCHS['cnn']})",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="PATH",
        help="where to save the training, every epoch and 30 seconds",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint, if it is there")
    parser.add_argument(
        "--predict", type=Path, metavar="PATH", help="train nothing: test the model of this checkpoint"
    )
    parser.add_argument("--out", type=Path, metavar="PATH", help="where to save a picture")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="read these IDX files in place of MNIST's"
    )
    parser.add_argument("--quick", action="store_true", help="one epoch of the first 6,000 images")
    settings = parser.parse_args()
    if settings.epochs is not None and settings.epochs < 1:
        parser.error(f"--epochs is 1 or more; got {settings.epochs}")
    if settings.resume and settings.checkpoint is None:
        parser.error("--resume goes on from the file of --checkpoint, and there is none")
    if settings.checkpoint is not None and not settings.checkpoint.absolute().parent.is_dir():
        parser.error(
            f"{settings.checkpoint} cannot be written: there is no folder {settings.checkpoint.parent}"
        )
    try:
        if settings.out is not None:
            plot.check_path(settings.out)
        model = None if settings.predict is None else saved(settings.predict)
        digits = load(settings.data)
    except (tg.TinygradError, OSError) as error:
        parser.error(str(error))
    except ImportError:
        parser.error("the picture needs matplotlib: pip install matplotlib")
    if model is not None:
        report(model, digits, settings.out)
        return 0

    if settings.quick:
        digits = digits._replace(x_train=digits.x_train[:6000], y_train=digits.y_train[:6000])
    epochs = settings.epochs or (1 if settings.quick else EPOCHS[settings.model])
    print(nn.summary(MODELS[settings.model](np.random.default_rng(SEED)), digits.x_train[:BATCH]), "\n")
    try:
        model, history = learn(settings.model, digits, epochs, settings.checkpoint, settings.resume)
    except (StateError, FormatError) as error:
        parser.error(f"--resume: {error}")
    print(history)
    if history.stopped == "interrupted":
        print(
            f"go on with --checkpoint {settings.checkpoint} --resume"
            if settings.checkpoint
            else "nothing was saved: there is no --checkpoint"
        )
    accuracy = report(model, digits, settings.out, history)
    if history.stopped == "interrupted":
        return 130  # as shells expect of a program that Ctrl-C ended
    if settings.epochs is None and settings.data is None and not settings.quick:
        assert accuracy >= GOALS[settings.model]
    return 0


if __name__ == "__main__":
    sys.exit(main())
