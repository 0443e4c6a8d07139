"""A model of one's own, and a training loop by hand:
the measured swing of a damped oscillator gives back its parameters.

    python examples/custom_model.py

A Module is a function with parameters.  What it computes is plain NumPy; it need not look like a neural
network.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn


class Oscillator(nn.Module):
    """amplitude · exp(-damping · t) · cos(frequency · t)"""

    def __init__(self, amplitude: float, damping: float, frequency: float) -> None:
        self.amplitude = nn.Parameter(amplitude)
        self.damping = nn.Parameter(damping)
        self.frequency = nn.Parameter(frequency)

    def forward(self, t: np.ndarray) -> tg.Tensor:
        return self.amplitude * np.exp(-self.damping * t) * np.cos(self.frequency * t)


def fit(
    model: Oscillator,
    t: np.ndarray,
    measured: np.ndarray,
    *,
    on_data: bool,
    lr: float = 0.02,
    steps: int = 2000,
) -> float:
    """Gradient descent by hand; returns the last loss."""
    for _ in range(steps):
        model.zero_grad()
        loss = np.mean((model(t) - measured) ** 2)
        loss.backward()
        if on_data:  # .data is a plain array: it can be changed at will, and is not recorded
            for p in model.parameters():
                p.data -= lr * p.grad
        else:  # the same, on the tensors themselves: without recording, -= writes in place
            with tg.no_grad():
                for p in model.parameters():
                    p -= lr * p.grad
    return loss.item()


def main() -> None:
    truth = {"amplitude": 2.0, "damping": 0.3, "frequency": 3.0}
    noise = 0.1
    t = np.linspace(0, 6, 200)
    rng = np.random.default_rng(0)
    measured = Oscillator(**truth)(t).detach().numpy() + noise * rng.standard_normal(t.size)

    models = Oscillator(1.0, 0.1, 2.7), Oscillator(1.0, 0.1, 2.7)
    for model, on_data in zip(models, (True, False)):
        loss = fit(model, t, measured, on_data=on_data)
        print(
            f"{'p.data -= lr * p.grad' if on_data else 'no_grad: p -= lr * p.grad':26} mean square error "
            f"{loss:.5f}, noise {noise**2:.5f}"
        )
    for name, p in models[0].named_parameters():
        print(f"{name:10} {p.item():.4f}, true {truth[name]}")
        assert abs(p.item() - truth[name]) < 0.05
    assert all(np.array_equal(p.data, q.data) for p, q in zip(models[0].parameters(), models[1].parameters()))
    print("both loops end in the same parameters, bit for bit")


if __name__ == "__main__":
    main()
