"""What more processes would pay for: steps measured here, a network assumed, and the efficiency on paper.

`python -m tests.benchmarks ranks` prints it, `python -m tests.benchmarks.ranks --write FILE` writes the page.
Of each model a step on the rows of one rank is timed, the allreduce of its gradient is computed from the
assumed latency and bandwidth, and a rank's efficiency is compute / (compute + communication): one begins when
the other is over.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, optim

RANKS = (8, 64, 1024)
NUMBER = 4  # bytes, of a float32


@dataclass(frozen=True)
class Network:
    """A network between machines: the seconds of a message without content, and bytes a second each way."""

    name: str
    latency: float
    bandwidth: float

    def allreduce(self, size: int, ranks: int) -> float:
        """Seconds for the sum of ``size`` bytes, by the better of two algorithms.

        Recursive doubling: ⌈log₂ p⌉ (α + n/β).  Rabenseifner's (a scattered reduction, then a gathering):
        2 ⌈log₂ p⌉ α + 2 (p - 1)/p · n/β.  (R. Thakur, R. Rabenseifner and W. Gropp (2005). Optimization of
        collective communication operations in MPICH. The sum itself, at memory speed, is left out.)
        """
        steps, way = math.ceil(math.log2(ranks)), size / self.bandwidth
        doubling = steps * (self.latency + way)
        scattered = 2 * steps * self.latency + 2 * (ranks - 1) / ranks * way
        return min(doubling, scattered)


NETWORKS = (
    Network("Ethernet, 10 Gbit/s, 30 µs", 30e-6, 1.25e9),
    Network("InfiniBand, 200 Gbit/s, 2 µs", 2e-6, 25e9),
)


def models() -> dict[str, tuple[nn.Module, np.ndarray, np.ndarray]]:
    """Three models by name, each with the rows of one rank."""
    rng = np.random.default_rng(0)
    pixels = rng.standard_normal((64, 784)).astype(np.float32)
    images = rng.standard_normal((64, 1, 28, 28)).astype(np.float32)
    words = rng.standard_normal((16, 64, 128)).astype(np.float32)
    classes = rng.integers(10, size=64)
    perceptron = nn.Sequential(
        nn.Linear(784, 256, rng=0),
        nn.ReLU(),
        nn.Linear(256, 256, rng=1),
        nn.ReLU(),
        nn.Linear(256, 10, rng=2),
    )
    convolutional = nn.Sequential(
        nn.Conv2d(1, 16, 3, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, rng=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(800, 10, rng=2),
    )  # fmt: skip
    transformer = nn.Sequential(
        *(nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, rng=i) for i in range(4)),
        nn.Linear(128, 10, rng=9),
    )
    return {
        "perceptron 784-256-256-10, 64 rows a rank": (perceptron, pixels, classes),
        "CNN of 28×28 images, 64 a rank": (convolutional, images, classes),
        "transformer, 4 layers of 128, 16 sequences of 64 a rank": (
            transformer, words, rng.integers(10, size=(16, 64))
        ),
    }  # fmt: skip


def step_of(model: nn.Module, x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """A training step on the rows of one rank."""
    adam = optim.Adam(model.parameters())

    def step() -> None:
        adam.zero_grad()
        tg.softmax_cross_entropy(model(x), y).backward()
        adam.step()

    return step


# fmt: off
HEAD = """# What more processes pay for, on paper

`python -m tests.benchmarks.ranks --write .github/DISTRIBUTED.md` wrote this page: the steps are measured, on one
core of the machine that it ran on; the networks are assumed, and nobody has run the trainings. An efficiency is
what a rank computes in its time, compute / (compute + communication); in brackets, the allreduce of the gradient.
The rows of a rank stay as many, so that the whole batch grows with the ranks (weak scaling).

An allreduce of n bytes over p ranks takes the smaller of ⌈log₂ p⌉ (α + n/β), by recursive doubling, and
2 ⌈log₂ p⌉ α + 2 (p - 1)/p · n/β, by Rabenseifner's algorithm, with the latency α and the bandwidth β of the
network (R. Thakur, R. Rabenseifner and W. Gropp, 2005, Optimization of collective communication operations in
MPICH). Left out: the additions, ranks that wait for the slowest one, and several ranks that share a network card.
"""

TAIL = """
What was run is on one machine: `tests/distributed` has two and three ranks beside one process, with the whole
batches, and asserts that they differ by rounding alone; `-rP` prints by how much.

```sh
pip install "tinygrad_edu[mpi]"
mpiexec -n 2 python -m mpi4py script.py   # with train.fit(…, distributed=True) in it
```

Python's own start and NumPy's import come on each rank, and every rank reads the data. A rank that raises, is
killed or ends its program ends the job; a network that goes silent is MPI's to notice.
"""

# fmt: on


def seconds(step: Callable[[], None], rounds: int) -> float:
    """The median of the processor's time of a step, on one thread, after two that are not counted."""
    times = []
    for _ in range(rounds + 2):
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    return float(np.median(times[2:]))


def page(rounds: int) -> str:
    """The page, in Markdown."""
    lines = HEAD.splitlines()
    for name, (model, x, y) in models().items():
        compute, numbers = seconds(step_of(model, x, y), rounds), sum(p.size for p in model.parameters())
        lines += ["", f"**{name}**: {numbers:,} parameters, {compute * 1e3:.2f} ms a step.", ""]
        lines += [f"| network | {' | '.join(f'{ranks} ranks' for ranks in RANKS)} |", "|---" * 4 + "|"]
        for network in NETWORKS:
            times = [network.allreduce(numbers * NUMBER, ranks) for ranks in RANKS]
            cells = [f"{compute / (compute + time):.0%} ({time * 1e3:.2f} ms)" for time in times]
            lines.append(f"| {network.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n" + TAIL


def report(rounds: int) -> None:
    """Print the page."""
    print(page(rounds))


if __name__ == "__main__":
    import argparse

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ranks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--write", type=Path, metavar="FILE", required=True)
    given = parser.parse_args()
    given.write.write_text(page(given.rounds), encoding="utf-8")
