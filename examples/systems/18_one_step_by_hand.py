"""One step of back-propagation, digit for digit.

Matt Mazur (2015), A Step by Step Backpropagation Example, mattmazur.com.  Two inputs, two hidden and two
output neurons, all logistic, with w1 to w8 and the two biases as he gives them; one pattern, the error ½Σ(t −
o)², rate 0.5.  The biases are not updated, as there: they ask for no gradient, and the
optimizer has the weights alone.
"""

from pathlib import Path

import numpy as np
from report import Row, save_graph, show, track

import tinygrad_edu as tg
from tinygrad_edu import nn

X, T = np.array([0.05, 0.10]), np.array([0.01, 0.99])


def network() -> nn.Sequential:
    """Row j of a weight matrix holds the weights into neuron j: w1 and w2 into h1, w3 and w4 into h2."""
    net = nn.Sequential(
        nn.Linear(2, 2, dtype=float), nn.Sigmoid(), nn.Linear(2, 2, dtype=float), nn.Sigmoid()
    )
    net.load_state_dict(
        {
            "0.weight": [[0.15, 0.20], [0.25, 0.30]],
            "0.bias": [0.35, 0.35],
            "2.weight": [[0.40, 0.45], [0.50, 0.55]],
            "2.bias": [0.60, 0.60],
        }
    )
    for layer in (net[0], net[2]):
        layer.bias.requires_grad_(False)
    return net


def errors(net: nn.Sequential, steps: int) -> list[float]:
    """The error before the first step and after each one.

    The gradients left in the weights are those of the last error.
    """
    optimizer = tg.optim.SGD([net[0].weight, net[2].weight], lr=0.5)
    values = []
    for _ in track(range(steps + 1), "one step by hand"):
        if values:
            optimizer.step()
        net.zero_grad()
        error = tg.half_squared_error(net(X), T)
        error.backward()
        values.append(error.item())
    return values


# ---- measured beside the original --------------------------------------------------------------------------


NOTE = (
    "The article prints .291027924 here, the figure of a program that changes w5 to w8 "
    "before it computes the hidden deltas, which the text warns of."
)


def changed_too_early(steps: int) -> tuple[float, np.ndarray]:
    """The same in plain NumPy with a mistake that is often made: w5 to w8 are changed first,
    and the hidden deltas computed with the new ones.
    """
    w, v = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
    for _ in range(steps):
        h = tg.sigmoid(w @ X + 0.35)
        o = tg.sigmoid(v @ h + 0.60)
        delta = (o - T) * o * (1 - o)
        v = v - 0.5 * np.outer(delta, h)
        w = w - 0.5 * np.outer(v.T @ delta * h * (1 - h), X)
    o = tg.sigmoid(v @ tg.sigmoid(w @ X + 0.35) + 0.60)
    return tg.half_squared_error(o, T), o


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    """The same at any length: ten thousand steps take a second or two."""
    net = network()
    (e0,) = errors(net, 0)
    dw = {
        f"dE/dw{i}": g
        for i, g in enumerate([*net[0].weight.grad.data.flat, *net[2].weight.grad.data.flat], 1)
    }

    if out:
        drawn = network()
        names = {"w1 to w4": drawn[0].weight, "w5 to w8": drawn[2].weight}
        save_graph(out / "18_one_step_by_hand.svg", lambda: tg.half_squared_error(drawn(X), T), names)

    net = network()
    later = errors(net, 10_000)
    rows = [
        Row(
            "E before the first step",
            "recomputed .2983711087600027",
            f"{e0:.16f}",
            abs(e0 - 0.2983711087600027) < 2e-16,
        )
    ]
    exact = [
        0.00043856773,
        0.00087713547,
        0.00049771274,
        0.00099542547,
        0.08216704056,
        0.08266762785,
        -0.02260254048,
        -0.02274024222,
    ]
    rows += [
        Row(name, f"recomputed {want:.11f}", f"{have:.11f}", abs(have - want) < 1e-11)
        for (name, have), want in zip(dw.items(), exact)
    ]
    e1, e10000 = later[1], later[-1]
    rows.append(
        Row(
            "E after one step", "recomputed .29102777369", f"{e1:.11f}", abs(e1 - 0.29102777369) < 1e-11, NOTE
        )
    )
    rows.append(
        Row("E after 10,000 steps", "recomputed 3.5102e-5", f"{e10000:.4e}", abs(e10000 - 3.5102e-5) < 5e-10)
    )
    rows.append(
        Row(
            "E after 9,999 steps",
            "published .0000351085",
            f"{later[-2]:.10f}",
            abs(later[-2] - 3.51085e-5) < 5e-11,
        )
    )
    early, _ = changed_too_early(1)
    rows.append(
        Row(
            "w5 to w8 changed too early: E after one step",
            "published .291027924",
            f"{early:.9f}",
            abs(early - 0.291027924) < 1e-9,
        )
    )
    _, (o1, o2) = changed_too_early(10_000)
    near = max(abs(o1 - 0.015912196), abs(o2 - 0.984065734)) < 1e-9
    rows.append(
        Row(
            "the same: outputs after 10,000 steps",
            "published .015912196 .984065734",
            f"{o1:.9f} {o2:.9f}",
            near,
        )
    )
    return rows


if __name__ == "__main__":
    show(run)
