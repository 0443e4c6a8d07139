"""All epochs of a training by JAX: ``lax.scan`` of a step over the numbers of the rows of each batch."""

import time
from typing import Any

from .workload import BETA1, BETA2, EPSILON, LEARNING_RATE

REPEATS = 3


def scanned(given: Any) -> tuple[float, Any]:
    """Seconds of an epoch, and the mean loss of each; the compilation is not timed."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    training = given.training
    double = training.dtype is np.float64
    with jax.enable_x64(double):
        values = list(zip(map(jnp.array, given.weights), map(jnp.array, given.biases)))
        zeros = jax.tree.map(jnp.zeros_like, values)
        state = values, zeros, zeros, jnp.zeros((), training.dtype)
        run = jax.jit(lambda state, X, Y, orders: _scan(training, state, X, Y, orders))
        arrays = jnp.array(given.X), jnp.array(given.Y), jnp.array(given.orders, jnp.int32)
        compiled = run.lower(state, *arrays).compile()
        jax.block_until_ready(state)
        start = time.process_time()
        for _ in range(REPEATS):
            losses = jax.block_until_ready(compiled(state, *arrays))[1]
        seconds = time.process_time() - start
        return seconds / training.epochs / REPEATS, np.asarray(losses).reshape(training.epochs, -1).mean(1)


def _scan(training: Any, state: Any, X: Any, Y: Any, orders: Any) -> Any:
    import jax

    def step(state: Any, rows: Any) -> Any:
        values, mean, square, t = state
        loss, slopes = jax.value_and_grad(_loss)(values, training, X[rows], Y[rows])
        if training.sgd is not None:
            rate, decay = training.sgd
            values = [
                (W - rate * (dW + decay * W), b - rate * db) for (W, b), (dW, db) in zip(values, slopes)
            ]
            return (values, mean, square, t), loss
        t = t + 1
        mean = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, mean, slopes)
        square = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, square, slopes)
        return (_adam(values, mean, square, t), mean, square, t), loss

    return jax.lax.scan(step, state, orders)


def _loss(values: Any, training: Any, x: Any, y: Any) -> Any:
    import jax
    import jax.numpy as jnp

    *hidden, (W_last, b_last) = values
    for W, b in hidden:
        x = (jnp.tanh if training.tanh else jax.nn.relu)(x @ W + b)
    log_p = jax.nn.log_softmax(x @ W_last + b_last)[jnp.arange(len(y)), y]
    return -(jnp.sum if training.total else jnp.mean)(log_p)


def _adam(values: Any, mean: Any, square: Any, t: Any) -> Any:
    import jax
    import jax.numpy as jnp

    rate, spread = LEARNING_RATE / (1 - BETA1**t), (1 - BETA2**t) ** -0.5
    return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) * spread + EPSILON), values, mean, square)
