"""Circuits of single numbers, gate by gate.

Andrej Karpathy (2014), Hacker's guide to Neural Networks, karpathy.github.io/neuralnets.  A multiply gate on
its own; then f = (x + y) z, where an add gate feeds a multiply gate and the chain rule joins the two; then a
single neuron, where one backward pass goes through every gate.
"""

import math
from pathlib import Path

import numpy as np
from report import Row, save_graph, show

import tinygrad_edu as tg


def gates(x: float, y: float, z: float) -> dict[str, tuple[float, float]]:
    """Every wire of f = (x + y) z, with its value on the way forward and its gradient on the way back."""
    wires = {name: tg.Tensor(value, requires_grad=True) for name, value in (("x", x), ("y", y), ("z", z))}
    wires["q = x + y"] = wires["x"] + wires["y"]
    wires["f = q z"] = wires["q = x + y"] * wires["z"]
    for wire in wires.values():
        wire.retain_grad()  # of the wires in the middle too
    wires["f = q z"].backward()
    return {name: (wire.item(), wire.grad.item()) for name, wire in wires.items()}


def neuron(a: float, b: float, c: float, x: float, y: float) -> tg.Tensor:
    return tg.sigmoid(a * x + b * y + c)


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    product, (dx, dy) = tg.value_and_grad(lambda x, y: x * y, argnums=(0, 1))(-2.0, 3.0)
    rows = [
        Row("multiply gate, x = −2, y = 3: x y", "published −6", f"{product:g}", product == -6),
        Row("multiply gate: df/dx, df/dy", "published 3, −2", f"{dx:g}, {dy:g}", (dx, dy) == (3, -2)),
    ]
    published = {"x": (-2, -4), "y": (5, -4), "z": (-4, 3), "q = x + y": (3, -4), "f = q z": (-12, 1)}
    for wire, (value, gradient) in gates(-2.0, 5.0, -4.0).items():
        known = "published {:g}, gradient {:g}".format(*published[wire])
        rows.append(
            Row(
                f"(x + y) z, wire {wire}",
                known,
                f"{value:g}, gradient {gradient:g}",
                (value, gradient) == published[wire],
            )
        )

    if out:
        x, y, z = (tg.Tensor(value, requires_grad=True) for value in (-2.0, 5.0, -4.0))
        save_graph(out / "20_scalar_gates.svg", lambda: (x + y) * z, {"x": x, "y": y, "z": z})

    inputs = np.array([1.0, 2.0, -3.0, -1.0, 3.0])  # a, b, c, x, y
    s, gradients = tg.value_and_grad(neuron, argnums=range(5))(*inputs)
    after = neuron(*(inputs + 0.01 * np.array(gradients)))
    slope = math.exp(-2) / (1 + math.exp(-2)) ** 2  # a x + b y + c is 2
    by_hand = slope * np.array([-1.0, 3.0, 1.0, 1.0, 2.0])
    rows += [
        Row(
            "neuron σ(a x + b y + c)",
            "goal: 1 / (1 + exp(−2))",
            f"{s:.4f}",
            math.isclose(s, 1 / (1 + math.exp(-2)), rel_tol=1e-12),
        ),
        Row(
            "neuron: gradients in a, b, c, x, y",
            "goal: " + " ".join(f"{g:.3f}" for g in by_hand),
            " ".join(f"{g:.3f}" for g in gradients),
            np.allclose(gradients, by_hand, rtol=1e-12, atol=0),
        ),
        Row("neuron after a step of 0.01 along them", f"goal: above {s:.4f}", f"{after:.4f}", after > s),
    ]
    return rows


if __name__ == "__main__":
    show(run)
