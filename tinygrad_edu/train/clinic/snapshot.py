"""Everything as it was: what a block does to models, optimizers and generators is taken back at its end."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...nn.module import Module
from ...optim.optimizer import Optimizer
from ...tensor import Tensor
from ...versions import WRITES
from ..generators import Generators
from ..parts import gives_batches


@contextmanager
def restored(*parts: Any) -> Iterator[None]:
    """A block after which the parts, of any kind, are as they were, to the bit.

    Modules have their attributes, modes, parameters, gradients and buffers back, optimizers their settings
    and states, loaders their places, generators (those of modules, of `seed`, of NumPy and Python, and those
    among the parts) their states.  What did not change is not written to.
    """
    undo = [_undo_of(part) for part in parts]
    generators = Generators([part for part in parts if isinstance(part, Module)])
    numbers = generators.state_dict()
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # users draw from it
    try:
        yield
    finally:
        for one in undo:
            one()
        generators.load_state_dict(numbers)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _undo_of(part: Any) -> Any:
    if isinstance(part, Module):
        return _undo_module(part)
    if isinstance(part, Optimizer):
        return _undo_optimizer(part)
    if isinstance(part, np.random.Generator):
        state = part.bit_generator.state
        return lambda: setattr(part.bit_generator, "state", state)
    if gives_batches(part):
        place = part.state_dict()
        return lambda: part.load_state_dict(place)
    return lambda: None


def _undo_module(model: Module) -> Any:
    modules = list(model.modules())
    attributes = [dict(vars(module)) for module in modules]
    undo = [_undo_tensor(tensor) for tensor in (*model.parameters(), *model.buffers())]

    def back() -> None:
        for module, held in zip(modules, attributes):
            vars(module).clear()
            vars(module).update(held)
        for one in undo:
            one()

    return back


def _undo_tensor(tensor: Tensor) -> Any:
    """The way back of a tensor's values and gradient, with the arrays that held them."""
    array, values, node, leaf = tensor._array, tensor._array.copy(), tensor._node, tensor._leaf
    gradient = None if leaf is None else leaf.grad
    slopes = None if gradient is None else gradient._array.copy()

    def back() -> None:
        tensor._array, tensor._node, tensor._leaf = array, node, leaf
        _write(array, values)
        if leaf is not None:
            leaf.grad = gradient
            if gradient is not None:
                _write(gradient._array, slopes)

    return back


def _write(array: Any, values: Any) -> None:
    if array.tobytes() != values.tobytes():
        array[...] = values
        WRITES.mark(array)


def _undo_optimizer(optimizer: Optimizer) -> Any:
    state, kept = optimizer.state_dict(), dict(vars(optimizer._watch))

    def back() -> None:
        optimizer.load_state_dict(state)
        vars(optimizer._watch).update(kept)

    return back
