"""The weights and biases that layers begin with."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, ShapeError
from ..random import Rng, generator
from . import init as initializers
from .parameter import Parameter

Initializer = Callable[..., Any]  # called as init(shape, rng=rng, dtype=dtype), as those of `nn.init`


def weight_and_bias(
    shape: tuple[int, ...],
    n_in: int,
    bias: bool,
    init: Initializer | None,
    rng: Rng,
    dtype: DTypeLike,
    *,
    n_out: int | None = None,
) -> tuple[Parameter, Parameter | None]:
    """The weights of a layer, which sum over ``n_in`` inputs, and a bias for each of ``n_out`` outputs.

    Without ``n_out``, the first axis of the weights is that of the outputs.  An initializer makes weights,
    and the biases are zero; without one, both are uniform in ±1/√n_in.
    """
    rng, bound = generator(rng), initializers.uniform_bound(n_in)
    uniform = partial(initializers.uniform, low=-bound, high=bound)
    weight = drawn(init or uniform, shape, rng, dtype)
    # Offsets that are not wanted are drawn too: the numbers after them are the same with and without a bias.
    offsets = (initializers.zeros if init else uniform)((n_out or shape[0],), rng=rng, dtype=dtype)
    return weight, Parameter(offsets) if bias else None


def drawn(
    init: Initializer, shape: tuple[int, ...], rng: "np.random.Generator", dtype: DTypeLike
) -> Parameter:
    """The weights that an initializer makes, in the layer's dtype."""
    if not callable(init):
        raise ArgumentError(f"init is a function, such as nn.init.he_normal; got {init!r}.")
    weights = Parameter(init(shape, rng=rng, dtype=dtype), dtype=dtype)
    if weights.shape != shape:
        raise ShapeError(f"init was asked for weights of shape {shape} and made {weights.shape}.")
    return weights
