"""Two sigmoid layers called theta1 and theta2, and the gradients of their biases.

A question of the StackExchange sites: the forward pass of such a network is there and its backward pass by
hand, but for the biases.  The answer: a bias is a weight whose input is always 1, so its gradient is delta
itself, summed over the examples.  Here autograd's gradients stand beside the formulas by hand, for the
squared error and, with the delta that goes with it, for the cross-entropy; and the bias as a column of ones
in the input is the same number again.
"""

from pathlib import Path

import numpy as np
from report import Row, save_graph, show

import tinygrad_edu as tg
from tinygrad_edu import nn

Gradients = dict[str, np.ndarray]


def parameters(
    rng: np.random.Generator, inputs: int = 3, hidden: int = 4, outputs: int = 2
) -> dict[str, nn.Parameter]:
    """Weights stored as (inputs, outputs), as the question has them."""
    shapes = {"theta1": (inputs, hidden), "b1": (hidden,), "theta2": (hidden, outputs), "b2": (outputs,)}
    return {name: nn.Parameter(rng.standard_normal(shape)) for name, shape in shapes.items()}


def forward(p: dict, x: np.ndarray) -> tuple:
    """The two layers of activations, of shapes (n, hidden) and (n, outputs); of tensors or of arrays."""
    a1 = tg.sigmoid(x @ p["theta1"] + p["b1"])
    return a1, tg.sigmoid(a1 @ p["theta2"] + p["b2"])


def by_hand(p: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray, loss: str) -> Gradients:
    """The chain rule written out."""
    a1, a2 = forward(p, x)
    # The slope of the sigmoid cancels in the cross-entropy: a2 − y is left.
    slope = a2 * (1 - a2) if loss == "squared error" else 1
    delta2 = (a2 - y) * slope  # (n, outputs)
    delta1 = delta2 @ p["theta2"].T * a1 * (1 - a1)  # (n, hidden)
    return {
        "theta1": x.T @ delta1,
        "b1": delta1.sum(axis=0),
        "theta2": a1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }


def by_autograd(p: dict[str, nn.Parameter], x: np.ndarray, y: np.ndarray, loss: str) -> Gradients:
    """The forward pass and the loss; the rest is one call."""
    _, a2 = forward(p, x)
    cost = (
        tg.half_squared_error(a2, y)
        if loss == "squared error"
        else tg.binary_cross_entropy(a2, y, reduction="sum")
    )
    cost.backward()
    return {name: parameter.grad.numpy() for name, parameter in p.items()}


# ---- measured beside the original --------------------------------------------------------------------------


def bias_as_column(p: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of b1 under the squared error, as that of a row of theta1 that meets a column of ones."""
    with_ones = np.column_stack([np.ones(len(x)), x])

    def cost(theta1: tg.Tensor) -> tg.Tensor:
        return tg.half_squared_error(forward({**p, "theta1": theta1, "b1": 0.0}, with_ones)[1], y)

    return tg.grad(cost)(np.vstack([p["b1"], p["theta1"]]))[0]


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest one, as a part of the largest entry."""
    return float(np.abs(a - b).max() / np.abs(b).max())


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    """The same at any length."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 3)), rng.integers(2, size=(5, 2)).astype(float)
    rows = []
    for loss in ("squared error", "cross-entropy"):
        p = parameters(rng)
        plain = {name: parameter.data for name, parameter in p.items()}
        hand, auto = by_hand(plain, x, y, loss), by_autograd(p, x, y, loss)
        for name in hand:
            off = difference(auto[name], hand[name])
            what = "delta, summed over the examples" if name.startswith("b") else "inputsᵀ delta"
            rows.append(
                Row(
                    f"{loss}: gradient of {name}", f"goal: {what}", f"differs by {off:.0e} of it", off < 1e-12
                )
            )
        if loss == "squared error":
            off = difference(bias_as_column(plain, x, y), hand["b1"])
            rows.append(
                Row(
                    f"{loss}: b1 as the weights of an input that is 1",
                    "goal: the same",
                    f"differs by {off:.0e} of it",
                    off < 1e-12,
                )
            )
            if out:
                p = {name: nn.Parameter(value) for name, value in plain.items()}
                cost = lambda p=p: tg.half_squared_error(forward(p, x)[1], y)
                save_graph(out / "21_theta_net.svg", cost, p)
    return rows


if __name__ == "__main__":
    show(run)
