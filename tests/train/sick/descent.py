"""Maladies of the way down."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, optim

from .base import case, net, regression, training


@case("not finite")
def _(sick):
    class Net(nn.Module):
        def __init__(self):
            self.net = net(4, 16, 3)

        def forward(self, x):
            return np.log(tg.softmax(self.net(x) * 1000)) if sick else tg.log_softmax(self.net(x))

    return training(Net(), nn.NLLLoss())


@case("first loss far off")
def _(sick):
    model = net(4, 16, 3)
    model[2].weight.data *= 100 if sick else 1
    return training(model)


@case("outside the optimizer")
def _(sick):
    return training(optimizer=lambda m: optim.Adam((m[2] if sick else m).parameters(), lr=0.01))


@case("outside the optimizer")
def _(sick):
    return training(optimizer=lambda m: optim.Adam((net(4, 16, 3) if sick else m).parameters(), lr=0.01))


@case("rate too high")
def _(sick):
    return training(optimizer=lambda m: optim.SGD(m.parameters(), lr=300 if sick else 0.3))


@case("rate too high")
def _(sick):
    return regression(optimizer=lambda m: optim.SGD(m.parameters(), lr=30 if sick else 0.05))


@case("rate too high")
def _(sick):
    return training(optimizer=lambda m: optim.Adam(m.parameters(), lr=30 if sick else 0.01))


@case("rate too low")
def _(sick):
    return training(optimizer=lambda m: optim.SGD(m.parameters(), lr=1e-6 if sick else 0.3))


@case("rate too low")
def _(sick):
    return training(optimizer=lambda m: optim.Adam(m.parameters(), lr=1e-7 if sick else 0.01))


@case("weight decay too strong")
def _(sick):
    return training(optimizer=lambda m: optim.SGD(m.parameters(), lr=0.3, weight_decay=0.5 if sick else 1e-4))


@case("weight decay too strong")
def _(sick):
    return training(
        optimizer=lambda m: optim.AdamW(m.parameters(), lr=0.01, weight_decay=20 if sick else 0.01)
    )


@case("batch not learned")
def _(sick):
    class Net(nn.Module):
        def __init__(self):
            self.net = net(4, 16, 3)

        def forward(self, x):
            return self.net(x * 0 if sick else x)

    return training(Net())


@case("trained in evaluation mode")
def _(sick):
    layers = [nn.Linear(4, 32, rng=0), nn.ReLU(), nn.Dropout(0.3, rng=1), nn.Linear(32, 3, rng=1)]
    return training(nn.Sequential(*layers).train(not sick))
