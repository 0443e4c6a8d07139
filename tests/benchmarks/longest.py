"""The longest trainings of the 29 systems, and those of examples/digits.py and examples/mnist.py: networks,
batches, optimizers and numbers of steps.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from .mnist import CNN, MLP

Layers = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Training:
    """A network, and how it is trained.

    Attributes
    ----------
    layers : list of (name, arguments) or (name, arguments, settings)
        Which are the same for PyTorch.
    shape : tuple of int
        Of a row.
    batch, steps : int
        Rows of a step; steps of the whole training.
    part : int
        Steps of a round.
    outputs : int
        Classes, or columns of targets if the loss is squared.
    squared : bool
        Half the sum of squares, in the place of cross-entropy.
    total : bool
        Cross-entropy as a sum, not a mean.
    rate : float
        Of gradient descent; Adam otherwise.
    dtype : dtype
    whole : bool
        Whether every step has all rows.
    """

    layers: Layers = field(repr=False)
    shape: tuple[int, ...]
    batch: int
    steps: int
    part: int
    outputs: int
    squared: bool = False
    total: bool = False
    rate: float = 0.0
    dtype: Any = np.float32
    whole: bool = False


def perceptron(*sizes: int, act: str = "Sigmoid", bias: bool = True, last: bool = False) -> Layers:
    """Linear layers, with an activation between them, and behind the last one if wanted."""
    layers: Layers = []
    for n, m in pairwise(sizes):
        layers += [("Linear", (n, m), {"bias": bias}), (act, ())]
    return layers if last else layers[:-1]


WIDE = perceptron(784, 392, 64, 10, act="ReLU")
DIGITS: Layers = [("Linear", (64, 256)), ("ReLU", ()), ("Dropout", (0.5,)), ("Linear", (256, 10))]
f8 = np.float64
TRAININGS = {
    "1 blobs, 50,000 epochs": Training(
        perceptron(2, 4, 3), (2,), 2100, 50_000, 100, 3, total=True, rate=0.001, dtype=f8, whole=True
    ),
    "3 MNIST, 784-392-64-10, 20 epochs": Training(WIDE, (784,), 128, 20 * 469, 20, 10),
    "5 short xor, 60,000 epochs": Training(
        perceptron(2, 3, 1, bias=False, last=True),
        (2,),
        4,
        60_000,
        500,
        1,
        squared=True,
        rate=1.0,
        dtype=f8,
        whole=True,
    ),
    "7 wheat seeds, 5 folds of 500 epochs": Training(
        perceptron(7, 5, 3, last=True), (7,), 1, 5 * 500 * 168, 500, 3, squared=True, rate=0.3, dtype=f8
    ),
    "11 moons, h = 3, 20,000 passes": Training(
        perceptron(2, 3, 2, act="Tanh"),
        (2,),
        200,
        20_000,
        300,
        2,
        total=True,
        rate=0.01,
        dtype=f8,
        whole=True,
    ),
    "12 spirals, 10,000 iterations": Training(
        perceptron(2, 100, 3, act="ReLU"), (2,), 300, 10_000, 100, 3, rate=1.0, dtype=f8, whole=True
    ),
    "14 MNIST, 128-128, Adam, 20 epochs": Training(
        perceptron(784, 128, 128, 10, act="ReLU"), (784,), 32, 20 * 1875, 50, 10
    ),
    "17 digits, one by one, 60,000 rows": Training(
        perceptron(784, 100, 10, bias=False), (784,), 1, 60_000, 200, 10, rate=0.1
    ),
    "digits.py, 5 seeds of 40 epochs": Training(DIGITS, (64,), 32, 5 * 40 * 45, 200, 10),
    "mnist.py, MLP, 15 epochs": Training(MLP, (1, 28, 28), 64, 15 * 938, 50, 10),
    "mnist.py, CNN, 8 epochs": Training(CNN, (1, 28, 28), 64, 8 * 938, 3, 10),
}
