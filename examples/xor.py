"""The smallest problem that no linear model solves: XOR, with a hidden layer of four units.

    python examples/xor.py
    python -m tinygrad_edu compile examples/xor.py:step     # prints the step as plain NumPy

Prints what the trained network says of the four inputs, and in how many of ten runs, with the seeds 0 to 9,
it learns all four; with relu in the place of tanh a run can fail, because a unit that is off for every input
has no gradient and stays off.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
LABELS = np.array([0, 1, 1, 0])


def train(seed: int, activation: nn.Module, steps: int = 500) -> nn.Sequential:
    """A 2-4-2 network, trained on all four inputs at once."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(2, 4, rng=rng), activation, nn.Linear(4, 2, rng=rng))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.05)

    @tg.compile
    def step(x: np.ndarray, y: np.ndarray) -> tg.Tensor:
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(steps):
        step(INPUTS, LABELS)
    return model


@tg.no_grad
def probabilities(model: nn.Module) -> np.ndarray:
    """Of the two classes, for each of the four inputs."""
    return tg.softmax(model(INPUTS)).numpy()


def successes(activation: type[nn.Module], seeds: range) -> int:
    """How many runs get all four right."""
    return sum(
        np.array_equal(probabilities(train(seed, activation())).argmax(axis=1), LABELS) for seed in seeds
    )


def main() -> None:
    p = probabilities(train(0, nn.Tanh()))
    print("x1 x2 | xor | p(0)   p(1)")
    for (x1, x2), label, (p0, p1) in zip(INPUTS, LABELS, p):
        print(f" {x1}  {x2} |  {label}  | {p0:.4f} {p1:.4f}")
    assert np.array_equal(p.argmax(axis=1), LABELS)

    seeds = range(10)
    with_tanh, with_relu = successes(nn.Tanh, seeds), successes(nn.ReLU, seeds)
    print(
        f"all four right: {with_tanh} of {len(seeds)} runs with tanh, {with_relu} of {len(seeds)} with relu"
    )
    assert with_tanh == len(seeds)


if __name__ == "__main__":
    main()
