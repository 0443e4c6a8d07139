"""How a case is written: a training that learns well, but for what is changed.

A case is a function of a flag, whether the malady is there; it returns what `doctor` is called with.
"""

from itertools import pairwise

import numpy as np

from tinygrad_edu import nn, optim

CASES = {}


def case(name):
    """File a case under the name of its malady."""

    def file(function):
        CASES.setdefault(name, []).append(function)
        return function

    return file


def table(n=200, columns=4, classes=3, seed=0):
    """Inputs of scale 1, and the label of the largest of the first columns."""
    x = np.random.default_rng(seed).normal(size=(n, columns))
    return x, x[:, :classes].argmax(axis=1)


def net(*sizes, activation=nn.ReLU, end=(), rng=0, init=None, bias=True):
    rng = np.random.default_rng(rng)
    layers = []
    for a, b in pairwise(sizes):
        layers += [
            nn.Linear(a, b, rng=rng, init=init, bias=bias) if init else nn.Linear(a, b, rng=rng),
            activation(),
        ]
    return nn.Sequential(*layers[:-1], *end)


def training(model=None, loss=None, pair=None, optimizer=None, lr=0.01, **settings):
    """What the doctor is called with: a classifier that learns well, but for what is given."""
    model = model or net(4, 16, 3)
    optimizer = optimizer(model) if optimizer else optim.Adam(model.parameters(), lr=lr)
    pair = table() if pair is None else pair
    loss = nn.CrossEntropyLoss() if loss is None else loss
    return {"model": model, "loss": loss, "data": pair, "optimizer": optimizer, **settings}


def regression(model=None, y=None, **settings):
    x, _ = table()
    y = np.sin(x[:, :1]) + 0.5 * x[:, 1:2] if y is None else y
    return training(model or net(4, 16, 1), settings.pop("loss", nn.MSELoss()), (x, y), **settings)
