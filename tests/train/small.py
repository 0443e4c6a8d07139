"""Small models and data on which fit is tested."""

from functools import partial

import numpy as np

from tinygrad_edu import nn, optim, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(np.int64)
fit = partial(train.fit, progress=False)


def classifier(*, rate=0.1, hidden=4):
    model = nn.Sequential(nn.Linear(3, hidden, rng=0), nn.Tanh(), nn.Linear(hidden, 2, rng=1))
    return model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=rate)


def normalized(*layers):
    model = nn.Sequential(nn.Linear(3, 2, rng=0), *layers, nn.BatchNorm1d(2), nn.Dropout(0.5, rng=1))
    return model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)


def scalar(value=0.0, *, rate=1.0):
    """The model w x, and an optimizer that takes off the gradient as it is."""
    model = nn.Linear(1, 1, bias=False)
    model.weight.data = np.full((1, 1), value, np.float32)
    return model, optim.SGD(model.parameters(), lr=rate)


def column(*values):
    return np.array(values, np.float32).reshape(-1, 1)


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
