"""bpnn.py: the back-propagation that a generation read.

Neil Schemenauer, bpnn.py, arctrix.com; ActiveState recipe 578148 is a copy.  2-2-1 with one more input that
is always 1, tanh in both layers (the original calls it sigmoid), weights from U(±0.2) and U(±2) by Python's
``random.seed``, one pattern at a time, error ½Σ(t − o)², 1000 iterations; each step is N = 0.5 of this
pattern's change and M = 0.1 of the last pattern's.  A network for each seed is trained, all side by side: the
first axis is the seed.
"""

import random
from pathlib import Path

import numpy as np
from report import Row, show, track

import tinygrad_edu as tg
from tinygrad_edu import nn, plot

PATTERNS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
XOR, NAND = [0, 1, 1, 0], [1, 1, 1, 0]
SEEDS = range(60)


class NN(nn.Module):
    """Networks of ni inputs and a bias, nh hidden nodes and one output, one for each seed."""

    def __init__(self, ni: int, nh: int, seeds: range = SEEDS) -> None:
        drawn = [random.Random(seed) for seed in seeds]
        self.wi = nn.Parameter(
            [[[rng.uniform(-0.2, 0.2) for _ in range(nh)] for _ in range(ni + 1)] for rng in drawn]
        )  # (seeds, ni + 1, nh)
        self.wo = nn.Parameter([[[rng.uniform(-2, 2)] for _ in range(nh)] for rng in drawn])  # (seeds, nh, 1)

    def forward(self, inputs: np.ndarray) -> tg.Tensor:
        """The outputs of shape (seeds, n) for patterns of shape (n, ni)."""
        with_bias = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
        hidden = np.tanh(with_bias @ self.wi)  # (seeds, n, nh)
        return np.tanh(hidden @ self.wo)[..., 0]


def train(
    targets: list[int], nh: int = 2, iterations: int = 1000, N: float = 0.5, M: float = 0.1
) -> tuple[NN, list[float]]:
    """The trained networks, and the error of seed 0 in each iteration: added up over the patterns,
    before each is learned.
    """
    net = NN(2, nh)
    last = [np.zeros(w.shape) for w in net.parameters()]
    errors = []
    for _ in track(range(iterations), f"bpnn 2-{nh}-1"):
        error = 0.0
        for pattern, target in zip(PATTERNS, targets):
            each = 0.5 * (net(pattern[None])[:, 0] - target) ** 2
            net.zero_grad()
            each.sum().backward()  # one network's weights have no part in another's error
            error += each.data[0]
            for i, w in enumerate(net.parameters()):
                w.data -= N * w.grad.data + M * last[i]
                last[i] = w.grad.data
        errors.append(error)
    return net, errors


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    """The same at any length: a thousand iterations of sixty networks take a second."""
    xor, errors = train(XOR)
    outputs, farthest = error_of(xor, XOR)
    rows = [
        Row(
            "bpnn, XOR 2-2-1: farthest from its target of seeds 0 to 4",
            "published .0256 (.0256 .9818 .9817 −.0210)",
            f"{np.median(farthest[:5]):.4f} (seed 0: {' '.join(f'{o:.4f}' for o in outputs[0])})",
            np.median(farthest[:5]) <= 0.0256,
            "At rate 0.5 the outputs for (0, 0) and (1, 1) swing to and fro: the same sums in another order, "
            "and they are .02 elsewhere.",
        ),
        Row(
            "bpnn, XOR 2-2-1: error < .1",
            "recomputed 60 of 60 seeds",
            f"{np.sum(farthest < 0.1)} of 60 seeds",
            bool(np.all(farthest < 0.1)),
        ),
    ]
    nand = error_of(train(NAND)[0], NAND)[1]
    rows.append(
        Row(
            "bpnn, NAND 2-2-1: error < .1",
            "recomputed 60 of 60 seeds",
            f"{np.sum(nand < 0.1)} of 60 seeds",
            bool(np.all(nand < 0.1)),
        )
    )
    narrow = error_of(train(XOR, nh=1)[0], XOR)[1]
    rows.append(
        Row(
            "bpnn, XOR 2-1-1: cannot",
            "published: fails",
            f"error < .1 on {np.sum(narrow < 0.1)} of 60 seeds",
            not np.any(narrow < 0.1),
        )
    )
    if out:
        save_picture(out, errors)
    return rows


@tg.no_grad
def error_of(net: NN, targets: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The outputs of each network, and the largest distance of one from its target."""
    outputs = net(PATTERNS).numpy()  # (seeds, 4)
    return outputs, np.abs(outputs - targets).max(axis=1)


def save_picture(out: Path, errors: list[float]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    plot.loss_curve(errors, ax=figure.add_subplot(), xlabel="iteration", ylabel="error", log=True).set_title(
        "bpnn.py learns XOR (seed 0)"
    )
    plot.save(figure, out / "04_bpnn.png")


if __name__ == "__main__":
    show(run)
