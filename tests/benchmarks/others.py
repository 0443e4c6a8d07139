"""Smaller contestants: HIPS autograd, MyGrad, scikit-learn's MLPClassifier.

Each takes a `Problem` and returns a function that makes one step, as those of `contestants` do.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from .workload import BETA1, BETA2, EPSILON, LEARNING_RATE, Problem

Step = Callable[[], Any]


class Adam:
    """Adam by hand, of a list of arrays, in float32: what autograd and MyGrad leave to their users."""

    def __init__(self, parameters: list[Any]) -> None:
        self.parameters, self.t = parameters, 0
        self.means, self.squares = [[np.zeros_like(p) for p in parameters] for _ in range(2)]

    def step(self, gradients: list[Any]) -> None:
        self.t += 1
        root = np.float32((1 - BETA2**self.t) ** 0.5)
        rate = np.float32(LEARNING_RATE / (1 - BETA1**self.t)) * root
        for p, g, m, v in zip(self.parameters, gradients, self.means, self.squares):
            m += np.float32(1 - BETA1) * (g - m)
            v += np.float32(1 - BETA2) * (g * g - v)
            p -= rate * m / (np.sqrt(v) + np.float32(EPSILON) * root)


def autograd(problem: Problem) -> Step:
    """HIPS autograd."""
    import autograd.numpy as anp
    from autograd import grad

    pairs, X, rows, Y = (
        list(zip(problem.weights, problem.biases)),
        problem.X,
        np.arange(len(problem.Y)),
        problem.Y,
    )
    parameters, losses = [p.copy() for pair in pairs for p in pair], [0.0]
    adam = Adam(parameters)

    def loss_of(parameters: Any) -> Any:
        z = X
        for k in range(0, len(parameters), 2):
            z = anp.dot(z if k == 0 else anp.maximum(z, 0), parameters[k]) + parameters[k + 1]
        z = z - anp.max(z, axis=1, keepdims=True)
        loss = anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, Y])
        losses[0] = loss
        return loss

    gradients_of = grad(loss_of)

    def step() -> Any:
        adam.step(gradients_of(parameters))
        return np.asarray(losses[0]._value)

    return step


def mygrad(problem: Problem) -> Step:
    """MyGrad."""
    import mygrad as mg
    from mygrad.nnet import softmax_crossentropy

    pairs, X, Y = list(zip(problem.weights, problem.biases)), problem.X, problem.Y
    parameters = [mg.tensor(p.copy()) for pair in pairs for p in pair]
    adam = Adam([p.data for p in parameters])

    def step() -> Any:
        z = X
        for k in range(0, len(parameters), 2):
            z = mg.matmul(z if k == 0 else mg.maximum(z, 0), parameters[k]) + parameters[k + 1]
        loss = softmax_crossentropy(z, Y)
        loss.backward()
        adam.step([p.grad for p in parameters])
        return loss

    return step


def sklearn(problem: Problem) -> Step:
    """scikit-learn's MLPClassifier: a batch of all rows by ``partial_fit``, which looks at them every time.

    Of two classes it makes another network, of one output.
    """
    from sklearn.neural_network import MLPClassifier

    hidden, Y = tuple(len(b) for b in problem.biases[:-1]), problem.Y
    classes = np.arange(len(problem.biases[-1]))
    network = MLPClassifier(
        hidden, alpha=0.0, batch_size=len(Y), learning_rate_init=LEARNING_RATE, shuffle=False,
        beta_1=BETA1, beta_2=BETA2, epsilon=EPSILON,
    )  # fmt: skip
    network.partial_fit(problem.X, Y, classes=classes)
    network.coefs_ = [w.copy() for w in problem.weights]
    network.intercepts_ = [b.copy() for b in problem.biases]
    del network._optimizer

    def step() -> Any:
        network.partial_fit(problem.X, Y)
        return np.asarray(network.loss_)

    return step


def available(problem: Problem) -> dict[str, Callable[[Problem], Step]]:
    """Those that are installed, and that make this network, by name."""
    found = {"HIPS autograd": ("autograd", autograd), "MyGrad": ("mygrad", mygrad)}
    if len(problem.biases[-1]) > 2:
        found["MLPClassifier"] = "sklearn", sklearn
    return {name: make for name, (library, make) in found.items() if find_spec(library)}
