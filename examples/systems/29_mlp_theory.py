"""What the theory of multilayer perceptrons says, each claim as a small demonstration.

The step has no useful gradient, and Rosenblatt's rule (1958) does without one, but not on XOR (Minsky, Papert
1969); the delta rule (Widrow, Hoff 1960) is gradient descent on the squared error; layers without an
activation between them are one linear map; units that are no weighted sums work too: radial basis functions
(Broomhead, Lowe 1988) and maxout (Goodfellow et al. 2013); and a neuron under the hinge loss (Cortes, Vapnik
1995) is a linear support vector machine.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from report import Row, show, spread, track

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot

XOR = data.xor()


# ---- one neuron --------------------------------------------------------------------------------------------


def step_gradient(w: np.ndarray) -> np.ndarray:
    """The gradient of a Heaviside neuron's squared error on XOR: zero wherever the weights are."""
    return tg.grad(lambda w: tg.half_squared_error(np.heaviside(XOR.x @ w[:2] + w[2], 1.0), XOR.y))(w)


def perceptron(targets: np.ndarray, rounds: int = 100) -> int | None:
    """Rosenblatt's rule, w += (t − o) x, on the four corners; in which round all of them were right,
    or None.
    """
    corners, w = np.column_stack([XOR.x, np.ones(4)]), np.zeros(3)
    for round_ in range(1, rounds + 1):
        mistakes = 0
        for x, t in zip(corners, targets):
            error = t - np.heaviside(x @ w, 1.0)
            w += error * x
            mistakes += error != 0
        if not mistakes:
            return round_
    return None


def delta_rule(steps: int = 2000) -> tuple[float, float]:
    """How far Δw = Σ (t − w·x) x is from minus the gradient of ½ Σ (t − w·x)²; and, after all steps,
    w from the least squares solution.
    """
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((50, 3)), rng.standard_normal(50)
    w, apart = np.zeros(3), 0.0
    for _ in range(steps):
        change = (t - x @ w) @ x
        apart = max(apart, np.abs(change + tg.grad(lambda w: tg.half_squared_error(x @ w, t))(w)).max())
        w += 0.01 * change
    return apart, float(np.abs(w - np.linalg.lstsq(x, t)[0]).max())


def hinge_neuron(seed: int) -> tuple[float, float]:
    """A linear neuron under the hinge loss, on two blobs: the last loss as a part of the first,
    and the part of fresh points on the right side.
    """
    (x, y), (fresh, truth) = (data.blobs(200, centers=([-2, -2], [2, 2]), seed=s) for s in (seed, seed + 100))
    neuron = nn.Linear(2, 1, rng=seed, dtype=float)
    losses = descend(neuron, lambda: tg.hinge_loss(neuron(x)[:, 0], 2 * y - 1), steps=200)
    return losses[-1] / losses[0], right(neuron, fresh, truth)


# ---- several layers ----------------------------------------------------------------------------------------


def collapse(seed: int = 0) -> float:
    """The largest difference between a stack of three linear layers and W₃W₂W₁ x + W₃(W₂b₁ + b₂) + b₃."""
    rng = np.random.default_rng(seed)
    stack = nn.Sequential(
        nn.Linear(4, 8, rng=rng, dtype=float),
        nn.Linear(8, 5, rng=rng, dtype=float),
        nn.Linear(5, 3, rng=rng, dtype=float),
    )
    weight, bias = np.eye(4), np.zeros(4)
    for layer in stack:
        weight, bias = layer.weight.data @ weight, layer.weight.data @ bias + layer.bias.data
    x = rng.standard_normal((100, 4))
    return float(np.abs(stack(x).detach().numpy() - (x @ weight.T + bias)).max())


class RBF(nn.Module):
    """exp(−‖x − c‖² / 2σ²) for each unit, with centres c drawn from the data, and one σ for each
    that is learned like them.
    """

    def __init__(self, points: np.ndarray, units: int, sigma: float, rng: np.random.Generator) -> None:
        self.centres = nn.Parameter(rng.permutation(points)[:units])  # (units, features)
        self.log_sigma = nn.Parameter(np.full(units, np.log(sigma)))

    def forward(self, x: np.ndarray) -> tg.Tensor:
        squares = np.sum((x[:, None] - self.centres) ** 2, axis=-1)  # (n, units)
        return np.exp(-squares * np.exp(-2 * self.log_sigma) / 2)


def rbf_net(points: np.ndarray, units: int, rng: np.random.Generator) -> nn.Sequential:
    """Radial basis functions, and a linear layer over them; σ begins as the spread of the data."""
    return nn.Sequential(RBF(points, units, points.std(), rng), nn.Linear(units, 1, rng=rng, dtype=float))


def maxout_net(points: np.ndarray, units: int, rng: np.random.Generator) -> nn.Sequential:
    """Each unit is the largest of three linear maps; there is no other activation."""
    return nn.Sequential(
        nn.Maxout(points.shape[1], units, pieces=3, rng=rng, dtype=float),
        nn.Linear(units, 1, rng=rng, dtype=float),
    )


