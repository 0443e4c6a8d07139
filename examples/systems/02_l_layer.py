"""An L-layer classifier with every knob: layers, activations, initializers, dropout, penalties, optimizers,
mini-batches.

Paila (2018), an L-layer neural network classifier from scratch.  Iris by its two measures of the petal:
2-6-4-3, batches of 64, rate 0.1, 1000 epochs with momentum and 900 with Adam.  Moons (1500 points, noise .05)
and circles (1500 points, noise .25, factor .5): 2-6-4-3-2 with relu, leaky relu, sigmoid and softmax, Adam,
batches of 512, 700 epochs; then the circles with dropout, L2 and L1.  How the original scales its penalties
is not known; here they are λ/2m · Σw² and λ/2m · Σ|w|, with m the size of a batch.
"""

from pathlib import Path
from statistics import median

import numpy as np
from report import Row, show, spread

from tinygrad_edu import data, nn, optim, plot, train


def l_layer_model(layers, activations, rng, *, keep_prob=1.0, initializer=nn.init.he_normal) -> nn.Sequential:
    """Linear layers of these sizes, each but the last with its activation and, while training,
    inverted dropout; the softmax is in the loss.
    """
    model = nn.Sequential()
    for n, m, activation in zip(layers, layers[1:], [*activations, None]):
        model.append(nn.Linear(n, m, init=initializer, rng=rng))
        if activation is not None:
            model.append(activation)
            model.append(nn.Dropout(1 - keep_prob, rng=rng))
    return model


OPTIMIZERS = {
    "gradient descent": lambda params: optim.SGD(params, lr=0.1),
    "momentum": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    "Adagrad": lambda params: optim.Adagrad(params, lr=0.1),
    "RMSprop": lambda params: optim.RMSprop(params, lr=0.01),
    "Adam": lambda params: optim.Adam(params, lr=0.1),
}


def iris(seed: int, optimizer: str = "momentum", *, epochs: int = 1000, initializer=nn.init.he_normal) -> int:
    """How many of the 150 flowers are told right."""
    flowers = data.bundled.iris()
    x = data.StandardScaler().fit_transform(flowers.x[:, 2:])
    model = l_layer_model(
        [2, 6, 4, 3], [nn.ReLU(), nn.LeakyReLU(0.01)], np.random.default_rng(seed), initializer=initializer
    )
    train.fit(
        model,
        nn.CrossEntropyLoss(),
        OPTIMIZERS[optimizer](model.parameters()),
        (x, flowers.y),
        epochs=epochs,
        batch_size=64,
        seed=seed,
    )
    return int(np.sum(train.predict(model, x).argmax(axis=1) == flowers.y))


Trained = tuple[nn.Sequential, float, data.Points]  # a network, its cost, and what it was trained on


def planar(
    points: data.Points,
    seed: int,
    *,
    l2: float = 0.0,
    l1: float = 0.0,
    keep_prob: float = 1.0,
    epochs: int = 700,
    batch: int = 512,
) -> Trained:
    """Train on these points; the cost is the cross-entropy of all of them, now without dropout,
    and the penalty.
    """
    rng = np.random.default_rng(seed)
    model = l_layer_model(
        [2, 6, 4, 3, 2], [nn.ReLU(), nn.LeakyReLU(0.01), nn.Sigmoid()], rng, keep_prob=keep_prob
    )
    weights = [p for p in model.parameters() if p.ndim == 2]
    biases = [p for p in model.parameters() if p.ndim == 1]
    optimizer = optim.Adam(
        [{"params": weights, "weight_decay": l2 / batch, "l1": l1 / (2 * batch)}, {"params": biases}], lr=0.03
    )
    train.fit(model, nn.CrossEntropyLoss(), optimizer, points, epochs=epochs, batch_size=batch, seed=seed)
    penalty = sum(l2 * np.sum(w.data**2) + l1 * np.sum(np.abs(w.data)) for w in weights) / (2 * batch)
    return model, train.evaluate(model, nn.CrossEntropyLoss(), points)["loss"] + float(penalty), points


# ---- measured beside the original --------------------------------------------------------------------------


SEEDS = range(5)
INITIALIZERS = [
    nn.init.normal,
    nn.init.xavier_uniform,
    nn.init.xavier_normal,
    nn.init.he_uniform,
    nn.init.he_normal,
]
KNOBS = {  # of the circles: settings, and the published cost
    "no penalty": ({}, 0.323),
    "keep .85": ({"keep_prob": 0.85}, 0.452),
    "L2 .35": ({"l2": 0.35}, 0.384),
    "L2 3": ({"l2": 3.0}, 0.607),
    "L1 .4": ({"l1": 0.4}, 0.378),
    "L1 3.5": ({"l1": 3.5}, 0.675),
}
WHY = (
    "The points of the original are not known, and 1500 points are few: the best classifier that there is, "
    "which knows how they are drawn (Bayes's), "
    "costs .371 on average, ± .014 from one sample to another, and in the median of seeds 0 to 4 .364: more "
    "than the network."
)


