"""Maladies of units and parameters."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, optim

from .base import case, net, training


@case("dead ReLU")
def _(sick):
    model = net(4, 16, 3)
    if sick:
        model[0].bias.data[:12] = -30
    return training(model)


@case("dead ReLU")
def _(sick):  # of a function
    class Net(nn.Module):
        def __init__(self):
            self.hidden, self.out = nn.Linear(4, 16, rng=0), nn.Linear(16, 3, rng=1)
            self.hidden.bias.data[:] = -30 if sick else 0

        def forward(self, x):
            return self.out(np.maximum(self.hidden(x), 0))

    return training(Net())


@case("saturated units")
def _(sick):
    model = net(4, 16, 3, activation=nn.Tanh)
    model[0].weight.data *= 40 if sick else 1
    return training(model)


@case("saturated units")
def _(sick):
    model = net(4, 16, 3, activation=nn.Sigmoid)
    model[0].weight.data *= 60 if sick else 1
    return training(model)


@case("vanishing gradients")
def _(sick):
    return training(net(4, *[16] * 9, 3, activation=nn.Sigmoid if sick else nn.ReLU, init=nn.init.he_uniform))


@case("exploding gradients")
def _(sick):
    model = net(4, *[16] * 6, 3, init=nn.init.he_uniform)
    if sick:
        for layer in model:
            if isinstance(layer, nn.Linear):
                layer.weight.data *= 12
        model[-1].weight.data *= 1e-3
    return training(model)


@case("exploding activations")
def _(sick):
    model = net(4, *[16] * 4, 3, init=nn.init.he_uniform)
    for layer in model:
        if sick and isinstance(layer, nn.Linear):
            layer.weight.data *= 12
    return training(model)


@case("identical units")
def _(sick):
    model = net(4, 16, 3, activation=nn.Tanh)
    for p in model.parameters():
        p.data[...] = 0.1 if sick else p.data
    return training(model)


@case("identical layers")
def _(sick):
    layers = [nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, 16, rng=1), nn.ReLU()]
    return training(nn.Sequential(*layers, nn.Linear(16, 3, rng=1 if sick else 2)))


@case("frozen parameters")
def _(sick):
    model = net(4, 16, 3)
    model[0].freeze()  # as one does who goes on with a trained layer
    every = lambda m: [p for p in m.parameters() if sick or p.requires_grad]
    return training(model, optimizer=lambda m: optim.Adam(every(m), lr=0.01))


@case("frozen parameters")
def _(sick):
    args = training()
    return {**args, "model": args["model"].freeze()} if sick else args


@case("parameters without gradient")
def _(sick):  # never used
    class Net(nn.Module):
        def __init__(self):
            self.net = net(4, 16, 3)
            if sick:
                self.forgotten = nn.Linear(4, 3, rng=5)

        def forward(self, x):
            return self.net(x)

    return training(Net())


@case("parameters without gradient")
def _(sick):  # cut off
    class Net(nn.Module):
        def __init__(self):
            self.hidden, self.out = nn.Linear(4, 16, rng=0), nn.Linear(16, 3, rng=1)

        def forward(self, x):
            h = tg.relu(self.hidden(x))
            return self.out(h.detach() if sick else h)

    return training(Net())


@case("parameters without gradient")
def _(sick):  # behind a step
    middle = nn.Heaviside() if sick else nn.ReLU()
    return training(nn.Sequential(nn.Linear(4, 16, rng=0), middle, nn.Linear(16, 3, rng=1)))


@case("constant output")
def _(sick):
    model = net(4, 16, 3)
    if sick:
        model[0].bias.data[:] = -30
    return training(model)