def linear_net(points: np.ndarray, units: int, rng: np.random.Generator) -> nn.Sequential:
    """Two layers with nothing between them."""
    return nn.Sequential(
        nn.Linear(points.shape[1], units, rng=rng, dtype=float), nn.Linear(units, 1, rng=rng, dtype=float)
    )


def descend(model: nn.Module, loss: Callable[[], tg.Tensor], *, steps: int) -> list[float]:
    """Full-batch Adam; the loss of each step."""
    optimizer, losses = tg.optim.Adam(model.parameters(), lr=0.05), []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def fit(
    build: Callable[..., nn.Sequential],
    x: np.ndarray,
    y: np.ndarray,
    *,
    seed: int,
    units: int,
    steps: int = 400,
) -> nn.Sequential:
    """A network with one logit, trained on the cross-entropy."""
    model = build(x, units, np.random.default_rng(seed))
    descend(model, lambda: tg.binary_cross_entropy_with_logits(model(x)[:, 0], y), steps=steps)
    return model


# ---- measured beside the original --------------------------------------------------------------------------


@tg.no_grad
def right(model: nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    """The part of the points whose label is the sign of the model's one output."""
    return float(np.mean((model(x).numpy()[:, 0] > 0) == y))


def neuron_rows(seeds: range, steps: int) -> list[Row]:
    """What one neuron does, and what layers without an activation do."""
    slope = max(np.abs(step_gradient(w)).max() for w in np.random.default_rng(0).standard_normal((100, 3)))
    learned, never = perceptron(np.array([0, 0, 0, 1])), perceptron(XOR.y)
    apart, off = delta_rule(steps)
    losses, shares = zip(*(hinge_neuron(seed) for seed in seeds))
    rounds = f"AND in round {learned}, XOR {never or 'never'}"
    return [
        Row(
            "Heaviside neuron: gradient at 100 places",
            "goal: 0 at each of them",
            f"at most {slope:g}",
            slope == 0,
        ),
        Row(
            "perceptron rule: AND and XOR",
            "goal: AND is learned, XOR never",
            rounds,
            learned is not None and never is None,
        ),
        Row(
            "delta rule beside minus the gradient", "goal: the same", f"differs by {apart:.0e}", apart < 1e-12
        ),
        Row(
            "delta rule in the end beside least squares",
            "goal: the same",
            f"differs by {off:.0e}",
            off < 1e-9,
        ),
        Row(
            "three linear layers beside one linear map",
            "goal: the same",
            f"differ by {collapse():.0e}",
            collapse() < 1e-14,
        ),
        Row(
            "hinge neuron: last loss, as a part of the first",
            "goal: below a tenth",
            spread(losses, ".4f"),
            median(losses) < 0.1,
        ),
        Row("hinge neuron: fresh points right", "goal: 99 %", spread(shares, ".1%"), median(shares) >= 0.99),
    ]


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    seeds, steps = (range(3), 200) if quick else (range(5), 2000)
    rows, models = neuron_rows(seeds, steps), {}
    moons, fresh = data.moons(200, noise=0.2, seed=0), data.moons(1000, noise=0.2, seed=1)
    for name, build, units in (("linear", linear_net, 4), ("RBF", rbf_net, 12), ("maxout", maxout_net, 8)):
        corners = [
            right(fit(build, *XOR, seed=seed, units=4), *XOR)
            for seed in track(seeds, f"{name} net, XOR, seed")
        ]
        nets = [
            fit(build, *moons, seed=seed, units=units) for seed in track(seeds, f"{name} net, moons, seed")
        ]
        shares = [right(net, *fresh) for net in nets]
        models[name] = nets[0]
        if name == "linear":
            targets, met = ("3 of 4 at most", "below 90 %"), (max(corners) <= 0.75, max(shares) < 0.9)
        else:
            targets, met = ("4 of 4", "95 %"), (median(corners) == 1, median(shares) >= 0.95)
        rows.append(
            Row(f"{name} net, XOR: corners right", f"goal: {targets[0]}", spread(corners, ".0%"), met[0])
        )
        rows.append(
            Row(
                f"{name} net, moons: fresh points right", f"goal: {targets[1]}", spread(shares, ".1%"), met[1]
            )
        )
    if out:
        save_picture(out, models, moons)
    return rows


def save_picture(out: Path, models: dict[str, nn.Sequential], points: data.Points) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.4), layout="constrained")
    for ax, (name, model) in zip(figure.subplots(1, len(models)), models.items()):
        plot.decision_regions(model, *points, ax=ax).set_title(
            f"{name} net: {right(model, *points):.1%} of its moons"
        )
    plot.save(figure, out / "29_mlp_theory.png")


if __name__ == "__main__":
    show(run)