def circles(name: str, seeds: range, **settings) -> list[Trained]:
    return [
        planar(data.circles(1500, noise=0.25, factor=0.5, seed=seed), seed, **KNOBS[name][0], **settings)
        for seed in seeds
    ]


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    if quick:
        return run_quick(out)
    rows = []
    for optimizer, epochs in (("momentum", 1000), ("Adam", 900)):
        right = [iris(seed, optimizer, epochs=epochs) for seed in SEEDS]
        rows.append(
            Row(
                f"L-layer, iris, {optimizer}: right",
                "published 145 of 150",
                spread(right, "g"),
                median(right) >= 145,
            )
        )
    right = {
        (name, init.__name__): iris(0, name, initializer=init) for name in OPTIMIZERS for init in INITIALIZERS
    }
    least = min(right, key=right.get)
    ours = f"{right[least]} with {' and '.join(least)}, the least of 25 (seed 0)"
    rows.append(
        Row(
            "L-layer, iris: each optimizer with each initializer",
            "goal: ≥ 140 of 150",
            ours,
            right[least] >= 140,
        )
    )

    moons = [planar(data.moons(1500, noise=0.05, seed=seed), seed) for seed in SEEDS]
    costs = [cost for _, cost, _ in moons]
    rows.append(
        Row("L-layer, moons: cost", "published 1.60e-4", spread(costs, ".2e"), median(costs) <= 1.60e-4)
    )
    trained = {name: circles(name, SEEDS) for name in KNOBS}
    medians = {}
    for name, (_, figure) in KNOBS.items():
        costs = [cost for _, cost, _ in trained[name]]
        medians[name] = median(costs)
        over = medians[name] - figure
        note = f"{over:.3f} too much. {WHY}" if over > 0 else ""
        rows.append(
            Row(
                f"L-layer, circles, {name}: cost",
                f"published {figure}",
                spread(costs, ".4f"),
                over <= 0,
                note,
            )
        )
    rows.append(order(medians))
    if out:
        save_picture(out, moons, trained)
    return rows


def order(costs: dict[str, float]) -> Row:
    """A stronger penalty, a higher cost."""
    held = all(
        costs["no penalty"] < costs[weak] < costs[strong]
        for weak, strong in (("L2 .35", "L2 3"), ("L1 .4", "L1 3.5"))
    )
    held = held and costs["no penalty"] < costs["keep .85"]
    ours = " < ".join(f"{costs[name]:.3f} {name}" for name in sorted(costs, key=costs.get))
    return Row("L-layer, circles: a stronger penalty costs more", "published order", ours, held)


def run_quick(out: Path | None) -> list[Row]:
    """Seed 0, fewer epochs."""
    right = iris(0, epochs=300)
    moons = planar(data.moons(1500, noise=0.05, seed=0), 0, epochs=200)
    trained = {name: circles(name, range(1), epochs=100) for name in KNOBS}
    if out:
        save_picture(out, [moons], trained)
    _, cost, _ = moons
    costs = {name: runs[0][1] for name, runs in trained.items()}
    return [
        Row("L-layer, iris, momentum, 300 epochs: right", "goal: ≥ 140 of 150", f"{right}", right >= 140),
        Row("L-layer, moons, 200 epochs: cost", "goal: ≤ .01", f"{cost:.2e}", cost <= 0.01),
        order(costs),
    ]


def save_picture(out: Path, moons: list[Trained], trained: dict[str, list[Trained]]) -> None:
    """The run with the median cost of each: what it makes of the plane, and 300 of its points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 7.5), layout="constrained")
    axes = figure.subplots(2, 4).flat
    titled = {"moons": moons} | {f"circles, {name}": runs for name, runs in trained.items()}
    for (name, runs), ax in zip(titled.items(), axes):  # in this order, so that no axes are lost
        model, cost, points = sorted(runs, key=lambda run: run[1])[len(runs) // 2]
        plot.decision_regions(model.eval(), points.x[:300], points.y[:300], ax=ax).set_title(
            f"{name}: {cost:.3g}"
        )
    for ax in axes:  # those that are left
        ax.set_axis_off()
    plot.save(figure, out / "02_l_layer.png")


if __name__ == "__main__":
    show(run)
