"""The contestants of a training step: each takes a `Problem` and returns a function that makes one step.

What a step returns has ``.item()``, the loss before the update; asking for it waits until the step is done.
"""

import copy
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from . import handwritten
from .workload import BETA1, BETA2, EPSILON, LEARNING_RATE, Problem

Step = Callable[[], Any]


def ours(problem: Problem) -> Step:
    """The framework, as its README says to write it."""
    step, X, Y = training_step(problem), problem.X, problem.Y
    return lambda: step(X, Y)


def lasting(build: Callable[[Any], tuple[Step, Callable[[], None]]]) -> Callable[[Any], Step]:
    """A contestant that is built once for a problem, since it compiles, and begins anew whenever it is asked.

    Parameters
    ----------
    build : callable
        Given a problem, returns a step, and what puts everything back to where it began.
    """
    built: dict[Any, tuple[Step, Callable[[], None]]] = {}

    def contestant(problem: Any) -> Step:
        if problem not in built:
            built[problem] = build(problem)
        step, begin = built[problem]
        begin()
        return step

    return contestant


def beginning(*parts: Any) -> Callable[[], None]:
    """What puts models and optimizers back to the states that they are in now."""
    states = copy.deepcopy([part.state_dict() for part in parts])

    def begin() -> None:
        for part, state in zip(parts, states):
            part.load_state_dict(copy.deepcopy(state))

    return begin


def compiled(backend: str, training: Callable[[Any], Any] | None = None) -> Callable[[Any], Step]:
    """The same function, or another, compiled; its guards look at the arguments in every call."""

    def build(problem: Any) -> tuple[Step, Callable[[], None]]:
        import tinygrad_edu as tg

        function, model, optimizer = (training or training_of)(problem)
        step, X, Y = tg.compile(function, backend=backend), problem.X, problem.Y
        return (lambda: step(X, Y)), beginning(model, optimizer)

    return lasting(build)


def once_compiled(backend: str, training: Callable[[Any], Any]) -> Callable[[Any], Step]:
    """The same, which begins once, and remembers no states."""

    def contestant(problem: Any) -> Step:
        import tinygrad_edu as tg

        step, X, Y = tg.compile(training(problem)[0], backend=backend), problem.X, problem.Y
        return lambda: step(X, Y)

    return contestant


def training_step(problem: Problem) -> Callable[[Any, Any], Any]:
    """A step of a batch and its labels, as a function."""
    step: Callable[[Any, Any], Any] = training_of(problem)[0]
    return step


def training_of(problem: Problem) -> tuple[Callable[[Any, Any], Any], Any, Any]:
    """A step of a batch and its labels, as a function, the model and its optimizer."""
    import tinygrad_edu as tg
    from tinygrad_edu import nn, optim

    layers: list[Any] = []
    for n_in, n_out in sizes(problem):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    model.load_state_dict(dict(zip(model.state_dict(), initial(problem))))
    return stepping(model, optim.Adam(model.parameters(), lr=LEARNING_RATE), tg.softmax_cross_entropy)


def stepping(model: Any, optimizer: Any, loss_of: Callable[[Any, Any], Any]) -> tuple[Any, Any, Any]:
    """A step of a model, and both."""

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step, model, optimizer


def torch(problem: Problem) -> Step:
    """PyTorch, eager, on one thread."""
    return _torch(problem, compiles=False)[0]


def torch_compiled(problem: Problem) -> tuple[Step, Callable[[], None]]:
    """PyTorch, whose forward and backward pass are compiled; see `lasting`."""
    return _torch(problem, compiles=True)


def _torch(problem: Problem, *, compiles: bool) -> tuple[Step, Callable[[], None]]:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    layers: list[Any] = []
    for n_in, n_out in sizes(problem):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    model.load_state_dict(dict(zip(model.state_dict(), map(torch.tensor, initial(problem)))))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    X, Y = torch.tensor(problem.X), torch.tensor(problem.Y)

    def loss_of() -> Any:
        return nn.functional.cross_entropy(model(X), Y)

    loss_of = torch.compile(loss_of) if compiles else loss_of

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss

    return step, beginning(model, optimizer)


def jax(problem: Problem) -> Step:
    """JAX: the whole step, Adam included, as one compiled function, which is made before the clock runs."""
    import jax.numpy as jnp

    values = list(zip(map(jnp.array, problem.weights), map(jnp.array, problem.biases)))
    zeros = [(jnp.zeros_like(W), jnp.zeros_like(b)) for W, b in values]
    state = values, zeros, [(jnp.copy(W), jnp.copy(b)) for W, b in zeros], jnp.float32(0)
    X, Y, update = jnp.array(problem.X), jnp.array(problem.Y), _jax_update()

    def step() -> Any:
        nonlocal state
        state, loss = update(state, X, Y)
        return loss

    return step


@cache
def _jax_update() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def loss_of(values: Any, X: Any, Y: Any) -> Any:
        *hidden, (W_last, b_last) = values
        for W, b in hidden:
            X = jax.nn.relu(X @ W + b)
        log_p = jax.nn.log_softmax(X @ W_last + b_last)
        return -jnp.mean(log_p[jnp.arange(len(Y)), Y])

    def update(state: Any, X: Any, Y: Any) -> Any:
        values, mean, square, t = state
        loss, slopes = jax.value_and_grad(loss_of)(values, X, Y)
        t = t + 1
        mean = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, mean, slopes)
        square = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, square, slopes)
        rate, spread = LEARNING_RATE / (1 - BETA1**t), (1 - BETA2**t) ** -0.5
        values = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) * spread + EPSILON), values, mean, square
        )
        return (values, mean, square, t), loss

    return jax.jit(update, donate_argnums=0)


def sizes(problem: Problem) -> list[tuple[int, int]]:
    """(n_in, n_out) of every layer."""
    return list(pairwise([problem.X.shape[1], *(len(b) for b in problem.biases)]))


def initial(problem: Problem) -> list[Any]:
    """The initial weights and biases in turn, weights as (n_out, n_in), as PyTorch stores them and we do."""
    return [p for W, b in zip(problem.weights, problem.biases) for p in (W.T.copy(), b)]


def available() -> dict[str, Callable[[Problem], Step]]:
    """The contestants that are installed, by name, the yardsticks first."""
    everyone = {
        "idiomatic": handwritten.idiomatic,
        "tuned": handwritten.tuned,
        "ours": ours,
        "torch": torch,
        "jax": jax,
    }
    return {name: make for name, make in everyone.items() if name not in ("torch", "jax") or find_spec(name)}


def backends() -> list[str]:
    """What a step can be compiled to here."""
    from tinygrad_edu.compiler.backend import BACKENDS
    from tinygrad_edu.compiler.c.cache import compiler

    there = {"numpy": True, "c": compiler() is not None, "numba": find_spec("numba") is not None}
    return [name for name in BACKENDS if there.get(name)]
