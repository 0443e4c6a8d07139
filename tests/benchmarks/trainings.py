"""Three whole trainings beside PyTorch's, with the score on data that neither has seen.

The same networks, initial weights, batches in the same order, and one thread: a convolutional network with
batch normalization on MNIST; a GRU that reads the rows with ink of MNIST's digits, sequences of several
lengths; and a perceptron on the passengers of the Titanic, with missing values and categories.  The data are
those of the folder that ``TINYGRAD_EDU_DATA`` names.
"""

import csv
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

LEARNING_RATE = 1e-3

Layers = Callable[[Any], Any]


@dataclass(frozen=True)
class Task:
    """What is learned: inputs and labels, to learn from and to be asked, the network, and how.

    Inputs are tuples of arrays, of which the network is called with all.
    """

    network: Layers
    train: tuple[Any, ...]
    test: tuple[Any, ...]
    epochs: int
    batch: int

    def batches(self) -> Iterator[Any]:
        """The numbers of the samples of each batch, in the order of all epochs."""
        rng, n = np.random.default_rng(0), len(self.train[-1])
        for _ in range(self.epochs):
            order = rng.permutation(n)
            yield from (order[i : i + self.batch] for i in range(0, n, self.batch))


def images(folder: Path) -> Task:
    """Digits of 28×28, by two convolutions with batch normalization."""
    x, y, x_test, y_test = digits(folder)

    def network(nn: Any) -> Any:
        layers = []
        for c, o in ((1, 16), (16, 32)):
            layers += [nn.Conv2d(c, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 49, 10))

    return Task(network, (x[:, None], y), (x_test[:, None], y_test), 1, 64)


def sequences(folder: Path) -> Task:
    """The rows of a digit from the first to the last with ink: 28 features, about 20 steps."""
    x, y, x_test, y_test = (a[:12000] for a in digits(folder))

    def cut(images: Any) -> tuple[Any, Any]:
        inked = images.any(axis=2)
        first, last = inked.argmax(1), 28 - inked[:, ::-1].argmax(1)
        rows = np.zeros_like(images)
        for row, image, a, b in zip(rows, images, first, last):
            row[: b - a] = image[a:b]
        return rows, last - first

    def network(nn: Any) -> Any:
        class Reader(nn.Module):  # type: ignore[misc,name-defined]
            def __init__(self) -> None:
                super().__init__()
                self.rnn, self.out = nn.GRU(28, 64, batch_first=True), nn.Linear(64, 10)

            def forward(self, x: Any, lengths: Any) -> Any:
                if nn.__name__.startswith("torch"):
                    packed = nn.utils.rnn.pack_padded_sequence(
                        x, lengths, batch_first=True, enforce_sorted=False
                    )
                    return self.out(self.rnn(packed)[1][0])
                return self.out(self.rnn(x, lengths=lengths)[1][0])

        return Reader()

    return Task(network, (*cut(x), y), (*cut(x_test), y_test), 2, 32)


def passengers(folder: Path) -> Task:
    """Who survived: numbers, of which ages are missing, and categories as columns of zeros and ones."""
    with (folder / "titanic" / "titanic.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    y = np.array([int(row["Survived"]) for row in rows])
    numbers = np.array([[float(row[k] or "nan") for k in ("Age", "SibSp", "Parch", "Fare")] for row in rows])
    missing = np.isnan(numbers[:, :1])
    numbers = np.where(np.isnan(numbers), np.nanmedian(numbers[:600], 0), numbers)
    numbers = (numbers - numbers[:600].mean(0)) / numbers[:600].std(0)
    kinds = [sorted({row[k] for row in rows}) for k in ("Sex", "Pclass", "Embarked")]
    columns = [
        [row[k] == v for k, vs in zip(("Sex", "Pclass", "Embarked"), kinds) for v in vs] for row in rows
    ]
    x = np.hstack([numbers, missing, np.array(columns)]).astype(np.float32)

    def network(nn: Any) -> Any:
        layers = [nn.Linear(x.shape[1], 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 2)]
        return nn.Sequential(*layers)

    return Task(network, (x[:600], y[:600]), (x[600:], y[600:]), 40, 32)


def digits(folder: Path) -> tuple[Any, Any, Any, Any]:
    """MNIST: images in [0, 1] and labels, to learn from and to be asked."""
    from tinygrad_edu.data import read_idx

    found = []
    for part in ("train", "t10k"):
        found.append(read_idx(folder / "mnist" / f"{part}-images-idx3-ubyte.gz").astype(np.float32) / 255)
        found.append(read_idx(folder / "mnist" / f"{part}-labels-idx1-ubyte.gz").astype(np.int64))
    return tuple(found)  # type: ignore[return-value]


def ours(task: Task, state: dict[str, Any]) -> tuple[float, float]:
    """Seconds of the training, and the accuracy."""
    import tinygrad_edu as tg

    with tg.seed(0):
        model = task.network(tg.nn)
    state.update({k: np.array(v) for k, v in model.state_dict().items()})
    optimizer, start = tg.optim.Adam(model.parameters(), lr=LEARNING_RATE), time.perf_counter()
    for rows in task.batches():
        *x, y = (a[rows] for a in task.train)
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(*x), y)
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - start
    model.eval()
    *x, y = task.test
    with tg.no_grad():
        scores = model(*x).numpy()
    return seconds, float(np.mean(scores.argmax(1) == y))


def torch(task: Task, state: dict[str, Any]) -> tuple[float, float]:
    """PyTorch's, from the same weights."""
    import torch

    torch.set_num_threads(1)
    model = task.network(torch.nn)
    model.load_state_dict({k: torch.tensor(v) for k, v in state.items()})
    train, test = (tuple(map(torch.tensor, part)) for part in (task.train, task.test))
    optimizer, start = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE), time.perf_counter()
    for rows in task.batches():
        *x, y = (a[torch.from_numpy(rows)] for a in train)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(*x), y)
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - start
    model.eval()
    *x, y = test
    with torch.no_grad():
        scores = model(*x)
    return seconds, float((scores.argmax(1) == y).float().mean())


def report() -> dict[str, Any]:
    """Train all, one after the other, and print a table."""
    found = os.environ.get("TINYGRAD_EDU_DATA")
    if not found:
        print("Trainings: skipped, TINYGRAD_EDU_DATA names no folder with the data")
        return {}
    print("Whole trainings, Adam, float32, one thread: seconds, and the accuracy on unseen data")
    results: dict[str, Any] = {}
    for name, make in {"CNN, BatchNorm": images, "GRU, lengths": sequences, "MLP, table": passengers}.items():
        task, state = make(Path(found)), {}
        row = results[name] = {"ours": ours(task, state)}
        if find_spec("torch"):
            row["torch"] = torch(task, state)
        shown = "   ".join(f"{who} {s:6.2f} s {100 * score:5.2f} %" for who, (s, score) in row.items())
        ratio = f"   ratio {row['ours'][0] / row['torch'][0]:.2f}" if "torch" in row else ""
        print(f"{name:16}{shown}{ratio}", flush=True)
    return results
