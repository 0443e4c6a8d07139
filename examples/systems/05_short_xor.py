"""XOR in a dozen lines of NumPy.

python3.codes, A short XOR neural network.  2-3-1 sigmoid without biases, weights from U(0, 1), all four rows
at once, squared error, 60,000 epochs.
"""

from pathlib import Path

import numpy as np
from report import Row, show, track

import tinygrad_edu as tg
from tinygrad_edu import nn, plot

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
Y = np.array([[0], [1], [1], [0]], float)


def train(seed: int, epochs: int) -> tuple[nn.Sequential, list[float]]:
    """The network and its squared errors."""
    rng = np.random.default_rng(seed)
    layers = [
        nn.Linear(n, m, bias=False, init=nn.init.uniform, rng=rng, dtype=float) for n, m in ((2, 3), (3, 1))
    ]
    model = nn.Sequential(layers[0], nn.Sigmoid(), layers[1], nn.Sigmoid())
    optimizer = tg.optim.SGD(model.parameters(), lr=1.0)
    losses = []
    for _ in track(range(epochs), f"short xor, seed {seed}"):
        optimizer.zero_grad()
        loss = tg.half_squared_error(model(X), Y)  # its gradient is the original's error, output − target
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model, losses


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    epochs = 3000 if quick else 60_000
    outputs, curves = [], {}
    for seed in range(5):
        model, curves[f"seed {seed}"] = train(seed, epochs)
        with tg.no_grad():
            outputs.append(model(X).numpy()[:, 0])
    right = sum(np.array_equal(np.round(output), Y[:, 0]) for output in outputs)
    ours = f"{right} of 5 seeds; medians {' '.join(f'{o:.3f}' for o in np.median(outputs, axis=0))}"
    if out:
        save_picture(out, curves)
    return [
        Row(
            f"short XOR: rounded outputs after {epochs:,} epochs",
            "published 0 1 1 0 after 60,000",
            ours,
            right >= 3,
        )
    ]


def save_picture(out: Path, curves: dict[str, list[float]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    plot.loss_curve(curves, ax=figure.add_subplot(), ylabel="½ Σ (output − target)²", log=True).set_title(
        "Short XOR: 2-3-1 without biases"
    )
    plot.save(figure, out / "05_short_xor.png")


if __name__ == "__main__":
    show(run)
