"""Three classes of points, and a softmax network that tells them apart.

Usman Malik (2018), Creating a Neural Network from Scratch in Python: Multi-class Classification,
stackabuse.com.  The same 2100 points (seed 42), the same first weights, 2-4-3 with sigmoid and softmax, the
cross-entropy *summed* over the points, full batch, rate 0.001, 50,000 epochs, the cost kept every 200.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from report import Row, show, track

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot


def network(rng: np.random.RandomState) -> nn.Sequential:
    """2-4-3; weights drawn as (inputs, outputs) from U(0, 1) and biases from N(0, 1),
    in the original's order.
    """
    model = nn.Sequential(nn.Linear(2, 4, dtype=float), nn.Sigmoid(), nn.Linear(4, 3, dtype=float))
    for layer in (model[0], model[2]):
        layer.weight.data = rng.rand(layer.in_features, layer.out_features).T
        layer.bias.data = rng.randn(layer.out_features)
    return model


def train(
    model: nn.Sequential, points: np.ndarray, labels: np.ndarray, epochs: Iterable[int]
) -> tuple[dict[int, float], dict[int, float]]:
    """The cost and the accuracy of every 200th epoch, before its step."""
    optimizer = tg.optim.SGD(model.parameters(), lr=0.001)
    costs, accuracy = {}, {}
    for epoch in epochs:
        optimizer.zero_grad()
        scores = model(points)
        cost = tg.softmax_cross_entropy(scores, labels, reduction="sum")
        cost.backward()
        optimizer.step()
        if epoch % 200 == 0:
            costs[epoch] = cost.item()
            accuracy[epoch] = np.mean(scores.detach().numpy().argmax(axis=1) == labels)
    return costs, accuracy


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    rng = np.random.RandomState(42)
    points, labels = data.blobs(2100, centers=([0, -3], [3, 3], [-3, 3]), seed=rng)
    model = network(rng)
    costs, accuracy = train(model, points, labels, track(range(1201 if quick else 50_000), "blobs"))

    rows = []
    for epoch, (figure, digits) in {
        0: (3101.28, 2),
        200: (20.52, 2),
        1000: (8.22, 2),
        10_000: (2.28, 2),
        49_800: (0.5327, 4),
    }.items():
        if epoch in costs:
            met = abs(costs[epoch] - figure) <= 0.5 * 10**-digits
            rows.append(
                Row(
                    f"blobs: cost at epoch {epoch:,}",
                    f"recomputed {figure}",
                    f"{costs[epoch]:.{digits}f}",
                    met,
                )
            )
    if quick:
        rows.append(
            Row(
                "blobs: training accuracy at epoch 1,200",
                "goal: 99 %",
                f"{accuracy[1200]:.2%}",
                accuracy[1200] >= 0.99,
            )
        )
    else:
        rows.append(
            Row(
                "blobs: training accuracy at epoch 5,000",
                "recomputed 100 %",
                f"{accuracy[5000]:.2%}",
                accuracy[5000] == 1,
            )
        )
    softmax, figures = tg.softmax(np.array([4.0, 5.0, 6.0])), [0.09003, 0.24473, 0.66524]
    ours = " ".join(f"{p:.5f}" for p in softmax)
    rows.append(
        Row(
            "softmax of 4, 5, 6",
            "published .09003 .24473 .66524",
            ours,
            np.abs(softmax - figures).max() < 1e-5,
        )
    )
    if out:
        save_pictures(out, model, points, labels, costs)
    return rows


def save_pictures(
    out: Path, model: nn.Sequential, points: np.ndarray, labels: np.ndarray, costs: dict[int, float]
) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    plot.class_scatter(points, labels, ax=left).set_title("Three classes")
    plot.loss_curve(
        list(costs.values()), ax=middle, xlabel="epoch / 200", ylabel="summed cross-entropy", log=True
    ).set_title("Cost")
    plot.decision_regions(model, points, labels, ax=right).set_title("What 2-4-3 makes of them")
    plot.save(figure, out / "01_blobs.png")


if __name__ == "__main__":
    show(run)
