"""The mode of a model: in training, or in use."""

from collections.abc import Iterator
from contextlib import contextmanager

from .module import Module


@contextmanager
def training_mode(model: Module, mode: bool) -> Iterator[None]:
    """Put all modules of a model in training, or in use, for a block; each has its own mode again afterwards."""
    before = [(module, module.training) for module in model.modules()]
    try:
        model.train(mode)
        yield
    finally:
        for module, was in before:
            module.training = was
