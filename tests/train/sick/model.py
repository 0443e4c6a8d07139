"""Maladies of the model and its loss."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

from .base import case, net, regression, table, training


@case("softmax before cross-entropy")
def _(sick):
    return training(net(4, 16, 3, end=[nn.Softmax()] * sick))


@case("softmax before cross-entropy")
def _(sick):  # by functions, in a loss of one's own

    class Net(nn.Module):
        def __init__(self):
            self.net = net(4, 16, 3)

        def forward(self, x):
            return tg.softmax(self.net(x)) if sick else self.net(x)

    return training(Net(), lambda out, y: tg.softmax_cross_entropy(out, y))


@case("sigmoid before a loss of logits")
def _(sick):
    x, _ = table()
    y = (x[:, :1] > 0).astype(float)
    return training(net(4, 16, 1, end=[nn.Sigmoid()] * sick), nn.BCEWithLogitsLoss(), (x, y))


@case("ReLU before the loss")
def _(sick):
    return training(net(4, 16, 3, end=[nn.ReLU()] * sick))


@case("targets out of reach")
def _(sick):
    return regression(net(4, 16, 1, end=[nn.ReLU()] * sick))


@case("targets out of reach")
def _(sick):
    x, _ = table()
    y = np.tanh(x[:, :1])
    return regression(net(4, 16, 1, end=[nn.Sigmoid() if sick else nn.Tanh()]), y=y)


@case("dropout before the output")
def _(sick):
    drop = nn.Dropout(0.3, rng=1)
    layers = [nn.Linear(4, 32, rng=0), nn.ReLU(), drop, nn.Linear(32, 3, rng=1)]
    return training(nn.Sequential(*layers[:2], layers[3], drop) if sick else nn.Sequential(*layers))


@case("activation twice")
def _(sick):
    middle = [nn.Tanh()] + [nn.Tanh()] * sick
    return training(nn.Sequential(nn.Linear(4, 16, rng=0), *middle, nn.Linear(16, 3, rng=1)))


@case("no activation between layers")
def _(sick):
    middle = [] if sick else [nn.ReLU()]
    return training(nn.Sequential(nn.Linear(4, 16, rng=0), *middle, nn.Linear(16, 3, rng=1)))


@case("column against row")
def _(sick):  # silently, in a loss of one's own
    x, _ = table()
    y = np.sin(x[:, 0])
    loss = lambda out, y: np.mean((out - y) ** 2)
    return training(net(4, 16, 1), loss, (x, y if sick else y[:, None]))


@case("column against row")
def _(sick):  # refused
    x, _ = table()
    y = np.sin(x[:, 0])
    return training(net(4, 16, 1), nn.MSELoss(), (x, y if sick else y[:, None]))


@case("examples mixed")
def _(sick):
    class Net(nn.Module):
        def __init__(self):
            self.hidden, self.out = nn.Linear(4, 16, rng=0), nn.Linear(16, 3, rng=1)

        def forward(self, x):
            return self.out(tg.softmax(self.hidden(x), axis=0 if sick else 1) * 10)

    return training(Net())


@case("examples mixed")
def _(sick):  # which axis has the examples
    class Net(nn.Module):
        def __init__(self):
            self.lstm, self.out = nn.LSTM(4, 16, batch_first=not sick, rng=0), nn.Linear(16, 3, rng=1)

        def forward(self, x):
            out, _ = self.lstm(x)
            return self.out(out[:, -1])

    x = np.random.default_rng(0).normal(size=(100, 5, 4))
    return training(Net(), pair=(x, x.sum(axis=1)[:, :3].argmax(axis=1)))


@case("batch of one")
def _(sick):
    x, y = table(97 if sick else 96)
    model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3, rng=1))
    return training(model, pair=(x, y))


@case("batch of one")
def _(sick):
    x, y = table(96)
    model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3, rng=1))
    return training(model, pair=(x, y), batch_size=1 if sick else 16)


@case("wrong loss")
def _(sick):  # one output for two classes
    x, y = table(classes=2)
    return training(net(4, 16, 1 if sick else 2), pair=(x, y))


@case("wrong loss")
def _(sick):  # three classes for a loss of two
    x, y = table()
    if not sick:
        return training()
    return training(net(4, 16, 1), nn.BCEWithLogitsLoss(), (x, y[:, None]))


@case("wrong loss")
def _(sick):  # numbers for a loss of labels
    x, y = table()
    return training(pair=(x, x[:, 0] if sick else y))


@case("loss without gradient")
def _(sick):
    loss = lambda out, y: tg.softmax_cross_entropy(out.detach() if sick else out, y)
    return training(loss=loss)


@case("refused")
def _(sick):
    return training(net(5 if sick else 4, 16, 3))


@case("refused")
def _(sick):  # by the user's own code
    def loss(out, y):
        if sick:
            raise ZeroDivisionError("no such thing")
        return tg.softmax_cross_entropy(out, y)

    return training(loss=loss)
