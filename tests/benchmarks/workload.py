"""The workloads: sizes of multilayer perceptrons, and the data and initial weights
that all contestants start from.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8  # Adam, as PyTorch's defaults


@dataclass(frozen=True)
class Workload:
    """A perceptron with relu between its layers, the size of its batch,
    and how many training steps make a round.
    """

    sizes: tuple[int, ...]
    batch: int
    steps: int


WORKLOADS = {
    "xor": Workload((2, 4, 2), 4, 400),
    "blobs": Workload((2, 4, 3), 2100, 100),
    "iris": Workload((4, 16, 3), 16, 400),
    "mnist": Workload((784, 128, 64, 10), 64, 50),
    "wide": Workload((784, 1024, 1024, 10), 256, 2),
}
MORE = {  # of the table of compiled steps alone
    "moons": Workload((2, 3, 2), 200, 400),
    "spiral": Workload((2, 100, 3), 300, 100),
    "logistic": Workload((64, 10), 64, 400),
}
DEEP = Workload((1000,) * 11, 1000, 1)  # 10 layers, for the memory of a step


class Problem:
    """What a contestant is given; it copies what it changes.

    Attributes
    ----------
    X : ndarray of shape (batch, n_in), float32
    Y : ndarray of shape (batch,), int64
        Class labels.
    weights : list of ndarray of shape (n_in, n_out), float32
        He's initialization, the same for everyone.
    biases : list of ndarray of shape (n_out,), float32
        Zeros.
    """

    def __init__(self, workload: Workload, seed: int = 0) -> None:
        rng, sizes = np.random.default_rng(seed), workload.sizes
        self.X = rng.standard_normal((workload.batch, sizes[0]), np.float32)
        self.Y = rng.integers(0, sizes[-1], workload.batch)
        self.weights = [
            rng.standard_normal(shape, np.float32) * np.float32((2 / shape[0]) ** 0.5)
            for shape in pairwise(sizes)
        ]
        self.biases = [np.zeros(n, np.float32) for n in sizes[1:]]
