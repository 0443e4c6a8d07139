"""Maladies of the data."""

import numpy as np

from tinygrad_edu import data, nn

from .base import case, net, regression, table, training


@case("inputs not finite")
def _(sick):
    x, y = table()
    x[7, 2] = np.nan if sick else 0.0
    return training(pair=(x, y))


@case("targets not finite")
def _(sick):
    x, _ = table()
    y = x[:, :1].copy()
    y[3] = np.inf if sick else 0.0
    return training(net(4, 8, 1), nn.MSELoss(), (x, y))


@case("inputs not scaled")
def _(sick):
    x, y = table()
    x[:, 3] = x[:, 3] * (300 if sick else 1) + (1000 if sick else 0)
    return training(pair=(x, y))


@case("inputs not scaled")
def _(sick):
    x, y = table()
    return training(pair=(x * (1e-5 if sick else 1), y))


@case("inputs not scaled")
def _(sick):  # pixels
    pixels = np.random.default_rng(0).integers(0, 256, (64, 16)).astype(np.uint8)
    return training(
        net(16, 8, 2), pair=(pixels if sick else pixels / 255 - 0.5, (pixels[:, 0] > 127).astype(int))
    )


@case("targets not scaled")
def _(sick):
    x, _ = table()
    return regression(y=(x[:, :1] * 50 + 300) if sick else x[:, :1])


@case("constant features")
def _(sick):
    x, y = table()
    x[:, 3] = 1.0 if sick else x[:, 3]
    return training(pair=(x, y))


@case("class imbalance")
def _(sick):
    x, y = table(classes=2)
    y = (x[:, 0] > (2.0 if sick else 0)).astype(int)
    return training(net(4, 16, 2), pair=(x, y))


@case("class imbalance")
def _(sick):
    x, _ = table()
    y = (x[:, :1] > (2.0 if sick else 0)).astype(float)
    return training(net(4, 16, 1), nn.BCEWithLogitsLoss(), (x, y.astype(int) if sick else y))


@case("labels from 1")
def _(sick):  # refused
    x, y = table()
    return training(pair=(x, y + 1 if sick else y))


@case("labels from 1")
def _(sick):  # an output too many
    x, y = table()
    return training(net(4, 16, 4), pair=(x, y + 1)) if sick else training(pair=(x, y))


@case("one-hot labels")
def _(sick):
    x, y = table()
    rows = data.one_hot(y, 3, dtype=float)
    return training(net(4, 16, 3, end=[nn.LogSoftmax()]), nn.NLLLoss(), (x, rows if sick else y))


@case("numbers as classes")
def _(sick):
    x, y = table()
    many = np.argsort(np.argsort(x[:, 0]))
    return training(net(4, 16, 200), pair=(x, many)) if sick else training(pair=(x, y))


@case("classes as numbers")
def _(sick):
    x, y = table()
    return training(net(4, 16, 1), nn.MSELoss(), (x, y[:, None] if sick else x[:, :1]))


@case("labels do not follow inputs")
def _(sick):
    x, y = table()
    return training(pair=(x, np.random.default_rng(5).permutation(y) if sick else y))


@case("labels do not follow inputs")
def _(sick):
    x, _ = table()
    y = np.sort(x[:, 0])[:, None] if sick else x[:, :1] + 0.1 * x[:, 1:2]
    return training(net(4, 16, 1), nn.MSELoss(), (x, y))


@case("sorted data")
def _(sick):
    x, y = table()
    order = np.argsort(y, kind="stable")
    return training(pair=data.DataLoader((x[order], y[order]), 16, shuffle=not sick))
