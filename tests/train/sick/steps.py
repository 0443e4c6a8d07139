"""Maladies of a step of one's own."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, optim

from .base import case, table


def by_hand(order, *, lr=0.05, layers=(), returns=False, kind=optim.SGD):
    """A step whose parts come in the order of the letters: z(ero_grad), f(orward), b(ackward), s(tep)."""
    x, y = table(64)
    model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.ReLU(), *layers, nn.Linear(16, 3, rng=1))
    optimizer = kind(model.parameters(), lr=lr)
    rng = np.random.default_rng(3)

    def step():
        rows = rng.integers(0, 64, 16)
        loss = None
        for letter in order:
            if letter == "z":
                optimizer.zero_grad()
            elif letter == "f":
                loss = tg.softmax_cross_entropy(model(x[rows]), y[rows])
            elif letter == "b":
                loss.backward()
            elif letter == "s":
                optimizer.step()
            elif letter == "e":
                model.eval()
        return loss.item() if returns else None

    return {"step": step, "model": model, "optimizer": optimizer}


@case("no zero_grad")
def _(sick):
    return by_hand("fbs" if sick else "zfbs")


@case("no zero_grad")
def _(sick):
    return by_hand("fbs" if sick else "fbsz", kind=optim.Adam, returns=True, lr=0.01)


@case("no backward")
def _(sick):
    return by_hand("zfs" if sick else "zfbs")


@case("no optimizer step")
def _(sick):
    return by_hand("zfb" if sick else "zfbs")


@case("gradients cleared before the step")
def _(sick):
    return by_hand("fbzs" if sick else "zfbs")


@case("rate too high")
def _(sick):
    return by_hand("zfbs", lr=500 if sick else 0.05, returns=True)


def with_loss(loss, classes=3):
    """A step with this loss of the outputs and the labels."""
    x, y = table(64, classes=classes)
    model = nn.Sequential(
        nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, classes if classes > 2 else 1, rng=1)
    )
    optimizer = optim.SGD(model.parameters(), lr=0.05)

    def step():
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return {"step": step, "model": model, "optimizer": optimizer}


@case("softmax before cross-entropy")
def _(sick):
    return with_loss(lambda out, y: tg.softmax_cross_entropy(tg.softmax(out) if sick else out, y))


@case("sigmoid before a loss of logits")
def _(sick):
    def loss(out, y):
        p = tg.sigmoid(out) if sick else out
        return tg.binary_cross_entropy_with_logits(p, y[:, None].astype(np.float32))

    return with_loss(loss, classes=2)


@case("column against row")
def _(sick):
    return with_loss(lambda out, y: np.mean((out - (y if sick else y[:, None])) ** 2), classes=2)


@case("trained in evaluation mode")
def _(sick):
    return by_hand("ezfbs" if sick else "zfbs", layers=[nn.Dropout(0.5, rng=2)])


@case("refused")
def _(sick):
    return by_hand("bfs" if sick else "zfbs")


@case("evaluated in training mode")
def _(sick):
    args = by_hand("zfbs", layers=[nn.Dropout(0.5, rng=2)])
    x, _ = table(64)

    def evaluate():
        args["model"].train(sick)
        return args["model"](x)

    return {**args, "evaluate": evaluate}
