"""Write a layer that is not here, max unpooling, as an op with a rule, check it, and train a network with it.

    python examples/define_a_layer.py

A max pooling keeps the largest element of each window and forgets where it was; `return_indices=True` says
where.  Unpooling puts the elements back to those places, among zeros (M. Zeiler, R. Fergus (2014).
Visualizing and understanding convolutional networks. arXiv:1311.2901).  Here it helps to draw bars again that
were pooled to half their size: with the places, and without them.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn


def flat(images):
    """(n, c, h, w) as (n, c, h · w), as the indices count."""
    return np.reshape(images, (*images.shape[:2], -1))


# The op in plain NumPy, and its rule: what was put somewhere gets the gradient from there.  As the rule is
# written with NumPy functions that differentiate, so does the gradient.  The indices get no rule.
@tg.primitive(y=lambda g, indices: np.reshape(np.take_along_axis(flat(g), flat(indices), 2), indices.shape))
def max_unpool2d(y, indices, size):
    """Zeros of shape (n, c, *size), with y of shape (n, c, h, w) at the places that the indices name."""
    images = np.zeros_like(y, shape=(*y.shape[:2], *size))
    np.put_along_axis(flat(images), flat(indices), flat(y), 2)  # flat gives a view of the images
    return images


class Autoencoder(nn.Module):
    """Filters, half the size, and back: with the places of the maxima, or with each element four times."""

    def __init__(self, places: bool, rng: np.random.Generator) -> None:
        self.places = places
        self.filters = nn.Conv2d(1, 6, 3, padding="same", rng=rng)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.nearest = nn.Upsample(scale_factor=2)
        self.drawn = nn.ConvTranspose2d(6, 1, 3, padding=1, rng=rng)

    def forward(self, x: np.ndarray) -> tg.Tensor:
        seen = tg.relu(self.filters(x))
        y, indices = self.pool(seen)
        again = max_unpool2d(y, indices, seen.shape[2:]) if self.places else self.nearest(y)
        return self.drawn(again)


def bars(n: int, rng: np.random.Generator, side: int = 12) -> np.ndarray:
    """Images (n, 1, side, side) of one upright and one level bar, each one pixel wide."""
    images = np.zeros((n, 1, side, side), np.float32)
    images[np.arange(n), 0, rng.integers(0, side, n)] = 1
    images[np.arange(n), 0, :, rng.integers(0, side, n)] = 1
    return images


def train(places: bool, seed: int, *, steps: int = 300, lr: float = 0.01) -> float:
    """Learn to repeat images; returns the mean square error on new ones."""
    rng = np.random.default_rng(seed)
    model = Autoencoder(places, rng)
    optimizer = tg.optim.Adam(model.parameters(), lr=lr)
    for _ in range(steps):
        images = bars(32, rng)
        optimizer.zero_grad()
        tg.mse_loss(model(images), images).backward()
        optimizer.step()
    images = bars(200, rng)
    with tg.no_grad():
        return tg.mse_loss(model(images), images).item()


def main() -> None:
    x = np.array([[[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 7.0, 6.0]]]])
    y, indices = tg.max_pool2d(x, 2, return_indices=True)
    print(f"pooled {y.tolist()}, at {indices.tolist()}, and put back:")
    print(max_unpool2d(y, indices, x.shape[2:]))
    report = tg.gradcheck(lambda y: max_unpool2d(y, indices, x.shape[2:]), y)
    print(f"The rule is right:\n{report}\n")

    errors = []
    for seed in range(3):
        errors.append([train(places, seed) for places in (True, False)])
        print("seed {}: mean square error with the places {:.4f}, without {:.4f}".format(seed, *errors[-1]))
    with_places, without = np.median(errors, axis=0)
    print(f"median: {with_places:.4f} of {without:.4f}, {with_places / without:.0%}")
    assert with_places < 0.5 * without


if __name__ == "__main__":
    main()
