"""The mode of a model: in training, or in use."""

from collections.abc import Iterator
from contextlib import contextmanager

from .module import Module


@contextmanager
def training_mode(model: Module, mode: bool) -> Iterator[None]:
    """Put all modules of a model in training, or in use, for a block; then each has its own mode again."""
    others = [module for module in model.modules() if module.training is not mode]
    try:
        for module in others:
            module.training = mode
        yield
    finally:
        for module in others:
            module.training = not mode
